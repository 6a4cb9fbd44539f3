import type { DType } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError, type MyelinError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Attributes } from "../node.ts";
import type { Op } from "../op.ts";
import { on, type, type InvalidSample, type OpSamples, type Sample } from "../sample.ts";
import * as ops from "./movement.ts";

type Case = readonly [shape: Shape, attributes: Attributes];

const OTHERS: readonly DType[] = ["f64", "i32", "u32", "u8", "bool"];

/** All cases in f32, the first two also in other dtypes. */
function family(
  name: string,
  op: Op,
  cases: readonly Case[],
  invalid: readonly InvalidSample[],
  dtypes: readonly DType[] = OTHERS,
): OpSamples {
  const sample = (dtype: DType, [shape, attributes]: Case): Sample => ({
    inputs: [on(dtype, shape)],
    attributes,
    // Sums with an infinite element have no differences.
    ...(attributes["value"] === -Infinity ? { differentiable: false } : {}),
  });
  const others = dtypes.flatMap((dtype) => cases.slice(0, 2).map((one) => sample(dtype, one)));
  return { name, op, smooth: true, ulps: 0, valid: [...cases.map((one) => sample("f32", one)), ...others], invalid };
}

const refuse = (
  shape: Shape,
  attributes: Attributes,
  error: new (...args: never[]) => MyelinError,
  message: string,
): InvalidSample => ({
  inputs: [type("f32", shape)],
  attributes,
  error,
  message,
});

const window = (axis: number, size: number, stride: number, dilation: number): Attributes => ({
  axis,
  size,
  stride,
  dilation,
});
const fold = (axis: number, size: number, stride: number, dilation: number, length: number): Attributes => ({
  ...window(axis, size, stride, dilation),
  length,
});
const slice = (start: Shape, size: Shape, step: Shape): Attributes => ({ start, size, step });

/** Tensors of these shapes end to end. */
const joined = (dtype: DType, shapes: readonly Shape[], axis: number): Sample => ({
  inputs: shapes.map((shape) => on(dtype, shape)),
  attributes: { axis },
});

export const samples: readonly OpSamples[] = [
  family(
    "reshape",
    ops.reshapeOp,
    [
      [[2, 6], { shape: [3, 4] }],
      [[12], { shape: [2, 3, 2] }],
      [[2, 3, 4], { shape: [2, 12] }],
      [[2, 3, 4], { shape: [6, 2, 2] }],
      [[1], { shape: [] }],
      [[], { shape: [1, 1] }],
      [[4, 3, 5], { shape: [4, 5, 3] }],
      [[3, 1, 2], { shape: [1, 6, 1] }],
      [[0, 3], { shape: [5, 0] }],
    ],
    [
      refuse([2, 3], { shape: [7] }, ShapeError, "reshape: [2, 3] has 6 elements, [7] wants 7"),
      refuse(
        [2, 3],
        { shape: [-1, 6] },
        ArgumentError,
        "reshape: sizes must be whole numbers of 0 or more, got [-1, 6]",
      ),
      refuse([2, 3], { shape: [1.5, 4] }, ArgumentError, "reshape: sizes must be whole numbers"),
    ],
  ),
  family(
    "permute",
    ops.permuteOp,
    [
      [[2, 3], { axes: [1, 0] }],
      [[2, 3, 4], { axes: [2, 0, 1] }],
      [[2, 3, 4, 2], { axes: [0, 2, 1, 3] }],
      [[], { axes: [] }],
      [[3, 0], { axes: [1, 0] }],
      [[17, 9], { axes: [1, 0] }],
    ],
    [
      refuse([2, 3], { axes: [0] }, ShapeError, "permute: [2, 3] has 2 axes, got 1"),
      refuse([2, 3], { axes: [0, 0] }, ShapeError, "permute: [0, 0] is not an order of the axes of [2, 3]"),
      refuse([2, 3], { axes: [0, 2] }, ShapeError, "permute: [0, 2] is not an order of the axes of [2, 3]"),
    ],
  ),
  family(
    "expand",
    ops.expandOp,
    [
      [[1, 3], { shape: [4, 3] }],
      [[2, 1, 3, 1], { shape: [2, 5, 3, 2] }],
      [[1], { shape: [19] }],
      [[1, 2], { shape: [0, 2] }],
      [[0, 1], { shape: [0, 4] }],
      [[1, 1], { shape: [1, 4] }],
    ],
    [
      refuse([2], { shape: [4] }, ShapeError, "expand: [2] does not expand to [4]: only sizes of 1 can grow"),
      refuse([1], { shape: [2, 3] }, ShapeError, "expand: [1] does not expand to [2, 3]"),
      refuse([1, 1], { shape: [2 ** 20, 2 ** 20] }, ShapeError, "expand: [1048576, 1048576] has 1.10e+12 elements"),
    ],
  ),
  family(
    "slice",
    ops.sliceOp,
    [
      [[5, 4], slice([1, 0], [3, 4], [1, 1])],
      [[7], slice([0], [4], [2])],
      [[7], slice([1], [2], [3])],
      [[2, 3, 4, 5], slice([1, 0, 2, 1], [1, 2, 2, 2], [1, 2, 1, 3])],
      [[5], slice([2], [0], [1])],
      [[0, 3], slice([0, 1], [0, 2], [1, 1])],
      [[], slice([], [], [])],
    ],
    [
      refuse([5], slice([3], [3], [1]), ShapeError, "slice: 3 elements from 3 by 1 do not fit in axis 0 of [5]"),
      refuse([5], slice([-1], [1], [1]), ShapeError, "slice: 1 elements from -1 by 1 do not fit in axis 0 of [5]"),
      refuse([5], slice([0], [5], [-1]), ArgumentError, "slice: step must be 1 or more, got -1. Use flip to reverse"),
      refuse([5, 2], slice([0], [5], [1]), ShapeError, "slice: [5, 2] has 2 axes, got 1 ranges"),
    ],
  ),
  family(
    "pad",
    ops.padOp,
    [
      [
        [2, 3],
        {
          widths: [
            [1, 0],
            [2, 1],
          ],
          value: 0,
        },
      ],
      [[4], { widths: [[3, 2]], value: 1.5 }],
      [
        [2, 1, 3, 2],
        {
          widths: [
            [0, 0],
            [1, 1],
            [0, 2],
            [1, 0],
          ],
          value: -1,
        },
      ],
      [[3], { widths: [[1, 1]], value: -Infinity }],
      [
        [0, 2],
        {
          widths: [
            [2, 1],
            [0, 0],
          ],
          value: 7,
        },
      ],
      [
        [2, 2],
        {
          widths: [
            [0, 0],
            [0, 17],
          ],
          value: 0,
        },
      ],
    ],
    [
      refuse([2, 3], { widths: [[1, 1]], value: 0 }, ShapeError, "pad: [2, 3] has 2 axes, got 1 widths"),
      refuse(
        [2],
        { widths: [[-1, 0]], value: 0 },
        ArgumentError,
        "pad: widths must be 0 or more, got [[-1,0]]. Use slice to cut",
      ),
    ],
  ),
  family(
    "dilate",
    ops.dilateOp,
    [
      [[3], { step: [2] }],
      [[2, 3], { step: [1, 3] }],
      [[2, 2, 3], { step: [3, 1, 2] }],
      [[1, 1], { step: [4, 4] }],
      [[0, 2], { step: [2, 2] }],
    ],
    [
      refuse([3], { step: [0] }, ArgumentError, "dilate: steps must be whole numbers of 1 or more, got [0]"),
      refuse([3, 2], { step: [2] }, ShapeError, "dilate: [3, 2] has 2 axes, got 1 steps"),
    ],
  ),
  family(
    "flip",
    ops.flipOp,
    [
      [[5], { axes: [0] }],
      [[2, 3, 4], { axes: [0, 2] }],
      [[2, 3, 2, 2], { axes: [1] }],
      [[0, 2], { axes: [0] }],
    ],
    [refuse([2, 3], { axes: [2] }, ShapeError, "flip: axis 2 is out of range for [2, 3]")],
  ),
  {
    name: "concat",
    op: ops.concatOp,
    smooth: true,
    ulps: 0,
    valid: [
      joined("f32", [[2], [3]], 0),
      joined(
        "f32",
        [
          [2, 3],
          [2, 1],
          [2, 4],
        ],
        1,
      ),
      joined(
        "f32",
        [
          [1, 2, 3],
          [2, 2, 3],
        ],
        0,
      ),
      joined(
        "f32",
        [
          [2, 1, 2, 2],
          [2, 3, 2, 2],
        ],
        1,
      ),
      joined("f32", [[2], [0], [3]], 0),
      joined("f32", [[0], [0]], 0),
      joined(
        "f32",
        [
          [0, 2],
          [0, 3],
        ],
        1,
      ),
      joined(
        "f32",
        [
          [3, 9],
          [3, 8],
        ],
        1,
      ),
      ...OTHERS.map((dtype) =>
        joined(
          dtype,
          [
            [2, 3],
            [2, 2],
          ],
          1,
        ),
      ),
    ],
    invalid: [
      {
        inputs: [],
        attributes: { axis: 0 },
        error: ArgumentError,
        message: "concat: needs at least one tensor, got none",
      },
      {
        inputs: [type("f32", [2, 3]), type("f32", [3, 3])],
        attributes: { axis: 1 },
        error: ShapeError,
        message: "concat: [2, 3] and [3, 3] differ outside axis 1",
      },
      {
        inputs: [type("f32", [2]), type("f32", [2, 1])],
        attributes: { axis: 0 },
        error: ShapeError,
        message: "concat: [2] and [2, 1] differ outside axis 0",
      },
      {
        inputs: [type("f32", [2]), type("i32", [2])],
        attributes: { axis: 0 },
        error: DTypeError,
        message: "concat: dtypes differ: f32 and i32",
      },
      {
        inputs: [type("f32", []), type("f32", [])],
        attributes: { axis: 0 },
        error: ShapeError,
        message: "concat: axis 0 is out of range for []",
      },
    ],
  },
  family(
    "window",
    ops.windowOp,
    [
      [[7], window(0, 3, 1, 1)],
      [[8], window(0, 3, 2, 1)],
      [[9], window(0, 3, 2, 2)],
      [[2, 6, 3], window(1, 2, 3, 1)],
      [[2, 3, 5], window(2, 5, 1, 1)],
      [[4], window(0, 1, 1, 1)],
      [[0, 4], window(1, 2, 1, 1)],
    ],
    [
      refuse([4], window(0, 3, 1, 2), ShapeError, "window: a window of 3 with dilation 2 spans 5, axis 0 of [4] has 4"),
      refuse([4], window(1, 2, 1, 1), ShapeError, "window: axis 1 is out of range for [4]"),
      refuse(
        [4],
        window(0, 0, 1, 1),
        ArgumentError,
        "window: size, stride and dilation must be whole numbers of 1 or more, got 0, 1 and 1",
      ),
      refuse(
        [4],
        window(0, 2, 0, 1),
        ArgumentError,
        "window: size, stride and dilation must be whole numbers of 1 or more, got 2, 0 and 1",
      ),
    ],
  ),
  family(
    "fold",
    ops.foldOp,
    [
      [[5, 3], fold(0, 3, 1, 1, 7)],
      [[3, 3], fold(0, 3, 2, 1, 8)],
      [[3, 3], fold(0, 3, 2, 2, 9)],
      [[2, 2, 3, 2], fold(1, 2, 3, 1, 6)],
      [[1, 4], fold(0, 4, 1, 1, 4)],
      [[0, 3, 2], fold(1, 2, 1, 1, 4)],
    ],
    [
      refuse(
        [5, 2],
        fold(0, 3, 1, 1, 7),
        ShapeError,
        "fold: the windows [5, 2] are not those of size 3, stride 1 and dilation 1 along axis 0 of length 7",
      ),
      refuse([4, 3], fold(0, 3, 1, 1, 7), ShapeError, "fold: the windows [4, 3] are not those of size 3"),
      {
        inputs: [type("bool", [5, 3])],
        attributes: fold(0, 3, 1, 1, 7),
        error: DTypeError,
        message: "fold: needs numbers, got bool",
      },
    ],
    ["f64", "i32", "u32", "u8"],
  ),
  family(
    "contiguous",
    ops.contiguousOp,
    [
      [[2, 3], {}],
      [[], {}],
      [[0], {}],
      [[2, 3, 2, 2], {}],
    ],
    [],
  ),
];
