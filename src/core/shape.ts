import { ArgumentError, ShapeError } from "./errors.ts";

/** Sizes per axis, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const d of shape) size *= d;
  return size;
}

/** `[32, 784]` */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** True when both have the same sizes in the same order. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** An axis counted from either end, as an index from the front. Throws ShapeError when it is out of range. */
export function normalizeAxis(op: string, axis: number, shape: Shape): number {
  const rank = shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new ShapeError(
      `${op}: axis ${axis} is out of range for ${show(shape)}` +
        (rank === 0 ? ", a scalar, which has no axes" : `. Axes go from ${-rank} to ${rank - 1}`),
    );
  return axis < 0 ? axis + rank : axis;
}

/** Axes as sorted indices from the front; undefined means all. Throws ShapeError on a bad or repeated axis. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, shape: Shape): number[] {
  if (axes === undefined) return shape.map((_, i) => i);
  const list = (typeof axes === "number" ? [axes] : axes).map((a) => normalizeAxis(op, a, shape));
  if (new Set(list).size !== list.length)
    throw new ShapeError(`${op}: an axis is repeated in [${list.join(", ")}] of ${show(shape)}`);
  return list.sort((a, b) => a - b);
}

/** Throws ShapeError unless the axes are distinct indices from the front. */
export function checkAxes(op: string, axes: readonly number[], shape: Shape): void {
  for (const axis of axes)
    if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length)
      throw new ShapeError(`${op}: axis ${axis} is out of range for ${show(shape)}`);
  if (new Set(axes).size !== axes.length)
    throw new ShapeError(`${op}: an axis is repeated in [${axes.join(", ")}] of ${show(shape)}`);
}

/** The shape both broadcast to by NumPy's rules, or undefined. */
export function broadcastShapes(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out[i] = x === 1 ? y : x;
  }
  return out;
}

/** The most elements a tensor may have: byte offsets of 4-byte elements must stay exact and addressable in 32 bits. */
const MAX_ELEMENTS = 2 ** 30;

/** Throws unless every size is a non-negative integer and the product is addressable. */
export function checkShape(op: string, shape: Shape): void {
  for (const d of shape)
    if (!Number.isInteger(d) || d < 0)
      throw new ArgumentError(`${op}: sizes must be whole numbers of 0 or more, got ${show(shape)}`);
  if (sizeOf(shape) > MAX_ELEMENTS)
    throw new ShapeError(
      `${op}: ${show(shape)} has ${sizeOf(shape).toExponential(2)} elements, more than the ${MAX_ELEMENTS.toExponential(2)} that fit in one tensor. Split the work into smaller batches`,
    );
}
