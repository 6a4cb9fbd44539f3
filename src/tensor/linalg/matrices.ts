/** What all of linear algebra does first: takes its operands as matrices of floats, in one row of batches. */
import { ShapeError } from "../../core/errors.ts";
import { broadcastShapes, show, sizeOf, type Shape } from "../../core/shape.ts";
import { toFloat } from "../functional/operands.ts";
import { fromNode, type Tensor } from "../tensor.ts";

/** The operand as floats. */
export function floats(x: Tensor): Tensor {
  return fromNode(toFloat(x.node));
}

/** Rows and columns of the last two axes. Throws ShapeError for less than two axes. */
export function sizesOf(op: string, { shape }: Tensor): [rows: number, columns: number] {
  if (shape.length < 2) throw new ShapeError(`${op}: needs matrices, two axes or more, got ${show(shape)}`);
  return [shape[shape.length - 2]!, shape[shape.length - 1]!];
}

/** The size of square matrices. Throws ShapeError for others. */
export function squareSize(op: string, x: Tensor): number {
  const [rows, columns] = sizesOf(op, x);
  if (rows !== columns) throw new ShapeError(`${op}: needs square matrices, got ${show(x.shape)}`);
  return rows;
}

export const batchOf = ({ shape }: Tensor): Shape => shape.slice(0, -2);

/** All batches along one axis: [batch, rows, columns]. */
export function flatBatch(x: Tensor): Tensor {
  const [rows, columns] = x.shape.slice(-2);
  return x.reshape([sizeOf(batchOf(x)), rows!, columns!]);
}

/** The batches of both matrices, which must broadcast. */
export function commonBatch(op: string, a: Tensor, b: Tensor): Shape {
  const batch = broadcastShapes(batchOf(a), batchOf(b));
  if (!batch)
    throw new ShapeError(
      `${op}: batches of ${show(a.shape)} and ${show(b.shape)} do not broadcast. ` +
        `Axes before the last two must be equal or 1, counted from the right`,
    );
  return batch;
}

/** With the rows as columns. */
export function transposed(x: Tensor): Tensor {
  return x.transpose(-1, -2);
}

/** Rows from `start` to `end` and columns from `left` to `right` of [batch, rows, columns]. */
export function part(
  x: Tensor,
  [start, end]: readonly [number, number?],
  [left, right]: readonly [number, number?],
): Tensor {
  return x.slice(null, [start, end ?? x.shape[1]!], [left, right ?? x.shape[2]!]);
}

/** The elements of the diagonal, as a last axis. */
export { diagonal } from "../functions.ts";
