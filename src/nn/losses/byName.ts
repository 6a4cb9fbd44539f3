/** Losses by the names of Keras and of PyTorch's classes. */
import { ArgumentError } from "../../core/errors.ts";
import { neg } from "../../graph/ops/unary.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import { binaryCrossEntropy, binaryCrossEntropyWithLogits } from "./binaryCrossEntropy.ts";
import { categoricalCrossEntropy, sparseCategoricalCrossEntropy } from "./categorical.ts";
import { crossEntropy } from "./crossEntropy.ts";
import { klDivergence } from "./divergence.ts";
import { categoricalHinge, hinge, squaredHinge } from "./hinge.ts";
import { nll } from "./nll.ts";
import { poissonNll } from "./likelihood.ts";
import { huber, l1, logCosh, mape, mse, msle, smoothL1 } from "./regression.ts";
import { reduced, type ReductionOptions } from "./reduction.ts";
import { dice, tversky } from "./segmentation.ts";
import { cosineSimilarity } from "./similarity.ts";

/** From a prediction and a target to one number, or with `{ reduction: "none" }` to one for each example. */
export type LossFunction = (prediction: Tensor, target: Tensor, options?: ReductionOptions) => Tensor;

/** The names of Keras 3, its short ones, and PyTorch's classes of two inputs. */
export type LossName =
  | "BCELoss"
  | "BCEWithLogitsLoss"
  | "CrossEntropyLoss"
  | "HuberLoss"
  | "L1Loss"
  | "MSELoss"
  | "NLLLoss"
  | "SmoothL1Loss"
  | "bce"
  | "binary_crossentropy"
  | "categorical_crossentropy"
  | "categorical_hinge"
  | "cosine_similarity"
  | "dice"
  | "hinge"
  | "huber"
  | "kl_divergence"
  | "kld"
  | "log_cosh"
  | "logcosh"
  | "mae"
  | "mape"
  | "mean_absolute_error"
  | "mean_absolute_percentage_error"
  | "mean_squared_error"
  | "mean_squared_logarithmic_error"
  | "mse"
  | "msle"
  | "poisson"
  | "sparse_categorical_crossentropy"
  | "squared_hinge"
  | "tversky";

/** KL of probabilities, summed over the classes of each row as Keras does. */
const divergence: LossFunction = (p, t, options = {}) => {
  const each = klDivergence(p.clamp(1e-7, 1).log(), t, { reduction: "none" });
  return fromNode(reduced("klDivergence", each.sum(-1).node, options));
};
const cosine: LossFunction = (p, t, options = {}) =>
  fromNode(reduced("cosineSimilarity", neg(cosineSimilarity(p, t).node), options));
const poisson: LossFunction = (p, t, options) => poissonNll(p, t, { ...options, logInput: false, eps: 1e-7 });

/** Losses by name; those of Keras take probabilities, as its defaults do. */
export const named: Readonly<Record<LossName, LossFunction>> = {
  BCELoss: binaryCrossEntropy,
  BCEWithLogitsLoss: binaryCrossEntropyWithLogits,
  CrossEntropyLoss: crossEntropy,
  HuberLoss: huber,
  L1Loss: l1,
  MSELoss: mse,
  NLLLoss: nll,
  SmoothL1Loss: smoothL1,
  bce: binaryCrossEntropy,
  binary_crossentropy: binaryCrossEntropy,
  categorical_crossentropy: categoricalCrossEntropy,
  categorical_hinge: categoricalHinge,
  cosine_similarity: cosine,
  dice,
  hinge,
  huber,
  kl_divergence: divergence,
  kld: divergence,
  log_cosh: logCosh,
  logcosh: logCosh,
  mae: l1,
  mape,
  mean_absolute_error: l1,
  mean_absolute_percentage_error: mape,
  mean_squared_error: mse,
  mean_squared_logarithmic_error: msle,
  mse,
  msle,
  poisson,
  sparse_categorical_crossentropy: sparseCategoricalCrossEntropy,
  squared_hinge: squaredHinge,
  tversky,
};

/**
 * The loss that a name or a function stands for.
 * @throws ArgumentError for an unknown name.
 */
export function lossOf(given: LossName | LossFunction): LossFunction {
  if (typeof given === "function") return given;
  if (Object.hasOwn(named, given)) return named[given];
  throw new ArgumentError(
    `loss: there is none named "${given}". Give a function, or one of ${Object.keys(named).join(", ")}`,
  );
}
