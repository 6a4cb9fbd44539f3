import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Json } from "../../formats/json.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import * as transforms from "./index.ts";
import type { FixedTransform } from "./index.ts";

interface Case {
  readonly transform: string;
  readonly args: readonly Json[];
  readonly size: readonly [number, number, number];
  readonly dtype: "u8" | "f32";
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Of a larger result: the sum of its bytes, each times its place modulo 251 and one more, and bytes at both ends. */
interface LargeCase {
  readonly args: readonly [[number, number], transforms.ResizeOptions];
  readonly size: readonly [number, number, number];
  readonly sum: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const recorded = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/transforms.json", import.meta.url), "utf8"),
) as Record<"torch" | "tensorflow", Case[]> & { readonly large: LargeCase[] };

/** The picture of tools/goldens/transforms.py. */
function picture([rows, columns, channels]: readonly [number, number, number], dtype: "u8" | "f32"): HostArray {
  const bytes = Uint8Array.from(
    { length: rows * columns * channels },
    (_, at) => (at * at * 7 + at * 31 + Math.floor(at / 5) * 11) % 256,
  );
  const data = dtype === "u8" ? bytes : Float32Array.from(bytes, (byte) => byte / 255);
  return hostArray(data, [rows, columns, channels]);
}

/** Bytes that float32 arithmetic of torchvision and ours in float64 may put on either side of a whole number. */
const CUT = [
  "adjustBrightness",
  "adjustContrast",
  "adjustSaturation",
  "adjustHue",
  "affine",
  "gaussianBlur",
  "grayscale",
];

describe("[T6][T8] images as torchvision, PyTorch and TensorFlow change them", () => {
  const { large, ...small } = recorded;
  const cases = Object.entries(small).flatMap(([from, list]) => list.map((one) => ({ from, ...one })));

  test.each(large)("$size becomes $args, byte for byte", ({ args, size, sum, first, last }) => {
    const { data } = transforms.resize(...args)(picture(size, "u8"));
    expect([...data.subarray(0, 20)]).toEqual(first);
    expect([...data.subarray(-20)]).toEqual(last);
    expect(Array.from(data).reduce((total, byte, at) => total + byte * ((at % 251) + 1), 0)).toBe(sum);
  });

  test.each(cases)(
    "$from: $transform $args on $dtype $size",
    ({ from, transform, args, size, dtype, shape, values }) => {
      const make = Object.entries(transforms).find(([name]) => name === transform)![1] as (
        ...options: readonly unknown[]
      ) => FixedTransform;
      const image = picture(size, dtype);
      const before = image.data.slice();
      const made = make(...args)(image);
      expect(made.shape).toEqual(shape);
      expect(image.data).toEqual(before);
      if (made.dtype === "u8" && !CUT.includes(transform)) expect([...made.data]).toEqual(values);
      else {
        const most = made.dtype === "u8" ? 1 : from === "tensorflow" ? 2e-6 : 1e-6;
        let apart = 0;
        for (const [at, value] of values.entries()) apart = Math.max(apart, Math.abs(made.data[at]! - value));
        expect(apart).toBeLessThanOrEqual(most);
        const different = values.filter((value, at) => made.dtype === "u8" && made.data[at] !== value).length;
        expect(different).toBeLessThanOrEqual(values.length / 50);
      }
    },
  );
});
