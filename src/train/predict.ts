import { ArgumentError } from "../core/errors.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { concat } from "../tensor/functions.ts";
import { jit } from "../tensor/jit.ts";
import { Tensor } from "../tensor/tensor.ts";
import { inMode, type Model } from "./model.ts";

/** Batches of inputs: a `Dataset` after `batch`, or an array. */
export type Inputs<X> = AsyncIterable<X> | Iterable<X>;

/**
 * What a model says about all batches of inputs, one after the other along the first axis, in evaluation mode and without
 * gradients. The model is left as it was.
 *
 * @param data a tensor, which is one batch, or batches; of pairs [inputs, targets] take the inputs with
 * `dataset.map(([inputs]) => inputs)`.
 * @throws ArgumentError when there are no batches.
 *
 * @example
 * const classes = (await predict(model, images)).argmax(-1);
 */
export async function predict<X>(model: Model<X, Tensor>, data: Tensor | Inputs<X>): Promise<Tensor> {
  const step = jit(function predict(inputs: X): Tensor {
    return noGrad(() => model.forward(inputs));
  });
  return inMode(model, false, async () => {
    if (data instanceof Tensor) return step(data as X);
    const outputs: Tensor[] = [];
    for await (const inputs of data) outputs.push(step(inputs));
    if (outputs.length === 0) throw new ArgumentError("predict: the data has no batches; check where it comes from");
    return outputs.length === 1 ? outputs[0]! : concat(outputs);
  });
}
