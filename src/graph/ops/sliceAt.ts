/** Part of an axis from an offset that is data: key-value caches, generation, windows that move. */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { checkAxes, sameShape, show, type Shape } from "../../core/shape.ts";
import { add, binary, cast, constant, scale, select, type Expression } from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, type Access, type Op } from "../op.ts";
import { add as addNodes, max, min } from "./binary.ts";
import { gather, scatter } from "./gather.ts";
import { fill, iota } from "./leaf.ts";
import { clamp, expand, reshape } from "./movement.ts";
import { cast as castNode } from "./unary.ts";

function checkStart(op: string, start: Node): void {
  if (isFloat(start.dtype) || start.dtype === "bool")
    throw new DTypeError(`${op}: the offset must be an integer, got ${start.dtype}. Use start.int()`);
  if (start.shape.length)
    throw new ShapeError(`${op}: the offset must be a single number, got ${show(start.shape)}. Use start.reshape([])`);
}

/** The offset, moved so that `size` elements of an axis of `length` lie behind it. */
const within = (start: Access, length: number, size: number): Expression =>
  clamp(cast(start([]), "i32"), length - size + 1);

/** Positions of a part of `axis` that starts elsewhere in every example: like `part`, the offsets moved so that it fits. */
function positions(part: Shape, starts: Node, axis: number, length: number): Node {
  const zero = fill(starts.shape, 0, "i32");
  const last = fill(starts.shape, length - part[axis]!, "i32");
  const fitting = max(min(castNode(starts, "i32"), last), zero);
  const spread = expand(reshape(fitting, [starts.shape[0]!, ...part.slice(1).map(() => 1)]), part);
  return addNodes(spread, iota(part, axis));
}

/** `size` elements of an axis from an offset (i32 []). Where they would not fit, the offset moves until they do, as in JAX. */
export const sliceAtOp: Op<{ readonly axis: number; readonly size: number }> = {
  name: "sliceAt",
  movement: true,
  infer([x, start], { axis, size }) {
    checkAxes("sliceAt", [axis], x!.shape);
    checkStart("sliceAt", start!);
    if (!Number.isInteger(size) || size < 0)
      throw new ArgumentError(`sliceAt: the size must be a whole number of 0 or more, got ${size}`);
    if (size > x!.shape[axis]!)
      throw new ShapeError(`sliceAt: ${size} elements do not fit in axis ${axis} of ${show(x!.shape)}`);
    return { shape: x!.shape.map((d, a) => (a === axis ? size : d)), dtype: x!.dtype };
  },
  vjp: ({ grad, inputs: [x, start], attributes: { axis } }) => [
    updateAt(fill(x!.shape, 0, x!.dtype), grad, start!, axis),
    undefined,
  ],
  batch({ node, inputs: [x], given: [, start], mapped: [, starts], attributes: { axis, size: count }, size }) {
    if (!starts) return sliceAt(x!, start!, count, axis + 1);
    return gather(x!, positions([size, ...node.shape], start!, axis + 1, x!.shape[axis + 1]!), axis + 1);
  },
  lower({ inputs: [x, start], nodes: [node], index, attributes: { axis, size } }) {
    const from = within(start!, node!.shape[axis]!, size);
    return x!(index.map((i, a) => (a === axis ? clamp(add(i, from), node!.shape[axis]!) : i)));
  },
};
export const sliceAt = (x: Node, start: Node, size: number, axis: number): Node =>
  apply(sliceAtOp, [x, start], { axis, size });

/** `x` with `update` in place of as many elements of an axis from an offset (i32 []), which moves so that they fit. */
export const updateAtOp: Op<{ readonly axis: number }> = {
  name: "updateAt",
  infer([x, update, start], { axis }) {
    checkAxes("updateAt", [axis], x!.shape);
    checkStart("updateAt", start!);
    if (x!.dtype !== update!.dtype)
      throw new DTypeError(`updateAt: dtypes differ: ${x!.dtype} and ${update!.dtype}. Use cast on one of them`);
    const wanted = x!.shape.map((d, a) => (a === axis ? (update!.shape[a] ?? 0) : d));
    if (!sameShape(update!.shape, wanted) || wanted[axis]! > x!.shape[axis]!)
      throw new ShapeError(
        `updateAt: the update ${show(update!.shape)} must have the sizes of ${show(x!.shape)}, and no more along axis ${axis}`,
      );
    return { shape: x!.shape, dtype: x!.dtype };
  },
  vjp: ({ grad, inputs: [, update, start], attributes: { axis } }) => [
    updateAt(grad, fill(update!.shape, 0, grad.dtype), start!, axis),
    sliceAt(grad, start!, update!.shape[axis]!, axis),
    undefined,
  ],
  batch({ inputs: [x, update], given: [, , start], mapped: [, , starts], attributes: { axis } }) {
    if (!starts) return updateAt(x!, update!, start!, axis + 1);
    const at = positions(update!.shape, start!, axis + 1, x!.shape[axis + 1]!);
    return scatter("set", x!, at, update!, axis + 1);
  },
  lower({ inputs: [x, update, start], nodes: [node, part], index, attributes: { axis } }) {
    const size = part!.shape[axis]!;
    if (size === 0) return x!(index);
    const at = add(index[axis]!, scale(within(start!, node!.shape[axis]!, size), -1));
    const inside = binary("and", binary("le", constant(0, "i32"), at), binary("lt", at, constant(size, "i32")));
    return select(inside, update!(index.map((i, a) => (a === axis ? clamp(at, size) : i))), x!(index));
  },
};
export const updateAt = (x: Node, update: Node, start: Node, axis: number): Node =>
  apply(updateAtOp, [x, update, start], { axis });
