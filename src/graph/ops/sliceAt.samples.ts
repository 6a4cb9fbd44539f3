import type { DType } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { list, on, type, type OpSamples, type Operand, type Sample } from "../sample.ts";
import { sliceAtOp, updateAtOp } from "./sliceAt.ts";

/** A shape, an axis, how much of it, and from where. */
const CASES: readonly (readonly [Shape, number, number, number])[] = [
  [[7], 0, 3, 2],
  [[7], 0, 7, 0],
  [[4, 5], 0, 2, 1],
  [[4, 5], 1, 3, 2],
  [[2, 6, 3], 1, 4, 1],
  [[2, 1, 5, 2], 2, 1, 4],
  [[5], 0, 3, 100],
  [[5], 0, 3, -100],
  [[5], 0, 0, 2],
  [[0, 4], 1, 2, 1],
];
const at = (start: number, dtype: DType = "i32"): Operand => list(dtype, [start], []);
/** Titles know types; this says the offset. */
const about = (start: number): { about: string } => ({ about: `from ${start}` });
const part = (shape: Shape, axis: number, size: number): Shape => shape.map((d, a) => (a === axis ? size : d));

const sliced = ([shape, axis, size, start]: (typeof CASES)[0], dtype: DType = "f32", offset?: DType): Sample => ({
  inputs: [on(dtype, shape), at(start, offset)],
  attributes: { axis, size },
  ...about(start),
});
const updated = ([shape, axis, size, start]: (typeof CASES)[0], dtype: DType = "f32", offset?: DType): Sample => ({
  inputs: [on(dtype, shape), on(dtype, part(shape, axis, size)), at(start, offset)],
  attributes: { axis },
  ...about(start),
});
const every = (one: typeof sliced): Sample[] => [
  ...CASES.map((row) => one(row)),
  ...(["f64", "i32", "u32", "u8", "bool"] as const).map((dtype) => one(CASES[3]!, dtype)),
  one(CASES[0]!, "f64", "u32"),
  one(CASES[0]!, "f64", "u8"),
];

export const samples: readonly OpSamples[] = [
  {
    name: "sliceAt",
    op: sliceAtOp,
    smooth: true,
    ulps: 0,
    valid: every(sliced),
    invalid: [
      {
        inputs: [type("f32", [4]), type("f32", [])],
        attributes: { axis: 0, size: 2 },
        error: DTypeError,
        message: "sliceAt: the offset must be an integer, got f32. Use start.int()",
      },
      {
        inputs: [type("f32", [4]), type("i32", [1])],
        attributes: { axis: 0, size: 2 },
        error: ShapeError,
        message: "sliceAt: the offset must be a single number, got [1]",
      },
      {
        inputs: [type("f32", [4]), type("i32", [])],
        attributes: { axis: 0, size: 5 },
        error: ShapeError,
        message: "sliceAt: 5 elements do not fit in axis 0 of [4]",
      },
      {
        inputs: [type("f32", [4]), type("i32", [])],
        attributes: { axis: 0, size: -1 },
        error: ArgumentError,
        message: "sliceAt: the size must be a whole number of 0 or more, got -1",
      },
      {
        inputs: [type("f32", [4]), type("i32", [])],
        attributes: { axis: 1, size: 1 },
        error: ShapeError,
        message: "sliceAt: axis 1 is out of range for [4]",
      },
    ],
  },
  {
    name: "updateAt",
    op: updateAtOp,
    smooth: true,
    ulps: 0,
    valid: every(updated),
    invalid: [
      {
        inputs: [type("f32", [4]), type("f32", [2]), type("bool", [])],
        attributes: { axis: 0 },
        error: DTypeError,
        message: "updateAt: the offset must be an integer, got bool",
      },
      {
        inputs: [type("f32", [4]), type("i32", [2]), type("i32", [])],
        attributes: { axis: 0 },
        error: DTypeError,
        message: "updateAt: dtypes differ: f32 and i32",
      },
      {
        inputs: [type("f32", [4, 3]), type("f32", [2, 2]), type("i32", [])],
        attributes: { axis: 0 },
        error: ShapeError,
        message: "updateAt: the update [2, 2] must have the sizes of [4, 3], and no more along axis 0",
      },
      {
        inputs: [type("f32", [4]), type("f32", [5]), type("i32", [])],
        attributes: { axis: 0 },
        error: ShapeError,
        message: "updateAt: the update [5] must have the sizes of [4]",
      },
    ],
  },
];
