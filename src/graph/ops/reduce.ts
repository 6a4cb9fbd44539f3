/** Many to one along axes, which disappear from the shape. */
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { checkAxes, show, sizeOf, type Shape } from "../../core/shape.ts";
import { index as freshIndex, reduce, type Expression, type ReduceOp } from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, batchAlongAxes, type GradientContext, type Op } from "../op.ts";
import { eq, mul } from "./binary.ts";
import { fill, iota } from "./leaf.ts";
import { expand, flip, pad, permute, reshape, slice } from "./movement.ts";
import { where } from "./where.ts";

type Axes = { readonly axes: readonly number[] };

/* @__NO_SIDE_EFFECTS__ */
function define(name: ReduceOp, vjp?: (c: GradientContext<Axes>) => Node): Op<Axes> {
  const arg = name === "argmax" || name === "argmin";
  return {
    name,
    infer([x], { axes }) {
      checkAxes(name, axes, x!.shape);
      if (x!.dtype === "bool" && (name === "sum" || name === "prod"))
        throw new DTypeError(`${name}: needs numbers, got bool. Use x.cast("i32") to count`);
      if (name !== "sum" && name !== "prod" && axes.some((a) => x!.shape[a] === 0))
        throw new ShapeError(
          `${name}: axis ${axes.find((a) => x!.shape[a] === 0)} of ${show(x!.shape)} is empty and has no ${name}`,
        );
      return { shape: x!.shape.filter((_, i) => !axes.includes(i)), dtype: arg ? "i32" : x!.dtype };
    },
    ...(vjp ? { vjp: (c) => [vjp(c)] } : {}),
    batch: batchAlongAxes,
    lower({ inputs: [x], nodes: [node], index, attributes: { axes } }) {
      const bound = axes.map((a) => freshIndex(node!.shape[a]!));
      let next = 0;
      const source = node!.shape.map((_, i): Expression =>
        axes.includes(i) ? bound[axes.indexOf(i)]! : index[next++]!,
      );
      return reduce(name, bound, x!(source));
    },
  };
}

/** The shape with reduced axes kept as 1. */
const kept = (shape: Shape, axes: readonly number[]): number[] => shape.map((d, i) => (axes.includes(i) ? 1 : d));
/** A reduced value repeated along the axes it lost. */
export const spread = (value: Node, shape: Shape, axes: readonly number[]): Node =>
  expand(reshape(value, kept(shape, axes)), shape);

/** The gradient goes to the first extreme element, as in PyTorch's max over an axis. */
/* @__NO_SIDE_EFFECTS__ */
const toWinner =
  (arg: (x: Node, axes: readonly number[]) => Node) =>
  ({ grad, inputs: [x], attributes: { axes } }: GradientContext<Axes>): Node => {
    const winner = spread(arg(x!, axes), x!.shape, axes);
    return where(eq(positions(x!.shape, axes), winner), spread(grad, x!.shape, axes), fill(x!.shape, 0, x!.dtype));
  };

/** Row-major position within the reduced axes. */
function positions(shape: Shape, axes: readonly number[]): Node {
  const sizes = axes.map((a) => shape[a]!);
  const flat = reshape(iota([sizes.reduce((p, d) => p * d, 1)], 0), sizes);
  return expand(
    reshape(
      flat,
      shape.map((d, i) => (axes.includes(i) ? d : 1)),
    ),
    shape,
  );
}

export const sumOp: Op<Axes> = define("sum", ({ grad, inputs: [x], attributes: { axes } }) =>
  spread(grad, x!.shape, axes),
);
export const prodOp: Op<Axes> = define("prod", ({ grad, inputs: [x], attributes: { axes } }) =>
  mul(spread(grad, x!.shape, axes), otherFactors(x!, axes)),
);

/**
 * For every factor the product of the others: of those before it times those after it. Without a division, so that zeros
 * are factors like any other, in derivatives of every order.
 */
function otherFactors(x: Node, axes: readonly number[]): Node {
  const order = [...x.shape.map((_, i) => i).filter((i) => !axes.includes(i)), ...axes];
  const moved = permute(x, order);
  const outer = sizeOf(x.shape.filter((_, i) => !axes.includes(i)));
  const length = sizeOf(axes.map((a) => x.shape[a]!));
  const rows = reshape(moved, [outer, length]);
  const others = mul(productBefore(rows), flip(productBefore(flip(rows, [1])), [1]));
  return permute(
    reshape(others, moved.shape),
    order.map((_, i) => order.indexOf(i)),
  );
}

/** Along rows: the product of all earlier elements, by doubling how many are taken in. */
function productBefore(rows: Node): Node {
  const [outer, length] = rows.shape as [number, number];
  const shift = (value: Node, by: number): Node =>
    pad(
      slice(value, [0, 0], [outer, Math.max(0, length - by)]),
      [
        [0, 0],
        [Math.min(by, length), 0],
      ],
      1,
    );
  let product = shift(rows, 1);
  for (let taken = 1; taken < length; taken *= 2) product = mul(product, shift(product, taken));
  return product;
}
export const maxReduceOp: Op<Axes> = define(
  "max",
  toWinner((x, axes) => argmax(x, axes)),
);
export const minReduceOp: Op<Axes> = define(
  "min",
  toWinner((x, axes) => argmin(x, axes)),
);
export const argmaxOp: Op<Axes> = define("argmax");
export const argminOp: Op<Axes> = define("argmin");

/* @__NO_SIDE_EFFECTS__ */
const build =
  (op: Op<Axes>) =>
  (x: Node, axes: readonly number[]): Node =>
    axes.length ? apply(op, [x], { axes }) : x;
export const sum: (x: Node, axes: readonly number[]) => Node = build(sumOp);
export const prod: (x: Node, axes: readonly number[]) => Node = build(prodOp);
export const maxReduce: (x: Node, axes: readonly number[]) => Node = build(maxReduceOp);
export const minReduce: (x: Node, axes: readonly number[]) => Node = build(minReduceOp);
/** Row-major position of the first maximum within the reduced axes, i32; a NaN counts as the maximum. */
export const argmax = (x: Node, axes: readonly number[]): Node => apply(argmaxOp, [x], { axes });
export const argmin = (x: Node, axes: readonly number[]): Node => apply(argminOp, [x], { axes });
