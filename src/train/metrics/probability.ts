/** How good probabilities are, exact, of whole arrays: one for each example of labels 0 and 1, or [examples, classes], row after row. */
import { wholeNumber } from "../../core/wholeNumber.ts";
import { checkProbabilities, classesOf, meanOver, type Numbers } from "./arrays.ts";

/** Classes and the probability of a class of an example. */
function rows(
  op: string,
  labels: Numbers,
  probabilities: Numbers,
): [classes: number, p: (i: number, c: number) => number] {
  const classes = classesOf(op, labels, probabilities);
  checkProbabilities(op, probabilities);
  if (classes > 1) return [classes, (i, c) => probabilities[i * classes + c]!];
  return [2, (i, c) => (c === 1 ? probabilities[i]! : 1 - probabilities[i]!)];
}

function surprise(op: string, labels: Numbers, probabilities: Numbers): number {
  const [, p] = rows(op, labels, probabilities);
  return -meanOver(labels.length, (i) => Math.log(Math.max(p(i, labels[i]!), Number.EPSILON)));
}

/** −mean ln p[label], each p at least 2.2e-16. Throws ShapeError and ArgumentError for what are no labels and probabilities. */
export function logLoss(labels: Numbers, probabilities: Numbers): number {
  return surprise("logLoss", labels, probabilities);
}

/** e to the power of `logLoss`: among how many words a language model hesitates. */
export function perplexity(labels: Numbers, probabilities: Numbers): number {
  return Math.exp(surprise("perplexity", labels, probabilities));
}

/** mean (p − y)² of labels 0 and 1, or Σ over the classes of each example (Brier 1950). */
export function brierScore(labels: Numbers, probabilities: Numbers): number {
  const [classes, p] = rows("brierScore", labels, probabilities);
  if (probabilities.length === labels.length) return meanOver(labels.length, (i) => (p(i, 1) - labels[i]!) ** 2);
  return meanOver(labels.length, (i) => {
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += (p(i, c) - +(c === labels[i])) ** 2;
    return sum;
  });
}

/** Examples of one bin of confidence. */
export interface CalibrationBin {
  readonly count: number;
  /** Means over its examples; NaN where there are none. */
  readonly confidence: number;
  readonly accuracy: number;
}

/**
 * Confidence against accuracy in equal bins of confidence, which is the probability of the predicted class. A reliability diagram.
 * @throws ArgumentError unless bins is a whole number of 1 or more.
 */
export function calibrationBins(labels: Numbers, probabilities: Numbers, bins: number = 10): CalibrationBin[] {
  wholeNumber("calibrationBins", "bins", bins, 1);
  const [classes, p] = rows("calibrationBins", labels, probabilities);
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (let i = 0; i < labels.length; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (p(i, c) > p(i, best)) best = c;
    // Bins are closed above, as in Guo et al. 2017.
    const bin = sums[Math.min(bins, Math.max(1, Math.ceil(p(i, best) * bins))) - 1]!;
    bin.count++;
    bin.confidence += p(i, best);
    bin.right += +(best === labels[i]);
  }
  return sums.map(({ count, confidence, right }) => ({
    count,
    confidence: confidence / count,
    accuracy: right / count,
  }));
}

/** Expected calibration error: the mean distance of confidence from accuracy in bins, weighted by their counts (Guo et al. 2017). */
export function expectedCalibrationError(labels: Numbers, probabilities: Numbers, bins: number = 10): number {
  const found = calibrationBins(labels, probabilities, bins).filter(({ count }) => count > 0);
  return found.reduce((sum, b) => sum + b.count * Math.abs(b.accuracy - b.confidence), 0) / labels.length;
}
