import type { DType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { list, on, type, type OpSamples, type Sample } from "../sample.ts";
import { dotOp, type Pairing } from "./dot.ts";

const pair = (contract: Pairing["contract"], batch: Pairing["batch"] = [[], []]): Pairing => ({ batch, contract });
const of = (dtype: DType, left: Shape, right: Shape, attributes: Pairing): Sample => ({
  inputs: [on(dtype, left), on(dtype, right)],
  attributes,
});
/** [2, 3] × [3, 4] */
const plain = (dtype: DType): Sample => of(dtype, [2, 3], [3, 4], pair([[1], [0]]));

export const samples: readonly OpSamples[] = [
  {
    name: "dot",
    op: dotOp,
    smooth: true,
    ulps: 0,
    valid: [
      plain("f32"),
      of("f32", [3, 2], [3, 4], pair([[0], [0]])),
      of("f32", [2, 3], [4, 3], pair([[1], [1]])),
      of("f32", [3, 2], [4, 3], pair([[0], [1]])),
      of("f32", [5], [5], pair([[0], [0]])),
      of("f32", [2, 3], [3], pair([[1], [0]])),
      of("f32", [2], [3], pair([[], []])),
      of("f32", [], [2], pair([[], []])),
      of("f32", [2, 3, 4], [2, 4, 2], pair([[2], [1]], [[0], [0]])),
      of("f32", [3, 2, 4], [4, 5, 2], pair([[2], [0]], [[1], [2]])),
      of(
        "f32",
        [2, 3, 2, 3],
        [3, 2, 3, 2],
        pair(
          [
            [1, 3],
            [2, 0],
          ],
          [[0], [1]],
        ),
      ),
      of(
        "f32",
        [2, 3],
        [2, 3],
        pair(
          [[], []],
          [
            [0, 1],
            [0, 1],
          ],
        ),
      ),
      of(
        "f32",
        [2, 2, 3],
        [2, 2, 3],
        pair(
          [
            [1, 2],
            [1, 2],
          ],
          [[0], [0]],
        ),
      ),
      of("f32", [2, 0], [0, 3], pair([[1], [0]])),
      of("f32", [0, 2], [2, 3], pair([[1], [0]])),
      of("f32", [9, 17], [17, 11], pair([[1], [0]])),
      plain("f64"),
      of("f64", [2, 3, 2], [2, 2, 2], pair([[2], [1]], [[0], [0]])),
      plain("i32"),
      plain("u32"),
      plain("u8"),
      {
        inputs: [list("i32", [65536, 3], [1, 2]), list("i32", [65537, 5], [2, 1])],
        attributes: pair([[1], [0]]),
        about: "wraps",
      },
    ],
    invalid: [
      {
        inputs: [type("f32", [2, 3]), type("f32", [4, 2])],
        attributes: pair([[1], [0]]),
        error: ShapeError,
        message: "dot: axis 1 of [2, 3] and axis 0 of [4, 2] differ (3 ≠ 4)",
      },
      {
        inputs: [type("f32", [2, 3]), type("f32", [3, 3])],
        attributes: pair([[1], [1]], [[0], [0]]),
        error: ShapeError,
        message: "dot: axis 0 of [2, 3] and axis 0 of [3, 3] differ (2 ≠ 3)",
      },
      {
        inputs: [type("f32", [2, 3]), type("f64", [3, 2])],
        attributes: pair([[1], [0]]),
        error: DTypeError,
        message: "dot: dtypes differ: f32 and f64",
      },
      {
        inputs: [type("bool", [2, 3]), type("bool", [3, 2])],
        attributes: pair([[1], [0]]),
        error: DTypeError,
        message: "dot: needs numbers, got bool",
      },
      {
        inputs: [type("f32", [2 ** 20]), type("f32", [2 ** 20])],
        attributes: pair([[], []]),
        error: ShapeError,
        message: "dot: [1048576, 1048576] has 1.10e+12 elements",
      },
    ],
  },
];
