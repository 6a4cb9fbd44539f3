import { checkPositive, checkWithin } from "../checks.ts";
import type { HostArray } from "../hostArray.ts";
import type { Interpolation } from "./resample.ts";
import { checkInterpolation } from "./resize.ts";
import { augmentation, canvas, fixed, sizeOfImage, type FixedTransform, type ImageTransform } from "./transform.ts";

/** How pixels are found and what stands where the image does not reach. */
export interface SamplingOptions {
  /** `bilinear` by default. */
  readonly interpolation?: Exclude<Interpolation, "bicubic"> | undefined;
  /** In the image's own units; 0 by default. */
  readonly fill?: number | undefined;
}

/** How far an image is turned, moved, stretched and slanted, about its middle. */
export interface Motion {
  /** Degrees, clockwise. */
  readonly angle?: number | undefined;
  /** Pixels to the right and down. */
  readonly translate?: readonly [right: number, down: number] | undefined;
  /** 1 leaves the size. */
  readonly scale?: number | undefined;
  /** Degrees by which vertical and horizontal lines lean. */
  readonly shear?: readonly [x: number, y: number] | undefined;
}

const RADIANS = Math.PI / 180;

/** The source of a pixel: x = a·X + b·Y + c, y = d·X + e·Y + f, counted from the middle. As in torchvision. */
function inverseOf({ angle = 0, translate = [0, 0], scale = 1, shear = [0, 0] }: Motion): readonly number[] {
  const turn = angle * RADIANS;
  const [sx, sy] = [shear[0] * RADIANS, shear[1] * RADIANS];
  const a = Math.cos(turn - sy) / Math.cos(sy);
  const b = (-Math.cos(turn - sy) * Math.tan(sx)) / Math.cos(sy) - Math.sin(turn);
  const c = Math.sin(turn - sy) / Math.cos(sy);
  const d = (-Math.sin(turn - sy) * Math.tan(sx)) / Math.cos(sy) + Math.cos(turn);
  const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
  const [x, y] = translate;
  return [m0, m1, -m0 * x - m1 * y, m3, m4, -m3 * x - m4 * y];
}

/** An image that was moved; its size stays. */
function moved(image: HostArray, motion: Motion, { interpolation = "bilinear", fill = 0 }: SamplingOptions): HostArray {
  const { rows, columns, channels } = sizeOfImage("affine", image);
  const [a, b, c, d, e, f] = inverseOf(motion) as [number, number, number, number, number, number];
  const { data } = image;
  const made = canvas(image.dtype, data.length);
  const { pixels } = made;
  const [midX, midY] = [(columns - 1) / 2, (rows - 1) / 2];
  const pixel = (x: number, y: number, channel: number): number =>
    x >= 0 && y >= 0 && x < columns && y < rows ? data[(y * columns + x) * channels + channel]! : fill;
  let to = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const x = a * (column - midX) + b * (row - midY) + c + midX;
      const y = d * (column - midX) + e * (row - midY) + f + midY;
      if (interpolation === "nearest") {
        const [nearX, nearY] = [roundEven(x), roundEven(y)];
        for (let channel = 0; channel < channels; channel++) pixels[to++] = pixel(nearX, nearY, channel);
        continue;
      }
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [u, v] = [x - left, y - top];
      if (left >= 0 && top >= 0 && left + 1 < columns && top + 1 < rows) {
        let at = (top * columns + left) * channels;
        const below = at + columns * channels;
        for (let channel = 0; channel < channels; channel++, at++) {
          const upper = data[at]! * (1 - u) + data[at + channels]! * u;
          const lower = data[below + channel]! * (1 - u) + data[below + channel + channels]! * u;
          pixels[to++] = upper * (1 - v) + lower * v;
        }
      } else
        for (let channel = 0; channel < channels; channel++) {
          const upper = pixel(left, top, channel) * (1 - u) + pixel(left + 1, top, channel) * u;
          const lower = pixel(left, top + 1, channel) * (1 - u) + pixel(left + 1, top + 1, channel) * u;
          pixels[to++] = upper * (1 - v) + lower * v;
        }
    }
  return { ...image, data: made.data };
}

/** The nearest whole number, of two the even one. */
function roundEven(x: number): number {
  const near = Math.round(x);
  return near - x === 0.5 && near % 2 !== 0 ? near - 1 : near;
}

/** Images turned, moved, stretched and slanted about their middle, always in the same way. Their size stays. */
export function affine(motion: Motion, sampling: SamplingOptions = {}): FixedTransform {
  const { angle, translate, scale, shear } = motion;
  checkInterpolation("affine", sampling.interpolation ?? "bilinear");
  if (scale !== undefined) checkPositive("affine", "the scale", scale);
  return fixed("affine", { angle, translate, scale, shear, ...sampling }, (image) => moved(image, motion, sampling));
}

/**
 * Turns every image about its middle by a random angle.
 * @param degrees how far at most, to either side.
 */
export function randomRotation(degrees: number, sampling: SamplingOptions = {}): ImageTransform {
  checkWithin("randomRotation", "the degrees", degrees, 0, 360);
  checkInterpolation("randomRotation", sampling.interpolation ?? "bilinear");
  return augmentation("randomRotation", { degrees, ...sampling }, (image, random) =>
    moved(image, { angle: random.uniform(-degrees, degrees) }, sampling),
  );
}

/** How far `randomAffine` goes at most. */
export interface RandomAffineOptions extends SamplingOptions {
  /** Degrees to either side, 0 by default. */
  readonly degrees?: number | undefined;
  /** Share of the width and of the height to either side, [0, 0] by default. */
  readonly translate?: readonly [x: number, y: number] | undefined;
  /** Smallest and largest size, [1, 1] by default. */
  readonly scale?: readonly [low: number, high: number] | undefined;
  /** Degrees by which vertical lines lean to either side, 0 by default. */
  readonly shear?: number | undefined;
}

/** Turns, moves, stretches and slants every image about its middle, each time differently. */
export function randomAffine(options: RandomAffineOptions = {}): ImageTransform {
  const { degrees = 0, translate = [0, 0], scale = [1, 1], shear = 0 } = options;
  checkWithin("randomAffine", "the degrees", degrees, 0, 360);
  for (const share of translate) checkWithin("randomAffine", "translate", share, 0, 1);
  checkPositive("randomAffine", "the smallest scale", scale[0]);
  checkWithin("randomAffine", "the largest scale", scale[1], scale[0], Infinity);
  checkWithin("randomAffine", "shear", shear, 0, 89);
  checkInterpolation("randomAffine", options.interpolation ?? "bilinear");
  return augmentation("randomAffine", { ...options }, (image, random) => {
    const { rows, columns } = sizeOfImage("randomAffine", image);
    const either = (most: number): number => random.uniform(-most, most);
    const motion: Motion = {
      angle: either(degrees),
      translate: [Math.round(either(translate[0] * columns)), Math.round(either(translate[1] * rows))],
      scale: random.uniform(...scale),
      shear: [either(shear), 0],
    };
    return moved(image, motion, options);
  });
}
