/** PNG (W3C, third edition): writing only. Photographs are read through sharp. */
import { ArgumentError } from "../core/errors.ts";
import { checksum } from "./checksum.ts";

/** CRC-32 (ISO 3309), as PNG and zip have it. */
export const crc32: (bytes: Uint8Array, before?: number) => number = checksum(0xedb88320);

const SIGNATURE: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** PNG's numbers for grey, grey with alpha, RGB, and RGB with alpha. */
const COLOUR_TYPES: readonly number[] = [0, 4, 2, 6];

/**
 * An image as a PNG file.
 * @param pixels u8 [height, width, channels], row by row from the top.
 * @param channels 1 is grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
 * @throws ArgumentError for other sizes.
 */
export async function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: number,
): Promise<Uint8Array> {
  const colour = COLOUR_TYPES[channels - 1];
  if (colour === undefined || width < 1 || height < 1 || pixels.length !== width * height * channels)
    throw new ArgumentError(
      `encodePng: pixels u8 [height, width, 1 to 4 channels] were wanted, got ${pixels.length} bytes for [${height}, ${width}, ${channels}]`,
    );
  const stride = width * channels;
  // Each row begins with its filter: 1 stands for differences to the pixel on the left, which shrink well.
  const rows = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    const to = y * (stride + 1);
    rows[to] = 1;
    for (let x = 0; x < stride; x++)
      rows[to + 1 + x] = pixels[y * stride + x]! - (x < channels ? 0 : pixels[y * stride + x - channels]!);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colour], 8);
  const packed = new Response(
    new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate")), // "deflate" is zlib's format
  );
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", new Uint8Array(await packed.arrayBuffer())),
    chunk("IEND", new Uint8Array()),
  ];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** A part of the file: length, name, content, checksum of the last two. */
function chunk(name: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, crc32(bytes.subarray(4, content.length + 8)));
  return bytes;
}
