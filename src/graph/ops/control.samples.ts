import type { Node } from "../node.ts";
import type { Op } from "../op.ts";
import { on, type OpSamples } from "../sample.ts";
import { mul } from "./binary.ts";
import { afterOp, customOp, detachOp } from "./control.ts";
import { fill } from "./leaf.ts";

/** The gradient of the inputs' product, as a user would write it. The value computed is not that product: only shapes count here. */
const threefold = (grad: Node): Node[] => [mul(grad, fill(grad.shape, 3, grad.dtype))];

export const samples: readonly OpSamples[] = [
  {
    name: "detach",
    op: detachOp,
    smooth: false,
    ulps: 0,
    valid: (["f32", "f64", "i32", "u32", "u8", "bool"] as const).map((dtype) => ({
      inputs: [on(dtype, [2, 3])],
      attributes: {},
    })),
    invalid: [],
  },
  {
    name: "custom",
    op: customOp as unknown as Op,
    smooth: false,
    ulps: 0,
    valid: [
      {
        inputs: [on("f32", [2, 3]), on("f32", [2, 3])],
        attributes: { name: "threefold", gradient: threefold },
        differentiable: false,
      },
      {
        inputs: [on("f64", []), on("f64", [])],
        attributes: { name: "threefold", gradient: threefold },
        differentiable: false,
      },
    ],
    invalid: [],
  },
  {
    name: "after",
    op: afterOp as unknown as Op,
    smooth: true,
    ulps: 0,
    valid: [
      { inputs: [on("f32", [2, 3]), on("f32", [4])], attributes: { recomputation: 1 } },
      { inputs: [on("f64", []), on("f64", [2])], attributes: { recomputation: 1 } },
      { inputs: [on("i32", [0, 2]), on("f32", [])], attributes: { recomputation: 2 } },
    ],
    invalid: [],
  },
];
