/** Activations by the names of Keras and of tfjs. */
import { activationOf, type ActivationName as KerasName } from "../nn/activations/byName.ts";
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { snakeCase, type Camel } from "./described.ts";

/** `hard_sigmoid` or `hardSigmoid`. */
export type ActivationName = KerasName | Camel<KerasName>;

/** A name, a function of a tensor, or a module. */
export type ActivationLike = ActivationName | ((x: Tensor) => Tensor) | (Module & { forward(x: Tensor): Tensor });

/**
 * The function that is meant; the identity for nothing.
 * @throws ArgumentError for an unknown name.
 */
export function activationFor(given: ActivationLike | null | undefined): (x: Tensor) => Tensor {
  return activationOf(typeof given === "string" ? (snakeCase(given) as KerasName) : given);
}
