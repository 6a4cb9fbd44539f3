/** Running results along an axis: element i is made of the elements 0 … i. One pass over the axis, in its order. */
import { isHalf } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { checkAxes, sameShape, show } from "../../core/shape.ts";
import {
  add,
  binary,
  constant,
  index as freshIndex,
  register,
  scale,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import type { Node } from "../node.ts";
import { apply, batchAlongAxis, type Access, type LoopsContext, type LoopsLowering, type Op } from "../op.ts";
import { eq, mul, ne, or } from "./binary.ts";
import { fill, iota } from "./leaf.ts";
import { flip, pad, slice } from "./movement.ts";
import { scatter } from "./gather.ts";
import { cast } from "./unary.ts";
import { where } from "./where.ts";

type Along = { readonly axis: number };
export type CumulateMode = "sum" | "prod" | "max" | "min";

/** Elements that a running result passes through in registers, before one is read back from memory, which takes longer than a sum. */
const RUN = 8;

/** The loop of an op that makes each element from its place and the element before it. */
function running(
  { shape, attributes: { axis }, read, write }: LoopsContext<Along>,
  first: Access,
  next: (at: readonly Expression[], before: Expression) => Expression,
): LoopsLowering {
  const others = shape.map((size) => freshIndex(size));
  const parallel = others.filter((_, a) => a !== axis);
  const length = shape[axis]!;
  if (length === 0) return { parallel, body: [] };
  const place = (position: Expression): Expression[] => others.map((i: Index, a) => (a === axis ? position : i));
  const start = place(constant(0, "i32"));
  const runs = Math.floor((length - 1) / RUN);
  /** The elements after `from`, so many of them. */
  const after = (from: Expression, count: number): Statement[] => {
    let before: Expression = read(place(from));
    return Array.from({ length: count }, (_, k) => {
      const at = place(add(from, constant(k + 1, "i32")));
      const made = register(before.dtype);
      const value = next(at, before);
      before = made;
      return [{ kind: "let", register: made, value } as const, write(at, made)];
    }).flat();
  };
  const loop = (extent: number, body: (step: Index) => Statement[]): Statement[] => {
    const index = freshIndex(extent);
    return extent ? [{ kind: "loop", index, extent, axis: "sequential", accumulators: [], body: body(index) }] : [];
  };
  return {
    parallel,
    body: [
      write(start, first(start)),
      ...loop(runs, (run) => after(scale(run, RUN), RUN)),
      ...loop(length - 1 - runs * RUN, (step) => after(add(step, constant(runs * RUN, "i32")), 1)),
    ],
  };
}

/** Running values are not rounded at every step: halves run as f32. */
function inSingle(x: Node, run: (x: Node) => Node): Node {
  return isHalf(x.dtype) ? cast(run(cast(x, "f32")), x.dtype) : run(x);
}
function refuseHalf(op: string, { dtype }: Node): void {
  if (isHalf(dtype)) throw new DTypeError(`${op}: ${dtype} would be rounded at every step. Use x.cast("f32") first`);
}

/** Every element moved on by one along an axis; `value` takes the first place. */
export function previous(x: Node, axis: number, value: number): Node {
  const length = x.shape[axis]!;
  if (length === 0) return x;
  const kept = slice(
    x,
    x.shape.map(() => 0),
    x.shape.map((size, a) => (a === axis ? length - 1 : size)),
  );
  return pad(
    kept,
    x.shape.map((_, a) => [a === axis ? 1 : 0, 0] as const),
    value,
  );
}

/** Every element moved back by one; 0 takes the last place. */
const following = (x: Node, axis: number): Node => flip(previous(flip(x, [axis]), axis, 0), [axis]);

/** Sum, product, maximum or minimum of the elements up to each one. NaN stays in from where it comes. */
export const cumulateOp: Op<Along & { readonly mode: CumulateMode }> = {
  name: "cumulate",
  infer([x], { axis, mode }) {
    checkAxes("cumulate", [axis], x!.shape);
    refuseHalf("cumulate", x!);
    if (x!.dtype === "bool" && (mode === "sum" || mode === "prod"))
      throw new DTypeError(`cumulate: ${mode} needs numbers, got bool. Use x.cast("i32") to count`);
    return { shape: x!.shape, dtype: x!.dtype };
  },
  vjp({ grad, node, inputs: [x], attributes: { axis, mode } }) {
    if (mode === "sum") return [flip(cumulate("sum", flip(grad, [axis]), axis), [axis])];
    if (mode === "prod") return [mul(previous(node, axis, 1), later(x!, grad, axis))];
    return [scatter("add", fill(x!.shape, 0, x!.dtype), extremePositions(x!, node, axis), grad, axis)];
  },
  batch: batchAlongAxis,
  lowerLoops(context) {
    const [x] = context.inputs as [Access];
    const { mode } = context.attributes;
    const combine = mode === "sum" ? "add" : mode === "prod" ? "mul" : mode;
    return running(context, x, (at, before) => binary(combine, before, x(at)));
  },
};
export const cumulate = (mode: CumulateMode, x: Node, axis: number): Node =>
  inSingle(x, (one) => apply(cumulateOp, [one], { axis, mode }));

/** Where each running maximum or minimum `y` of `x` stands: the latest of equals, and the latest NaN, as in PyTorch. i32. */
export function extremePositions(x: Node, y: Node, axis: number): Node {
  const record = or(eq(x, y), ne(x, x));
  return cumulate("max", where(record, iota(x.shape, axis), fill(x.shape, 0, "i32")), axis);
}

/**
 * A linear recurrence: yᵢ = aᵢ · yᵢ₋₁ + bᵢ, from y = 0. Discounted sums, moving averages and linear state-space layers are
 * this, and so are its own gradient and that of the running product.
 */
export const recurrenceOp: Op<Along> = {
  name: "recurrence",
  infer([a, b], { axis }) {
    if (!sameShape(a!.shape, b!.shape))
      throw new ShapeError(`recurrence: shapes differ: ${show(a!.shape)} and ${show(b!.shape)}`);
    if (a!.dtype !== b!.dtype)
      throw new DTypeError(`recurrence: dtypes differ: ${a!.dtype} and ${b!.dtype}. Use cast on one of them`);
    refuseHalf("recurrence", a!);
    if (a!.dtype === "bool") throw new DTypeError(`recurrence: needs numbers, got bool. Use x.cast("f32") first`);
    checkAxes("recurrence", [axis], a!.shape);
    return { shape: a!.shape, dtype: a!.dtype };
  },
  vjp({ grad, node, inputs: [a], attributes: { axis } }) {
    const given = later(a!, grad, axis);
    // The first factor meets no element before it: not even NaN reaches it.
    return [previous(mul(following(given, axis), node), axis, 0), given];
  },
  batch: batchAlongAxis,
  lowerLoops(context) {
    const [a, b] = context.inputs as [Access, Access];
    return running(context, b, (at, before) => binary("add", binary("mul", a(at), before), b(at)));
  },
};
export const recurrence = (a: Node, b: Node, axis: number): Node =>
  inSingle(a, (one) => apply(recurrenceOp, [one, cast(b, one.dtype)], { axis }));

/** The recurrence from the far end that gradients follow: sᵢ = gᵢ + aᵢ₊₁ · sᵢ₊₁. */
function later(a: Node, grad: Node, axis: number): Node {
  const factors = previous(flip(a, [axis]), axis, 0);
  return flip(recurrence(factors, flip(grad, [axis]), axis), [axis]);
}
