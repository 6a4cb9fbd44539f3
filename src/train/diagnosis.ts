/** Why a loss is not a finite number, as far as the data tells. */
import { isFloat } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { tensorsIn } from "../tensor/tree.ts";
import type { Feed } from "./feed.ts";
import type { Meter } from "./meter.ts";

/**
 * Looks at the batch whose loss was the first that is not finite, where the data can be read again.
 * @param operation names who asks, in errors.
 * @param batch its number in the pass through the data, from 0.
 * @param where names it for the user.
 * @throws ArgumentError for NaN or infinity in the batch, and for labels that name no class.
 */
export async function blameData<X, Y, O>(
  operation: string,
  batch: number,
  where: string,
  feed: Feed<X, Y>,
  meter: Meter<O, Y, string>,
): Promise<void> {
  const parts = (await feed.again(batch)) ?? [];
  const names = ["inputs", "targets", "weights"];
  for (const [part, value] of parts.entries())
    for (const tensor of tensorsIn(value)) await checkFinite(tensor, `${operation}: the ${names[part]} of ${where}`);
  const { classes } = meter;
  const [, targets] = parts;
  // Labels that a loss ignores may be anything.
  if (classes !== undefined && targets instanceof Tensor && !(await meter.judges(targets as Y & Tensor)))
    await checkLabels(targets, classes, `${operation}: the targets of ${where}`);
}

async function checkFinite(tensor: Tensor, where: string): Promise<void> {
  if (!isFloat(tensor.dtype)) return;
  const values = await tensor.data();
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new ArgumentError(
      `${where} have ${values[at]} at ${show(placeOf(at, tensor.shape))}, so the loss is no number any more; drop or fill such examples with dataset.filter or dataset.map`,
    );
}

async function checkLabels(labels: Tensor, classes: number, where: string): Promise<void> {
  const values = await labels.data();
  const at = values.findIndex((label) => label < 0 || label >= classes);
  if (at >= 0)
    throw new ArgumentError(
      `${where} have the label ${values[at]} at ${show(placeOf(at, labels.shape))}, and the model's outputs have ${classes} classes, 0 to ${classes - 1}; give the last layer more units, or count labels from 0`,
    );
}

/** A position per axis from one in row-major order. */
function placeOf(at: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  for (const size of [...shape].reverse()) {
    place.unshift(at % size);
    at = Math.floor(at / size);
  }
  return place;
}
