/** What follows from a confusion matrix: rows are right classes, columns predicted ones. */
import { ArgumentError } from "../../core/errors.ts";
import { checkClasses, checkPair, type Numbers } from "./arrays.ts";

/** How the numbers of classes become one: of class `positive` alone, over all counts, their mean, or weighted by support. */
export type Average = "binary" | "micro" | "macro" | "weighted";

export interface AverageOptions {
  /**
   * "binary" by default. In means, classes that neither occur nor are predicted are left out.
   */
  readonly average?: Average | undefined;
  /** The class that "binary" is about, 1 by default. */
  readonly positive?: number | undefined;
  /** What 0 / 0 gives, 0 by default. */
  readonly zeroDivision?: number | undefined;
}

/** A square matrix of counts, row-major. */
export interface Confusion {
  readonly classes: number;
  readonly counts: Float64Array;
}

/** Counts of pairs of classes. */
export function confusionOf(op: string, labels: Numbers, predictions: Numbers, classes?: number): Confusion {
  checkPair(op, labels, predictions);
  checkClasses(op, "labels", labels, classes);
  checkClasses(op, "predictions", predictions, classes);
  let size = classes ?? 0;
  if (classes === undefined)
    for (const values of [labels, predictions])
      for (let i = 0; i < values.length; i++) size = Math.max(size, values[i]! + 1);
  const counts = new Float64Array(size * size);
  for (let i = 0; i < labels.length; i++) counts[labels[i]! * size + predictions[i]!]!++;
  return { classes: size, counts };
}

/** Of one class: how often it was right, how often it was predicted, and how often it occurs. */
export interface ClassCounts {
  readonly right: number;
  readonly predicted: number;
  readonly support: number;
}

/** Counts of every class. */
export function perClass({ classes, counts }: Confusion): ClassCounts[] {
  return Array.from({ length: classes }, (_, c) => {
    let [predicted, support] = [0, 0];
    for (let other = 0; other < classes; other++) {
      predicted += counts[other * classes + c]!;
      support += counts[c * classes + other]!;
    }
    return { right: counts[c * classes + c]!, predicted, support };
  });
}

export const total = ({ counts }: Confusion): number => counts.reduce((sum, count) => sum + count, 0);
export const ratio = (part: number, whole: number, zeroDivision: number = 0): number =>
  whole === 0 ? zeroDivision : part / whole;

/** A number of one class, from its counts. */
export type ClassScore = (counts: ClassCounts, zeroDivision: number) => number;

export const precisionOf: ClassScore = ({ right, predicted }, zero) => ratio(right, predicted, zero);
export const recallOf: ClassScore = ({ right, support }, zero) => ratio(right, support, zero);
export const jaccardOf: ClassScore = ({ right, predicted, support }, zero) =>
  ratio(right, predicted + support - right, zero);
/** (1 + β²)·P·R / (β²·P + R). At β = 1 it is the Dice coefficient of sets. */
export const fbetaOf =
  (beta: number): ClassScore =>
  ({ right, predicted, support }, zero) =>
    ratio((1 + beta * beta) * right, beta * beta * support + predicted, zero);

/** One number from those of all classes. Throws ArgumentError for an unknown average or class. */
export function averaged(op: string, confusion: Confusion, score: ClassScore, options: AverageOptions = {}): number {
  const { average = "binary", positive = 1, zeroDivision = 0 } = options;
  const all = perClass(confusion);
  const none: ClassCounts = { right: 0, predicted: 0, support: 0 };
  switch (average) {
    case "binary":
      if (confusion.classes > 2)
        throw new ArgumentError(
          `${op}: the average "binary" is for two classes, got ${confusion.classes}. Use "macro", "micro" or "weighted"`,
        );
      return score(all[positive] ?? none, zeroDivision);
    case "micro": {
      const sum = (of: (counts: ClassCounts) => number): number => all.reduce((s, counts) => s + of(counts), 0);
      const counts = { right: sum((c) => c.right), predicted: sum((c) => c.predicted), support: sum((c) => c.support) };
      return score(counts, zeroDivision);
    }
    case "macro": {
      const present = all.filter(({ predicted, support }) => predicted + support > 0);
      return present.reduce((sum, counts) => sum + score(counts, zeroDivision), 0) / present.length;
    }
    case "weighted":
      return ratio(
        all.reduce((sum, counts) => sum + counts.support * score(counts, zeroDivision), 0),
        total(confusion),
        zeroDivision,
      );
    default:
      throw new ArgumentError(
        `${op}: the average is "binary", "micro", "macro" or "weighted", not "${String(average)}"`,
      );
  }
}

export function accuracyOf(confusion: Confusion): number {
  return perClass(confusion).reduce((sum, { right }) => sum + right, 0) / total(confusion);
}

/** The mean of the recalls of all classes that occur. */
export function balancedAccuracyOf(confusion: Confusion): number {
  const occurring = perClass(confusion).filter(({ support }) => support > 0);
  return occurring.reduce((sum, { right, support }) => sum + right / support, 0) / occurring.length;
}

export type KappaWeights = "linear" | "quadratic" | null;

/** Agreement beyond chance (Cohen 1960); 0 / 0, of one class only, is NaN. */
export function kappaOf(confusion: Confusion, weights: KappaWeights = null): number {
  const { classes, counts } = confusion;
  const all = perClass(confusion);
  const cost = (i: number, j: number): number =>
    weights === null ? +(i !== j) : weights === "linear" ? Math.abs(i - j) : (i - j) ** 2;
  const count = total(confusion);
  let [seen, expected] = [0, 0];
  for (let i = 0; i < classes; i++)
    for (let j = 0; j < classes; j++) {
      seen += cost(i, j) * counts[i * classes + j]!;
      expected += (cost(i, j) * all[i]!.support * all[j]!.predicted) / count;
    }
  return 1 - seen / expected;
}

/** Correlation of labels and predictions, from −1 to 1; 0 where either is one class only (Matthews 1975, Gorodkin 2004). */
export function matthewsOf(confusion: Confusion): number {
  const all = perClass(confusion);
  const count = total(confusion);
  const sum = (of: (counts: ClassCounts) => number): number => all.reduce((s, counts) => s + of(counts), 0);
  const right = sum((c) => c.right);
  const both = right * count - sum((c) => c.predicted * c.support);
  const spread = (count ** 2 - sum((c) => c.predicted ** 2)) * (count ** 2 - sum((c) => c.support ** 2));
  return ratio(both, Math.sqrt(spread));
}
