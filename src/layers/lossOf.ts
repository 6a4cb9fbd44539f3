/** Losses that a model is compiled with, and the shapes that Keras takes for targets. */
import { isFloat } from "../core/dtype.ts";
import { binaryCrossEntropy, binaryCrossEntropyWithLogits } from "../nn/losses/binaryCrossEntropy.ts";
import { lossOf as nnLossOf, named, type LossFunction, type LossName as NnName } from "../nn/losses/byName.ts";
import { categoricalCrossEntropy, sparseCategoricalCrossEntropy } from "../nn/losses/categorical.ts";
import { huber } from "../nn/losses/regression.ts";
import type { ReductionOptions } from "../nn/losses/reduction.ts";
import { sameShape } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isDescribed, snakeCase, type Camel, type Described } from "./described.ts";

/** `mean_squared_error`, `meanSquaredError`, or a class of PyTorch. */
export type LossName = NnName | Camel<NnName>;

/**
 * A name, a description such as `losses.sparseCategoricalCrossentropy({ fromLogits: true })`, or a function of a prediction and a target, in
 * this order, such as those of `myelin`'s `losses`.
 */
export type LossLike =
  | LossName
  | Described
  | ((prediction: Tensor, target: Tensor, options?: ReductionOptions) => Tensor);

/** A loss, and what a linter wants to know of it. */
export interface ResolvedLoss {
  readonly call: LossFunction;
  /** Keras's name; "" for a function. */
  readonly name: string;
  readonly fromLogits: boolean;
}

interface Settings {
  readonly fromLogits?: boolean;
  readonly labelSmoothing?: number;
  readonly ignoreClass?: number;
  readonly delta?: number;
}

/** Labels as integers: Keras takes floats for them too. */
const whole = (labels: Tensor): Tensor => (isFloat(labels.dtype) || labels.dtype === "bool" ? labels.int() : labels);

/** Losses with settings. */
function withSettings(name: string, settings: Settings): LossFunction {
  const { fromLogits = false, labelSmoothing = 0, ignoreClass: ignoreIndex, delta } = settings;
  switch (name) {
    case "sparse_categorical_crossentropy":
      return (p, t, options) => sparseCategoricalCrossEntropy(p, whole(t), { ...options, fromLogits, ignoreIndex });
    case "categorical_crossentropy":
      return (p, t, options) => categoricalCrossEntropy(p, t, { ...options, fromLogits, labelSmoothing });
    case "bce":
    case "binary_crossentropy":
      return (p, t, options) => {
        const target = labelSmoothing
          ? t
              .cast(p.dtype)
              .mul(1 - labelSmoothing)
              .add(labelSmoothing / 2)
          : t;
        return fromLogits ? binaryCrossEntropyWithLogits(p, target, options) : binaryCrossEntropy(p, target, options);
      };
    case "huber":
      return (p, t, options) => huber(p, t, { ...options, delta });
    default:
      return nnLossOf(name as NnName);
  }
}

/** Whether a name, in either spelling, is that of a loss. */
export function isLossName(name: string): boolean {
  return Object.hasOwn(named, name) || Object.hasOwn(named, snakeCase(name));
}

/** The loss that is meant. Throws ArgumentError for a name that none has. */
export function lossFor(given: LossLike): ResolvedLoss {
  if (typeof given === "function") return { call: aligned(given as LossFunction), name: "", fromLogits: false };
  const [className, config] = isDescribed(given) ? [given.className, given.config as Settings] : [given, {}];
  const name = Object.hasOwn(named, className) ? className : snakeCase(className);
  return { call: aligned(withSettings(name, config)), name, fromLogits: (config as Settings).fromLogits ?? false };
}

const aligned =
  (loss: LossFunction): LossFunction =>
  (prediction, target, options) =>
    loss(prediction, alignedTo(prediction, target), options);

/**
 * A target with an axis of size 1 added or taken away where the prediction's shape wants that: Keras takes [n] for [n, 1], and labels [n, 1]
 * for [n].
 */
export function alignedTo(prediction: Tensor, target: Tensor): Tensor {
  const [p, t] = [prediction.shape, target.shape];
  if (t.length === p.length - 1 && p.at(-1) === 1 && sameShape(t, p.slice(0, -1))) return target.unsqueeze(-1);
  if (t.length === p.length && t.length > 1 && t.at(-1) === 1 && p.at(-1) !== 1) return target.squeeze(-1);
  return target;
}
