import type { DType } from "../../core/dtype.ts";
import { DTypeError } from "../../core/errors.ts";
import type { Op } from "../op.ts";
import { list, on, SHAPES, type, type Grid, type InvalidSample, type OpSamples, type Sample } from "../sample.ts";
import * as ops from "./unary.ts";

const LIMITS: readonly number[] = [0, -0, 1, -1, Infinity, -Infinity];

/** Numbers around the limits of integers, where wrapping shows. */
const EXTREMES: Readonly<Partial<Record<DType, readonly number[]>>> = {
  i32: [0, 1, -1, 2147483647, -2147483648, -2147483647],
  u32: [0, 1, 2147483647, 2147483648, 4294967295],
  u8: [0, 1, 127, 128, 255],
  bool: [0, 1],
};

interface Family {
  readonly smooth?: boolean;
  readonly ulps?: number;
  readonly grid?: Partial<Grid>;
  /** Integer dtypes taken, beside floats. */
  readonly integers?: readonly DType[];
  readonly floats?: boolean;
  readonly refused: readonly DType[];
  /** Further f32 and f64 samples. */
  readonly lists?: readonly (readonly number[])[];
}

function family(
  name: string,
  op: Op,
  { smooth = true, ulps = 0, grid = {}, integers = [], floats = true, refused, lists = [] }: Family,
): OpSamples {
  const one = (operand: Sample["inputs"][0], more: Partial<Sample> = {}): Sample => ({
    inputs: [operand],
    attributes: {},
    ...more,
  });
  const valid: Sample[] = [];
  if (floats) {
    for (const shape of SHAPES) valid.push(one(on("f32", shape, grid)));
    valid.push(one(on("f64", [7], grid)), one(on("f64", [2, 3, 2], grid)));
    for (const dtype of ["f32", "f64"] as const) {
      valid.push(one(list(dtype, LIMITS), { about: "limits", differentiable: false }));
      valid.push(one(list(dtype, [NaN, 1]), { about: "NaN", differentiable: false }));
      lists.forEach((values, i) =>
        valid.push(one(list(dtype, values), { about: `values ${i + 1}`, differentiable: false })),
      );
    }
  }
  for (const dtype of integers)
    valid.push(
      one(on(dtype, [2, 9])),
      one(on(dtype, [])),
      one(on(dtype, [2, 0])),
      one(list(dtype, EXTREMES[dtype]!), { about: "extremes" }),
    );
  const invalid = refused.map((dtype): InvalidSample => ({
    inputs: [type(dtype, [2])],
    attributes: {},
    error: DTypeError,
    message: `${op.name}: needs `,
  }));
  return { name, op, smooth, ulps, valid, invalid };
}

const FLOATS_ONLY: readonly DType[] = ["bool", "u8", "i32", "u32"];
const ALL_INTEGERS: readonly DType[] = ["i32", "u32", "u8"];
const positive = { from: 1 / 8, to: 4 };

export const samples: readonly OpSamples[] = [
  family("neg", ops.negOp, { integers: ALL_INTEGERS, refused: ["bool"] }),
  family("exp", ops.expOp, { ulps: 4, refused: FLOATS_ONLY, lists: [[-80, -20.5, 20.5, 80, 100]] }),
  family("log", ops.logOp, { ulps: 4, grid: positive, refused: FLOATS_ONLY, lists: [[1e-30, 1e30, 0.999, 1.001, -2]] }),
  family("sin", ops.sinOp, { ulps: 4, refused: FLOATS_ONLY, lists: [[3, -3, 6.25, 25, 100.5, -1000.25]] }),
  family("cos", ops.cosOp, { ulps: 4, refused: FLOATS_ONLY, lists: [[3, -3, 6.25, 25, 100.5, -1000.25]] }),
  family("sqrt", ops.sqrtOp, { grid: positive, refused: FLOATS_ONLY, lists: [[1e-30, 1e30, 2, -2]] }),
  family("recip", ops.recipOp, { grid: { avoid: [0] }, refused: FLOATS_ONLY, lists: [[1e-30, 1e30, 3, -3]] }),
  family("tanh", ops.tanhOp, { ulps: 4, refused: FLOATS_ONLY, lists: [[1e-5, -1e-3, 5, -9, 20, 100]] }),
  family("erf", ops.erfOp, { ulps: 4, refused: FLOATS_ONLY, lists: [[1e-5, -1e-3, 0.84375, 1.25, 2.875, -4, 6, 100]] }),
  family("abs", ops.absOp, { grid: { avoid: [0] }, integers: ALL_INTEGERS, refused: ["bool"] }),
  family("floor", ops.floorOp, {
    smooth: false,
    grid: { avoid: [-2, -1, 0, 1, 2] },
    refused: FLOATS_ONLY,
    lists: [[-0.5, 2, -2, 8388607.5, 1e10]],
  }),
  family("round", ops.roundOp, {
    smooth: false,
    refused: FLOATS_ONLY,
    lists: [[0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 4194304.5, 1e10]],
  }),
  family("sign", ops.signOp, { smooth: false, grid: { avoid: [0] }, integers: ALL_INTEGERS, refused: ["bool"] }),
  family("not", ops.notOp, {
    smooth: false,
    floats: false,
    integers: ["bool", ...ALL_INTEGERS],
    refused: ["f32", "f64"],
  }),
  { name: "cast", op: ops.castOp, smooth: true, ulps: 0, valid: casts(), invalid: [] },
  {
    name: "bitcast",
    op: ops.bitcastOp,
    smooth: false,
    ulps: 0,
    valid: [
      { inputs: [list("f32", [0, -0, 1, -2.5, Infinity, 3e38])], attributes: { dtype: "u32" } },
      { inputs: [on("f32", [2, 3])], attributes: { dtype: "i32" } },
      { inputs: [list("u32", [0, 1, 0x3f800000, 0xff800000])], attributes: { dtype: "f32" } },
      { inputs: [list("i32", [-1, 0x7fffffff, -0x80000000])], attributes: { dtype: "u32" } },
      { inputs: [on("u32", [])], attributes: { dtype: "i32" } },
      { inputs: [on("i32", [2, 3])], attributes: { dtype: "f32" } },
      { inputs: [on("f32", [0, 2])], attributes: { dtype: "u32" } },
      { inputs: [on("f32", [2, 1, 3, 2])], attributes: { dtype: "i32" } },
      { inputs: [on("f32", [])], attributes: { dtype: "f32" } },
      { inputs: [on("f64", [3])], attributes: { dtype: "f64" } },
      { inputs: [on("u8", [5])], attributes: { dtype: "u8" } },
      { inputs: [on("bool", [5])], attributes: { dtype: "bool" } },
      { inputs: [list("i32", [0, 1, -1, -2147483648])], attributes: { dtype: "u32" }, about: "extremes" },
    ],
    invalid: [
      {
        inputs: [type("f32", [2])],
        attributes: { dtype: "f64" },
        error: DTypeError,
        message: "bitcast: f32 and f64 differ in width",
      },
      {
        inputs: [type("u8", [2])],
        attributes: { dtype: "f32" },
        error: DTypeError,
        message: "bitcast: u8 and f32 differ in width",
      },
      { inputs: [type("u8", [2])], attributes: { dtype: "bool" }, error: DTypeError, message: "bitcast: u8 and bool" },
    ],
  },
];

/** Every dtype to every other, with the values that fit both; where they do not fit, floats saturate and integers wrap. */
function casts(): Sample[] {
  const numbers: Readonly<Record<DType, readonly number[]>> = {
    f32: [0, -0, 0.5, -0.5, 1.75, -1.75, 200, 7],
    f64: [0, -0, 0.5, -0.5, 1.75, -1.75, 200, 7],
    // 200 is one that bf16 holds; 65519 and 65521 would be either side of the end of f16.
    f16: [0, -0, 0.5, -0.5, 1.75, -1.75, 200, 7],
    bf16: [0, -0, 0.5, -0.5, 1.75, -1.75, 200, 7],
    i32: [0, 1, -1, 7, 200, -200, 16777217, 2147483647],
    u32: [0, 1, 7, 200, 16777217, 4294967295],
    u8: [0, 1, 7, 200, 255],
    bool: [0, 1, 1],
  };
  // Beyond its limits a float saturates, which is tried on its own below.
  const fits = (x: number, to: DType): boolean => Number.isInteger(x) || x > -1 || (to !== "u32" && to !== "u8");
  const dtypes = Object.keys(numbers) as DType[];
  const pairs = dtypes.flatMap((from) =>
    dtypes
      .filter((to) => to !== from)
      .map((to): Sample => ({
        inputs: [
          list(
            from,
            numbers[from].filter((x) => fits(x, to)),
          ),
        ],
        attributes: { dtype: to },
      })),
  );
  const saturating = (["i32", "u32", "u8"] as const).map((to): Sample => ({
    inputs: [list("f32", [3e9, -3e9, 5e9, 255.75, 256, -1, Infinity, -Infinity, NaN])],
    attributes: { dtype: to },
    about: "out of range",
  }));
  return [
    ...pairs,
    ...saturating,
    { inputs: [on("f64", [2, 3])], attributes: { dtype: "f32" } },
    { inputs: [on("f32", [2, 0])], attributes: { dtype: "f64" } },
    { inputs: [on("f32", [])], attributes: { dtype: "f64" } },
    {
      inputs: [list("f64", [0.1, 1e300, 1e-300, NaN])],
      attributes: { dtype: "f32" },
      about: "rounding",
      differentiable: false,
    },
  ];
}
