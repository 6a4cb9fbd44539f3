import type { DType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Op } from "../op.ts";
import { list, on, type, type Grid, type InvalidSample, type OpSamples, type Sample } from "../sample.ts";
import * as ops from "./reduce.ts";

interface Family {
  readonly smooth?: boolean;
  readonly ulps?: number;
  /** Picks one element: kinks where elements are equal, and nothing to pick from an empty axis. */
  readonly picks?: boolean;
  readonly integers: readonly DType[];
  readonly more?: readonly Sample[];
}

const CASES: readonly (readonly [Shape, readonly number[]])[] = [
  [[7], [0]],
  [[2, 3], [1]],
  [[2, 3], [0]],
  [
    [2, 3],
    [0, 1],
  ],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [2, 2, 3, 2],
    [1, 3],
  ],
  [[3, 1], [1]],
  [[0, 3], [1]],
  [[5, 19], [1]],
  [[19, 5], [0]],
];

function family(
  name: string,
  op: Op,
  { smooth = true, ulps = 0, picks = false, integers, more = [] }: Family,
): OpSamples {
  const grid: Partial<Grid> = picks ? { from: -8, to: 8, distinct: true } : {};
  const one = (dtype: DType, [shape, axes]: (typeof CASES)[0], values: Partial<Grid> = {}): Sample => ({
    inputs: [on(dtype, shape, values)],
    attributes: { axes },
  });
  const valid: Sample[] = [
    ...CASES.map((where) => one("f32", where, grid)),
    ...[CASES[1]!, CASES[4]!].map((where) => one("f64", where, grid)),
    ...integers.flatMap((dtype) => [
      one(dtype, [[3, 5], [1]]),
      one(dtype, [
        [2, 3, 4],
        [0, 2],
      ]),
    ]),
    ...(["f32", "f64"] as const).map((dtype): Sample => ({
      inputs: [list(dtype, [1, NaN, 3, Infinity, 1, -Infinity, 2, 2, 1, NaN, NaN, 5], [4, 3])],
      attributes: { axes: [1] },
      about: "limits",
      differentiable: false,
    })),
    ...more,
  ];
  if (picks)
    valid.push({
      inputs: [on("f32", [4, 9], { step: 1 })],
      attributes: { axes: [1] },
      about: "ties",
      differentiable: false,
    });
  else
    valid.push(
      { inputs: [on("f32", [3, 0])], attributes: { axes: [1] } },
      { inputs: [on("i32", [0])], attributes: { axes: [0] } },
    );
  const invalid: InvalidSample[] = [
    {
      inputs: [type("f32", [2, 3])],
      attributes: { axes: [2] },
      error: ShapeError,
      message: `${op.name}: axis 2 is out of range for [2, 3]`,
    },
    {
      inputs: [type("f32", [2, 3])],
      attributes: { axes: [1, 1] },
      error: ShapeError,
      message: `${op.name}: an axis is repeated in [1, 1] of [2, 3]`,
    },
  ];
  if (picks)
    invalid.push({
      inputs: [type("f32", [3, 0])],
      attributes: { axes: [1] },
      error: ShapeError,
      message: `${op.name}: axis 1 of [3, 0] is empty and has no ${op.name}`,
    });
  else
    invalid.push({
      inputs: [type("bool", [3])],
      attributes: { axes: [0] },
      error: DTypeError,
      message: `${op.name}: needs numbers, got bool`,
    });
  return { name, op, smooth, ulps, valid, invalid };
}

const NUMBERS: readonly DType[] = ["i32", "u32", "u8"];
const ANY: readonly DType[] = [...NUMBERS, "bool"];

export const samples: readonly OpSamples[] = [
  family("sum", ops.sumOp, {
    integers: NUMBERS,
    more: [
      { inputs: [on("f32", [3, 300])], attributes: { axes: [1] } },
      { inputs: [on("f32", [300, 3])], attributes: { axes: [0] } },
      { inputs: [list("i32", [2147483647, 1, -2147483648, -1], [2, 2])], attributes: { axes: [1] }, about: "wraps" },
      { inputs: [list("u8", [200, 100, 3])], attributes: { axes: [0] }, about: "wraps" },
    ],
  }),
  family("prod", ops.prodOp, {
    ulps: 4,
    integers: NUMBERS,
    more: [
      { inputs: [list("f32", [2, 0, 3, 0, 0, 5, 2, 3, 4], [3, 3])], attributes: { axes: [1] }, about: "zeros" },
      { inputs: [list("f64", [2, 0, 3, 0, 0, 5, 2, 3, 4], [3, 3])], attributes: { axes: [1] }, about: "zeros" },
    ],
  }),
  family("maxReduce", ops.maxReduceOp, { picks: true, integers: ANY }),
  family("minReduce", ops.minReduceOp, { picks: true, integers: ANY }),
  family("argmax", ops.argmaxOp, { smooth: false, picks: true, integers: ANY }),
  family("argmin", ops.argminOp, { smooth: false, picks: true, integers: ANY }),
];
