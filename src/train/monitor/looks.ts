/** What there is to see in a step: weights, gradients, what layers return. */
import { isFloat, type TypedArray } from "../../core/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TracedStep } from "../callback.ts";

/** The kinds of things in a step. */
export type Kind = "weights" | "gradients" | "activations";

/** The tensors of a traced step by names such as `gradients/fc1.weight`, and the `loss`. What a model returns as a whole is left out. */
export function lookAt(step: TracedStep, kinds: readonly Kind[]): Record<string, Tensor> {
  const seen: Record<string, Tensor> = { loss: step.loss };
  for (const [path, parameter] of step.model.namedParameters()) {
    if (kinds.includes("weights")) seen[`weights/${path}`] = parameter;
    const { grad } = parameter;
    if (kinds.includes("gradients") && grad) seen[`gradients/${path}`] = grad;
  }
  if (kinds.includes("activations"))
    for (const [path, tensor] of step.activations)
      if (path !== "" && isFloat(tensor.dtype)) seen[`activations/${path}`] = tensor;
  return seen;
}

/** What was seen, in the host's memory, by kind and path. */
export type Look = Readonly<Record<Kind, ReadonlyMap<string, TypedArray>>> & { readonly loss: number };

/** Reads the tensors of a look. */
export async function readLook(values: Readonly<Record<string, Tensor>>): Promise<Look> {
  const look = { weights: new Map(), gradients: new Map(), activations: new Map() } as Record<
    Kind,
    Map<string, TypedArray>
  >;
  let loss = NaN;
  for (const [name, tensor] of Object.entries(values)) {
    const [kind, path] = name.split(/\/(.*)/s) as [Kind, string];
    if (name === "loss") loss = await tensor.item();
    else look[kind].set(path, await tensor.data());
  }
  return { ...look, loss };
}

/** The length of a vector, summed in double precision. */
export function normOf(values: TypedArray): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}
