import { allocate, dtypeOf, type DType, type TypedArray } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { isPlainObject } from "../core/plainObject.ts";
import { sameShape, show, sizeOf, type Shape } from "../core/shape.ts";
import { isHostArray, isTypedArray, type HostArray } from "./hostArray.ts";

/** Numbers in arrays in arrays: an array that is not a tuple of other things. */
type Numbers = readonly number[] | readonly (readonly number[])[] | readonly (readonly (readonly number[])[])[];

/** What a batch of `T` looks like: the same tuples and objects, with one array wherever an element had a value. */
export type Stacked<T, Leaf = HostArray> = T extends string
  ? string[]
  : T extends number | boolean | TypedArray | HostArray | Numbers
    ? Leaf
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: Stacked<T[K], Leaf> }
      : T extends object
        ? { -readonly [K in keyof T]: Stacked<T[K], Leaf> }
        : unknown;

/**
 * Puts elements on top of each other along a new first axis of their count: what `batch` does by default.
 *
 * - numbers become f32 [n], booleans bool [n]; nested arrays of numbers f32 [n, …]
 * - typed arrays and host arrays keep their dtype: [n, …shape]
 * - texts stay an array of texts
 * - tuples and plain objects are stacked field by field
 *
 * A number's value never decides the dtype: one batch of whole numbers among others would change the program. For labels
 * as integers use typed arrays (see `slices`).
 *
 * @param elements at least one; all of the same kind and shape.
 * @param leaf what to make of every stacked array, itself by default.
 * @throws ShapeError when shapes differ, ArgumentError when kinds differ or cannot be stacked.
 */
export function stack<T, Leaf = HostArray>(
  elements: readonly T[],
  leaf: (array: HostArray) => Leaf = (array) => array as Leaf,
): Stacked<T, Leaf> {
  return stackField(elements, leaf, "") as Stacked<T, Leaf>;
}

/** The same tuples and objects with every array made into something else. */
export function mapArrays<T, Leaf>(stacked: Stacked<T>, leaf: (array: HostArray) => Leaf): Stacked<T, Leaf> {
  return mapField(stacked, leaf) as Stacked<T, Leaf>;
}

function mapField(value: unknown, leaf: (array: HostArray) => unknown): unknown {
  if (isHostArray(value)) return leaf(value);
  if (Array.isArray(value)) return value.map((field) => mapField(field, leaf));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, mapField(field, leaf)]));
}

/** @param path where in the elements the values come from, such as ".image", for messages. */
function stackField(values: readonly unknown[], leaf: (array: HostArray) => unknown, path: string): unknown {
  const [first] = values;
  if (typeof first === "string") return values.map((value) => expectKind(value, "string", path));
  if (isLeaf(first)) return leaf(stackLeaves(values, path));
  if (Array.isArray(first)) {
    const other = values.find((value) => !Array.isArray(value) || value.length !== first.length);
    if (other !== undefined) throw differing(path, first, other);
    return first.map((_, at) =>
      stackField(
        values.map((value) => (value as unknown[])[at]),
        leaf,
        `${path}[${at}]`,
      ),
    );
  }
  if (isPlainObject(first)) {
    const stacked: Record<string, unknown> = {};
    for (const key of Object.keys(first)) {
      const other = values.find((value) => !isPlainObject(value) || !Object.hasOwn(value, key));
      if (other !== undefined) throw differing(path, first, other);
      stacked[key] = stackField(
        values.map((value) => (value as Record<string, unknown>)[key]),
        leaf,
        `${path}.${key}`,
      );
    }
    return stacked;
  }
  throw new ArgumentError(
    `batch: cannot stack ${describe(first)}${where(path)}; turn it into numbers with map, or give batch a collate function`,
  );
}

/** True for what becomes one array of a batch: numbers, booleans, arrays of numbers. */
export function isLeaf(value: unknown): boolean {
  return (
    typeof value === "number" ||
    typeof value === "boolean" ||
    isTypedArray(value) ||
    isHostArray(value) ||
    isNumbers(value)
  );
}

/** True for arrays of nothing but numbers, however deep; `[]` counts. */
function isNumbers(value: unknown): value is Numbers {
  return Array.isArray(value) && value.every((entry) => typeof entry === "number" || isNumbers(entry));
}

function stackLeaves(values: readonly unknown[], path: string): HostArray {
  const first = describeLeaf(values[0]);
  const size = sizeOf(first.shape);
  const data = allocate(first.dtype, values.length * size);
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    // Rows of one array share its shape: nothing to compare.
    if (isHostArray(value) && value.shape === first.shape && value.dtype === first.dtype) {
      if (size === 1) data[at] = value.data[0]!;
      else data.set(value.data, at * size);
      continue;
    }
    if (typeof value === "number" && typeof values[0] === "number") {
      data[at] = value;
      continue;
    }
    const found = isLeaf(value) ? describeLeaf(value) : undefined;
    if (found?.dtype !== first.dtype) throw differing(path, values[0], value);
    if (!sameShape(found.shape, first.shape))
      throw new ShapeError(
        `batch: element ${at}${where(path)} has shape ${show(found.shape)}, the first ${show(first.shape)}; pad or crop them to one shape with map`,
      );
    write(data, at * size, value);
  }
  return { dtype: first.dtype, shape: [values.length, ...first.shape], data };
}

/** A number, or an array of any kind, as a host array. Arrays are not copied. */
export function leafArray(value: unknown): HostArray {
  if (isHostArray(value)) return value;
  const { dtype, shape } = describeLeaf(value);
  if (isTypedArray(value)) return { dtype, shape, data: value };
  const data = allocate(dtype, sizeOf(shape));
  write(data, 0, value);
  return { dtype, shape, data };
}

function describeLeaf(value: unknown): { dtype: DType; shape: Shape } {
  if (typeof value === "boolean") return { dtype: "bool", shape: [] };
  if (isTypedArray(value)) return { dtype: dtypeOf(value), shape: [value.length] };
  if (isHostArray(value)) return value;
  return { dtype: "f32", shape: shapeOfNumbers(value) };
}

function shapeOfNumbers(value: unknown): Shape {
  if (!Array.isArray(value)) return [];
  const shapes = value.map(shapeOfNumbers);
  const other = shapes.find((shape) => !sameShape(shape, shapes[0]!));
  if (other !== undefined)
    throw new ShapeError(
      `batch: an array of numbers is ragged: parts of shapes ${show(shapes[0]!)} and ${show(other)}; pad or crop them with map`,
    );
  return [value.length, ...(shapes[0] ?? [])];
}

/** Writes the numbers of a leaf from `at` on, and returns where the next one goes. */
function write(data: TypedArray, at: number, value: unknown): number {
  if (Array.isArray(value)) {
    for (const entry of value) at = write(data, at, entry);
    return at;
  }
  if (typeof value === "object") {
    const array = isHostArray(value) ? value.data : (value as TypedArray);
    data.set(array, at);
    return at + array.length;
  }
  data[at] = Number(value);
  return at + 1;
}

function expectKind(value: unknown, kind: string, path: string): unknown {
  if (typeof value !== kind) throw differing(path, "", value);
  return value;
}

function differing(path: string, first: unknown, other: unknown): ArgumentError {
  return new ArgumentError(
    `batch: the elements${where(path)} differ: ${describe(first)} and ${describe(other)}; make them alike with map`,
  );
}

function where(path: string): string {
  return path === "" ? "" : ` at ${path}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (isLeaf(value) && typeof value === "object") {
    const { dtype, shape } = describeLeaf(value);
    return `an array of ${dtype} ${show(shape)}`;
  }
  if (Array.isArray(value)) return `a tuple of ${value.length}`;
  if (isPlainObject(value)) return `an object with ${Object.keys(value).join(", ") || "no fields"}`;
  return typeof value === "object" ? `a ${value.constructor?.name ?? "object"}` : `a ${typeof value}`;
}
