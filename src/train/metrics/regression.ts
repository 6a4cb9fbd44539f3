/** Metrics of numbers, exact, of whole arrays: labels before predictions. */
import { checkPair, meanOver, type Numbers } from "./arrays.ts";

/** From right and predicted numbers to one. Throws ShapeError where lengths differ, ArgumentError for none. */
export type RegressionMetric = (labels: Numbers, predictions: Numbers) => number;

const averageOf =
  (op: string, each: (label: number, prediction: number) => number): RegressionMetric =>
  (labels, predictions) => {
    checkPair(op, labels, predictions);
    return meanOver(labels.length, (i) => each(labels[i]!, predictions[i]!));
  };

/** mean |y − p| */
export const meanAbsoluteError: RegressionMetric = /* @__PURE__ */ averageOf("meanAbsoluteError", (y, p) =>
  Math.abs(y - p),
);
/** mean (y − p)² */
export const meanSquaredError: RegressionMetric = /* @__PURE__ */ averageOf("meanSquaredError", (y, p) => (y - p) ** 2);
/** √ of the mean of (y − p)² */
export const rootMeanSquaredError: RegressionMetric = (labels, predictions) =>
  Math.sqrt(meanSquaredError(labels, predictions));

/**
 * 100·mean |y − p| / |y|, in percent (scikit-learn gives the fraction). A label of 0 counts as 2.2e-16, so that being wrong about it
 * cannot be overlooked; use `symmetricMeanAbsolutePercentageError` where labels are 0.
 */
export const meanAbsolutePercentageError: RegressionMetric = /* @__PURE__ */ averageOf(
  "meanAbsolutePercentageError",
  (y, p) => (100 * Math.abs(y - p)) / Math.max(Math.abs(y), Number.EPSILON),
);

/** 100·mean 2·|y − p| / (|y| + |p|), from 0 to 200; 0 where both are 0. */
export const symmetricMeanAbsolutePercentageError: RegressionMetric = /* @__PURE__ */ averageOf(
  "symmetricMeanAbsolutePercentageError",
  (y, p) => (y === p ? 0 : (200 * Math.abs(y - p)) / (Math.abs(y) + Math.abs(p))),
);

/** The largest |y − p|. */
export const maxError: RegressionMetric = (labels, predictions) => {
  checkPair("maxError", labels, predictions);
  let most = 0;
  for (let i = 0; i < labels.length; i++) most = Math.max(most, Math.abs(labels[i]! - predictions[i]!));
  return most;
};

/** The median |y − p|. */
export const medianAbsoluteError: RegressionMetric = (labels, predictions) => {
  checkPair("medianAbsoluteError", labels, predictions);
  const sorted = Float64Array.from(labels, (y, i) => Math.abs(y - predictions[i]!)).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

/** 1 − unexplained / whole; labels without spread give 1 when met exactly and 0 otherwise. */
export const explained = (unexplained: number, whole: number): number =>
  whole === 0 ? +(unexplained === 0) : 1 - unexplained / whole;

/** R², the part of the labels' spread that predictions explain: 1 at best, 0 for their mean, below 0 for worse. */
export const r2Score: RegressionMetric = (labels, predictions) => {
  const residual = meanSquaredError(labels, predictions);
  const middle = meanOver(labels.length, (i) => labels[i]!);
  return explained(
    residual,
    meanOver(labels.length, (i) => (labels[i]! - middle) ** 2),
  );
};

/** As R², but a constant error costs nothing. */
export const explainedVarianceScore: RegressionMetric = (labels, predictions) => {
  checkPair("explainedVarianceScore", labels, predictions);
  const count = labels.length;
  const bias = meanOver(count, (i) => labels[i]! - predictions[i]!);
  const middle = meanOver(count, (i) => labels[i]!);
  return explained(
    meanOver(count, (i) => (labels[i]! - predictions[i]! - bias) ** 2),
    meanOver(count, (i) => (labels[i]! - middle) ** 2),
  );
};
