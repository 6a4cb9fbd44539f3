import type { TypedArray } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * How often each class was taken for each: row `i`, column `j` counts the examples of class `i` that were classified as
 * `j`, so that the diagonal is what was right. Both tensors are read here.
 *
 * @param labels the right classes, integers of any shape.
 * @param predictions the same shape, such as `outputs.argmax(-1)`.
 * @param classes how many there are; one more than the largest number by default.
 * @returns i32 [classes, classes].
 * @throws ShapeError when the shapes differ, ArgumentError for what is not a class.
 */
export async function confusionMatrix(labels: Tensor, predictions: Tensor, classes?: number): Promise<Tensor> {
  if (!sameShape(labels.shape, predictions.shape))
    throw new ShapeError(
      `confusionMatrix: labels ${show(labels.shape)} and predictions ${show(predictions.shape)} must have one shape; take outputs.argmax(-1) for predictions`,
    );
  const [right, guessed] = [await labels.data(), await predictions.data()];
  const size = classes ?? 1 + Math.max(largest(right), largest(guessed));
  const counts = new Int32Array(size * size);
  for (const [at, label] of right.entries()) {
    for (const name of [label, guessed[at]!])
      if (!(Number.isInteger(name) && name >= 0 && name < size))
        throw new ArgumentError(`confusionMatrix: classes are whole numbers from 0 to ${size - 1}, got ${name}`);
    counts[label * size + guessed[at]!]!++;
  }
  return tensor(counts, [size, size]);
}

/** −1 of nothing. A loop, because arguments of Math.max are limited in number. */
function largest(values: TypedArray): number {
  let most = -1;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/**
 * A confusion matrix as text: right classes down, predicted ones across, and how many of each class were recognised.
 * Zeros are dots, so that mistakes stand out.
 * @param names of the classes, their numbers by default.
 */
export function formatConfusionMatrix(matrix: Tensor, names?: readonly string[]): string {
  const rows = matrix.toArraySync() as number[][];
  const labels = rows.map((_, at) => names?.[at] ?? String(at));
  const cells = rows.map((row) => row.map((count) => (count === 0 ? "·" : String(count))));
  const width = Math.max(...labels.map((label) => label.length), ...cells.flat().map((cell) => cell.length)) + 1;
  const side = Math.max("true".length, ...labels.map((label) => label.length));
  const line = (label: string, texts: readonly string[], end: string): string =>
    `${label.padStart(side)} │${texts.map((text) => text.padStart(width)).join("")}  ${end}`.trimEnd();
  const recalls = rows.map((row, at) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return total === 0 ? "" : `${((100 * row[at]!) / total).toFixed(1).padStart(5)} %`;
  });
  return [
    line("true", labels, "right"),
    `${"─".repeat(side + 1)}┼${"─".repeat(width * rows.length)}`,
    ...cells.map((row, at) => line(labels[at]!, row, recalls[at]!)),
  ].join("\n");
}
