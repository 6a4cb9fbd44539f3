/** Metrics of classes, exact, of whole arrays: scikit-learn's, with labels before predictions. */
import { ArgumentError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { checkClasses, checkPair, classesOf, meanOver, type Numbers } from "./arrays.ts";
import * as counts from "./counts.ts";
import type { AverageOptions, ClassScore, KappaWeights } from "./counts.ts";

/** The part of the examples that is classified right, from 0 to 1. Throws ShapeError and ArgumentError for what are no classes. */
export function accuracyScore(labels: Numbers, predictions: Numbers): number {
  checkPair("accuracyScore", labels, predictions);
  checkClasses("accuracyScore", "labels", labels);
  checkClasses("accuracyScore", "predictions", predictions);
  return meanOver(labels.length, (i) => +(labels[i] === predictions[i]));
}

/** The part of the examples whose label is among the k highest scores [examples, classes]; ties count against the label. */
export function topKAccuracyScore(labels: Numbers, scores: Numbers, k: number = 2): number {
  const classes = classesOf("topKAccuracyScore", labels, scores);
  wholeNumber("topKAccuracyScore", "k", k, 1);
  return meanOver(labels.length, (i) => {
    const own = scores[i * classes + labels[i]!]!;
    let rank = 0;
    for (let c = 0; c < classes; c++) if (c !== labels[i] && scores[i * classes + c]! >= own) rank++;
    return +(rank < k);
  });
}

const scored =
  (op: string, score: ClassScore) =>
  (labels: Numbers, predictions: Numbers, options?: AverageOptions): number =>
    counts.averaged(op, counts.confusionOf(op, labels, predictions), score, options);

/** A metric of classes: one number by the average that is asked for. */
export type ClassMetric = (labels: Numbers, predictions: Numbers, options?: AverageOptions) => number;

/** How many of those predicted were right. */
export const precisionScore: ClassMetric = /* @__PURE__ */ scored("precisionScore", counts.precisionOf);
/** How many of those that occur were found. */
export const recallScore: ClassMetric = /* @__PURE__ */ scored("recallScore", counts.recallOf);
/** The harmonic mean of precision and recall. */
export const f1Score: ClassMetric = /* @__PURE__ */ scored("f1Score", /* @__PURE__ */ counts.fbetaOf(1));
/** Intersection over union of the examples of a class. */
export const jaccardScore: ClassMetric = /* @__PURE__ */ scored("jaccardScore", counts.jaccardOf);
/** Twice the intersection over the sum of the sizes: the F1 score of sets. */
export const diceScore: ClassMetric = /* @__PURE__ */ scored("diceScore", /* @__PURE__ */ counts.fbetaOf(1));

/** (1 + β²)·P·R / (β²·P + R): recall counts β times as much as precision. Throws ArgumentError unless beta is above 0. */
export function fbetaScore(labels: Numbers, predictions: Numbers, beta: number, options?: AverageOptions): number {
  if (!(beta > 0)) throw new ArgumentError(`fbetaScore: beta must be above 0, got ${beta}`);
  return scored("fbetaScore", counts.fbetaOf(beta))(labels, predictions, options);
}

/** The mean recall over the classes that occur. */
export function balancedAccuracyScore(labels: Numbers, predictions: Numbers): number {
  return counts.balancedAccuracyOf(counts.confusionOf("balancedAccuracyScore", labels, predictions));
}

/** Agreement beyond chance: 1 is perfect, 0 what chance gives. Distances of classes may count, "linear" or "quadratic". */
export function cohenKappaScore(labels: Numbers, predictions: Numbers, weights: KappaWeights = null): number {
  return counts.kappaOf(counts.confusionOf("cohenKappaScore", labels, predictions), weights);
}

/** The correlation of labels and predictions, from −1 to 1. */
export function matthewsCorrelation(labels: Numbers, predictions: Numbers): number {
  return counts.matthewsOf(counts.confusionOf("matthewsCorrelation", labels, predictions));
}

/** Classes of probabilities: 1 above the threshold (0.5 by default), 0 up to it; with `inclusive` also 1 at the threshold itself. */
export function thresholded(probabilities: Numbers, threshold: number = 0.5, inclusive: boolean = false): Uint8Array {
  return Uint8Array.from(probabilities, (p) => +(inclusive ? p >= threshold : p > threshold));
}
