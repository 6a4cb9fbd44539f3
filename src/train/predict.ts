import { ArgumentError } from "../core/errors.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { concat } from "../tensor/functions.ts";
import { roomToRun } from "../tensor/engine.ts";
import { jit } from "../tensor/jit.ts";
import { Tensor } from "../tensor/tensor.ts";
import { mapTensors, tensorsIn } from "../tensor/tree.ts";
import { inMode, type Model } from "./model.ts";

/** Batches of inputs: a `Dataset` after `batch`, or an array. */
export type Inputs<X> = AsyncIterable<X> | Iterable<X>;

/**
 * What a model says about all batches of inputs, one after the other along the first axis, in evaluation mode and without
 * gradients: a tensor, or a tuple or object of tensors. The model is left as it was.
 *
 * @param data a tensor, which is one batch, or batches; of pairs [inputs, targets] take the inputs with
 * `dataset.map(([inputs]) => inputs)`.
 * @throws ArgumentError when there are no batches.
 *
 * @example
 * const classes = (await predict(model, images)).argmax(-1);
 */
export async function predict<X, O = Tensor>(model: Model<X, O>, data: Tensor | Inputs<X>): Promise<O> {
  const step = jit(function predict(inputs: X): O {
    return noGrad(() => model.forward(inputs));
  });
  return inMode(model, false, async () => {
    if (data instanceof Tensor) return step(data as X);
    const outputs: O[] = [];
    for await (const inputs of data) {
      outputs.push(step(inputs));
      await roomToRun();
    }
    if (outputs.length === 0) throw new ArgumentError("predict: the data has no batches; check where it comes from");
    if (outputs.length === 1) return outputs[0]!;
    const parts = outputs.map((one) => tensorsIn(one));
    let place = 0;
    return mapTensors(outputs[0]!, () => {
      const at = place++;
      return concat(parts.map((tensors) => tensors[at]!));
    });
  });
}
