/** What every transform of images is: a function of an image and of a source of random numbers. */
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { HostRandom } from "../../core/random.ts";
import { show } from "../../core/shape.ts";
import type { Json } from "../../formats/json.ts";
import type { HostArray } from "../hostArray.ts";

/** What a transform was made from: its name and its options, as plain JSON. `transforms.fromJSON` makes it again. */
export type TransformConfig = { readonly transform: string } & { readonly [option: string]: Json };

/**
 * Changes images: host arrays [rows, columns] or [rows, columns, channels], u8 from 0 to 255 or f32 from 0 to 1, as decoders
 * give them. The given image stays as it is. What is random is drawn from `random` and from nothing else.
 */
export interface ImageTransform {
  (image: HostArray, random: HostRandom): HostArray;
  readonly config: TransformConfig;
  /** What takes its place where the model is not trained: itself where nothing is random. */
  readonly evaluation: FixedTransform;
}

/** A transform in which nothing is random. */
export interface FixedTransform extends ImageTransform {
  (image: HostArray): HostArray;
}

/** The options that were given, without those that were not: JSON has no undefined. */
function written(transform: string, options: { readonly [option: string]: Json | undefined }): TransformConfig {
  const given = Object.entries(options).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return { ...Object.fromEntries(given), transform };
}

/** Makes a transform in which nothing is random. */
export function fixed(
  name: string,
  options: { readonly [option: string]: Json | undefined },
  run: (image: HostArray) => HostArray,
): FixedTransform {
  const parts: { config: TransformConfig; evaluation?: FixedTransform } = { config: written(name, options) };
  const made = Object.assign((image: HostArray) => run(image), parts) as FixedTransform & typeof parts;
  made.evaluation = made;
  return made;
}

/** Leaves images as they are. */
export function identity(): FixedTransform {
  return fixed("identity", {}, (image) => image);
}

/**
 * Makes a transform that changes images differently each time.
 * @param evaluation what takes its place where the model is not trained; nothing happens to images there by default.
 */
export function augmentation(
  name: string,
  options: { readonly [option: string]: Json | undefined },
  run: (image: HostArray, random: HostRandom) => HostArray,
  evaluation: FixedTransform = identity(),
): ImageTransform {
  return Object.assign((image: HostArray, random: HostRandom) => run(image, random), {
    config: written(name, options),
    evaluation,
  });
}

/** The sizes of an image; those without an axis of channels have one channel. */
export interface ImageSize {
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
}

/** Two sizes, rows first; one number stands for both. */
export type Size = number | readonly [rows: number, columns: number];

/** Rows and columns of a size. */
export function pairOf(size: Size): readonly [rows: number, columns: number] {
  return typeof size === "number" ? [size, size] : size;
}

/**
 * The sizes of an image.
 * @throws ShapeError for arrays that are no image, DTypeError for other dtypes than u8 and f32.
 */
export function sizeOfImage(operation: string, { shape, dtype }: HostArray): ImageSize {
  const [rows, columns, channels = 1] = shape;
  if (shape.length < 2 || shape.length > 3 || channels! > 4 || channels! < 1)
    throw new ShapeError(
      `${operation}: an image [rows, columns] or [rows, columns, channels] with up to 4 channels was wanted, got ${show(shape)}; give one image at a time, before channelsFirst and batch`,
    );
  if (dtype !== "u8" && dtype !== "f32")
    throw new DTypeError(`${operation}: images are u8 (0 to 255) or f32 (0 to 1), got ${dtype}; convert it before`);
  return { rows: rows!, columns: columns!, channels };
}

/** The shape of an image with other rows and columns. */
export function resized({ shape }: HostArray, rows: number, columns: number): readonly number[] {
  return [rows, columns, ...shape.slice(2)];
}

/** The largest value of a pixel. */
export function white({ dtype }: HostArray): number {
  return dtype === "u8" ? 255 : 1;
}

/** An empty image of the dtype, whose stores of numbers outside 0 to 255 are clamped where it is u8. */
export function canvas(
  dtype: HostArray["dtype"],
  length: number,
): { readonly pixels: Float32Array | Uint8ClampedArray; readonly data: HostArray["data"] } {
  if (dtype !== "u8") {
    const data = new Float32Array(length);
    return { pixels: data, data };
  }
  const data = new Uint8Array(length);
  return { pixels: new Uint8ClampedArray(data.buffer), data };
}
