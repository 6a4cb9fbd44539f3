/** Activation functions as modules (`new nn.ReLU()`) and as functions (`nn.relu`), both for `sequential`. */
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import type { KeepRule } from "./rules.ts";

/** A module that keeps the shape. */
export abstract class Keep extends Module {
  declare readonly "~rule": KeepRule;
  abstract override forward<S extends Shape>(x: Tensor<S>): Tensor<S>;
}

/** The class of an activation whose options are `A`. */
export type ActivationClass<A extends readonly unknown[] = []> = new (...options: A) => Keep;

/** A function that keeps the shape. */
export interface ActivationFunction {
  readonly "~rule"?: KeepRule;
  <S extends Shape>(x: Tensor<S>): Tensor<S>;
}

/** Wraps a function of a tensor and its options into a module class under its own name. */
function activation<A extends readonly unknown[]>(
  name: string,
  call: (x: Tensor, ...options: A) => Tensor,
): ActivationClass<A> {
  const made = class extends Keep {
    readonly options: A;

    constructor(...options: A) {
      super();
      this.options = options;
    }

    forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
      return call(x as Tensor, ...this.options) as Tensor<S>;
    }

    override toString(): string {
      return `${name}(${this.options.join(", ")})`;
    }
  };
  return Object.defineProperty(made, "name", { value: name });
}

/** max(x, 0) */
export const ReLU: ActivationClass = /* @__PURE__ */ activation("ReLU", (x) => x.relu());
/** min(max(x, 0), 6) */
export const ReLU6: ActivationClass = /* @__PURE__ */ activation("ReLU6", (x) => x.relu6());
/** x above 0, slope · x below; slope is 0.01 by default. */
export const LeakyReLU: ActivationClass<[slope?: number]> = /* @__PURE__ */ activation(
  "LeakyReLU",
  (x, slope?: number) => x.leakyRelu(slope),
);
/** x above 0, alpha · (eˣ − 1) below; alpha is 1 by default. */
export const ELU: ActivationClass<[alpha?: number]> = /* @__PURE__ */ activation("ELU", (x, alpha?: number) =>
  x.elu(alpha),
);
/** The self-normalising ELU. */
export const SELU: ActivationClass = /* @__PURE__ */ activation("SELU", (x) => x.selu());
/** x · Φ(x), exact by default or by the tanh approximation. */
export const GELU: ActivationClass<[form?: "exact" | "tanh"]> = /* @__PURE__ */ activation(
  "GELU",
  (x, form?: "exact" | "tanh") => x.gelu(form),
);
/** x · sigmoid(x) */
export const SiLU: ActivationClass = /* @__PURE__ */ activation("SiLU", (x) => x.silu());
/** x · tanh(softplus(x)) */
export const Mish: ActivationClass = /* @__PURE__ */ activation("Mish", (x) => x.mish());
/** 1 / (1 + e⁻ˣ) */
export const Sigmoid: ActivationClass = /* @__PURE__ */ activation("Sigmoid", (x) => x.sigmoid());
export const LogSigmoid: ActivationClass = /* @__PURE__ */ activation("LogSigmoid", (x) => x.logSigmoid());
export const Tanh: ActivationClass = /* @__PURE__ */ activation("Tanh", (x) => x.tanh());
/** ln(1 + eˣ) */
export const Softplus: ActivationClass = /* @__PURE__ */ activation("Softplus", (x) => x.softplus());
/** x / (1 + |x|) */
export const Softsign: ActivationClass = /* @__PURE__ */ activation("Softsign", (x) => x.softsign());
/** min(max(x + 3, 0), 6) / 6 */
export const HardSigmoid: ActivationClass = /* @__PURE__ */ activation("HardSigmoid", (x) => x.hardSigmoid());
/** x · hardSigmoid(x) */
export const HardSwish: ActivationClass = /* @__PURE__ */ activation("HardSwish", (x) => x.hardSwish());
/** min(max(x, low), high), −1 and 1 by default. */
export const HardTanh: ActivationClass<[low?: number, high?: number]> = /* @__PURE__ */ activation(
  "HardTanh",
  (x, low?: number, high?: number) => x.hardTanh(low, high),
);
/** eˣ / Σ eˣ along an axis, the last by default. */
export const Softmax: ActivationClass<[axis?: number]> = /* @__PURE__ */ activation("Softmax", (x, axis?: number) =>
  x.softmax(axis ?? -1),
);
/** ln softmax(x) along an axis, the last by default. */
export const LogSoftmax: ActivationClass<[axis?: number]> = /* @__PURE__ */ activation(
  "LogSoftmax",
  (x, axis?: number) => x.logSoftmax(axis ?? -1),
);
/** The input itself. */
export const Identity: ActivationClass = /* @__PURE__ */ activation("Identity", (x) => x);

export const relu: ActivationFunction = (x) => x.relu();
export const gelu: ActivationFunction = (x) => x.gelu();
export const silu: ActivationFunction = (x) => x.silu();
export const sigmoid: ActivationFunction = (x) => x.sigmoid();
export const tanh: ActivationFunction = (x) => x.tanh();
export const softmax: ActivationFunction = (x) => (x as Tensor).softmax() as typeof x;
