/** Pictures from tensors and arrays. */
import type { TypedArray } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * A picture: integers from 0 to 255, or floats from 0 to 1 (what lies outside is cut off). A tensor, or an array with a shape, such as
 * `hostArray` gives.
 */
export type ImageLike = Tensor | { readonly shape: Shape; readonly data: TypedArray };

/** The order of an image's axes: channels, height, width. */
export type ImageLayout = "CHW" | "HWC" | "HW";

/** u8 [height, width, channels]. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * Brings an image into the form that files want.
 * @param layout "CHW" by default, as PyTorch; "HW" for two axes.
 * @throws ShapeError when the shape is no image of 1 to 4 channels in this layout.
 */
export async function pixelsOf(operation: string, image: ImageLike, layout?: ImageLayout): Promise<Pixels> {
  const { shape } = image;
  const order = layout ?? (shape.length === 2 ? "HW" : "CHW");
  const size = (axis: string): number => shape[order.indexOf(axis)] ?? 1;
  const [height, width, channels] = [size("H"), size("W"), size("C")];
  if (shape.length !== order.length || channels < 1 || channels > 4 || height < 1 || width < 1)
    throw new ShapeError(
      `${operation}: an image ${order} of 1 to 4 channels was wanted, got ${show(shape)}; say its layout, such as { layout: "HWC" }`,
    );
  const values = image instanceof Tensor ? await image.data() : image.data;
  const scale = values instanceof Float32Array || values instanceof Float64Array ? 255 : 1;
  const data = new Uint8Array(values.length);
  const plane = height * width;
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < plane; i++) {
      const value = values[order === "CHW" ? c * plane + i : i * channels + c]! * scale;
      // NaN becomes 0.
      data[i * channels + c] = Math.min(255, Math.max(0, Math.round(value))) || 0;
    }
  return { data, height, width, channels };
}

/**
 * Images of one size side by side, as square as can be, with a line of one pixel between them.
 * @throws ShapeError when their sizes differ.
 */
export function gridOf(operation: string, images: readonly Pixels[]): Pixels {
  const { height, width, channels } = images[0]!;
  for (const other of images)
    if (other.height !== height || other.width !== width || other.channels !== channels)
      throw new ShapeError(
        `${operation}: images of one size were wanted, got ${show([height, width, channels])} and ${show([other.height, other.width, other.channels])} (height, width, channels); resize them first`,
      );
  const columns = Math.ceil(Math.sqrt(images.length));
  const rows = Math.ceil(images.length / columns);
  const [tall, wide] = [rows * (height + 1) - 1, columns * (width + 1) - 1];
  const data = new Uint8Array(tall * wide * channels);
  for (const [at, image] of images.entries()) {
    const [top, left] = [Math.floor(at / columns) * (height + 1), (at % columns) * (width + 1)];
    for (let y = 0; y < height; y++)
      data.set(
        image.data.subarray(y * width * channels, (y + 1) * width * channels),
        ((top + y) * wide + left) * channels,
      );
  }
  return { data, height: tall, width: wide, channels };
}
