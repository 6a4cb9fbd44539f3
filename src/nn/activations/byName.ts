/** Activations by the names that Keras gives them. */
import type { Shape } from "../../core/shape.ts";
import { ArgumentError } from "../../core/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Keep } from "../activation.ts";
import { Module } from "../module.ts";
import * as gated from "./gated.ts";
import * as hard from "./hard.ts";
import * as rectifiers from "./rectifiers.ts";
import * as shares from "./shares.ts";
import * as smooth from "./smooth.ts";

/** The names of Keras 3 that need no further argument. */
export type ActivationName =
  | "celu"
  | "elu"
  | "exponential"
  | "gelu"
  | "glu"
  | "hard_shrink"
  | "hard_sigmoid"
  | "hard_silu"
  | "hard_swish"
  | "hard_tanh"
  | "leaky_relu"
  | "linear"
  | "log_sigmoid"
  | "log_softmax"
  | "mish"
  | "relu"
  | "relu6"
  | "selu"
  | "sigmoid"
  | "silu"
  | "soft_shrink"
  | "softmax"
  | "softplus"
  | "softsign"
  | "sparse_plus"
  | "sparse_sigmoid"
  | "sparsemax"
  | "squareplus"
  | "swish"
  | "tanh"
  | "tanh_shrink";

/** Functions of a tensor by Keras' names, with Keras' defaults: `leaky_relu` has a slope of 0.2, `softplus` no threshold. */
export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  celu: (x) => rectifiers.celu(x),
  elu: (x) => rectifiers.elu(x),
  exponential: (x) => x.exp(),
  gelu: (x) => smooth.gelu(x),
  glu: (x) => gated.glu(x),
  hard_shrink: (x) => hard.hardShrink(x),
  hard_sigmoid: hard.hardSigmoid,
  hard_silu: hard.hardSwish,
  hard_swish: hard.hardSwish,
  hard_tanh: (x) => hard.hardTanh(x),
  leaky_relu: (x) => rectifiers.leakyRelu(x, 0.2),
  linear: smooth.linear,
  log_sigmoid: smooth.logSigmoid,
  log_softmax: (x) => shares.logSoftmax(x),
  mish: smooth.mish,
  relu: rectifiers.relu,
  relu6: rectifiers.relu6,
  selu: rectifiers.selu,
  sigmoid: smooth.sigmoid,
  silu: smooth.silu,
  soft_shrink: (x) => hard.softShrink(x),
  softmax: (x) => shares.softmax(x),
  softplus: (x) => x.softplus(),
  softsign: smooth.softsign,
  sparse_plus: hard.sparsePlus,
  sparse_sigmoid: hard.sparseSigmoid,
  sparsemax: (x) => shares.sparsemax(x),
  squareplus: (x) => smooth.squareplus(x),
  swish: smooth.silu,
  tanh: smooth.tanh,
  tanh_shrink: hard.tanhShrink,
};

/** What can stand for an activation: a name, a function, a module, or nothing. */
export type ActivationLike =
  | ActivationName
  | ((x: Tensor) => Tensor)
  | (Module & { forward(x: Tensor): Tensor })
  | null
  | undefined;

/**
 * The function that a name, a function, a module or nothing (the identity) stands for.
 * @throws ArgumentError for an unknown name.
 */
export function activationOf(given: ActivationLike): (x: Tensor) => Tensor {
  if (given === null || given === undefined) return activations.linear;
  if (typeof given === "function") return given;
  if (given instanceof Module) return (x) => given.forward(x);
  if (Object.hasOwn(activations, given)) return activations[given];
  throw new ArgumentError(
    `activation: there is none named "${given}". Give a function, or one of ${Object.keys(activations).join(", ")}`,
  );
}

/**
 * An activation as a layer, by name, function or module, as Keras' layer of that name.
 * @example nn.sequential(new nn.Linear(784, 128), new nn.Activation("relu"), new nn.Linear(128, 10))
 */
export class Activation extends Keep {
  readonly activation: ActivationLike;
  readonly #call: (x: Tensor) => Tensor;

  constructor(activation: ActivationLike) {
    super();
    this.activation = activation;
    this.#call = activationOf(activation);
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return this.#call(x) as Tensor<S>;
  }

  override toString(): string {
    const { activation: given } = this;
    const shown = typeof given === "function" ? given.name || "function" : (given ?? "linear");
    return `Activation(${shown.toString()})`;
  }
}
