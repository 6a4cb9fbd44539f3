import type { DType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { list, on, type, type InvalidSample, type OpSamples, type Operand, type Sample } from "../sample.ts";
import { gatherOp, scatterOp, type ScatterMode } from "./gather.ts";

/** Positions along an axis of `size`; distinct ones need no more than `size` in all. */
const positions = (shape: Shape, size: number, dtype: DType = "i32", distinct = false): Operand =>
  on(dtype, shape, { from: 0, to: size - 1, distinct });
const outside = list("i32", [0, -1, 3, 2, 100, -2147483648]);
const MODES: readonly ScatterMode[] = ["set", "add", "max", "min"];

const gather = (x: Operand, index: Operand, axis: number, more: Partial<Sample> = {}): Sample => ({
  inputs: [x, index],
  attributes: { axis },
  ...more,
});
const scatter = (
  mode: ScatterMode,
  x: Operand,
  index: Operand,
  updates: Operand,
  axis: number,
  more: Partial<Sample> = {},
): Sample => ({
  inputs: [x, index, updates],
  attributes: { axis, mode },
  ...more,
});

const badIndices = (name: string, rest: InvalidSample["inputs"], attributes: object): InvalidSample[] => [
  {
    inputs: [type("f32", [3, 2]), type("f32", [2, 2]), ...rest],
    attributes: { axis: 0, ...attributes },
    error: DTypeError,
    message: `${name}: the index must hold integers, got f32. Use index.cast("i32")`,
  },
  {
    inputs: [type("f32", [3, 2]), type("i32", [2, 3]), ...rest],
    attributes: { axis: 0, ...attributes },
    error: ShapeError,
    message: `${name}: the index [2, 3] must have the sizes of [3, 2] outside axis 0`,
  },
  {
    inputs: [type("f32", [3, 2]), type("i32", [2]), ...rest],
    attributes: { axis: 0, ...attributes },
    error: ShapeError,
    message: `${name}: the index [2] must have the sizes of [3, 2] outside axis 0`,
  },
  {
    inputs: [type("f32", [3, 2]), type("i32", [3, 2]), ...rest],
    attributes: { axis: 2, ...attributes },
    error: ShapeError,
    message: `${name}: axis 2 is out of range for [3, 2]`,
  },
];

export const samples: readonly OpSamples[] = [
  {
    name: "gather",
    op: gatherOp,
    smooth: true,
    ulps: 0,
    valid: [
      gather(on("f32", [5]), positions([3], 5), 0),
      gather(on("f32", [4, 3]), positions([6, 3], 4), 0),
      gather(on("f32", [4, 3]), positions([4, 2], 3), 1),
      gather(on("f32", [2, 5, 3, 2]), positions([2, 4, 3, 2], 5), 1),
      gather(on("f32", [4, 3]), positions([0, 3], 4), 0),
      gather(on("f32", [7, 19]), positions([3, 19], 7), 0),
      gather(on("f32", [3]), outside, 0, { about: "outside", differentiable: false }),
      gather(on("i32", [3]), outside, 0, { about: "outside" }),
      gather(on("f32", [0, 2]), positions([2, 2], 1), 0, { about: "of nothing" }),
      gather(on("f64", [4, 3]), positions([2, 3], 4, "u32"), 0),
      gather(on("f32", [4, 3]), positions([2, 3], 4, "u8"), 0),
      ...(["i32", "u32", "u8", "bool"] as const).map((dtype) => gather(on(dtype, [4, 3]), positions([2, 3], 4), 0)),
    ],
    invalid: badIndices("gather", [], {}),
  },
  {
    name: "scatter",
    op: scatterOp,
    smooth: true,
    ulps: 0,
    valid: [
      ...MODES.flatMap((mode) => {
        // Off each other's grid, so that max and min have no ties.
        const updates = (dtype: DType, shape: Shape): Operand =>
          on(dtype, shape, dtype === "i32" ? {} : { from: -2 + 1 / 16, distinct: mode !== "add" });
        return [
          scatter(mode, on("f32", [5]), positions([3], 5, "i32", true), updates("f32", [3]), 0),
          scatter(mode, on("f32", [4, 3]), positions([6, 3], 4), updates("f32", [6, 3]), 0),
          scatter(mode, on("f32", [2, 3, 2]), positions([2, 4, 2], 3), updates("f32", [2, 4, 2]), 1),
          scatter(mode, on("f32", [3]), outside, updates("f32", [6]), 0, { about: "outside" }),
          scatter(mode, on("f64", [4, 3]), positions([4, 2], 3, "u8"), updates("f64", [4, 2]), 1),
          scatter(mode, on("i32", [4]), positions([7], 4), updates("i32", [7]), 0),
          ...(["u32", "u8", ...(mode === "add" ? [] : (["bool"] as const))] as const).map((dtype) =>
            scatter(mode, on(dtype, [4]), positions([7], 4), on(dtype, [7]), 0),
          ),
        ];
      }),
      scatter("add", on("f32", [4]), positions([0], 4), on("f32", [0]), 0),
      scatter("set", on("f32", [0]), positions([2], 1), on("f32", [2]), 0, { about: "into nothing" }),
      scatter("add", on("f32", [3, 9]), positions([10, 9], 3), on("f32", [10, 9]), 0),
    ],
    invalid: [
      ...badIndices("scatter", [type("f32", [2, 2])], { mode: "set" }),
      {
        inputs: [type("f32", [3]), type("i32", [2]), type("f32", [3])],
        attributes: { axis: 0, mode: "add" },
        error: ShapeError,
        message: "scatter: updates [3] and index [2] differ",
      },
      {
        inputs: [type("f32", [3]), type("i32", [2]), type("f32", [2, 1])],
        attributes: { axis: 0, mode: "add" },
        error: ShapeError,
        message: "scatter: updates [2, 1] and index [2] differ",
      },
      {
        inputs: [type("f32", [3]), type("i32", [2]), type("i32", [2])],
        attributes: { axis: 0, mode: "add" },
        error: DTypeError,
        message: "scatter: dtypes differ: f32 and i32",
      },
      {
        inputs: [type("bool", [3]), type("i32", [2]), type("bool", [2])],
        attributes: { axis: 0, mode: "add" },
        error: DTypeError,
        message: "scatter: add needs numbers, got bool",
      },
    ],
  },
];
