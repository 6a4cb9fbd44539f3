/** Losses: what training makes small. */
export { discriminatorLoss, generatorLoss } from "./adversarial.ts";
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
} from "./binaryCrossEntropy.ts";
export { lossOf, named, type LossFunction, type LossName } from "./byName.ts";
export {
  categoricalCrossEntropy,
  sparseCategoricalCrossEntropy,
  type CategoricalOptions,
  type SparseCategoricalOptions,
} from "./categorical.ts";
export {
  crossEntropy,
  softCrossEntropy,
  type CrossEntropyOptions,
  type SoftCrossEntropyOptions,
} from "./crossEntropy.ts";
export { ctc, type CtcOptions } from "./ctc.ts";
export { distillation, type DistillationOptions } from "./distillation.ts";
export { elbo, gaussianKl, jsDivergence, klDivergence, type KlDivergenceOptions } from "./divergence.ts";
export { binaryFocalWithLogits, focal, type BinaryFocalOptions, type FocalOptions } from "./focal.ts";
export {
  categoricalHinge,
  hinge,
  hingeEmbedding,
  multilabelMargin,
  multilabelSoftMargin,
  multiMargin,
  softMargin,
  squaredHinge,
  type MarginOptions,
  type MultilabelSoftMarginOptions,
  type MultiMarginOptions,
} from "./hinge.ts";
export { maskedTokens, nextToken } from "./language.ts";
export { gaussianNll, poissonNll, type GaussianNllOptions, type PoissonNllOptions } from "./likelihood.ts";
export { nll, type NllOptions } from "./nll.ts";
export { l1Penalty, l2Penalty } from "./penalty.ts";
export type { Reduction, ReductionOptions } from "./reduction.ts";
export {
  halfMse,
  huber,
  l1,
  logCosh,
  mape,
  mse,
  msle,
  quantile,
  smoothL1,
  type HuberOptions,
  type QuantileOptions,
  type RegressionOptions,
  type SmoothL1Options,
} from "./regression.ts";
export { dice, iou, tversky, type OverlapOptions, type TverskyOptions } from "./segmentation.ts";
export {
  contrastive,
  cosineEmbedding,
  cosineSimilarity,
  infoNce,
  marginRanking,
  ntXent,
  triplet,
  type Distance,
  type TemperatureOptions,
  type TripletOptions,
} from "./similarity.ts";
