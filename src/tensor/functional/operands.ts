/** Brings operands to one shape and one dtype, so that ops and their gradients never meet two. */
import { isFloat, isHalf, isSigned, promote, type DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { broadcastShapes, sameShape, show, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { fill } from "../../graph/ops/leaf.ts";
import { expand, reshape } from "../../graph/ops/movement.ts";
import { cast } from "../../graph/ops/unary.ts";
import { autocastType, yields } from "../precision.ts";

/** A node, or a number that takes shape and dtype from the node beside it. */
export type Operand = Node | number;

/** The largest whole numbers that integer dtypes hold. */
const LARGEST: Readonly<Partial<Record<DType, number>>> = { u8: 255, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 };

/**
 * The dtype that a number and a tensor of `beside` meet in: the tensor's own where it can hold the number, otherwise i32
 * (bool, u8 and u32 beside numbers out of their range), otherwise f32.
 */
export function dtypeBeside(value: number, beside: DType): DType {
  if (isFloat(beside)) return beside;
  if (!Number.isInteger(value)) return "f32";
  const fits = (dtype: DType): boolean =>
    value <= (LARGEST[dtype] ?? -1) && value >= (isSigned(dtype) ? -1 - LARGEST[dtype]! : 0);
  return fits(beside) ? beside : fits("i32") ? "i32" : "f32";
}

/** The value as f32 unless it is a float already: what functions of real numbers take. */
export function toFloat(x: Node): Node {
  return isFloat(x.dtype) ? x : cast(x, "f32");
}

/**
 * What sums or exponentiates is made in f32 also of f16 and bf16, which keep too few digits of many numbers and overflow early.
 * The result has the input's dtype again; inside `autocast` it stays f32: this is the list of what autocast computes so.
 */
export function inSingle(x: Node, compute: (x: Node) => Node): Node {
  if (!isHalf(x.dtype)) return compute(x);
  const result = compute(cast(x, "f32"));
  return autocastType() ? result : cast(result, x.dtype);
}

/** The value as f32 unless it is f32 or f64 already: what losses take. */
export function toSingle(x: Node): Node {
  return isHalf(x.dtype) ? cast(x, "f32") : toFloat(x);
}

/** The value as i32 when it is bool or u8: what counts and sums are made of, so that 255 + 1 is 256. */
export function toCountable(x: Node): Node {
  return x.dtype === "bool" || x.dtype === "u8" ? cast(x, "i32") : x;
}

/** A number in every element of a tensor like `x`. */
export function like(x: Node, value: number): Node {
  return fill(x.shape, value, x.dtype);
}

/** The value repeated along new leading axes and axes of size 1. The shape must be one that it broadcasts to. */
export function expandTo(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  const missing = shape.length - x.shape.length;
  return expand(reshape(x, [...new Array<number>(missing).fill(1), ...x.shape]), shape);
}

/** The shape that all broadcast to. Throws ShapeError naming the first that does not fit. */
export function commonShape(op: string, shapes: readonly Shape[]): Shape {
  return shapes.reduce((sofar, shape) => {
    const joined = broadcastShapes(sofar, shape);
    if (joined) return joined;
    const fromRight = [...sofar].reverse().findIndex((size, i) => {
      const other = shape[shape.length - 1 - i] ?? 1;
      return size !== other && size !== 1 && other !== 1;
    });
    throw new ShapeError(
      `${op}: cannot broadcast ${show(sofar)} with ${show(shape)} ` +
        `(${sofar[sofar.length - 1 - fromRight]} ≠ ${shape[shape.length - 1 - fromRight]}). ` +
        `Counted from the right, sizes must be equal or 1`,
    );
  });
}

/** The dtype that all promote to; numbers follow the tensors. */
export function commonType(operands: readonly Operand[]): DType {
  const given = operands.filter((x): x is Node => typeof x !== "number");
  const dtypes = given.map((x) => x.dtype);
  const nodes = given.filter((x) => !yields(x, dtypes));
  const ofNodes = nodes.reduce<DType>((dtype, x) => promote(dtype, x.dtype), "bool");
  return operands.reduce<DType>(
    (dtype, x) => (typeof x === "number" ? promote(dtype, dtypeBeside(x, nodes.length ? ofNodes : "f32")) : dtype),
    ofNodes,
  );
}

/** Operands with one shape and one dtype. */
export function together(op: string, operands: readonly Operand[]): Node[] {
  const dtype = commonType(operands);
  const shape = commonShape(
    op,
    operands.map((x) => (typeof x === "number" ? [] : x.shape)),
  );
  return operands.map((x) => (typeof x === "number" ? fill(shape, x, dtype) : expandTo(cast(x, dtype), shape)));
}

/** Two operands with one shape and one dtype. */
export function pair(op: string, a: Operand, b: Operand): readonly [Node, Node] {
  // What nearly every call is: nothing to bring together.
  if (typeof a !== "number") {
    if (typeof b === "number") {
      if (isFloat(a.dtype)) return [a, like(a, b)];
    } else if (a.dtype === b.dtype && sameShape(a.shape, b.shape)) return [a, b];
  }
  const [left, right] = together(op, [a, b]);
  return [left!, right!];
}
