/** Elements in other places: no arithmetic, and as a rule no copy. Axes count from either end. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { normalizeAxes, normalizeAxis, show, sizeOf, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import * as ops from "../../graph/ops/movement.ts";
import { cast } from "../../graph/ops/unary.ts";
import { commonType, expandTo } from "./operands.ts";

/** What `slice` takes per axis: one position, [start, end], or null for everything. */
export type SliceRange = number | null | readonly [start: number, end?: number | undefined, step?: number];

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** The same elements in row-major order under another shape; one size may be −1 and is worked out. */
export function reshape(x: Node, shape: Shape): Node {
  const hole = shape.indexOf(-1);
  if (hole < 0) return ops.reshape(x, shape);
  if (shape.indexOf(-1, hole + 1) >= 0) throw new ShapeError(`reshape: only one size may be -1, got ${show(shape)}`);
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const missing = sizeOf(x.shape) / known;
  if (!Number.isInteger(missing))
    throw new ShapeError(
      `reshape: ${show(x.shape)} has ${sizeOf(x.shape)} elements, which ${show(shape)} does not divide evenly`,
    );
  return ops.reshape(
    x,
    shape.map((size) => (size === -1 ? missing : size)),
  );
}

/** All axes from `start` on as one. */
export function flatten(x: Node, start: number = 0): Node {
  if (x.shape.length === 0) return ops.reshape(x, [1]);
  const from = normalizeAxis("flatten", start, x.shape);
  return ops.reshape(x, [...x.shape.slice(0, from), sizeOf(x.shape.slice(from))]);
}

/** Axis i of the result is axis `axes[i]` of the input. */
export function permute(x: Node, axes: readonly number[]): Node {
  if (axes.length !== x.shape.length)
    throw new ShapeError(`permute: ${show(x.shape)} has ${x.shape.length} axes, got ${axes.length}`);
  const order = axes.map((axis) => normalizeAxis("permute", axis, x.shape));
  if (new Set(order).size !== order.length)
    throw new ShapeError(`permute: an axis is repeated in [${axes.join(", ")}]`);
  return ops.permute(x, order);
}

/** Two axes exchanged. */
export function transpose(x: Node, a: number, b: number): Node {
  const [from, to] = [normalizeAxis("transpose", a, x.shape), normalizeAxis("transpose", b, x.shape)];
  return ops.permute(
    x,
    range(0, x.shape.length).map((axis) => (axis === from ? to : axis === to ? from : axis)),
  );
}

/** All axes in reverse order: the transpose of a matrix. */
export function reverseAxes(x: Node): Node {
  return ops.permute(x, range(0, x.shape.length).reverse());
}

/** One axis moved to another position, the others in order. */
export function moveAxis(x: Node, from: number, to: number): Node {
  const [source, target] = [normalizeAxis("moveAxis", from, x.shape), normalizeAxis("moveAxis", to, x.shape)];
  const order = range(0, x.shape.length).filter((axis) => axis !== source);
  order.splice(target, 0, source);
  return ops.permute(x, order);
}

/** Axes of size 1 repeated; −1 keeps a size, and new axes may be added in front. */
export function expand(x: Node, shape: Shape): Node {
  const offset = shape.length - x.shape.length;
  const target = shape.map((size, i) => (size === -1 ? (x.shape[i - offset] ?? -1) : size));
  if (offset < 0 || target.some((size, i) => i >= offset && x.shape[i - offset] !== size && x.shape[i - offset] !== 1))
    throw new ShapeError(`expand: ${show(x.shape)} does not expand to ${show(shape)}: only sizes of 1 can grow`);
  return expandTo(x, target);
}

/** Without an axis of size 1, or without all of them. */
export function squeeze(x: Node, axis?: number): Node {
  if (axis === undefined)
    return ops.reshape(
      x,
      x.shape.filter((size) => size !== 1),
    );
  const at = normalizeAxis("squeeze", axis, x.shape);
  if (x.shape[at] !== 1)
    throw new ShapeError(`squeeze: axis ${axis} of ${show(x.shape)} has size ${x.shape[at]}, not 1`);
  return ops.reshape(
    x,
    x.shape.filter((_, i) => i !== at),
  );
}

/** With a new axis of size 1. */
export function unsqueeze(x: Node, axis: number): Node {
  const rank = x.shape.length;
  if (!Number.isInteger(axis) || axis < -rank - 1 || axis > rank)
    throw new ShapeError(
      `unsqueeze: axis ${axis} is out of range for ${show(x.shape)}. New axes go from ${-rank - 1} to ${rank}`,
    );
  const at = axis < 0 ? axis + rank + 1 : axis;
  return ops.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** A position counted from either end. */
function position(op: string, value: number, x: Node, axis: number): number {
  const size = x.shape[axis]!;
  if (!Number.isInteger(value) || value < -size || value >= size)
    throw new ShapeError(
      `${op}: position ${value} is outside axis ${axis} of ${show(x.shape)}` +
        (size ? `, which goes from ${-size} to ${size - 1}` : ", which is empty"),
    );
  return value < 0 ? value + size : value;
}

/**
 * Per axis from the first on: one position (the axis goes), [start, end] with the end left out, [start, end, step] for every step-th of
 * these, or null (all of it). Negative positions count from the end.
 */
export function slice(x: Node, ranges: readonly SliceRange[]): Node {
  if (ranges.length > x.shape.length)
    throw new ShapeError(`slice: more ranges than axes: ${ranges.length} for ${show(x.shape)}`);
  const start: number[] = [];
  const size: number[] = [];
  const steps: number[] = [];
  x.shape.forEach((length, axis) => {
    const given = ranges[axis] ?? null;
    if (given !== null && typeof given !== "number" && !Array.isArray(given))
      throw new ArgumentError(
        `slice: a range is a position, [start, end], [start, end, step] or null, got ${JSON.stringify(given)}`,
      );
    if (typeof given === "number") {
      start.push(position("slice", given, x, axis));
      size.push(1);
      steps.push(1);
      return;
    }
    const step = given?.[2] ?? 1;
    if (!Number.isInteger(step) || step < 1)
      throw new ArgumentError(
        `slice: a step must be a whole number of 1 or more, got ${step}. Use flip to go backwards`,
      );
    steps.push(step);
    const [low, high] = [given?.[0] ?? 0, given?.[1] ?? length].map((at) => (at < 0 ? at + length : at)) as [
      number,
      number,
    ];
    if (!Number.isInteger(low) || !Number.isInteger(high) || low < 0 || high > length || low > high)
      throw new ShapeError(
        `slice: [${given?.join(", ")}] does not lie in axis ${axis} of ${show(x.shape)}, which has ${length}`,
      );
    start.push(low);
    size.push(high - low);
  });
  const cut = everyStepth(ops.slice(x, start, size), steps);
  return ops.reshape(
    cut,
    cut.shape.filter((_, axis) => typeof ranges[axis] !== "number"),
  );
}

/** The first of every `steps[axis]` positions of each axis. */
function everyStepth(x: Node, steps: readonly number[]): Node {
  return steps.reduce((value, step, axis) => {
    if (step === 1) return value;
    const { shape } = value;
    const count = Math.ceil(shape[axis]! / step);
    const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)];
    const filled = pad(
      value,
      shape.map((length, i) => [0, i === axis ? count * step - length : 0] as const),
    );
    const runs = ops.reshape(filled, [...before, count, step, ...after]);
    const first = narrow(runs, axis + 1, 0, 1);
    return ops.reshape(first, [...before, count, ...after]);
  }, x);
}

/** `length` elements of one axis from `start` on. */
export function narrow(x: Node, axis: number, start: number, length: number): Node {
  const at = normalizeAxis("narrow", axis, x.shape);
  const from = start < 0 ? start + x.shape[at]! : start;
  if (!Number.isInteger(from) || !Number.isInteger(length) || from < 0 || length < 0 || from + length > x.shape[at]!)
    throw new ShapeError(`narrow: ${length} elements from ${start} do not fit in axis ${axis} of ${show(x.shape)}`);
  return ops.slice(
    x,
    x.shape.map((_, i) => (i === at ? from : 0)),
    x.shape.map((size, i) => (i === at ? length : size)),
  );
}

/** Pieces along an axis: of one size (the last may be smaller), or of the sizes listed. */
export function split(x: Node, sizes: number | readonly number[], axis: number = 0): Node[] {
  const at = normalizeAxis("split", axis, x.shape);
  const length = x.shape[at]!;
  if (typeof sizes === "number" && !(Number.isInteger(sizes) && sizes > 0))
    throw new ArgumentError(`split: the size must be a whole number above 0, got ${sizes}`);
  const list =
    typeof sizes === "number"
      ? range(0, Math.max(1, Math.ceil(length / sizes))).map((i) => Math.min(sizes, length - i * sizes))
      : sizes;
  const total = list.reduce((sum, size) => sum + size, 0);
  if (total !== length)
    throw new ShapeError(
      `split: sizes [${list.join(", ")}] sum to ${total}, axis ${axis} of ${show(x.shape)} has ${length}`,
    );
  let from = 0;
  return list.map((size) => narrow(x, at, (from += size) - size, size));
}

/** The slices along an axis, which goes. */
export function unbind(x: Node, axis: number = 0): Node[] {
  const at = normalizeAxis("unbind", axis, x.shape);
  const rest = x.shape.filter((_, i) => i !== at);
  return range(0, x.shape[at]!).map((i) => ops.reshape(narrow(x, at, i, 1), rest));
}

/** The whole tensor repeated along its axes; repeats count from the right, new axes may be added in front. */
export function tile(x: Node, repeats: readonly number[]): Node {
  if (repeats.some((times) => !Number.isInteger(times) || times < 0))
    throw new ArgumentError(`tile: repeats must be whole numbers of 0 or more, got [${repeats.join(", ")}]`);
  const rank = Math.max(repeats.length, x.shape.length);
  const times = [...new Array<number>(rank - repeats.length).fill(1), ...repeats];
  const shape = [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const apart = ops.reshape(
    x,
    shape.flatMap((size) => [1, size]),
  );
  const repeated = ops.expand(
    apart,
    shape.flatMap((size, i) => [times[i]!, size]),
  );
  return ops.reshape(
    repeated,
    shape.map((size, i) => size * times[i]!),
  );
}

/** Elements moved along an axis, those that fall off the end back at the start; without an axis, in row-major order. */
export function roll(x: Node, shift: number, axis?: number): Node {
  if (axis === undefined) return ops.reshape(roll(flatten(x), shift, 0), x.shape);
  const at = normalizeAxis("roll", axis, x.shape);
  const size = x.shape[at]!;
  const by = size === 0 ? 0 : ((shift % size) + size) % size;
  if (by === 0) return x;
  return ops.concat([narrow(x, at, size - by, by), narrow(x, at, 0, size - by)], at);
}

/** The axes in reverse. */
export function flip(x: Node, axes: number | readonly number[]): Node {
  return ops.flip(x, normalizeAxes("flip", axes, x.shape));
}

/** `low` and `high` elements of `value` before and after each axis; a negative width cuts instead. */
export function pad(x: Node, widths: readonly (readonly [number, number])[], value: number = 0): Node {
  if (widths.length !== x.shape.length)
    throw new ShapeError(`pad: ${show(x.shape)} has ${x.shape.length} axes, got ${widths.length} pairs of widths`);
  const kept = x.shape.map((size, i) => size + Math.min(0, widths[i]![0]) + Math.min(0, widths[i]![1]));
  if (kept.some((size) => size < 0))
    throw new ShapeError(
      `pad: cutting ${widths.map(([low, high]) => `[${low}, ${high}]`).join(", ")} leaves less than nothing of ${show(x.shape)}`,
    );
  const cut = ops.slice(
    x,
    widths.map(([low]) => Math.max(0, -low)),
    kept,
  );
  return ops.pad(
    cut,
    widths.map(([low, high]) => [Math.max(0, low), Math.max(0, high)]),
    value,
  );
}

/** Tensors end to end along an axis; dtypes promote. */
export function concat(tensors: readonly Node[], axis: number = 0): Node {
  const first = tensors[0];
  if (!first) throw new ArgumentError("concat: needs at least one tensor, got none");
  const at = normalizeAxis("concat", axis, first.shape);
  for (const other of tensors)
    if (other.shape.length !== first.shape.length)
      throw new ShapeError(
        `concat: ${show(first.shape)} and ${show(other.shape)} differ in rank. Use unsqueeze or stack`,
      );
  const dtype = commonType(tensors);
  return ops.concat(
    tensors.map((x) => cast(x, dtype)),
    at,
  );
}

/** Tensors of one shape side by side along a new axis; dtypes promote. */
export function stack(tensors: readonly Node[], axis: number = 0): Node {
  const first = tensors[0];
  if (!first) throw new ArgumentError("stack: needs at least one tensor, got none");
  for (const other of tensors)
    if (show(other.shape) !== show(first.shape))
      throw new ShapeError(`stack: ${show(first.shape)} and ${show(other.shape)} differ`);
  return concat(
    tensors.map((x) => unsqueeze(x, axis)),
    axis,
  );
}

/** The elements where two axes have the same position, `offset` apart, as a last axis. */
export function diagonal(x: Node, offset: number = 0, axisA: number = -2, axisB: number = -1): Node {
  const [a, b] = [normalizeAxis("diagonal", axisA, x.shape), normalizeAxis("diagonal", axisB, x.shape)];
  if (a === b)
    throw new ShapeError(`diagonal: needs two different axes of ${show(x.shape)}, got ${axisA} and ${axisB}`);
  const others = range(0, x.shape.length).filter((axis) => axis !== a && axis !== b);
  const [rows, columns] = [x.shape[a]!, x.shape[b]!];
  const outer = others.map((axis) => x.shape[axis]!);
  const count = Math.max(0, Math.min(rows + Math.min(0, offset), columns - Math.max(0, offset)));
  // In a flat matrix the diagonal is every (columns + 1)-th element.
  const flat = ops.reshape(ops.permute(x, [...others, a, b]), [...outer, rows * columns]);
  const start = count === 0 ? 0 : offset >= 0 ? offset : -offset * columns;
  return ops.slice(flat, [...outer.map(() => 0), start], [...outer, count], [...outer.map(() => 1), columns + 1]);
}
