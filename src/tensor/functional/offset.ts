/** Part of an axis from an offset that is data: no new program for another offset. */
import { normalizeAxis } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { fill } from "../../graph/ops/leaf.ts";
import * as ops from "../../graph/ops/sliceAt.ts";
import { cast } from "../../graph/ops/unary.ts";
import type { Operand } from "./operands.ts";

const offset = (start: Operand): Node => (typeof start === "number" ? fill([], start, "i32") : start);

/** `size` elements of an axis from `start` on, which moves so that they fit. */
export function sliceAt(x: Node, start: Operand, size: number, axis: number = 0): Node {
  return ops.sliceAt(x, offset(start), size, normalizeAxis("sliceAt", axis, x.shape));
}

/** `x` with `update` in place of its elements along an axis from `start` on. */
export function updateAt(x: Node, update: Node, start: Operand, axis: number = 0): Node {
  return ops.updateAt(x, cast(update, x.dtype), offset(start), normalizeAxis("updateAt", axis, x.shape));
}
