import { describe, expect, test } from "vitest";
import { fromHalfBits, toHalfBits, type HalfType } from "./half.ts";
import { promote, rounded, stored, numbersIn, DTYPES } from "./dtype.ts";
import { HostRandom } from "./random.ts";

const TYPES: readonly HalfType[] = ["f16", "bf16"];

describe.each(TYPES)("%s", (dtype) => {
  test("bits to numbers and back are the same bits, NaN aside", () => {
    const changed = Array.from({ length: 65_536 }, (_, bits) => bits).filter((bits) => {
      const value = fromHalfBits(bits, dtype);
      return !Number.isNaN(value) && toHalfBits(value, dtype) !== bits;
    });
    expect(changed).toEqual([]);
    expect(fromHalfBits(toHalfBits(Number.NaN, dtype), dtype)).toBeNaN();
  });

  test("[V4] numbers go to the nearest, ties to the even one", () => {
    const random = new HostRandom(7);
    for (let i = 0; i < 3_000; i++) {
      const low = Math.floor(random.uniform() * (dtype === "f16" ? 0x7bff : 0x7f7f));
      const [a, b] = [fromHalfBits(low, dtype), fromHalfBits(low + 1, dtype)];
      const middle = (a + b) / 2;
      const share = random.uniform();
      expect(toHalfBits(middle, dtype)).toBe(low % 2 ? low + 1 : low);
      const x = Math.fround(a + (b - a) * share);
      expect(toHalfBits(x, dtype)).toBe(x < middle || (x === middle && low % 2 === 0) ? low : low + 1);
      expect(toHalfBits(-x, dtype)).toBe(toHalfBits(x, dtype) | 0x8000);
    }
  });
});

test("[V3] bf16 has the range of f32, f16 more digits", () => {
  expect(rounded(1.001, "bf16")).toBe(1);
  expect(rounded(1.001, "f16")).toBe(1.0009765625);
  expect(Number.isFinite(rounded(1e38, "bf16"))).toBe(true);
  expect(rounded(70_000, "f16")).toBe(Infinity);
});

test("[V4] the ends of f16: 65504, and 1e-8, which only a scale saves", () => {
  expect(rounded(65_504, "f16")).toBe(65_504);
  expect(rounded(65_519.99, "f16")).toBe(65_504);
  expect(rounded(65_520, "f16")).toBe(Infinity);
  expect(rounded(1e-8, "f16")).toBe(0);
  expect(rounded(1e-8 * 65_536, "f16") / 65_536).toBeCloseTo(1e-8, 10);
  expect(rounded(2 ** -24, "f16")).toBe(2 ** -24);
});

test("memory holds two bytes an element", () => {
  const bits = stored(Float32Array.of(1, -2, 0.5), "bf16");
  expect(bits.byteLength).toBe(6);
  expect([...numbersIn(bits, "bf16")]).toEqual([1, -2, 0.5]);
});

test("halves promote as in PyTorch", () => {
  expect(promote("f16", "bf16")).toBe("f32");
  for (const half of TYPES) {
    expect(promote(half, half)).toBe(half);
    for (const other of DTYPES.slice(0, 4)) expect(promote(other, half)).toBe(half);
    expect(promote(half, "f32")).toBe("f32");
    expect(promote("f64", half)).toBe("f64");
  }
});
