/** Where the entries of a sparse matrix stand: host arrays, so that wrong ones are found at once. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { readSync } from "../evaluate.ts";
import { Tensor } from "../tensor.ts";

/** The order of entries: as given, by rows (columns within them), or by columns (rows within them). */
export type Layout = "coo" | "csr" | "csc";

/** Rows and columns of all entries. */
export interface Entries {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** Integers: a tensor of them, or an array. */
export type Integers = Tensor | ArrayLike<number>;

/** The integers on the host. Reading a tensor inside a traced function is an error. */
export function integers(op: string, name: string, given: Integers): Int32Array {
  const values = given instanceof Tensor ? readSync(given.node) : given;
  const array = Int32Array.from(values);
  const wrong = array.findIndex((value, i) => value !== values[i]);
  if (wrong >= 0) throw new ArgumentError(`${op}: ${name} must be whole numbers, got ${values[wrong]}`);
  return array;
}

/** Throws unless every index lies below `size`. */
export function checkIndices(op: string, name: string, indices: Int32Array, size: number): void {
  const wrong = indices.find((index) => index < 0 || index >= size);
  if (wrong !== undefined)
    throw new ArgumentError(
      `${op}: ${name} must lie from 0 to ${size - 1}, got ${wrong}. Are rows and columns exchanged?`,
    );
}

/** The index of each entry along the axis that pointers compress: [0, 2, 3] becomes 0, 0, 1. */
export function expandPointers(op: string, pointers: Int32Array, size: number, entries: number): Int32Array {
  if (pointers.length !== size + 1)
    throw new ShapeError(`${op}: needs ${size + 1} pointers for ${size} of them, got ${pointers.length}`);
  if (pointers[0] !== 0 || pointers[size] !== entries || pointers.some((p, i) => i > 0 && p < pointers[i - 1]!))
    throw new ArgumentError(
      `${op}: pointers must rise from 0 to ${entries}, the number of entries, got [${pointers.join(", ")}]`,
    );
  const indices = new Int32Array(entries);
  for (let i = 0; i < size; i++) indices.fill(i, pointers[i], pointers[i + 1]);
  return indices;
}

/** Where each row (or column) begins among sorted indices. */
export function compress(indices: Int32Array, size: number): Int32Array {
  const pointers = new Int32Array(size + 1);
  for (const index of indices) pointers[index + 1]!++;
  for (let i = 0; i < size; i++) pointers[i + 1]! += pointers[i]!;
  return pointers;
}

/** Entries in another order, each place once. */
export interface Sorted extends Entries {
  /** Old positions in their new order. */
  readonly order: Int32Array;
  /** The new entry that each of them is part of; undefined where every place was there once. */
  readonly merged: Int32Array | undefined;
}

export function sortEntries({ rows, columns }: Entries, by: "rows" | "columns"): Sorted {
  const [major, minor] = by === "rows" ? [rows, columns] : [columns, rows];
  const order = Int32Array.from(rows.keys()).sort((a, b) => major[a]! - major[b]! || minor[a]! - minor[b]! || a - b);
  const first = (i: number): boolean =>
    i === 0 || rows[order[i]!] !== rows[order[i - 1]!] || columns[order[i]!] !== columns[order[i - 1]!];
  const firsts = order.filter((_, i) => first(i));
  let entry = -1;
  const merged = firsts.length < order.length ? order.map((_, i) => (first(i) ? ++entry : entry)) : undefined;
  return { rows: firsts.map((i) => rows[i]!), columns: firsts.map((i) => columns[i]!), order, merged };
}
