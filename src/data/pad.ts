import { ShapeError } from "../core/errors.ts";
import { sameShape, show, type Shape } from "../core/shape.ts";
import { allocate } from "../core/dtype.ts";
import { isPlainObject } from "../core/plainObject.ts";
import type { HostArray } from "./hostArray.ts";
import { isLeaf, leafArray } from "./stack.ts";

/** A value for every array of an element, in the same tuples and objects, or one for all of them. */
export type ForEach<V> = V | readonly ForEach<V>[] | { readonly [name: string]: ForEach<V> };

/** Sizes to pad to; `null` is the largest of the batch. */
export type PaddedShape = readonly (number | null)[];

/** How elements become equally large. */
export interface PadOptions {
  /**
   * Sizes to pad to, for every array of an element in the same tuples and objects: `[null]` for the largest of the batch, which is the
   * default everywhere, `[100]` for a hundred.
   */
  readonly shapes?: unknown;
  /** What to fill up with, one number, or one for every array in the same tuples and objects; 0 by default. */
  readonly value?: ForEach<number>;
}

/**
 * The same elements with all their arrays padded at the end of every axis to equal shapes. Numbers, booleans and texts stay as they are.
 * @throws ShapeError for arrays of different ranks, and for those that are larger than the shape asked for.
 */
export function pad<T>(elements: readonly T[], { shapes, value = 0 }: PadOptions = {}): T[] {
  return padField(elements, shapes, value, "") as T[];
}

function padField(values: readonly unknown[], shapes: unknown, fill: ForEach<number>, path: string): unknown[] {
  const [first] = values;
  if (typeof first === "number" || typeof first === "boolean") return [...values];
  if (isLeaf(first))
    return padArrays(
      values.map((value) => leafArray(value)),
      shapes,
      typeof fill === "number" ? fill : 0,
      path,
    );
  const isTuple = Array.isArray(first);
  if (!isTuple && !isPlainObject(first)) return [...values];
  const keys = Object.keys(first);
  const fields = keys.map((key) =>
    padField(
      values.map((value) => (value as Record<string, unknown> | undefined)?.[key]),
      (shapes as Record<string, unknown> | undefined)?.[key],
      typeof fill === "number" ? fill : ((fill as Readonly<Record<string, ForEach<number>>>)[key] ?? 0),
      isTuple ? `${path}[${key}]` : `${path}.${key}`,
    ),
  );
  return values.map((_, at) =>
    isTuple
      ? fields.map((field) => field[at])
      : Object.fromEntries(keys.map((key, field) => [key, fields[field]![at]])),
  );
}

function padArrays(arrays: readonly HostArray[], shapes: unknown, fill: number, path: string): HostArray[] {
  const rank = arrays[0]!.shape.length;
  const where = path === "" ? "" : ` at ${path}`;
  const sizes = arrays[0]!.shape.map((_, axis) => Math.max(...arrays.map(({ shape }) => shape[axis] ?? 0)));
  const wanted = (shapes as PaddedShape | undefined) ?? sizes.map(() => null);
  if (!Array.isArray(wanted) || wanted.length !== rank)
    throw new ShapeError(
      `paddedBatch: the arrays${where} have ${rank} axes, and shapes says ${JSON.stringify(wanted)}; give a size, or null, for each axis`,
    );
  const target = wanted.map((size: number | null, axis) => size ?? sizes[axis]!);
  return arrays.map((array, at) => {
    if (array.shape.length !== rank || array.shape.some((size, axis) => size > target[axis]!))
      throw new ShapeError(
        `paddedBatch: element ${at}${where} has shape ${show(array.shape)}, which does not fit into ${show(target)}; crop it with map, or ask for larger shapes`,
      );
    return sameShape(array.shape, target) ? array : padded(array, target, fill);
  });
}

function padded({ dtype, shape, data }: HostArray, target: Shape, fill: number): HostArray {
  const result = allocate(
    dtype,
    target.reduce((product, size) => product * size, 1),
  );
  if (fill !== 0) result.fill(fill);
  /** Copies what lies at one place of the axes before `axis`. */
  const copy = (axis: number, from: number, to: number): void => {
    if (axis === shape.length - 1) {
      result.set(data.subarray(from * shape[axis]!, (from + 1) * shape[axis]!), to * target[axis]!);
      return;
    }
    for (let at = 0; at < shape[axis]!; at++) copy(axis + 1, from * shape[axis]! + at, to * target[axis]! + at);
  };
  copy(0, 0, 0);
  return { dtype, shape: target, data: result };
}
