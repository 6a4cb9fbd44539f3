import { ArgumentError } from "../../core/errors.ts";
import type { HostRandom } from "../../core/random.ts";
import { checkPositive, checkWithin } from "../checks.ts";
import type { HostArray } from "../hostArray.ts";
import { padded } from "./pad.ts";
import { resample, type Box, type Interpolation } from "./resample.ts";
import { checkInterpolation, checkSize, resize } from "./resize.ts";
import {
  augmentation,
  fixed,
  pairOf,
  resized,
  sizeOfImage,
  type FixedTransform,
  type ImageTransform,
  type Size,
} from "./transform.ts";

/** A part of an image that lies inside it. */
function cut(image: HostArray, { top, left, height, width }: Box): HostArray {
  const { columns, channels } = sizeOfImage("crop", image);
  const line = width * channels;
  const data = image.dtype === "u8" ? new Uint8Array(height * line) : new Float32Array(height * line);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * columns + left) * channels;
    data.set(image.data.subarray(from, from + line), row * line);
  }
  return { ...image, shape: resized(image, height, width), data };
}

/** The image with borders of 0 where it is smaller than a crop. */
function largeEnough(image: HostArray, height: number, width: number, around: boolean): HostArray {
  const { rows, columns } = sizeOfImage("crop", image);
  const [down, right] = [Math.max(0, height - rows), Math.max(0, width - columns)];
  if (down === 0 && right === 0) return image;
  // A random place is drawn afterwards, so that both sides get their share of an image that is too small.
  const [top, left] = around ? [Math.floor(down / 2), Math.floor(right / 2)] : [down, right];
  return padded(image, { top, left, bottom: around ? down - top : down, right: around ? right - left : right });
}

/**
 * The middle of images; those that are smaller get borders of 0.
 * @throws ArgumentError for sizes that are no whole numbers of 1 or more.
 */
export function centerCrop(size: Size): FixedTransform {
  checkSize("centerCrop", size);
  const [height, width] = pairOf(size);
  return fixed("centerCrop", { size }, (image) => {
    const large = largeEnough(image, height, width, true);
    const { rows, columns } = sizeOfImage("centerCrop", large);
    // Half a pixel goes to the even side, as Python rounds in torchvision.
    const [top, left] = [halfEven(rows - height), halfEven(columns - width)];
    return cut(large, { top, left, height, width });
  });
}

function halfEven(difference: number): number {
  const half = Math.floor(difference / 2);
  return difference % 2 === 0 || half % 2 === 0 ? half : half + 1;
}

/** The part of images that starts at `top` and `left`. @throws ArgumentError, while running, where it leaves the image. */
export function crop(top: number, left: number, height: number, width: number): FixedTransform {
  checkSize("crop", [height, width]);
  return fixed("crop", { top, left, height, width }, (image) => {
    const { rows, columns } = sizeOfImage("crop", image);
    if (!(top >= 0 && left >= 0 && top + height <= rows && left + width <= columns))
      throw new ArgumentError(
        `crop: ${height} × ${width} from (${top}, ${left}) on leave an image of ${rows} × ${columns}; pad or resize it before`,
      );
    return cut(image, { top, left, height, width });
  });
}

/**
 * A part of images at a random place; the middle where the model is not trained.
 * @param options.padding a border of 0 that images get before, in pixels; 0 by default. CIFAR's usual crop is
 * `randomCrop(32, { padding: 4 })`.
 */
export function randomCrop(size: Size, { padding = 0 }: { readonly padding?: number } = {}): ImageTransform {
  checkSize("randomCrop", size);
  const [height, width] = pairOf(size);
  const border = { top: padding, left: padding, bottom: padding, right: padding };
  return augmentation(
    "randomCrop",
    { size, padding },
    (image, random) => {
      const large = largeEnough(padding > 0 ? padded(image, border) : image, height, width, false);
      const { rows, columns } = sizeOfImage("randomCrop", large);
      const [top, left] = [random.integer(rows - height + 1), random.integer(columns - width + 1)];
      return cut(large, { top, left, height, width });
    },
    centerCrop(size),
  );
}

/** How `randomResizedCrop` crops. */
export interface RandomResizedCropOptions {
  /** Smallest and largest share of the image's area, [0.08, 1] by default. */
  readonly scale?: readonly [low: number, high: number] | undefined;
  /** Smallest and largest ratio of width to height, [3/4, 4/3] by default. */
  readonly ratio?: readonly [low: number, high: number] | undefined;
  /** `bilinear` by default. */
  readonly interpolation?: Interpolation | undefined;
  /** See `resize`; true by default. */
  readonly antialias?: boolean | undefined;
}

/**
 * A random part of images, of random area and proportions, at a fixed size: what networks for ImageNet are trained on
 * (Szegedy et al. 2014). Where the model is not trained, the middle of the image: resized so that its shorter side is 1/0.875
 * of the crop's longer one, and cropped.
 */
export function randomResizedCrop(size: Size, options: RandomResizedCropOptions = {}): ImageTransform {
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3], interpolation = "bilinear", antialias = true } = options;
  checkSize("randomResizedCrop", size);
  checkInterpolation("randomResizedCrop", interpolation);
  checkWithin("randomResizedCrop", "the smallest scale", scale[0], 0, scale[1]);
  checkPositive("randomResizedCrop", "the largest scale", scale[1]);
  checkPositive("randomResizedCrop", "the smallest ratio", ratio[0]);
  checkWithin("randomResizedCrop", "the largest ratio", ratio[1], ratio[0], Infinity);
  const [height, width] = pairOf(size);
  const shorter = resize(Math.round(Math.max(height, width) / 0.875), { interpolation, antialias });
  const middle = centerCrop(size);
  return augmentation(
    "randomResizedCrop",
    { size, ...options },
    (image, random) => {
      const { rows, columns } = sizeOfImage("randomResizedCrop", image);
      const box = randomBox(rows, columns, scale, ratio, random);
      return resample(image, height, width, interpolation, antialias, box);
    },
    // Not a composition of its own name: the config is the random one's.
    fixed("randomResizedCrop", { size, ...options }, (image) => middle(shorter(image))),
  );
}

/** A box of random area and ratio inside the image: ten tries, then the largest in the middle that has an allowed ratio. */
function randomBox(
  rows: number,
  columns: number,
  scale: readonly [number, number],
  ratio: readonly [number, number],
  random: HostRandom,
): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = rows * columns * random.uniform(...scale);
    const proportion = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = Math.round(Math.sqrt(area * proportion));
    const height = Math.round(Math.sqrt(area / proportion));
    if (width < 1 || height < 1 || width > columns || height > rows) continue;
    return { top: random.integer(rows - height + 1), left: random.integer(columns - width + 1), height, width };
  }
  const proportion = Math.min(ratio[1], Math.max(ratio[0], columns / rows));
  const width = Math.max(1, Math.min(columns, Math.round(rows * proportion)));
  const height = Math.max(1, Math.min(rows, Math.round(columns / proportion)));
  return { top: Math.floor((rows - height) / 2), left: Math.floor((columns - width) / 2), height, width };
}
