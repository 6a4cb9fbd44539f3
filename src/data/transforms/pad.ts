import { ArgumentError } from "../../core/errors.ts";
import type { HostArray } from "../hostArray.ts";
import { fixed, resized, sizeOfImage, type FixedTransform } from "./transform.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** How wide borders are, in pixels. */
export interface Border {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** What stands in a border: one value, the nearest pixel, or the image mirrored at its last pixel, which is not repeated. */
export type PadMode = "constant" | "edge" | "reflect";

/** The pixel inside that a place outside stands for; −1 for none. */
function inside(at: number, length: number, mode: PadMode): number {
  if (at >= 0 && at < length) return at;
  if (mode === "constant") return -1;
  if (mode === "edge" || length === 1) return at < 0 ? 0 : length - 1;
  const period = 2 * (length - 1);
  const turned = ((at % period) + period) % period;
  return turned < length ? turned : period - turned;
}

/** An image with borders. */
export function padded(
  image: HostArray,
  { top, left, bottom, right }: Border,
  mode: PadMode = "constant",
  value: number = 0,
): HostArray {
  const { rows, columns, channels } = sizeOfImage("pad", image);
  const [height, width] = [top + rows + bottom, left + columns + right];
  const size = height * width * channels;
  const data = (image.dtype === "u8" ? new Uint8Array(size) : new Float32Array(size)).fill(value);
  const line = columns * channels;
  const sides = [...Array(left).keys(), ...Array.from({ length: right }, (_, at) => left + columns + at)];
  for (let row = 0; row < height; row++) {
    const from = inside(row - top, rows, mode);
    if (from < 0) continue;
    const to = row * width * channels;
    data.set(image.data.subarray(from * line, (from + 1) * line), to + left * channels);
    if (mode === "constant") continue;
    for (const column of sides) {
      const pixel = from * line + inside(column - left, columns, mode) * channels;
      for (let channel = 0; channel < channels; channel++)
        data[to + column * channels + channel] = image.data[pixel + channel]!;
    }
  }
  return { ...image, shape: resized(image, height, width), data };
}

/**
 * Images with borders around them.
 * @param border pixels on every side, or on each.
 * @param options.mode `constant` by default.
 * @param options.value of a constant border, in the image's own units; 0 by default.
 */
export function pad(
  border: number | Border,
  { mode = "constant", value = 0 }: { readonly mode?: PadMode; readonly value?: number } = {},
): FixedTransform {
  const { top, left, bottom, right } =
    typeof border === "number" ? { top: border, left: border, bottom: border, right: border } : border;
  for (const side of [top, left, bottom, right]) wholeNumber("pad", "a border", side, 0);
  if (!["constant", "edge", "reflect"].includes(mode))
    throw new ArgumentError(`pad: mode must be constant, edge or reflect, got ${JSON.stringify(mode)}`);
  const sides = { top, left, bottom, right };
  return fixed("pad", { border: sides, mode, value }, (image) => padded(image, sides, mode, value));
}
