/** Matrices that are mostly zero, stored as their other elements: by rows (CSR) and by columns (CSC). */
import { sizesOf, type Matrix } from "./matmul.ts";

/** Elements that are not zero, line after line; a line is a row in CSR, a column in CSC. */
export interface Compressed {
  readonly shape: readonly [rows: number, columns: number];
  readonly data: readonly number[];
  /** Where in its line each element stands. */
  readonly indices: readonly number[];
  /** Line i holds the elements from `pointers[i]` to `pointers[i + 1]`. */
  readonly pointers: readonly number[];
}

const transposed = (x: Matrix): number[][] => (x[0] ?? []).map((_, j) => x.map((row) => row[j]!));

/** Compressed sparse rows. */
export function csr(dense: Matrix): Compressed {
  const data: number[] = [];
  const indices: number[] = [];
  const pointers = [0];
  for (const row of dense) {
    row.forEach((value, j) => {
      if (value === 0) return;
      data.push(value);
      indices.push(j);
    });
    pointers.push(data.length);
  }
  return { shape: [dense.length, dense[0]?.length ?? 0], data, indices, pointers };
}

/** Compressed sparse columns: the rows of the transpose. */
export function csc(dense: Matrix): Compressed {
  return turned(csr(transposed(dense)));
}

/** The same numbers read as the other form: rows as columns, so the matrix as its transpose. */
const turned = (x: Compressed): Compressed => ({ ...x, shape: [x.shape[1], x.shape[0]] });

/** All elements of a CSR matrix. */
export function denseOfCsr({ shape: [rows, columns], data, indices, pointers }: Compressed): number[][] {
  return Array.from({ length: rows }, (_, i) => {
    const row = new Array<number>(columns).fill(0);
    for (let at = pointers[i]!; at < pointers[i + 1]!; at++) row[indices[at]!] = data[at]!;
    return row;
  });
}

/** All elements of a CSC matrix. */
export function denseOfCsc(x: Compressed): number[][] {
  return transposed(denseOfCsr(turned(x)));
}

/** Rows to columns, in one pass over the elements: count what each column gets, then put it there. */
export function csrToCsc({ shape, data, indices, pointers }: Compressed): Compressed {
  const starts = new Array<number>(shape[1] + 1).fill(0);
  for (const j of indices) starts[j + 1]!++;
  for (let j = 0; j < shape[1]; j++) starts[j + 1]! += starts[j]!;
  const next = [...starts];
  const values = new Array<number>(data.length);
  const rows = new Array<number>(data.length);
  for (let i = 0; i < shape[0]; i++)
    for (let at = pointers[i]!; at < pointers[i + 1]!; at++) {
      const to = next[indices[at]!]!++;
      values[to] = data[at]!;
      rows[to] = i;
    }
  return { shape, data: values, indices: rows, pointers: starts };
}

/** Columns to rows. */
export function cscToCsr(x: Compressed): Compressed {
  return turned(csrToCsc(turned(x)));
}

/** A CSR matrix times a dense one: a row of B for each element that is not zero, so `data.length · n` products. */
export function multiply(a: Compressed, b: Matrix): number[][] {
  if (a.shape[1] !== b.length) sizesOf([new Array<number>(a.shape[1]).fill(0)], b);
  return Array.from({ length: a.shape[0] }, (_, i) => {
    const sums = new Array<number>(b[0]?.length ?? 0).fill(0);
    for (let at = a.pointers[i]!; at < a.pointers[i + 1]!; at++)
      b[a.indices[at]!]!.forEach((value, j) => (sums[j]! += a.data[at]! * value));
    return sums;
  });
}
