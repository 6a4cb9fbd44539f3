import type { ImageCodec, RawImage } from "./platform.ts";

/** See {@link Platform.imageCodec}. */
export async function imageCodec(): Promise<ImageCodec> {
  return {
    async decode(bytes, { channels, size, fit }) {
      const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
        colorSpaceConversion: "none",
        premultiplyAlpha: "none",
        imageOrientation: "from-image",
      });
      const { width, height } = size ?? bitmap;
      const context = contextOf(width, height);
      const scale = Math.max(width / bitmap.width, height / bitmap.height);
      const [wide, tall] = fit === "cover" ? [bitmap.width * scale, bitmap.height * scale] : [width, height];
      context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, (width - wide) / 2, (height - tall) / 2, wide, tall);
      bitmap.close();
      const rgba = context.getImageData(0, 0, width, height).data;
      return { data: withChannels(rgba, channels), width, height, channels };
    },
    async encode({ data, width, height, channels }, format, quality) {
      const context = contextOf(width, height);
      context.putImageData(new ImageData(rgbaOf(data, channels), width, height), 0, 0);
      const blob = await context.canvas.convertToBlob({ type: `image/${format}`, quality: quality / 100 });
      return new Uint8Array(await blob.arrayBuffer());
    },
  };
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error(`this browser makes no canvas of ${width} × ${height}`);
  return context;
}

function withChannels(rgba: Uint8ClampedArray, channels: RawImage["channels"]): Uint8Array {
  if (channels === 4) return new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.length);
  const data = new Uint8Array((rgba.length / 4) * channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    const [r, g, b] = [rgba[from]!, rgba[from + 1]!, rgba[from + 2]!];
    if (channels === 3) {
      data[to++] = r;
      data[to++] = g;
      data[to++] = b;
      // Rec. 601, as JPEG's luma.
    } else data[to++] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
  }
  return data;
}

function rgbaOf(data: Uint8Array, channels: RawImage["channels"]): Uint8ClampedArray<ArrayBuffer> {
  const count = data.length / channels;
  const rgba = new Uint8ClampedArray(count * 4).fill(255);
  for (let pixel = 0; pixel < count; pixel++)
    for (let channel = 0; channel < Math.max(3, channels); channel++)
      rgba[pixel * 4 + channel] = data[pixel * channels + (channels === 1 ? 0 : channel)]!;
  return rgba;
}
