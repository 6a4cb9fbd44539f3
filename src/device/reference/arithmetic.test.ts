import { describe, expect, test } from "vitest";
import { binaryFunction, bitcastFunction, castFunction, roundHalfEven, unaryFunction } from "./arithmetic.ts";
import { erf } from "./erf.ts";

describe("arithmetic", () => {
  test("integers wrap", () => {
    expect(binaryFunction("add", "i32")(2 ** 31 - 1, 1)).toBe(-(2 ** 31));
    expect(binaryFunction("mul", "i32")(123456789, 987654321)).toBe(-67153019);
    expect(binaryFunction("mul", "u32")(4294967295, 4294967295)).toBe(1);
    expect(binaryFunction("sub", "u32")(0, 1)).toBe(4294967295);
    expect(binaryFunction("add", "u8")(200, 100)).toBe(44);
    expect(binaryFunction("shl", "u8")(255, 1)).toBe(254);
    expect(binaryFunction("shr", "i32")(-8, 1)).toBe(-4);
    expect(binaryFunction("shr", "u32")(4294967288, 1)).toBe(2147483644);
    expect(unaryFunction("neg", "u32")(1)).toBe(4294967295);
    expect(unaryFunction("abs", "i32")(-(2 ** 31))).toBe(-(2 ** 31));
    expect(unaryFunction("not", "u8")(1)).toBe(254);
    expect(unaryFunction("not", "bool")(1)).toBe(0);
  });

  test("division rounds down, and by 0 gives 0 for integers", () => {
    for (const [x, y, quotient, rest] of [
      [7, 3, 2, 1],
      [-7, 3, -3, 2],
      [7, -3, -3, -2],
      [-7, -3, 2, -1],
      [5, 0, 0, 0],
    ] as const) {
      expect(binaryFunction("idiv", "i32")(x, y)).toBe(quotient);
      expect(binaryFunction("mod", "i32")(x, y)).toBe(rest);
    }
    expect(binaryFunction("idiv", "i32")(-(2 ** 31), -1)).toBe(-(2 ** 31));
    expect(binaryFunction("mod", "f32")(-0.5, 2)).toBe(1.5);
    expect(binaryFunction("mod", "f32")(5, Infinity)).toBe(5);
    expect(binaryFunction("mod", "f32")(5, 0)).toBe(NaN);
  });

  test("NaN passes through max, min and sign, and pow is C's", () => {
    expect(binaryFunction("max", "f32")(NaN, 1)).toBe(NaN);
    expect(binaryFunction("min", "f32")(1, NaN)).toBe(NaN);
    expect(binaryFunction("ne", "f32")(NaN, NaN)).toBe(1);
    expect(binaryFunction("pow", "f32")(1, NaN)).toBe(1);
    expect(binaryFunction("pow", "f32")(-1, Infinity)).toBe(1);
    expect(binaryFunction("pow", "f32")(0, 0)).toBe(1);
    expect(binaryFunction("pow", "f32")(-8, 1 / 3)).toBe(NaN);
  });

  test("rounds half to even", () => {
    for (const [x, y] of [
      [0.5, 0],
      [1.5, 2],
      [2.5, 2],
      [-0.5, -0],
      [-1.5, -2],
      [-0.25, -0],
      [2.75, 3],
      [-0, -0],
      [2 ** 53 - 1, 2 ** 53 - 1],
      [Infinity, Infinity],
      [NaN, NaN],
    ] as const)
      expect(roundHalfEven(x)).toBe(y);
  });

  test("casts truncate and saturate from floats, wrap between integers, ask ≠ 0 for bool", () => {
    const floats = [-1.75, 3e9, -3e9, NaN, Infinity, 255.5, 0.25, -0];
    expect(floats.map(castFunction("f32", "i32"))).toEqual([-1, 2 ** 31 - 1, -(2 ** 31), 0, 2 ** 31 - 1, 255, 0, 0]);
    expect(floats.map(castFunction("f64", "u32"))).toEqual([0, 3e9, 0, 0, 2 ** 32 - 1, 255, 0, 0]);
    expect(floats.map(castFunction("f32", "u8"))).toEqual([0, 255, 0, 0, 255, 255, 0, 0]);
    expect(floats.map(castFunction("f32", "bool"))).toEqual([1, 1, 1, 1, 1, 1, 1, 0]);
    expect(castFunction("i32", "u32")(-1)).toBe(4294967295);
    expect(castFunction("i32", "u8")(-1)).toBe(255);
    expect(castFunction("u32", "i32")(4294967295)).toBe(-1);
    expect(castFunction("i32", "f32")(16777217)).toBe(16777216);
  });

  test("bits are read as another dtype", () => {
    expect(bitcastFunction("f32", "u32")(-1)).toBe(0xbf800000);
    expect(bitcastFunction("f32", "i32")(-0)).toBe(-(2 ** 31));
    expect(bitcastFunction("u32", "f32")(0x3fc00000)).toBe(1.5);
    expect(bitcastFunction("i32", "u32")(-1)).toBe(4294967295);
  });

  test("erf within a few units in the last place", () => {
    // Correctly rounded values of a multiple-precision library.
    for (const [x, y] of ERF) {
      expect(Math.abs(erf(x) - y), `erf(${x})`).toBeLessThanOrEqual(4 * 2 ** -53 * Math.abs(y));
      expect(erf(-x)).toBe(-erf(x));
    }
    expect([erf(NaN), erf(Infinity), erf(-Infinity), erf(-0)]).toEqual([NaN, 1, -1, -0]);
  });
});

const ERF: readonly (readonly [number, number])[] = [
  [1e-300, 1.1283791670955126e-300],
  [1e-10, 1.1283791670955126e-10],
  [0.001, 0.0011283787909692365],
  [0.1, 0.1124629160182849],
  [0.25, 0.27632639016823696],
  [0.5, 0.5204998778130465],
  [0.75, 0.7111556336535151],
  [0.875, 0.7840750610598597],
  [0.9375, 0.8151024010343998],
  [0.999, 0.8422852702064969],
  [1, 0.8427007929497149],
  [1.0625, 0.8670582694349528],
  [1.25, 0.9229001282564583],
  [1.5, 0.9661051464753108],
  [1.75, 0.9866716712191824],
  [2, 0.9953222650189527],
  [2.5, 0.999593047982555],
  [3, 0.9999779095030014],
  [3.5, 0.9999992569016276],
  [4, 0.9999999845827421],
  [5, 0.9999999999984626],
  [5.5, 0.9999999999999927],
  [5.9, 0.9999999999999999],
  [6, 1.0],
  [7, 1.0],
];
