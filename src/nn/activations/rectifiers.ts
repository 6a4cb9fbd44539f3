/** The family of ReLU: x above 0, something small or bounded below. */
import { threshold as thresholdNode } from "../../tensor/functional/activationsHard.ts";
import { rrelu as rreluNode } from "../../tensor/functional/activationsLearned.ts";
import { celu as celuOf } from "../../tensor/functions.ts";
import { nextKey } from "../../tensor/random.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Shape } from "../../core/shape.ts";
import { activation, Keep, type ActivationClass, type ActivationFunction } from "../activation.ts";

/** max(x, 0). Gradient 1 above 0, 0 elsewhere. */
export const relu: ActivationFunction = (x) => x.relu();
/** min(max(x, 0), 6) */
export const relu6: ActivationFunction = (x) => x.relu6();
/** x above 0, slope · x below; slope is 0.01 by default, as in PyTorch (0.2 in Keras). */
export const leakyRelu: ActivationFunction<[slope?: number]> = (x, slope) => x.leakyRelu(slope);
/** x above 0, alpha · (eˣ − 1) below; alpha is 1 by default: Clevert et al. 2016. */
export const elu: ActivationFunction<[alpha?: number]> = (x, alpha) => x.elu(alpha);
/** The self-normalising ELU of Klambauer et al. 2017. */
export const selu: ActivationFunction = (x) => x.selu();
/** max(x, 0) + min(0, alpha · (e^(x / alpha) − 1)); alpha is 1 by default: Barron 2017. */
export const celu: ActivationFunction<[alpha?: number]> = (x, alpha) => celuOf(x, alpha);
/** x where it is above `limit`, `value` elsewhere. */
export const threshold: ActivationFunction<[limit: number, value: number]> = (x, limit, value) =>
  fromNode(thresholdNode(x.node, limit, value));

const LOWER = 1 / 8;
const UPPER = 1 / 3;

/**
 * x above 0; below, x times a slope drawn uniformly from [lower, upper] (1/8 and 1/3 by default) for each element while
 * training, the mean of both otherwise, which is the default: Xu et al. 2015.
 * @throws ArgumentError where lower is above upper.
 */
export const rrelu: ActivationFunction<[lower?: number, upper?: number, training?: boolean]> = (
  x,
  lower = LOWER,
  upper = UPPER,
  training = false,
) => fromNode(rreluNode(x.node, lower, upper, training ? nextKey() : undefined));

/** `relu` */
export const ReLU: ActivationClass = /* @__PURE__ */ activation("ReLU", relu);
/** `relu6` */
export const ReLU6: ActivationClass = /* @__PURE__ */ activation("ReLU6", relu6);
/** `leakyRelu` */
export const LeakyReLU: ActivationClass<[slope?: number]> = /* @__PURE__ */ activation("LeakyReLU", leakyRelu);
/** `elu` */
export const ELU: ActivationClass<[alpha?: number]> = /* @__PURE__ */ activation("ELU", elu);
/** `selu` */
export const SELU: ActivationClass = /* @__PURE__ */ activation("SELU", selu);
/** `celu` */
export const CELU: ActivationClass<[alpha?: number]> = /* @__PURE__ */ activation("CELU", celu);
/** `threshold` */
export const Threshold: ActivationClass<[limit: number, value: number]> = /* @__PURE__ */ activation(
  "Threshold",
  threshold,
);

/** `rrelu`, with random slopes while training. */
export class RReLU extends Keep {
  readonly lower: number;
  readonly upper: number;

  constructor(lower: number = LOWER, upper: number = UPPER) {
    super();
    this.lower = lower;
    this.upper = upper;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return rrelu(x, this.lower, this.upper, this.training);
  }

  override toString(): string {
    return `RReLU(${this.lower}, ${this.upper})`;
  }
}
