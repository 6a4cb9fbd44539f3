/** Many to one along axes, which disappear from the shape. */
import { isFloat, type DType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { show, type Shape } from "../../core/shape.ts";
import { index as freshIndex, reduce, type Expression, type ReduceOp } from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, type GradientContext, type Op } from "../op.ts";
import { div, eq, mul } from "./binary.ts";
import { fill, iota } from "./leaf.ts";
import { expand, reshape } from "./movement.ts";
import { cast } from "./unary.ts";
import { where } from "./where.ts";

type Axes = { readonly axes: readonly number[] };

function define(name: ReduceOp, vjp?: (c: GradientContext<Axes>) => Node): Op<Axes> {
  const arg = name === "argmax" || name === "argmin";
  return {
    name,
    infer([x], { axes }) {
      if (x!.dtype === "bool" && (name === "sum" || name === "prod")) throw new DTypeError(`${name}: needs numbers, got bool. Use x.cast("i32") to count`);
      if (name !== "sum" && name !== "prod" && axes.some((a) => x!.shape[a] === 0)) throw new ShapeError(`${name}: axis ${axes.find((a) => x!.shape[a] === 0)} of ${show(x!.shape)} is empty and has no ${name}`);
      return { shape: x!.shape.filter((_, i) => !axes.includes(i)), dtype: arg ? "i32" : x!.dtype };
    },
    ...(vjp ? { vjp: (c) => [vjp(c)] } : {}),
    lower({ inputs: [x], nodes: [node], index, attributes: { axes } }) {
      const bound = axes.map((a) => freshIndex(node!.shape[a]!));
      let next = 0;
      const source = node!.shape.map((_, i): Expression => (axes.includes(i) ? bound[axes.indexOf(i)]! : index[next++]!));
      return reduce(name, bound, x!(source));
    },
  };
}

/** The shape with reduced axes kept as 1. */
const kept = (shape: Shape, axes: readonly number[]): number[] => shape.map((d, i) => (axes.includes(i) ? 1 : d));
/** A reduced value repeated along the axes it lost. */
export const spread = (value: Node, shape: Shape, axes: readonly number[]): Node => expand(reshape(value, kept(shape, axes)), shape);

/** The gradient goes to the first extreme element, as in PyTorch's max over an axis. */
const toWinner = (arg: (x: Node, axes: readonly number[]) => Node) => ({ grad, inputs: [x], attributes: { axes } }: GradientContext<Axes>): Node => {
  const winner = spread(arg(x!, axes), x!.shape, axes);
  return where(eq(positions(x!.shape, axes), winner), spread(grad, x!.shape, axes), fill(x!.shape, 0, x!.dtype));
};

/** Row-major position within the reduced axes. */
function positions(shape: Shape, axes: readonly number[]): Node {
  const sizes = axes.map((a) => shape[a]!);
  const flat = reshape(iota([sizes.reduce((p, d) => p * d, 1)], 0), sizes);
  return expand(reshape(flat, shape.map((d, i) => (axes.includes(i) ? d : 1))), shape);
}

export const sumOp: Op<Axes> = define("sum", ({ grad, inputs: [x], attributes: { axes } }) => spread(grad, x!.shape, axes));
/** One zero among the factors still passes a gradient to that factor. */
export const prodOp: Op<Axes> = define("prod", ({ grad, inputs: [x], attributes: { axes } }) => {
  const zero = fill(x!.shape, 0, x!.dtype);
  const isZero = eq(x!, zero);
  const others = where(isZero, fill(x!.shape, 1, x!.dtype), x!);
  const zeros = spread(sum(cast(isZero, x!.dtype), axes), x!.shape, axes);
  const product = spread(prod(others, axes), x!.shape, axes);
  const factor = where(eq(zeros, zero), div(product, others), where(eq(zeros, cast(isZero, x!.dtype)), product, zero));
  return mul(spread(grad, x!.shape, axes), factor);
});
export const maxReduceOp: Op<Axes> = define("max", toWinner((x, axes) => argmax(x, axes)));
export const minReduceOp: Op<Axes> = define("min", toWinner((x, axes) => argmin(x, axes)));
export const argmaxOp: Op<Axes> = define("argmax");
export const argminOp: Op<Axes> = define("argmin");

const build = (op: Op<Axes>) => (x: Node, axes: readonly number[]): Node => (axes.length ? apply(op, [x], { axes }) : x);
export const sum: (x: Node, axes: readonly number[]) => Node = build(sumOp);
export const prod: (x: Node, axes: readonly number[]) => Node = build(prodOp);
export const maxReduce: (x: Node, axes: readonly number[]) => Node = build(maxReduceOp);
export const minReduce: (x: Node, axes: readonly number[]) => Node = build(minReduceOp);
/** Row-major position of the first maximum within the reduced axes, i32; a NaN counts as the maximum. */
export const argmax = (x: Node, axes: readonly number[]): Node => apply(argmaxOp, [x], { axes });
export const argmin = (x: Node, axes: readonly number[]): Node => apply(argminOp, [x], { axes });

/** The dtype that counting and averaging use. */
export const accumulation = (dtype: DType): DType => (isFloat(dtype) ? dtype : "f32");
