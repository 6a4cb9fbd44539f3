import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ArgumentError, FormatError, ShapeError } from "../core/errors.ts";
import { decodeImage, encodeImage } from "./image.ts";
import type { NumberArray } from "./numpyArray.ts";

const recorded = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/images.json", import.meta.url), "utf8"),
) as {
  readonly [name in "png" | "rgba" | "grey" | "turned" | "webp"]: string;
} & {
  readonly flat: { readonly file: string; readonly pixels: number[] };
  readonly photo: { readonly file: string; readonly pixels: string };
};
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const TWO = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];

/** The largest difference of two images of one size. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at]!)));
}

describe("images", () => {
  test("[S38] 2 × 2 pixels that are known, as PNG, WebP and JPEG", async () => {
    for (const file of [recorded.png, recorded.webp, recorded.rgba])
      expect(await decodeImage(bytes(file))).toEqual({ dtype: "u8", shape: [2, 2, 3], data: Uint8Array.from(TWO) });
    const rgba = await decodeImage(bytes(recorded.rgba), { channels: 4 });
    expect([rgba.shape, rgba.data.filter((_, at) => at % 4 === 3)]).toEqual([
      [2, 2, 4],
      Uint8Array.of(255, 128, 0, 255),
    ]);
    expect((await decodeImage(bytes(recorded.png), { channels: 4 })).data[3]).toBe(255);
    const flat = await decodeImage(bytes(recorded.flat.file));
    expect(difference(flat.data, recorded.flat.pixels)).toBeLessThanOrEqual(1);
  });

  test("[S38] JPEG is decoded as TensorFlow's libjpeg does, within rounding", async () => {
    const photo = await decodeImage(bytes(recorded.photo.file));
    expect(photo.shape).toEqual([24, 32, 3]);
    expect(difference(photo.data, bytes(recorded.photo.pixels))).toBeLessThanOrEqual(2);
  });

  test("grey, and as it is meant to be seen", async () => {
    const grey = await decodeImage(bytes(recorded.grey), { channels: 1 });
    expect(grey.shape).toEqual([24, 32, 1]);
    expect([...grey.data.subarray(0, 4)]).toEqual([0, 8, 16, 24]);
    expect((await decodeImage(bytes(recorded.grey))).data.subarray(3, 6)).toEqual(Uint8Array.of(8, 8, 8));
    // The file's top is the scene's right: pixel (0, 0) of the file is at the top right.
    const turned = await decodeImage(bytes(recorded.turned));
    const photo = await decodeImage(bytes(recorded.photo.file));
    expect(turned.shape).toEqual([32, 24, 3]);
    expect(turned.data.subarray(23 * 3, 24 * 3)).toEqual(photo.data.subarray(0, 3));
    expect(turned.data.subarray(0, 3)).toEqual(photo.data.subarray(23 * 32 * 3, 23 * 32 * 3 + 3));
  });

  test("[S12] a file becomes 224 × 224 × 3, which divided by 255 is from 0 to 1", async () => {
    const wide = await encodeImage(
      {
        dtype: "u8",
        shape: [30, 60, 3],
        data: Uint8Array.from({ length: 5400 }, (_, at) => (Math.floor(at / 3) % 60 < 15 ? 0 : 255)),
      },
      "jpeg",
      95,
    );
    const fill = await decodeImage(wide, { size: [224, 224] });
    expect(fill.shape).toEqual([224, 224, 3]);
    const values = Array.from(fill.data, (value) => value / 255);
    expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
    // A quarter is black; of the square in the middle nothing is.
    const black = (image: NumberArray): number => image.data.filter((value) => value < 128).length / image.data.length;
    expect(black(fill)).toBeCloseTo(0.25, 1);
    expect(black(await decodeImage(wide, { size: [224, 224], fit: "cover" }))).toBe(0);
    expect((await decodeImage(wide, { size: [7, 9], channels: 1 })).shape).toEqual([7, 9, 1]);
  });

  test("what is written is read back", async () => {
    for (const channels of [1, 3, 4] as const) {
      const data = Uint8Array.from({ length: 5 * 4 * channels }, (_, at) =>
        channels === 4 && at % 4 === 3 ? 255 : (at * 37) % 256,
      );
      const image = { dtype: "u8", shape: [5, 4, channels], data } as const;
      expect(await decodeImage(await encodeImage(image), { channels })).toEqual(image);
      const lossy = await decodeImage(await encodeImage({ ...image, data: data.fill(99) }, "webp", 90), {
        channels: 3,
      });
      expect(difference(lossy.data, new Uint8Array(60).fill(99))).toBeLessThanOrEqual(3);
    }
    expect(
      (await decodeImage(await encodeImage({ dtype: "u8", shape: [2, 3], data: new Uint8Array(6) }))).shape,
    ).toEqual([2, 3, 3]);
  });

  const photo = bytes(recorded.photo.file);
  const bad: [what: string, file: Uint8Array, message: RegExp][] = [
    [
      "a JPEG cut off",
      photo.slice(0, photo.length / 2),
      /^"a\.jpg": the image cannot be decoded \(.*\); it is damaged, cut off, or no image/,
    ],
    ["a JPEG cut off in its header", photo.slice(0, 30), /cannot be decoded/],
    ["a PNG cut off", bytes(recorded.grey).slice(0, 60), /cannot be decoded/],
    ["an empty file", new Uint8Array(0), /the file is empty, where an image was wanted/],
    ["an error page", new TextEncoder().encode("<!DOCTYPE html><p>404"), /it looks like an HTML page/],
    ["a text", new TextEncoder().encode("no image"), /cannot be decoded/],
  ];
  test.each(bad)("refuses: %s", async (_what, file, message) => {
    await expect(decodeImage(file, {}, '"a.jpg"')).rejects.toThrow(message);
    await expect(decodeImage(file)).rejects.toBeInstanceOf(FormatError);
  });

  test("refuses sizes and arrays that are none", async () => {
    await expect(decodeImage(photo, { size: [0, 5] })).rejects.toThrow(ArgumentError);
    await expect(encodeImage({ dtype: "f32", shape: [2, 2, 3], data: new Float32Array(12) })).rejects.toThrow(
      ShapeError,
    );
    await expect(encodeImage({ dtype: "u8", shape: [2, 2, 2], data: new Uint8Array(8) })).rejects.toThrow(
      /got u8 \[2, 2, 2\]/,
    );
  });
});
