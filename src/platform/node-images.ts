import type { ImageCodec } from "./platform.ts";

/** More pixels than any photograph has: a few bytes of PNG can promise many more. */
const MAX_PIXELS = 2 ** 28;

/** See {@link Platform.imageCodec}. */
export async function imageCodec(): Promise<ImageCodec> {
  const { default: sharp } = await import("sharp");
  return {
    async decode(bytes, { channels, size, fit }) {
      // Pixels that are missing or invalid are errors; what libjpeg only warns of is in many files that look right.
      let image = sharp(bytes, { failOn: "error", limitInputPixels: MAX_PIXELS }).autoOrient();
      // JPEG and WebP are decoded at a fraction of their size where that is enough.
      if (size !== undefined) image = image.resize({ ...size, fit });
      image = channels === 1 ? image.toColourspace("b-w") : image.toColourspace("srgb");
      image = channels === 4 ? image.ensureAlpha() : image.removeAlpha();
      const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
      return {
        data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
        width: info.width,
        height: info.height,
        channels: info.channels as 1 | 3 | 4,
      };
    },
    async encode({ data, width, height, channels }, format, quality) {
      const image = sharp(data, { raw: { width, height, channels } });
      const file = await image.toFormat(format, format === "png" ? {} : { quality }).toBuffer();
      return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
    },
  };
}
