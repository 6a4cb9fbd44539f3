/** Losses by Keras's names and options: descriptions that a compiled model saves. */
import { described, type Described } from "./described.ts";

interface Categorical {
  /** Whether predictions are logits, false by default: the last layer then has no softmax. */
  readonly fromLogits?: boolean | undefined;
  /** The share of each target that is spread over all classes, 0 by default. */
  readonly labelSmoothing?: number | undefined;
}

/** −Σ t·ln p of one-hot targets. */
export function categoricalCrossentropy(options: Categorical = {}): Described {
  return described("categorical_crossentropy", options);
}
/** −ln p[label] of labels. */
export function sparseCategoricalCrossentropy(
  options: { readonly fromLogits?: boolean | undefined; readonly ignoreClass?: number | undefined } = {},
): Described {
  return described("sparse_categorical_crossentropy", options);
}
/** −t·ln p − (1 − t)·ln(1 − p). */
export function binaryCrossentropy(options: Categorical = {}): Described {
  return described("binary_crossentropy", options);
}
/** Quadratic up to `delta`, 1 by default, and straight from there. */
export function huber(options: { readonly delta?: number | undefined } = {}): Described {
  return described("huber", options);
}
export function meanSquaredError(): Described {
  return described("mean_squared_error");
}
export function meanAbsoluteError(): Described {
  return described("mean_absolute_error");
}
export function meanAbsolutePercentageError(): Described {
  return described("mean_absolute_percentage_error");
}
export function meanSquaredLogarithmicError(): Described {
  return described("mean_squared_logarithmic_error");
}
export function cosineSimilarity(): Described {
  return described("cosine_similarity");
}
export function hinge(): Described {
  return described("hinge");
}
export function squaredHinge(): Described {
  return described("squared_hinge");
}
export function categoricalHinge(): Described {
  return described("categorical_hinge");
}
export function klDivergence(): Described {
  return described("kl_divergence");
}
export function logCosh(): Described {
  return described("log_cosh");
}
export function poisson(): Described {
  return described("poisson");
}
