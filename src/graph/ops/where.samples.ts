import { DTypeError, ShapeError } from "../../core/errors.ts";
import { list, on, SHAPES, type, type OpSamples, type Sample } from "../sample.ts";
import { whereOp } from "./where.ts";

const of = (inputs: Sample["inputs"], more: Partial<Sample> = {}): Sample => ({ inputs, attributes: {}, ...more });

export const samples: readonly OpSamples[] = [
  {
    name: "where",
    op: whereOp,
    smooth: true,
    ulps: 0,
    valid: [
      ...SHAPES.map((shape) => of([on("bool", shape), on("f32", shape), on("f32", shape)])),
      ...(["f64", "i32", "u32", "u8", "bool"] as const).map((dtype) =>
        of([on("bool", [2, 5]), on(dtype, [2, 5]), on(dtype, [2, 5])]),
      ),
      of([list("bool", [1, 0, 1, 0]), list("f32", [1, NaN, Infinity, 2]), list("f32", [NaN, 3, 4, -Infinity])], {
        about: "the branch not taken is NaN",
        differentiable: false,
      }),
      of([list("bool", [1, 1, 1]), on("f64", [3]), on("f64", [3])], { about: "always" }),
      of([list("bool", [0, 0, 0]), on("f64", [3]), on("f64", [3])], { about: "never" }),
    ],
    invalid: [
      {
        inputs: [type("f32", [2]), type("f32", [2]), type("f32", [2])],
        attributes: {},
        error: DTypeError,
        message: "where: the condition must be bool, got f32",
      },
      {
        inputs: [type("bool", [2]), type("f32", [2]), type("f64", [2])],
        attributes: {},
        error: DTypeError,
        message: "where: dtypes differ: f32 and f64",
      },
      {
        inputs: [type("bool", [3]), type("f32", [2]), type("f32", [2])],
        attributes: {},
        error: ShapeError,
        message: "where: shapes differ: [3], [2] and [2]",
      },
      {
        inputs: [type("bool", [2]), type("f32", [2]), type("f32", [2, 1])],
        attributes: {},
        error: ShapeError,
        message: "where: shapes differ: [2], [2] and [2, 1]",
      },
    ],
  },
];
