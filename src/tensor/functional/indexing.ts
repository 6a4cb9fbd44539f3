/** Reading and writing at positions that are data. Positions outside an axis read NaN (0 for integers) and write nothing. */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { broadcastShapes, normalizeAxis, show, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { add, eq, le } from "../../graph/ops/binary.ts";
import * as ops from "../../graph/ops/gather.ts";
import { fill, iota } from "../../graph/ops/leaf.ts";
import { expand, reshape } from "../../graph/ops/movement.ts";
import { cast } from "../../graph/ops/unary.ts";
import { where as select } from "../../graph/ops/where.ts";
import { dtypeBeside, expandTo, like, type Operand } from "./operands.ts";

export type { ScatterMode } from "../../graph/ops/gather.ts";

function checkIntegers(op: string, index: Node): void {
  if (isFloat(index.dtype) || index.dtype === "bool")
    throw new DTypeError(`${op}: positions must be integers, got ${index.dtype}. Use index.int()`);
}

const replaced = (shape: Shape, axis: number, sizes: Shape): number[] => [
  ...shape.slice(0, axis),
  ...sizes,
  ...shape.slice(axis + 1),
];

/** An index of any shape as the primitive wants it: in a row along `axis`, the same for all other positions. */
function spreadIndex(x: Node, index: Node, axis: number): Node {
  const count = index.shape.reduce((n, d) => n * d, 1);
  const row = reshape(
    index,
    x.shape.map((_, i) => (i === axis ? count : 1)),
  );
  return expand(row, replaced(x.shape, axis, [count]));
}

/** Slices of `x` at the positions of `index` along an axis, which is replaced by the shape of `index`. */
export function gather(x: Node, index: Node, axis: number = 0): Node {
  checkIntegers("gather", index);
  const at = normalizeAxis("gather", axis, x.shape);
  return reshape(ops.gather(x, spreadIndex(x, index, at), at), replaced(x.shape, at, index.shape));
}

/**
 * `x` with slices of `source` written at the positions of `index` along an axis: the counterpart of `gather`, so `source` has
 * the shape that `gather` gives. "set" (the last one wins), "add", "max" or "min".
 */
export function scatter(mode: ops.ScatterMode, x: Node, index: Node, source: Node, axis: number = 0): Node {
  const op = mode === "add" ? "scatterAdd" : "scatter";
  checkIntegers(op, index);
  const at = normalizeAxis(op, axis, x.shape);
  const wanted = replaced(x.shape, at, index.shape);
  const joined = broadcastShapes(source.shape, wanted);
  if (!joined || show(joined) !== show(wanted))
    throw new ShapeError(
      `${op}: ${show(index.shape)} positions along axis ${axis} of ${show(x.shape)} want updates ${show(wanted)}, ` +
        `got ${show(source.shape)}`,
    );
  const positions = spreadIndex(x, index, at);
  const updates = reshape(expandTo(cast(source, x.dtype), wanted), positions.shape);
  return ops.scatter(mode, x, positions, updates, at);
}

/** Broadcasts an index against `x` outside the axis. */
function alongAxis(op: string, x: Node, index: Node, axis: number): { at: number; positions: Node } {
  checkIntegers(op, index);
  const at = normalizeAxis(op, axis, x.shape);
  const wanted = x.shape.map((size, i) => (i === at ? (index.shape[i] ?? 1) : size));
  const joined = index.shape.length === x.shape.length ? broadcastShapes(index.shape, wanted) : undefined;
  if (!joined || show(joined) !== show(wanted))
    throw new ShapeError(
      `${op}: the index ${show(index.shape)} must have the axes of ${show(x.shape)}, equal or 1 outside axis ${axis}`,
    );
  return { at, positions: expandTo(index, wanted) };
}

/** out[…, i, …] = x[…, index[…, i, …], …]: one position per element, as NumPy's take_along_axis and PyTorch's gather. */
export function takeAlongAxis(x: Node, index: Node, axis: number): Node {
  const { at, positions } = alongAxis("takeAlongAxis", x, index, axis);
  return ops.gather(x, positions, at);
}

/** `x` with `source` written at one position per element: the counterpart of `takeAlongAxis`. */
export function putAlongAxis(mode: ops.ScatterMode, x: Node, index: Node, source: Operand, axis: number): Node {
  const { at, positions } = alongAxis("putAlongAxis", x, index, axis);
  const updates =
    typeof source === "number"
      ? fill(positions.shape, source, x.dtype)
      : expandTo(cast(source, x.dtype), positions.shape);
  return ops.scatter(mode, x, positions, updates, at);
}

/** 1 at the position that each element names, 0 elsewhere, along a new last axis; a number outside gives zeros. f32. */
export function oneHot(x: Node, classes: number): Node {
  checkIntegers("oneHot", x);
  if (!Number.isInteger(classes) || classes < 1)
    throw new ArgumentError(`oneHot: the number of classes must be a whole number above 0, got ${classes}`);
  const shape = [...x.shape, classes];
  return cast(eq(expandTo(reshape(x, [...x.shape, 1]), shape), iota(shape, x.shape.length, x.dtype)), "f32");
}

/** `value` where the mask holds, `x` elsewhere; the mask broadcasts to `x`. */
export function maskedFill(x: Node, mask: Node, value: number): Node {
  const joined = broadcastShapes(mask.shape, x.shape);
  if (!joined || show(joined) !== show(x.shape))
    throw new ShapeError(`maskedFill: the mask ${show(mask.shape)} does not broadcast to ${show(x.shape)}`);
  const typed = cast(x, dtypeBeside(value, x.dtype));
  return select(expandTo(cast(mask, "bool"), x.shape), like(typed, value), typed);
}

/** Zero where the column is on the wrong side of the row, in the last two axes. */
function triangle(op: string, x: Node, keep: (row: Node, column: Node) => Node, k: number): Node {
  if (x.shape.length < 2) throw new ShapeError(`${op}: needs at least two axes, got ${show(x.shape)}`);
  const matrix = x.shape.slice(-2);
  const row = iota(matrix, 0);
  const inside = keep(k === 0 ? row : add(row, like(row, k)), iota(matrix, 1));
  return select(expandTo(inside, x.shape), x, like(x, 0));
}

/** The last two axes on and below the k-th diagonal, zero above. */
export function tril(x: Node, k: number = 0): Node {
  return triangle("tril", x, (row, column) => le(column, row), k);
}

/** The last two axes on and above the k-th diagonal, zero below. */
export function triu(x: Node, k: number = 0): Node {
  return triangle("triu", x, (row, column) => le(row, column), k);
}
