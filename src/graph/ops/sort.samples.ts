import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import type { DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";
import { apply } from "../op.ts";
import { list, on, type, type OpSamples, type Operand, type Sample } from "../sample.ts";
import { argsort, countRunsOp, mergeRunsOp } from "./sort.ts";

const LIMITS = [3, NaN, -1, Infinity, 0, -0, -Infinity, NaN, 3, 0, -1, 2];

/** Whole orders, counted in runs of `run` and merged from there. */
const sorted = (x: Operand, axis: number, descending: boolean, run: number, more: Partial<Sample> = {}): Sample => ({
  inputs: [x],
  attributes: { axis, descending, run },
  build: ([keys]) => argsort(keys!, axis, descending, run),
  ...more,
});
const shapes = (run: number): Sample[] =>
  (
    [
      [[9], 0],
      [[3, 7], 1],
      [[7, 3], 0],
      [[2, 5, 3], 1],
      [[2, 1, 3, 2], 2],
      [[2, 0], 1],
      [[0, 3], 1],
      [[3, 1], 1],
    ] as readonly (readonly [Shape, number])[]
  ).flatMap(([shape, axis], i) => [
    sorted(on("f32", shape, { from: -4, to: 4, distinct: true }), axis, i % 2 === 1, run),
  ]);
const values = (run: number): Sample[] =>
  [false, true].flatMap((descending) => [
    ...(["f64", "i32", "u32", "u8", "bool"] as readonly DType[]).map((dtype) =>
      sorted(on(dtype, [2, 7]), 1, descending, run),
    ),
    sorted(on("f32", [3, 9], { step: 1 }), 1, descending, run, { about: "ties" }),
    ...(["f32", "f64"] as const).map((dtype) => sorted(list(dtype, LIMITS), 0, descending, run, { about: "limits" })),
    sorted(list("i32", [2147483647, -2147483648, 0, -1, 1, 2147483647]), 0, descending, run, { about: "extremes" }),
    sorted(list("u32", [4294967295, 0, 2147483648, 2147483647]), 0, descending, run, { about: "extremes" }),
  ]);

export const samples: readonly OpSamples[] = [
  {
    name: "countRuns",
    op: countRunsOp,
    smooth: false,
    ulps: 0,
    valid: [
      ...shapes(32),
      ...values(32),
      { inputs: [on("f32", [2, 11], { step: 1 })], attributes: { axis: 1, run: 4, descending: false } },
      { inputs: [on("f32", [11, 2], { step: 1 })], attributes: { axis: 0, run: 1, descending: true } },
    ],
    invalid: [
      {
        inputs: [type("f32", [2, 3])],
        attributes: { axis: 2, run: 4, descending: false },
        error: ShapeError,
        message: "countRuns: axis 2 is out of range for [2, 3]",
      },
      {
        inputs: [type("f32", [2, 3])],
        attributes: { axis: 1, run: 0, descending: false },
        error: ArgumentError,
        message: "countRuns: runs must be whole numbers of 1 or more, got 0",
      },
    ],
  },
  {
    name: "mergeRuns",
    op: mergeRunsOp,
    smooth: false,
    ulps: 0,
    valid: [
      ...shapes(1),
      ...shapes(3),
      ...values(2),
      sorted(on("f32", [2, 150], { step: 1 / 4 }), 1, false, 8, { about: "ties" }),
      sorted(on("i32", [150, 2]), 0, true, 8, { about: "ties" }),
    ],
    invalid: [
      {
        inputs: [type("f32", [4]), type("f32", [4])],
        attributes: { axis: 0, run: 2, descending: false },
        error: DTypeError,
        message: "mergeRuns: the order must be i32, got f32",
      },
      {
        inputs: [type("f32", [4]), type("i32", [3])],
        attributes: { axis: 0, run: 2, descending: false },
        error: ShapeError,
        message: "mergeRuns: keys [4] and order [3] differ",
      },
      {
        inputs: [type("f32", [4])],
        attributes: {},
        build: ([x]) => apply(mergeRunsOp, [x!, x!], { axis: 1, run: 2, descending: false }),
        error: ShapeError,
        message: "mergeRuns: axis 1 is out of range for [4]",
      },
      {
        inputs: [type("f32", [4]), type("i32", [4])],
        attributes: { axis: 0, run: 1.5, descending: false },
        error: ArgumentError,
        message: "mergeRuns: runs must be whole numbers of 1 or more, got 1.5",
      },
    ],
  },
];
