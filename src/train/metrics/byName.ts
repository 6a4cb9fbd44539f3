/** Metrics by the names that Keras gives them. */
import { ArgumentError } from "../../core/errors.ts";
import type { Metric } from "./metric.ts";
import * as classes from "./streamingClasses.ts";
import * as numbers from "./streamingNumbers.ts";
import * as scores from "./streamingScores.ts";

/** Names of Keras, and of what it lacks. Those of classes take the highest score, or probabilities of a "yes" above 0.5. */
export type MetricName =
  | "accuracy"
  | "acc"
  | "auc"
  | "balanced_accuracy"
  | "binary_accuracy"
  | "categorical_accuracy"
  | "cohen_kappa"
  | "explained_variance"
  | "f1_score"
  | "mae"
  | "mape"
  | "matthews_correlation"
  | "mean_absolute_error"
  | "mean_absolute_percentage_error"
  | "mean_io_u"
  | "mean_squared_error"
  | "mse"
  | "perplexity"
  | "precision"
  | "r2_score"
  | "recall"
  | "rmse"
  | "root_mean_squared_error"
  | "smape"
  | "sparse_categorical_accuracy"
  | "top_k_categorical_accuracy";

/** Makes a metric of each name. */
const makers: Readonly<Record<MetricName, () => Metric>> = {
  accuracy: () => new classes.Accuracy(),
  acc: () => new classes.Accuracy(),
  auc: () => new scores.AUC(),
  balanced_accuracy: () => new classes.BalancedAccuracy(),
  binary_accuracy: () => new classes.Accuracy(),
  categorical_accuracy: () => new classes.CategoricalAccuracy(),
  cohen_kappa: () => new classes.CohenKappa(),
  explained_variance: () => new numbers.ExplainedVariance(),
  f1_score: () => new classes.F1(),
  mae: () => new numbers.MeanAbsoluteError(),
  mape: () => new numbers.MeanAbsolutePercentageError(),
  matthews_correlation: () => new classes.MatthewsCorrelation(),
  mean_absolute_error: () => new numbers.MeanAbsoluteError(),
  mean_absolute_percentage_error: () => new numbers.MeanAbsolutePercentageError(),
  mean_io_u: () => new classes.MeanIoU(),
  mean_squared_error: () => new numbers.MeanSquaredError(),
  mse: () => new numbers.MeanSquaredError(),
  perplexity: () => new scores.Perplexity(),
  precision: () => new classes.Precision(),
  r2_score: () => new numbers.R2(),
  recall: () => new classes.Recall(),
  rmse: () => new numbers.RootMeanSquaredError(),
  root_mean_squared_error: () => new numbers.RootMeanSquaredError(),
  smape: () => new numbers.SymmetricMeanAbsolutePercentageError(),
  sparse_categorical_accuracy: () => new classes.Accuracy(),
  top_k_categorical_accuracy: () => new classes.TopKAccuracy(),
};

/**
 * A new metric of a name.
 * @throws ArgumentError for an unknown name.
 */
export function metricNamed(name: MetricName): Metric {
  if (Object.hasOwn(makers, name)) return makers[name]();
  throw new ArgumentError(
    `metrics: there is none named "${name}". Give a function or a metric, or one of ${Object.keys(makers).join(", ")}`,
  );
}
