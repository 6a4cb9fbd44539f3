/** From scores to shares along an axis. */
import * as nodes from "../../tensor/functional/activationsShares.ts";
import { nextKey } from "../../tensor/random.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import { activation, type ActivationClass, type ActivationFunction } from "../activation.ts";

/**
 * eˣ / Σ eˣ along an axis, the last by default, of x / temperature: 1 by default, above it the shares come closer to each
 * other, below it the largest gains. @throws ArgumentError unless the temperature is above 0.
 */
export const softmax: ActivationFunction<[axis?: number, temperature?: number]> = (x, axis = -1, temperature = 1) =>
  fromNode(nodes.temperedSoftmax(x.node, axis, temperature));
/** ln softmax(x) along an axis, the last by default, finite where the softmax underflows. */
export const logSoftmax: ActivationFunction<[axis?: number]> = (x, axis = -1) =>
  (x as Tensor).logSoftmax(axis) as typeof x;
/** softmax(−x) along an axis, the last by default. */
export const softmin: ActivationFunction<[axis?: number]> = (x, axis) => fromNode(nodes.softmin(x.node, axis));
/**
 * The nearest shares to x along an axis (the last by default), most of them exactly 0: Martins and Astudillo 2016. Work grows
 * with the square of the size of that axis.
 */
export const sparsemax: ActivationFunction<[axis?: number]> = (x, axis) => fromNode(nodes.sparsemax(x.node, axis));

export interface GumbelSoftmaxOptions {
  /** Above 0, 1 by default; the lower, the closer to one-hot. */
  readonly temperature?: number | undefined;
  /** One-hot going forward, with the gradient of the soft shares; false by default. */
  readonly hard?: boolean | undefined;
  /** The last by default. */
  readonly axis?: number | undefined;
}

/** A class drawn from logits for each row, as shares through which gradients flow: Jang et al. 2017. */
export const gumbelSoftmax: ActivationFunction<[options?: GumbelSoftmaxOptions]> = (
  x,
  { temperature = 1, hard = false, axis = -1 } = {},
) => fromNode(nodes.gumbelSoftmax(x.node, nextKey(), temperature, hard, axis));

/** `softmax` */
export const Softmax: ActivationClass<[axis?: number, temperature?: number]> = /* @__PURE__ */ activation(
  "Softmax",
  softmax,
);
/** `logSoftmax` */
export const LogSoftmax: ActivationClass<[axis?: number]> = /* @__PURE__ */ activation("LogSoftmax", logSoftmax);
/** `softmin` */
export const Softmin: ActivationClass<[axis?: number]> = /* @__PURE__ */ activation("Softmin", softmin);
/** `sparsemax` */
export const Sparsemax: ActivationClass<[axis?: number]> = /* @__PURE__ */ activation("Sparsemax", sparsemax);
