import type { DType } from "../../core/dtype.ts";
import { ArgumentError, DTypeError } from "../../core/errors.ts";
import type { Op } from "../op.ts";
import { list, on, SHAPES, type, type Grid, type OpSamples, type Sample } from "../sample.ts";
import * as ops from "./special.ts";

const LIMITS: readonly number[] = [0, 1, -1, Infinity, -Infinity, NaN];

function family(
  name: string,
  op: Op,
  ulps: number,
  ulps64: number,
  grid: Partial<Grid>,
  lists: readonly (readonly number[])[],
  orders: readonly object[] = [{}],
): OpSamples {
  const one = (operand: Sample["inputs"][0], attributes: object, more: Partial<Sample> = {}): Sample => ({
    inputs: [operand],
    attributes: { ...attributes },
    ...more,
  });
  return {
    name,
    op,
    smooth: true,
    ulps,
    ulps64,
    formula: true,
    valid: orders.flatMap((attributes) => [
      ...SHAPES.map((shape) => one(on("f32", shape, grid), attributes)),
      one(on("f64", [7], grid), attributes),
      one(on("f64", [2, 3, 2], grid), attributes),
      ...(["f32", "f64"] as const).flatMap((dtype) => [
        one(list(dtype, LIMITS), attributes, { about: "limits", differentiable: false }),
        ...lists.map((values, i) =>
          one(list(dtype, values), attributes, { about: `values ${i + 1}`, differentiable: false }),
        ),
      ]),
      one(on("f32", [3, 5], { ...grid, step: 1 / 16 }), attributes),
    ]),
    invalid: (["bool", "u8", "i32", "u32"] as readonly DType[]).map((dtype) => ({
      inputs: [type(dtype, [2])],
      attributes: { ...orders[0] },
      error: DTypeError,
      message: `${name}: needs floats, got ${dtype}`,
    })),
  };
}

const inside: Partial<Grid> = { from: -7 / 8, to: 7 / 8 };
const arcs = [
  [1e-30, -1e-5, 0.499, 0.5, -0.5, 0.501, 0.999, -0.99, 1.5],
  [0.25, -0.75, 0.9375, -0.984375, 0.0078125],
];
const gammas = [
  [1e-6, 0.1, 0.9, 1.001, 1.5, 1.999, 2.001, 2.5, 3, 7.999, 8, 8.001, 12.5, 100, 1e6],
  [-0.1, -0.5, -1.25, -3.75, -10.5, 0.5],
];

const polygamma = family(
  "polygamma",
  ops.polygammaOp,
  16,
  64,
  { from: 1 / 2, to: 4 },
  [gammas[0]!],
  [{ order: 0 }, { order: 1 }, { order: 3 }],
);

export const samples: readonly OpSamples[] = [
  family("asin", ops.asinOp, 3, 8, inside, arcs),
  family("acos", ops.acosOp, 3, 8, inside, arcs),
  family("atan", ops.atanOp, 3, 8, {}, [
    [1e-30, -1e-5, 0.4, 0.5, -0.68, 0.7, 1.1, -1.2, 2.4, 2.5, -20, 1e6, 1e30],
    [0.4375, 0.6875, 1.1875, 2.4375],
  ]),
  family("erfinv", ops.erfinvOp, 6, 16, inside, [
    [1e-30, -1e-5, 0.5, 0.849, 0.851, -0.99, 0.9999, 0.9999999, -1.5],
    [0.25, -0.75, 0.9375, -0.984375],
  ]),
  family("lgamma", ops.lgammaOp, 8, 32, { from: 1 / 2, to: 5 }, gammas),
  {
    ...polygamma,
    invalid: [
      ...polygamma.invalid,
      {
        inputs: [type("f32", [2])],
        attributes: { order: -1 },
        error: ArgumentError,
        message: "polygamma: the order must be a whole number of 0 or more, got -1",
      },
    ],
  },
];
