/** Curves over all thresholds of a score, and the areas under them. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { checkBinary, checkPair, classesOf, type Numbers } from "./arrays.ts";

/** Points of a curve; `thresholds` are scores at and above which an example counts as positive. */
export interface RocCurve {
  readonly falsePositiveRate: Float64Array;
  readonly truePositiveRate: Float64Array;
  /** Falling, from ∞ (nothing is positive). */
  readonly thresholds: Float64Array;
}

export interface PrecisionRecallCurve {
  /** One more than thresholds: the last is 1, at recall 0. */
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  /** Rising. */
  readonly thresholds: Float64Array;
}

interface Steps {
  readonly thresholds: number[];
  /** Examples of either class at or above each threshold. */
  readonly positives: number[];
  readonly negatives: number[];
}

/** Counts at every distinct score, from the highest down. */
function steps(op: string, labels: Numbers, scores: Numbers, bothClasses: boolean): Steps {
  checkPair(op, labels, scores);
  checkBinary(op, labels, bothClasses);
  const order = Array.from(labels, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  if (order.some((i) => Number.isNaN(scores[i]!))) throw new ArgumentError(`${op}: a score is NaN`);
  const result: Steps = { thresholds: [], positives: [], negatives: [] };
  let [positives, negatives] = [0, 0];
  order.forEach((i, at) => {
    if (labels[i] === 1) positives++;
    else negatives++;
    const next = order[at + 1];
    if (next !== undefined && scores[next] === scores[i]) return;
    result.thresholds.push(scores[i]!);
    result.positives.push(positives);
    result.negatives.push(negatives);
  });
  return result;
}

/**
 * True against false positive rates at every threshold. Points on a straight line between others are left out, as in scikit-learn.
 * @throws ShapeError where lengths differ, ArgumentError for labels other than 0 and 1, of one class only, or NaN.
 */
export function rocCurve(labels: Numbers, scores: Numbers): RocCurve {
  const { thresholds, positives, negatives } = steps("rocCurve", labels, scores, true);
  const last = thresholds.length - 1;
  const bends = (i: number): boolean =>
    i === 0 ||
    i === last ||
    positives[i + 1]! - 2 * positives[i]! + positives[i - 1]! !== 0 ||
    negatives[i + 1]! - 2 * negatives[i]! + negatives[i - 1]! !== 0;
  const kept = thresholds.map((_, i) => i).filter(bends);
  return {
    falsePositiveRate: Float64Array.of(0, ...kept.map((i) => negatives[i]! / negatives[last]!)),
    truePositiveRate: Float64Array.of(0, ...kept.map((i) => positives[i]! / positives[last]!)),
    thresholds: Float64Array.of(Infinity, ...kept.map((i) => thresholds[i]!)),
  };
}

/**
 * Precision against recall at every threshold, ending at precision 1 and recall 0.
 * @throws ShapeError where lengths differ, ArgumentError for labels other than 0 and 1, none of class 1, or NaN.
 */
export function precisionRecallCurve(labels: Numbers, scores: Numbers): PrecisionRecallCurve {
  const { thresholds, positives, negatives } = steps("precisionRecallCurve", labels, scores, false);
  const all = positives[positives.length - 1]!;
  if (all === 0) throw new ArgumentError("precisionRecallCurve: there are no labels of class 1");
  const precision = positives.map((p, i) => p / (p + negatives[i]!)).reverse();
  const recall = positives.map((p) => p / all).reverse();
  return {
    precision: Float64Array.of(...precision, 1),
    recall: Float64Array.of(...recall, 0),
    thresholds: Float64Array.from(thresholds).reverse(),
  };
}

/** The area under points by trapezoids. Throws ArgumentError unless x only rises or only falls. */
export function auc(x: Numbers, y: Numbers): number {
  if (x.length !== y.length || x.length < 2)
    throw new ShapeError(`auc: wants two lists of one length of 2 or more, got ${x.length} and ${y.length}`);
  let [area, rises, falls] = [0, false, false];
  for (let i = 1; i < x.length; i++) {
    const step = x[i]! - x[i - 1]!;
    rises ||= step > 0;
    falls ||= step < 0;
    area += (step * (y[i]! + y[i - 1]!)) / 2;
  }
  if (rises && falls) throw new ArgumentError("auc: x must only rise or only fall; sort the points by x");
  return falls ? -area : area;
}

/** The mean of precisions, each weighted with the recall that it adds: no interpolation. */
export function averagePrecisionScore(labels: Numbers, scores: Numbers): number {
  const { precision, recall } = precisionRecallCurve(labels, scores);
  let sum = 0;
  for (let i = 0; i + 1 < recall.length; i++) sum += (recall[i]! - recall[i + 1]!) * precision[i]!;
  return sum;
}

export interface RocAucOptions {
  /** Of more than two classes: each against the rest ("ovr", the default), or each pair ("ovo": Hand and Till 2001). */
  readonly multiClass?: "ovr" | "ovo" | undefined;
  /** "macro" (the default), or "weighted" by how often classes occur. */
  readonly average?: "macro" | "weighted" | undefined;
}

/**
 * The area under the ROC curve: how likely a positive example scores above a negative one. Scores are one for each example of labels 0
 * and 1, or [examples, classes], row after row.
 * @throws ShapeError where they do not fit, ArgumentError for classes that do not occur.
 */
export function rocAucScore(labels: Numbers, scores: Numbers, options: RocAucOptions = {}): number {
  const { multiClass = "ovr", average = "macro" } = options;
  const area = (wanted: Numbers, given: Numbers): number => {
    const curve = rocCurve(wanted, given);
    return auc(curve.falsePositiveRate, curve.truePositiveRate);
  };
  const classes = classesOf("rocAucScore", labels, scores);
  if (classes === 1) return area(labels, scores);
  const names = Array.from(labels);
  const share = (c: number): number => names.filter((name) => name === c).length / names.length;
  const column = (c: number, rows: readonly number[]): number[] => rows.map((i) => scores[i * classes + c]!);
  const parts: (readonly [area: number, weight: number])[] = [];
  const all = names.map((_, i) => i);
  for (let a = 0; a < classes; a++)
    if (multiClass === "ovr") {
      const own = names.map((name) => +(name === a));
      parts.push([area(own, column(a, all)), share(a)]);
    } else
      for (let b = a + 1; b < classes; b++) {
        const rows = all.filter((i) => names[i] === a || names[i] === b);
        const isA = rows.map((i) => +(names[i] === a));
        const isB = isA.map((v) => 1 - v);
        parts.push([(area(isA, column(a, rows)) + area(isB, column(b, rows))) / 2, share(a) + share(b)]);
      }
  const weight = average === "weighted" ? (part: readonly [number, number]) => part[1] : () => 1;
  const whole = parts.reduce((sum, part) => sum + weight(part), 0);
  return parts.reduce((sum, part) => sum + part[0] * weight(part), 0) / whole;
}
