/** From bytes to what a model reads. */
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import { fixed, sizeOfImage, type FixedTransform } from "./transform.ts";

/** Mean and deviation of the channels of ImageNet's images, from 0 to 1: what most published weights were trained with. */
export const IMAGENET: Readonly<Required<Pick<NormalizeOptions, "mean" | "std">>> = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/**
 * Bytes from 0 to 255 as f32 from 0 to 1. Floats stay. Any shape.
 * @throws DTypeError, while running, for other dtypes than u8 and f32.
 */
export function toFloat(): FixedTransform {
  return fixed("toFloat", {}, (image) => {
    if (image.dtype === "f32") return image;
    if (image.dtype !== "u8")
      throw new DTypeError(`toFloat: u8 (0 to 255) or f32 (0 to 1) was wanted, got ${image.dtype}; convert it before`);
    const data = new Float32Array(image.data.length);
    // Divided, not multiplied by 1/255: the quotients are the ones that PyTorch and TensorFlow give.
    for (let at = 0; at < data.length; at++) data[at] = image.data[at]! / 255;
    return { ...image, dtype: "f32", data };
  });
}

/** How `normalize` normalizes. */
export interface NormalizeOptions {
  /** Of each channel, or of all, in units of 0 to 1. */
  readonly mean: number | readonly number[];
  readonly std: number | readonly number[];
  /** Also moves the channels to the front: [channels, rows, columns], as PyTorch's models want them. False by default. */
  readonly channelsFirst?: boolean | undefined;
}

/**
 * (x − mean) / std in each channel, f32. Bytes are divided by 255 before.
 *
 * @throws ArgumentError for a deviation that is not above 0; while running, ShapeError for images with another number of channels.
 *
 * @example
 * transforms.normalize({ ...transforms.IMAGENET, channelsFirst: true }); // torchvision's ToTensor and Normalize
 */
export function normalize(options: NormalizeOptions): FixedTransform {
  const { mean, std, channelsFirst: first = false } = options;
  const [means, deviations] = [mean, std].map((given) => (typeof given === "number" ? [given] : given));
  if (!deviations!.every((value) => value > 0) || !means!.every(Number.isFinite))
    throw new ArgumentError(
      `normalize: means must be numbers and deviations above 0, got ${show(means!)} and ${show(deviations!)}`,
    );
  const named = Math.max(means!.length, deviations!.length);
  const of = (values: readonly number[], channel: number): number => values[values.length === 1 ? 0 : channel]!;
  /** For each channel, what becomes of each byte. */
  const tables = Array.from({ length: named }, (_, channel) =>
    Float32Array.from(
      { length: 256 },
      (__, value) => (Math.fround(value / 255) - of(means!, channel)) / of(deviations!, channel),
    ),
  );
  return fixed("normalize", { mean, std, channelsFirst: first }, (image) => {
    const { rows, columns, channels } = sizeOfImage("normalize", image);
    if (![means!.length, deviations!.length].every((count) => count === 1 || count === channels))
      throw new ShapeError(
        `normalize: ${means!.length} means and ${deviations!.length} deviations were given for an image ${show(image.shape)}; give one for each channel`,
      );
    const { data } = image;
    const pixels = rows * columns;
    const made = new Float32Array(data.length);
    for (let channel = 0; channel < channels; channel++) {
      const table = tables[named === 1 ? 0 : channel]!;
      const [shift, scale] = [of(means!, channel), 1 / of(deviations!, channel)];
      let to = first ? channel * pixels : channel;
      const step = first ? 1 : channels;
      if (image.dtype === "u8")
        for (let from = channel; from < data.length; from += channels, to += step) made[to] = table[data[from]!]!;
      else
        for (let from = channel; from < data.length; from += channels, to += step)
          made[to] = (data[from]! - shift) * scale;
    }
    return { dtype: "f32", shape: first ? [channels, rows, columns] : image.shape, data: made };
  });
}

/** [rows, columns, channels] as [channels, rows, columns], as PyTorch's layers want images; [rows, columns] gets one channel. */
export function channelsFirst(): FixedTransform {
  return fixed("channelsFirst", {}, (image) => {
    const { rows, columns, channels } = sizeOfImage("channelsFirst", image);
    const shape = [channels, rows, columns];
    if (channels === 1) return { ...image, shape };
    const { data } = image;
    const made = data.slice() as typeof data;
    let to = 0;
    for (let channel = 0; channel < channels; channel++)
      for (let from = channel; from < data.length; from += channels) made[to++] = data[from]!;
    return { ...image, shape, data: made };
  });
}
