/** Numbers in rows and columns, whatever they come in. */
import { isFloat, type TypedArray } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import { tensor } from "../../tensor/create.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { isHostArray, isTypedArray, type HostArray } from "../hostArray.ts";

/** Examples in rows and features in columns: [n, features]; [n] is one feature. Cells that are null or undefined are missing: NaN. */
export type Numbers =
  | Tensor
  | HostArray
  | TypedArray
  | readonly (number | null | undefined)[]
  | readonly (readonly (number | null | undefined)[])[];

/** What comes out for what goes in: tensors for tensors, host arrays for host arrays, nested arrays for nested arrays. */
export type Same<N extends Numbers> = N extends Tensor
  ? Tensor
  : N extends HostArray
    ? HostArray
    : N extends TypedArray
      ? Float64Array
      : N extends readonly (readonly unknown[])[]
        ? number[][]
        : number[];

/** Numbers as transformers compute with them. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly data: Float64Array;
}

/**
 * Any numbers as a matrix. Tensors are read.
 * @throws ShapeError for more than two axes and ragged rows, ArgumentError for what is no number.
 */
export function matrixOf(operation: string, given: Numbers): Matrix {
  if (given instanceof Tensor) return shaped(operation, Float64Array.from(given.dataSync()), given.shape);
  if (isHostArray(given)) return shaped(operation, Float64Array.from(given.data), given.shape);
  if (isTypedArray(given)) return shaped(operation, Float64Array.from(given), [given.length]);
  const first = given[0];
  if (!Array.isArray(first)) {
    const data = Float64Array.from(given as readonly (number | null)[], (cell, row) =>
      numberIn(operation, cell, row, 0),
    );
    return { rows: data.length, columns: 1, data };
  }
  const columns = first.length;
  const data = new Float64Array(given.length * columns);
  (given as readonly (readonly (number | null)[])[]).forEach((row, at) => {
    if (row.length !== columns)
      throw new ShapeError(
        `${operation}: row ${at} has ${row.length} numbers and the first ${columns}; give every row the same`,
      );
    for (let column = 0; column < columns; column++)
      data[at * columns + column] = numberIn(operation, row[column], at, column);
  });
  return { rows: given.length, columns, data };
}

function numberIn(operation: string, cell: unknown, row: number, column: number): number {
  if (typeof cell === "number") return cell;
  if (cell === null || cell === undefined) return Number.NaN;
  throw new ArgumentError(
    `${operation}: row ${row}, column ${column} is ${JSON.stringify(cell)}, where a number was wanted; encode texts first`,
  );
}

function shaped(operation: string, data: Float64Array, shape: readonly number[]): Matrix {
  if (shape.length < 1 || shape.length > 2)
    throw new ShapeError(
      `${operation}: [n, features] or [n] was wanted, got ${show(shape)}; put the axes of an example into one with flatten(1)`,
    );
  return { rows: shape[0]!, columns: shape[1] ?? 1, data };
}

/**
 * A matrix in the form of what it was made from; floats keep their dtype, whole numbers become f32.
 * @throws ShapeError where one column became several and the form has room for one only.
 */
export function inFormOf<N extends Numbers>(operation: string, given: N, matrix: Matrix): Same<N> {
  return formed(operation, given, matrix) as Same<N>;
}

function formed(operation: string, given: Numbers, { rows, columns, data }: Matrix): unknown {
  const flat = isTypedArray(given) || (Array.isArray(given) && !Array.isArray(given[0]));
  if (flat && columns !== 1)
    throw new ShapeError(
      `${operation}: a list of numbers became ${columns} columns, which it has no room for; give rows, [[1], [2]]`,
    );
  if (given instanceof Tensor || isHostArray(given)) {
    const dtype = isFloat(given.dtype) ? given.dtype : "f32";
    const shape = given.shape.length === 1 && columns === 1 ? [rows] : [rows, columns];
    if (given instanceof Tensor) return tensor(data, shape, { dtype });
    return { dtype, shape, data: dtype === "f64" ? data : Float32Array.from(data) };
  }
  if (isTypedArray(given)) return data;
  if (flat) return Array.from(data);
  return Array.from({ length: rows }, (_, row) => Array.from(data.subarray(row * columns, (row + 1) * columns)));
}

/** The numbers of one column. */
export function columnOf({ rows, columns, data }: Matrix, column: number): Float64Array {
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) values[row] = data[row * columns + column]!;
  return values;
}

/** Throws the error of `validateInput` for numbers that are none, with their place. */
export function checkFinite(operation: string, { columns, data }: Matrix): void {
  for (let at = 0; at < data.length; at++) {
    const value = data[at]!;
    if (Number.isFinite(value)) continue;
    const place = `row ${Math.floor(at / columns)}, column ${at % columns}`;
    throw new ArgumentError(
      Number.isNaN(value)
        ? `Input contains NaN (${operation}: ${place}); fill what is missing with an Imputer before`
        : `Input contains Inf (${operation}: ${place}); leave the row out, or clip it`,
    );
  }
}

/** Throws ShapeError unless the matrix has as many columns as the transformer was fitted to. */
export function checkColumns(operation: string, { columns }: Matrix, fitted: number): void {
  if (columns !== fitted)
    throw new ShapeError(
      `${operation}: fitted to ${fitted} columns, got ${columns}; give the same features in the same order`,
    );
}
