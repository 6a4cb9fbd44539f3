/** CIFAR's binary files (https://www.cs.toronto.edu/~kriz/cifar.html): for each image its labels, then 3 planes of 32 × 32 bytes. */
import { FormatError } from "../core/errors.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;

/** Images and what they show. */
export interface CifarImages {
  readonly count: number;
  /** u8 [count, 32, 32, 3]. */
  readonly images: Uint8Array;
  /** u8 [count], the class; of CIFAR-100 the fine one. */
  readonly labels: Uint8Array;
  /** Of CIFAR-100: u8 [count], the group of classes. */
  readonly coarseLabels?: Uint8Array;
}

/**
 * Reads a file of CIFAR-10 or CIFAR-100.
 * @param classes 10, or 100, whose files have two labels for each image.
 * @param name names the file in messages.
 * @throws FormatError when the size is no whole number of images, or a label is out of range, which names the image.
 */
export function parseCifar(bytes: Uint8Array, classes: 10 | 100, name: string = "CIFAR"): CifarImages {
  const labelBytes = classes === 10 ? 1 : 2;
  const record = labelBytes + 3 * PLANE;
  const count = bytes.length / record;
  if (!Number.isInteger(count) || count === 0)
    throw new FormatError(
      `${name}: ${bytes.length} bytes are no whole number of images of ${record} bytes; the file is cut off, or is no binary version of CIFAR-${classes}`,
    );
  const images = new Uint8Array(count * 3 * PLANE);
  const labels = new Uint8Array(count);
  const coarseLabels = classes === 100 ? new Uint8Array(count) : undefined;
  for (let index = 0; index < count; index++) {
    const at = index * record;
    const label = bytes[at + labelBytes - 1]!;
    const coarse = classes === 100 ? bytes[at]! : 0;
    if (label >= classes || coarse >= 20)
      throw new FormatError(
        `${name}: image ${index} has label ${label >= classes ? label : coarse}, and ${label >= classes ? classes - 1 : 19} is the last; the file is damaged, or of another set`,
      );
    labels[index] = label;
    if (coarseLabels) coarseLabels[index] = coarse;
    const from = at + labelBytes;
    for (let pixel = 0, to = index * 3 * PLANE; pixel < PLANE; pixel++)
      for (let channel = 0; channel < 3; channel++) images[to++] = bytes[from + channel * PLANE + pixel]!;
  }
  return { count, images, labels, ...(coarseLabels && { coarseLabels }) };
}

/** Writes a file of CIFAR-10, or of CIFAR-100 where there are coarse labels. */
export function serializeCifar({ count, images, labels, coarseLabels }: CifarImages): Uint8Array {
  const labelBytes = coarseLabels ? 2 : 1;
  const record = labelBytes + 3 * PLANE;
  const bytes = new Uint8Array(count * record);
  for (let index = 0; index < count; index++) {
    const at = index * record;
    if (coarseLabels) bytes[at] = coarseLabels[index]!;
    bytes[at + labelBytes - 1] = labels[index]!;
    for (let pixel = 0, from = index * 3 * PLANE; pixel < PLANE; pixel++)
      for (let channel = 0; channel < 3; channel++) bytes[at + labelBytes + channel * PLANE + pixel] = images[from++]!;
  }
  return bytes;
}
