import { isFloat } from "../../core/dtype.ts";
import { show } from "../../core/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensorsIn } from "../../tensor/tree.ts";
import { noteActivations } from "../activations.ts";
import type { Batch, Model, Score } from "../model.ts";

/** Where something is not finite first: on the way from the data to the gradients. */
export interface NaNPlace {
  readonly where: "inputs" | "targets" | "weights" | "parameters" | "activations" | "loss" | "gradients" | "nowhere";
  /** The parameter or module; "" where there is no name. */
  readonly path: string;
  /** A sentence for people. */
  readonly text: string;
}

/**
 * Runs a model and its loss on one batch and says where NaN or infinity begins: in the data, in parameters, in what a layer returns, in the
 * loss, or in gradients. Gradients that were there before are cleared. For a whole run see `callbacks.nanWatch`.
 */
export async function locateNaN<X, Y, O>(
  model: Model<X, O>,
  [inputs, targets, weights]: Batch<X, Y>,
  loss: Score<O, Y>,
): Promise<NaNPlace> {
  for (const [where, value] of Object.entries({ inputs, targets, weights }) as [
    "inputs" | "targets" | "weights",
    unknown,
  ][])
    for (const tensor of tensorsIn(value)) {
      const found = await firstBad(tensor);
      if (found) return place(where, "", `the ${where} have ${found}`);
    }
  for (const [path, parameter] of model.namedParameters()) {
    const found = await firstBad(parameter);
    if (found) return place("parameters", path, `the parameter ${path} has ${found}`);
  }
  model.zeroGrad();
  const { result, activations } = noteActivations(model, () => model.forward(inputs));
  for (const [path, tensor] of activations) {
    const found = await firstBad(tensor);
    const name = path === "" ? "the model" : `the module ${path}`;
    if (found) return place("activations", path, `${name} returns ${found}, from what is finite`);
  }
  const value = loss(result, targets);
  if (!Number.isFinite(await value.item()))
    return place("loss", "", `the loss is ${await value.item()}, of outputs that are finite`);
  value.backward();
  try {
    for (const [path, { grad }] of model.namedParameters()) {
      const found = grad && (await firstBad(grad));
      if (found) return place("gradients", path, `the gradient of ${path} has ${found}, though the loss is finite`);
    }
  } finally {
    model.zeroGrad();
  }
  return place("nowhere", "", "all is finite: data, parameters, activations, loss and gradients");
}

const place = (where: NaNPlace["where"], path: string, text: string): NaNPlace => ({ where, path, text });

/** The first element that is not finite, and where; undefined where there is none. */
async function firstBad(tensor: Tensor): Promise<string | undefined> {
  if (!isFloat(tensor.dtype)) return undefined;
  const values = await tensor.data();
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return undefined;
  let rest = at;
  const index = [...tensor.shape].reverse().map((size) => {
    const own = rest % size;
    rest = (rest - own) / size;
    return own;
  });
  return `${values[at]} at ${show(index.reverse())}`;
}
