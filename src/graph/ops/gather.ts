/** Reading and writing at positions that are data. */
import { isFloat, isHalf } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { checkAxes, sameShape, show } from "../../core/shape.ts";
import {
  binary,
  cast,
  constant,
  index as freshIndex,
  select,
  type BinaryOp,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import type { Node } from "../node.ts";
import { apply, batchAlongAxis, type Op } from "../op.ts";
import { and, div, eq, le, lt } from "./binary.ts";
import { fill, iota } from "./leaf.ts";
import { clamp } from "./movement.ts";
import { cast as castNode } from "./unary.ts";
import { where } from "./where.ts";

function checkIndex(op: string, x: Node, index: Node, axis: number): void {
  checkAxes(op, [axis], x.shape);
  if (isFloat(index.dtype) || index.dtype === "bool")
    throw new DTypeError(`${op}: the index must hold integers, got ${index.dtype}. Use index.cast("i32")`);
  if (index.shape.length !== x.shape.length || index.shape.some((d, i) => i !== axis && d !== x.shape[i]))
    throw new ShapeError(
      `${op}: the index ${show(index.shape)} must have the sizes of ${show(x.shape)} outside axis ${axis}`,
    );
}

const inside = (i: Expression, size: number): Expression =>
  binary("and", binary("le", constant(0, "i32"), i), binary("lt", i, constant(size, "i32")));

/**
 * out[…, i, …] = x[…, index[…, i, …], …] along an axis (NumPy's take_along_axis). A position outside the axis gives NaN
 * (0 for integers): values, never exceptions, as in JAX.
 */
export const gatherOp: Op<{ readonly axis: number }> = {
  name: "gather",
  infer([x, index], { axis }) {
    checkIndex("gather", x!, index!, axis);
    return { shape: index!.shape, dtype: x!.dtype };
  },
  vjp: ({ grad, inputs: [x, index], attributes: { axis } }) => [
    scatter("add", fill(x!.shape, 0, x!.dtype), index!, grad, axis),
    undefined,
  ],
  batch: batchAlongAxis,
  lower({ inputs: [x, position], nodes: [node], index, attributes: { axis }, dtype }) {
    const size = node!.shape[axis]!;
    const outside = constant(isFloat(dtype) ? NaN : 0, dtype);
    if (size === 0) return outside;
    const i = cast(position!(index), "i32");
    return select(inside(i, size), x!(index.map((e, a) => (a === axis ? clamp(i, size) : e))), outside);
  },
};
export const gather = (x: Node, index: Node, axis: number): Node => apply(gatherOp, [x, index], { axis });

export type ScatterMode = "set" | "add" | "max" | "min";

/**
 * x with updates written at positions along an axis: `set` (the last one wins), `add`, `max` or `min`. Positions outside
 * the axis are dropped. Sequential along the axis, so the result does not depend on threads.
 */
export const scatterOp: Op<{ readonly axis: number; readonly mode: ScatterMode }> = {
  name: "scatter",
  infer([x, index, updates], { axis, mode }) {
    checkIndex("scatter", x!, index!, axis);
    if (mode === "add" && x!.dtype === "bool")
      throw new DTypeError(`scatter: add needs numbers, got bool. Use "max" for "or"`);
    if (mode === "add" && isHalf(x!.dtype))
      throw new DTypeError(`scatter: sums of ${x!.dtype} would be rounded at every step. Use x.cast("f32") first`);
    if (updates!.dtype !== x!.dtype)
      throw new DTypeError(`scatter: dtypes differ: ${x!.dtype} and ${updates!.dtype}. Use cast on one of them`);
    if (!sameShape(updates!.shape, index!.shape))
      throw new ShapeError(`scatter: updates ${show(updates!.shape)} and index ${show(index!.shape)} differ`);
    return { shape: x!.shape, dtype: x!.dtype };
  },
  vjp({ grad, node, inputs: [x, index, updates], attributes: { axis, mode } }) {
    const at = castNode(index!, "i32");
    const none = fill(updates!.shape, 0, x!.dtype);
    const hits = and(le(fill(at.shape, 0, "i32"), at), lt(at, fill(at.shape, x!.shape[axis]!, "i32")));
    const reaching = (g: Node): Node => where(hits, gather(g, at, axis), none);
    if (mode === "add") return [grad, undefined, reaching(grad)];
    if (mode === "set") {
      // Of several updates of one element only the last is seen.
      const turn = iota(at.shape, axis);
      const last = gather(scatter("set", fill(x!.shape, -1, "i32"), at, turn, axis), at, axis);
      return [scatter("set", grad, at, none, axis), undefined, where(eq(last, turn), reaching(grad), none)];
    }
    // Ties share the gradient equally, as in PyTorch.
    const stays = eq(node, x!);
    const won = eq(gather(node, at, axis), updates!);
    const winners = scatter("add", castNode(stays, grad.dtype), at, castNode(won, grad.dtype), axis);
    const share = div(grad, winners);
    return [where(stays, share, fill(x!.shape, 0, x!.dtype)), undefined, where(won, reaching(share), none)];
  },
  batch: batchAlongAxis,
  lowerLoops({ inputs: [x, position, updates], nodes: [, index], shape, attributes: { axis, mode }, read, write }) {
    const at = shape.map((d) => freshIndex(d));
    const from = freshIndex(index!.shape[axis]!);
    const source = at.map((i, a) => (a === axis ? from : i));
    const i = cast(position!(source), "i32");
    const target = at.map((e, a): Expression => (a === axis ? clamp(i, shape[axis]!) : e));
    const update = updates!(source);
    const value = mode === "set" ? update : binary(mode as BinaryOp, read(target), update);
    const copy: Statement = {
      kind: "loop",
      index: at[axis]!,
      extent: shape[axis]!,
      axis: "parallel",
      accumulators: [],
      body: [write(at, x!(at))],
    };
    const apply: Statement = {
      kind: "loop",
      index: from,
      extent: index!.shape[axis]!,
      axis: "sequential",
      accumulators: [],
      body: [{ kind: "if", condition: inside(i, shape[axis]!), body: [write(target, value)] }],
    };
    return { parallel: at.filter((_, a): _ is Index => a !== axis), body: [copy, apply] };
  },
};
/** Sums are not rounded at every step: halves are added as f32. */
export const scatter = (mode: ScatterMode, x: Node, index: Node, updates: Node, axis: number): Node => {
  const sums = mode === "add" && isHalf(x.dtype) && updates.dtype === x.dtype;
  const inputs = sums ? [castNode(x, "f32"), index, castNode(updates, "f32")] : [x, index, updates];
  return castNode(apply(scatterOp, inputs, { axis, mode }), x.dtype);
};
