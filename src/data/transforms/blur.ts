import { ArgumentError } from "../../core/errors.ts";
import { checkPositive, checkWithin } from "../checks.ts";
import type { HostArray } from "../hostArray.ts";
import { padded } from "./pad.ts";
import {
  augmentation,
  canvas,
  fixed,
  sizeOfImage,
  white,
  type FixedTransform,
  type ImageTransform,
} from "./transform.ts";

/** Weights of a Gaussian at `size` places around its middle, that sum to 1. */
function gaussian(size: number, sigma: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, at) => Math.exp(-0.5 * ((at - (size - 1) / 2) / sigma) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function blurred(image: HostArray, size: number, sigma: number): HostArray {
  const { rows, columns, channels } = sizeOfImage("gaussianBlur", image);
  const border = (size - 1) / 2;
  const wide = padded(image, { top: border, left: border, bottom: border, right: border }, "reflect").data;
  const weights = gaussian(size, sigma);
  const line = columns * channels;
  const wideLine = (columns + 2 * border) * channels;
  const across = new Float32Array((rows + 2 * border) * line);
  for (let row = 0, to = 0; row < rows + 2 * border; row++)
    for (let x = 0; x < line; x++) {
      let sum = 0;
      for (let tap = 0, at = row * wideLine + x; tap < size; tap++, at += channels) sum += weights[tap]! * wide[at]!;
      across[to++] = sum;
    }
  const made = canvas(image.dtype, rows * line);
  for (let to = 0; to < rows * line; to++) {
    let sum = 0;
    for (let tap = 0, at = to; tap < size; tap++, at += line) sum += weights[tap]! * across[at]!;
    made.pixels[to] = sum;
  }
  return { ...image, data: made.data };
}

function checkKernel(operation: string, size: number): void {
  if (!Number.isSafeInteger(size) || size < 1 || size % 2 === 0)
    throw new ArgumentError(`${operation}: the size must be an odd whole number, got ${size}. Try 5`);
}

/**
 * Blurs images by a Gaussian; beyond the border the image is mirrored.
 * @param size of the kernel in pixels, odd.
 * @param sigma the Gaussian's deviation in pixels, 0.15·size + 0.35 by default, as in torchvision.
 */
export function gaussianBlur(size: number, sigma: number = 0.15 * size + 0.35): FixedTransform {
  checkKernel("gaussianBlur", size);
  checkPositive("gaussianBlur", "sigma", sigma);
  return fixed("gaussianBlur", { size, sigma }, (image) => blurred(image, size, sigma));
}

/**
 * Blurs every image by a Gaussian of random width.
 * @param size of the kernel in pixels, odd.
 * @param sigma smallest and largest deviation in pixels, [0.1, 2] by default, as in torchvision.
 */
export function randomGaussianBlur(
  size: number,
  sigma: readonly [low: number, high: number] = [0.1, 2],
): ImageTransform {
  checkKernel("randomGaussianBlur", size);
  checkPositive("randomGaussianBlur", "the smallest sigma", sigma[0]);
  checkWithin("randomGaussianBlur", "the largest sigma", sigma[1], sigma[0], Infinity);
  return augmentation("randomGaussianBlur", { size, sigma }, (image, random) =>
    blurred(image, size, random.uniform(...sigma)),
  );
}

/**
 * Adds noise from a normal distribution to every value.
 * @param deviation in units of 0 to 1, for bytes too; 0.1 by default.
 */
export function gaussianNoise(deviation: number = 0.1): ImageTransform {
  checkWithin("gaussianNoise", "the deviation", deviation, 0, Infinity);
  return augmentation("gaussianNoise", { deviation }, (image, random) => {
    sizeOfImage("gaussianNoise", image);
    const high = white(image);
    const made = canvas(image.dtype, image.data.length);
    for (let at = 0; at < image.data.length; at++)
      made.pixels[at] = Math.min(high, Math.max(0, image.data[at]! + random.normal(0, deviation * high)));
    return { ...image, data: made.data };
  });
}
