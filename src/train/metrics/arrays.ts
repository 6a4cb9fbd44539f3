/** What metrics check of the arrays that they are given. Labels come before predictions, as in scikit-learn. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";

/** Numbers, or `await tensor.data()`. */
export type Numbers = ArrayLike<number>;

/** Throws ShapeError unless both have the same length, ArgumentError when that is 0. */
export function checkPair(op: string, labels: Numbers, predictions: Numbers): void {
  if (labels.length !== predictions.length)
    throw new ShapeError(
      `${op}: labels and predictions must be as many, got ${labels.length} and ${predictions.length}`,
    );
  if (labels.length === 0) throw new ArgumentError(`${op}: there are no examples`);
}

/** Throws ArgumentError for a number that is no class, naming the field and its position. */
export function checkClasses(op: string, field: string, values: Numbers, classes: number = Infinity): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isInteger(value) && value >= 0 && value < classes) continue;
    const range = classes === Infinity ? "0 or more" : `from 0 to ${classes - 1}`;
    throw new ArgumentError(`${op}: ${field} must be whole numbers ${range}, got ${value} at position ${i}`);
  }
}

/** Throws ArgumentError for a number that is no probability, naming its position. */
export function checkProbabilities(op: string, values: Numbers): void {
  for (let i = 0; i < values.length; i++)
    if (!(values[i]! >= 0 && values[i]! <= 1))
      throw new ArgumentError(
        `${op}: probabilities must lie in [0, 1], got ${values[i]} at position ${i}. Use sigmoid or softmax on logits`,
      );
}

/** Throws ArgumentError for labels other than 0 and 1, or unless both occur where `both` is asked for. */
export function checkBinary(op: string, labels: Numbers, both: boolean = false): void {
  checkClasses(op, "labels", labels, 2);
  const positives = Array.from(labels).reduce((sum, label) => sum + label, 0);
  if (both && (positives === 0 || positives === labels.length))
    throw new ArgumentError(`${op}: needs labels of both classes, got ${positives} of class 1 in ${labels.length}`);
}

/**
 * How many classes the rows of a flat array [examples, classes] have.
 * @throws ShapeError where they do not fit the labels, ArgumentError for labels that are no classes of it.
 */
export function classesOf(op: string, labels: Numbers, scores: Numbers): number {
  if (labels.length === 0) throw new ArgumentError(`${op}: there are no examples`);
  const classes = scores.length / labels.length;
  if (!Number.isInteger(classes) || classes < 1)
    throw new ShapeError(
      `${op}: ${labels.length} labels want [${labels.length}, classes] scores, row after row, got ${scores.length}`,
    );
  checkClasses(op, "labels", labels, Math.max(2, classes));
  return classes;
}

/** The mean of what a function says of every position. */
export function meanOver(count: number, value: (at: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  return sum / count;
}
