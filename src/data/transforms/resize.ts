import { ArgumentError } from "../../core/errors.ts";
import type { HostArray } from "../hostArray.ts";
import { resample, type Interpolation } from "./resample.ts";
import { fixed, pairOf, sizeOfImage, type FixedTransform, type Size } from "./transform.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** How `resize` resizes. */
export interface ResizeOptions {
  /** `bilinear` by default. */
  readonly interpolation?: Interpolation | undefined;
  /**
   * Whether all pixels count where an image becomes smaller: true (the default) as in torchvision and Pillow; false as in
   * `tf.image.resize` and PyTorch's `interpolate`, which is faster, and rougher.
   */
  readonly antialias?: boolean | undefined;
}

/**
 * Images at another size.
 * @param size one number for the shorter side, the other keeps its proportion, as in torchvision; or [rows, columns].
 * @throws ArgumentError for sizes that are no whole numbers of 1 or more.
 *
 * @example
 * transforms.resize(256); // 300×400 becomes 256×341
 * transforms.resize([128, 128], { antialias: false }); // tf.image.resize(image, (128, 128))
 */
export function resize(size: Size, options: ResizeOptions = {}): FixedTransform {
  const { interpolation = "bilinear", antialias = true } = options;
  checkSize("resize", size);
  checkInterpolation("resize", interpolation);
  return fixed("resize", { size, ...options }, (image) => {
    const [rows, columns] = typeof size === "number" ? shorter(image, size) : size;
    return resample(image, rows, columns, interpolation, antialias);
  });
}

/** Images at exactly this size, whatever their proportions: rows and columns alike for one number. Otherwise as `resize`. */
export function resizeTo(size: Size, options: ResizeOptions = {}): FixedTransform {
  return resize(pairOf(size), options);
}

/** Rows and columns whose shorter is `size`, and the longer in proportion, cut off to a whole number as in torchvision. */
function shorter(image: HostArray, size: number): readonly [rows: number, columns: number] {
  const { rows, columns } = sizeOfImage("resize", image);
  const longer = (long: number, short: number): number => Math.max(1, Math.trunc((size * long) / short));
  return rows <= columns ? [size, longer(columns, rows)] : [longer(rows, columns), size];
}

/** Throws ArgumentError unless both sizes are whole numbers of 1 or more. */
export function checkSize(operation: string, size: Size): void {
  for (const part of pairOf(size)) wholeNumber(operation, "the size", part, 1);
}

/** Throws ArgumentError for a name that is none. */
export function checkInterpolation(operation: string, interpolation: string): void {
  if (!["nearest", "bilinear", "bicubic"].includes(interpolation))
    throw new ArgumentError(
      `${operation}: interpolation must be nearest, bilinear or bicubic, got ${JSON.stringify(interpolation)}`,
    );
}
