/** Activations without a corner. */
import { softplus as softplusNode } from "../../tensor/functional/activations.ts";
import { squareplus as squareplusNode } from "../../tensor/functional/activationsHard.ts";
import { swish as swishNode } from "../../tensor/functional/activationsLearned.ts";
import { fromNode } from "../../tensor/tensor.ts";
import { activation, type ActivationClass, type ActivationFunction } from "../activation.ts";

/** 1 / (1 + e⁻ˣ). Gradient y·(1 − y). */
export const sigmoid: ActivationFunction = (x) => x.sigmoid();
/** ln sigmoid(x), finite where the sigmoid underflows. */
export const logSigmoid: ActivationFunction = (x) => x.logSigmoid();
/** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ). Gradient 1 − y². */
export const tanh: ActivationFunction = (x) => x.tanh();
/** x / (1 + |x|) */
export const softsign: ActivationFunction = (x) => x.softsign();
/**
 * ln(1 + e^(beta·x)) / beta, and x itself where beta·x is above the threshold; 1 and 20 by default, as in PyTorch. (The
 * threshold guards against nothing here: without it, as `x.softplus()`, the function is exact and finite everywhere.)
 */
export const softplus: ActivationFunction<[beta?: number, threshold?: number]> = (x, beta = 1, threshold = 20) =>
  fromNode(softplusNode(x.node, beta, threshold));
/** (x + √(x² + b)) / 2, b being 4 by default: Barron 2021. */
export const squareplus: ActivationFunction<[b?: number]> = (x, b) => fromNode(squareplusNode(x.node, b));
/** x · Φ(x), exact by default or by the tanh approximation: Hendrycks and Gimpel 2016. */
export const gelu: ActivationFunction<[form?: "exact" | "tanh"]> = (x, form) => x.gelu(form);
/** x · sigmoid(x): Elfwing et al. 2017. */
export const silu: ActivationFunction = (x) => x.silu();
/** x · sigmoid(beta · x); beta is 1 by default, where it is SiLU: Ramachandran et al. 2017. */
export const swish: ActivationFunction<[beta?: number]> = (x, beta = 1) =>
  beta === 1 ? x.silu() : fromNode(swishNode(x.node, beta));
/** x · tanh(softplus(x)): Misra 2019. */
export const mish: ActivationFunction = (x) => x.mish();
/** The input itself: no activation. */
export const linear: ActivationFunction = (x) => x;

/** `sigmoid` */
export const Sigmoid: ActivationClass = /* @__PURE__ */ activation("Sigmoid", sigmoid);
/** `logSigmoid` */
export const LogSigmoid: ActivationClass = /* @__PURE__ */ activation("LogSigmoid", logSigmoid);
/** `tanh` */
export const Tanh: ActivationClass = /* @__PURE__ */ activation("Tanh", tanh);
/** `softsign` */
export const Softsign: ActivationClass = /* @__PURE__ */ activation("Softsign", softsign);
/** `softplus` */
export const Softplus: ActivationClass<[beta?: number, threshold?: number]> = /* @__PURE__ */ activation(
  "Softplus",
  softplus,
);
/** `squareplus` */
export const Squareplus: ActivationClass<[b?: number]> = /* @__PURE__ */ activation("Squareplus", squareplus);
/** `gelu` */
export const GELU: ActivationClass<[form?: "exact" | "tanh"]> = /* @__PURE__ */ activation("GELU", gelu);
/** `silu` */
export const SiLU: ActivationClass = /* @__PURE__ */ activation("SiLU", silu);
/** `swish` with a fixed beta; `ParametricSwish` learns it. */
export const Swish: ActivationClass<[beta?: number]> = /* @__PURE__ */ activation("Swish", swish);
/** `mish` */
export const Mish: ActivationClass = /* @__PURE__ */ activation("Mish", mish);
/** `linear` */
export const Identity: ActivationClass = /* @__PURE__ */ activation("Identity", linear);
