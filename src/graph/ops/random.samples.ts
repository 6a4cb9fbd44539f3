import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { list, type, type OpSamples, type Sample } from "../sample.ts";
import { randomBitsOp } from "./random.ts";

const of = (key: readonly [number, number], shape: Shape): Sample => ({
  inputs: [list("u32", key)],
  attributes: { shape },
});

export const samples: readonly OpSamples[] = [
  {
    name: "randomBits",
    op: randomBitsOp,
    smooth: false,
    ulps: 0,
    valid: [
      of([0, 0], []),
      of([0, 0], [19]),
      of([1, 0], [2, 3]),
      of([4294967295, 4294967295], [3, 2, 2]),
      of([0x13198a2e, 0x03707344], [2, 1, 3, 2]),
      of([1, 2], [0, 2]),
      of([0, 1], [1]),
      of([0, 4294967295], [2, 2]),
      of([4294967295, 0], [5]),
      of([1, 0], [17]),
      of([2147483648, 2147483647], [4, 4]),
      of([42, 7], [300]),
      of([7, 42], [3, 0]),
    ],
    invalid: [
      {
        inputs: [type("i32", [2])],
        attributes: { shape: [3] },
        error: DTypeError,
        message: "randomBits: the key must be u32 [2], got i32 [2]",
      },
      {
        inputs: [type("u32", [3])],
        attributes: { shape: [3] },
        error: DTypeError,
        message: "randomBits: the key must be u32 [2], got u32 [3]",
      },
      {
        inputs: [type("u32", [2])],
        attributes: { shape: [65536, 65536] },
        error: ShapeError,
        message: "randomBits: [65536, 65536] has 4.29e+9 elements",
      },
    ],
  },
];
