import type { HostArray } from "../hostArray.ts";
import { augmentation, sizeOfImage, type ImageTransform } from "./transform.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/**
 * Moves every image by a few whole pixels up or down, left or right, each time differently: the simplest augmentation. What
 * moves in is 0, what moves out is lost.
 * @param pixels how far at most, 2 by default.
 * @throws ArgumentError when `pixels` is not a whole number of 0 or more.
 */
export function randomShift(pixels: number = 2): ImageTransform {
  wholeNumber("randomShift", "pixels", pixels, 0);
  return augmentation("randomShift", { pixels }, (image, random) => {
    const draw = (): number => random.integer(2 * pixels + 1) - pixels;
    return shifted(image, draw(), draw());
  });
}

/** The image with its content moved down and to the right. */
function shifted(image: HostArray, down: number, right: number): HostArray {
  const { rows, columns, channels } = sizeOfImage("randomShift", image);
  const { data } = image;
  const made = data.slice().fill(0) as typeof data;
  const width = (columns - Math.abs(right)) * channels;
  for (let row = Math.max(0, down); row < Math.min(rows, rows + down); row++) {
    const from = ((row - down) * columns + Math.max(0, -right)) * channels;
    if (width > 0) made.set(data.subarray(from, from + width), (row * columns + Math.max(0, right)) * channels);
  }
  return { ...image, data: made };
}
