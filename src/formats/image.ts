/** Images in files: JPEG, PNG and WebP, through sharp in Node and by the browser itself elsewhere. */
import { imageCodec } from "#platform";
import { ArgumentError, FormatError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { looksLike } from "./content.ts";
import type { NumberArray } from "./numpyArray.ts";
import { optionalPackage } from "./optionalPackage.ts";

/** How an image is decoded. */
export interface ImageOptions {
  /** [rows, columns] to bring it to; its own by default. JPEG is then decoded at a fraction of its size where that is enough. */
  readonly size?: readonly [rows: number, columns: number];
  /** What happens to its proportions: `fill` stretches it (the default), `cover` keeps them and cuts off what is too much. */
  readonly fit?: "fill" | "cover";
  /** 1 is grey, 3 RGB (the default; alpha is dropped), 4 RGB and alpha. */
  readonly channels?: 1 | 3 | 4;
}

/** Formats that can be written. */
export type ImageFormat = "jpeg" | "png" | "webp";

const codec = (): ReturnType<typeof imageCodec> => optionalPackage("sharp", "reading and writing images", imageCodec);

/**
 * Decodes an image, u8 [rows, columns, channels], turned as its EXIF says. Which format it has, its bytes tell.
 * @param name names the file in messages.
 * @throws FormatError for what is no image, is cut off or damaged; PackageError in Node without sharp.
 *
 * @example
 * const image = await decodeImage(await readFile("cat.jpg"), { size: [224, 224] }); // u8 [224, 224, 3]
 */
export async function decodeImage(
  bytes: Uint8Array,
  { size, fit = "fill", channels = 3 }: ImageOptions = {},
  name: string = "image",
): Promise<NumberArray> {
  if (size !== undefined && !(size.length === 2 && size.every((side) => Number.isSafeInteger(side) && side > 0)))
    throw new ArgumentError(`decodeImage: size must be [rows, columns], whole numbers of 1 or more, got ${show(size)}`);
  if (bytes.length === 0)
    throw new FormatError(`${name}: the file is empty, where an image was wanted; fetch it again`);
  const { decode } = await codec();
  try {
    const scaled = size === undefined ? undefined : { width: size[1], height: size[0] };
    const image = await decode(bytes, { channels, fit, size: scaled });
    return { dtype: "u8", shape: [image.height, image.width, image.channels], data: image.data };
  } catch (cause) {
    const hint = looksLike(bytes);
    const reason = cause instanceof Error ? cause.message.trim().split("\n")[0] : String(cause);
    throw new FormatError(
      `${name}: the image cannot be decoded (${reason})${hint && !hint.endsWith("image") ? hint : "; it is damaged, cut off, or no image"}`,
      { cause },
    );
  }
}

/**
 * Encodes an image.
 * @param image u8 [rows, columns] or [rows, columns, channels] of 1, 3 or 4 channels.
 * @param quality from 1 to 100, 90 by default; PNG loses nothing.
 * @throws ShapeError for other arrays; PackageError in Node without sharp.
 */
export async function encodeImage(
  { data, shape, dtype }: NumberArray,
  format: ImageFormat = "png",
  quality: number = 90,
): Promise<Uint8Array> {
  const [height = 0, width = 0, channels = 1] = shape;
  if (
    shape.length < 2 ||
    shape.length > 3 ||
    dtype !== "u8" ||
    width < 1 ||
    height < 1 ||
    ![1, 3, 4].includes(channels)
  )
    throw new ShapeError(
      `encodeImage: u8 [rows, columns] or [rows, columns, 1, 3 or 4 channels] was wanted, got ${dtype} ${show(shape)}; convert it first`,
    );
  const { encode } = await codec();
  return encode({ data: data as Uint8Array, width, height, channels: channels as 1 | 3 | 4 }, format, quality);
}
