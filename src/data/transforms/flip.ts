import { checkWithin } from "../checks.ts";
import type { HostArray } from "../hostArray.ts";
import { augmentation, fixed, sizeOfImage, type FixedTransform, type ImageTransform } from "./transform.ts";

/** An image with left and right exchanged. */
function mirrored(image: HostArray): HostArray {
  const { rows, columns, channels } = sizeOfImage("flip", image);
  const { data } = image;
  const made = data.slice() as typeof data;
  if (channels === 3)
    for (let row = 0; row < rows; row++) {
      let to = row * columns * 3;
      for (let from = to + (columns - 1) * 3; from >= row * columns * 3; from -= 3, to += 3) {
        made[to] = data[from]!;
        made[to + 1] = data[from + 1]!;
        made[to + 2] = data[from + 2]!;
      }
    }
  else
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let channel = 0; channel < channels; channel++)
          made[(row * columns + column) * channels + channel] =
            data[(row * columns + columns - 1 - column) * channels + channel]!;
  return { ...image, data: made };
}

/** An image upside down. */
function overturned(image: HostArray): HostArray {
  const { rows, columns, channels } = sizeOfImage("flip", image);
  const made = image.data.slice() as typeof image.data;
  const line = columns * channels;
  for (let row = 0; row < rows; row++)
    made.set(image.data.subarray((rows - 1 - row) * line, (rows - row) * line), row * line);
  return { ...image, data: made };
}

/** Left and right exchanged, always. */
export function flipHorizontal(): FixedTransform {
  return fixed("flipHorizontal", {}, mirrored);
}

/** Upside down, always. */
export function flipVertical(): FixedTransform {
  return fixed("flipVertical", {}, overturned);
}

/** Exchanges left and right of every image with the chance `p`, 0.5 by default. */
export function randomHorizontalFlip(p: number = 0.5): ImageTransform {
  checkWithin("randomHorizontalFlip", "p", p, 0, 1);
  return augmentation("randomHorizontalFlip", { p }, (image, random) =>
    random.uniform() < p ? mirrored(image) : image,
  );
}

/** Turns every image upside down with the chance `p`, 0.5 by default. */
export function randomVerticalFlip(p: number = 0.5): ImageTransform {
  checkWithin("randomVerticalFlip", "p", p, 0, 1);
  return augmentation("randomVerticalFlip", { p }, (image, random) =>
    random.uniform() < p ? overturned(image) : image,
  );
}
