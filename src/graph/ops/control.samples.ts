import type { DType } from "../../core/dtype.ts";
import type { Node } from "../node.ts";
import { list, on, SHAPES, type OpSamples, type Sample } from "../sample.ts";
import { add, mul } from "./binary.ts";
import { afterOp, custom, customOp, detachOp } from "./control.ts";

const DTYPES: readonly DType[] = ["f32", "f64", "i32", "u32", "u8", "bool"];
const limits = list("f32", [0, -0, Infinity, -Infinity, NaN, 1]);

/** x² with a gradient written by hand. */
const square = ([x]: readonly Node[]): Node =>
  custom("square", mul(x!, x!), [x!], (grad, _, [at]) => [mul(grad, add(at!, at!))]);
const squared = (input: Sample["inputs"][0], more: Partial<Sample> = {}): Sample => ({
  inputs: [input],
  attributes: {},
  build: square,
  ...more,
});

export const samples: readonly OpSamples[] = [
  {
    name: "detach",
    op: detachOp,
    smooth: false,
    ulps: 0,
    valid: [
      ...DTYPES.map((dtype) => ({ inputs: [on(dtype, [2, 3])], attributes: {} })),
      ...SHAPES.filter((shape) => shape.join() !== "2,3").map((shape) => ({
        inputs: [on("f32", shape)],
        attributes: {},
      })),
      { inputs: [limits], attributes: {}, about: "limits" },
      { inputs: [on("f64", [])], attributes: {} },
      { inputs: [on("i32", [0])], attributes: {} },
    ],
    invalid: [],
  },
  {
    name: "custom",
    op: customOp,
    smooth: true,
    ulps: 0,
    valid: [
      ...SHAPES.map((shape) => squared(on("f32", shape))),
      ...SHAPES.map((shape) => squared(on("f64", shape))),
      ...(["i32", "u32", "u8"] as const).map((dtype) => squared(on(dtype, [3]))),
      squared(limits, { about: "limits", differentiable: false }),
    ],
    invalid: [],
  },
  {
    name: "after",
    op: afterOp,
    smooth: true,
    ulps: 0,
    valid: [
      { inputs: [on("f32", [2, 3]), on("f32", [4])], attributes: { recomputation: 1 } },
      { inputs: [on("f64", []), on("f64", [2])], attributes: { recomputation: 1 } },
      { inputs: [on("i32", [0, 2]), on("f32", [])], attributes: { recomputation: 2 } },
      ...DTYPES.map((dtype) => ({ inputs: [on(dtype, [5]), on("f32", [2])], attributes: { recomputation: 1 } })),
      ...SHAPES.map((shape) => ({ inputs: [on("f32", shape), on("i32", [3])], attributes: { recomputation: 1 } })),
      { inputs: [limits, on("f32", [])], attributes: { recomputation: 1 }, about: "limits", differentiable: false },
    ],
    invalid: [],
  },
];
