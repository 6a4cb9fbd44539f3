import type { DType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { list, on, type, type Grid, type OpSamples, type Operand, type Sample } from "../sample.ts";
import { cumulateOp, recurrenceOp, type CumulateMode } from "./cumulate.ts";

const MODES: readonly CumulateMode[] = ["sum", "prod", "max", "min"];
const CASES: readonly (readonly [Shape, number])[] = [
  [[9], 0],
  [[3, 5], 1],
  [[5, 3], 0],
  [[2, 4, 3], 1],
  [[2, 1, 3, 2], 2],
  [[3, 1], 1],
  [[2, 0], 1],
  [[0, 3], 1],
];
const LIMITS = [1, NaN, 3, Infinity, 1, -Infinity, 2, 2, 1, -1, 0, 5];

/** Products of halves are exact; maxima and minima have kinks where elements are equal. */
const gridOf = (mode: CumulateMode): Partial<Grid> =>
  mode === "sum" ? {} : mode === "prod" ? { step: 1 / 2, avoid: [0] } : { from: -8, to: 8, distinct: true };

const cumulate = (mode: CumulateMode, x: Operand, axis: number, more: Partial<Sample> = {}): Sample => ({
  inputs: [x],
  attributes: { axis, mode },
  ...more,
});
const recurrence = (shape: Shape, axis: number, dtype: DType = "f32"): Sample => ({
  inputs: [on(dtype, shape, { step: 1 / 2 }), on(dtype, shape, { step: 1 / 2 })],
  attributes: { axis },
});

export const samples: readonly OpSamples[] = [
  {
    name: "cumulate",
    op: cumulateOp,
    smooth: true,
    ulps: 0,
    valid: MODES.flatMap((mode) => [
      ...CASES.map(([shape, axis]) => cumulate(mode, on("f32", shape, gridOf(mode)), axis)),
      cumulate(mode, on("f64", [2, 6], gridOf(mode)), 1),
      cumulate(mode, on("f64", [3, 2, 2], gridOf(mode)), 0),
      ...(["i32", "u32", "u8"] as const).map((dtype) => cumulate(mode, on(dtype, [3, 5]), 1)),
      ...(["f32", "f64"] as const).map((dtype) =>
        cumulate(mode, list(dtype, LIMITS, [4, 3]), 1, {
          about: mode === "prod" ? "limits of products" : "limits",
          differentiable: false,
        }),
      ),
      ...(mode === "prod"
        ? [
            cumulate(mode, list("f32", [2, 0, 3, 0, 0, 5, 2, 3, 4], [3, 3]), 1, { about: "zeros" }),
            cumulate(mode, list("f64", [2, 0, 3, 0, 0, 5, 2, 3, 4], [3, 3]), 0, { about: "zeros" }),
          ]
        : []),
      ...(mode === "max" || mode === "min"
        ? [
            cumulate(mode, on("bool", [3, 5]), 1),
            cumulate(mode, on("f32", [4, 9], { step: 1 }), 1, { about: "ties", differentiable: false }),
          ]
        : [cumulate(mode, list("i32", [2147483647, 2, -2147483648, -1], [2, 2]), 0, { about: "wraps" })]),
      ...(mode === "sum" ? [cumulate(mode, on("f32", [3, 300]), 1)] : []),
    ]),
    invalid: [
      {
        inputs: [type("f32", [2, 3])],
        attributes: { axis: 2, mode: "sum" },
        error: ShapeError,
        message: "cumulate: axis 2 is out of range for [2, 3]",
      },
      {
        inputs: [type("bool", [3])],
        attributes: { axis: 0, mode: "prod" },
        error: DTypeError,
        message: "cumulate: prod needs numbers, got bool",
      },
    ],
  },
  {
    name: "recurrence",
    op: recurrenceOp,
    smooth: true,
    ulps: 0,
    valid: [
      ...CASES.map(([shape, axis]) => recurrence(shape, axis)),
      recurrence([2, 5], 1, "f64"),
      recurrence([3, 2, 2], 0, "f64"),
      ...(["i32", "u32", "u8"] as const).map((dtype) => ({
        inputs: [on(dtype, [3, 4]), on(dtype, [3, 4])],
        attributes: { axis: 1 },
      })),
      {
        inputs: [list("f32", [5, 0, 3, 0, 0, 2]), list("f32", [1, 2, 3, 4, 5, 6])],
        attributes: { axis: 0 },
        about: "zeros",
      },
      {
        inputs: [list("f32", [1, Infinity, 1, NaN, 1, 0]), list("f32", [1, 2, 3, 4, 5, 6])],
        attributes: { axis: 0 },
        about: "limits",
        differentiable: false,
      },
    ],
    invalid: [
      {
        inputs: [type("f32", [2, 3]), type("f32", [3])],
        attributes: { axis: 0 },
        error: ShapeError,
        message: "recurrence: shapes differ: [2, 3] and [3]",
      },
      {
        inputs: [type("f32", [3]), type("f64", [3])],
        attributes: { axis: 0 },
        error: DTypeError,
        message: "recurrence: dtypes differ: f32 and f64",
      },
      {
        inputs: [type("bool", [3]), type("bool", [3])],
        attributes: { axis: 0 },
        error: DTypeError,
        message: "recurrence: needs numbers, got bool",
      },
      {
        inputs: [type("f32", [3]), type("f32", [3])],
        attributes: { axis: 1 },
        error: ShapeError,
        message: "recurrence: axis 1 is out of range for [3]",
      },
    ],
  },
];
