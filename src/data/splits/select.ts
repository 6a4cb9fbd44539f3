/** Parts of data by the positions of examples. */
import type { TypedArray } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { tensor } from "../../tensor/create.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { Dataset } from "../dataset.ts";
import { isHostArray, isTypedArray, type HostArray } from "../hostArray.ts";

type Whole = Tensor | HostArray | TypedArray | Dataset<unknown> | readonly unknown[];

/**
 * Examples: how many there are; a tensor, host array or typed array, whose first axis counts them; a list of them; a dataset with random
 * access; or an object of these, all with as many examples.
 */
export type Examples = number | Whole | { readonly [name: string]: Whole };

/** What a part of the data is: the same kind of thing; of a mere count, the positions. */
export type Part<D extends Examples> = D extends number
  ? Uint32Array
  : D extends Tensor
    ? Tensor
    : D extends Dataset<infer T>
      ? Dataset<T>
      : D extends HostArray
        ? HostArray
        : D extends TypedArray
          ? D
          : D extends readonly (infer T)[]
            ? T[]
            : { [K in keyof D]: D[K] extends Whole ? Part<D[K]> : never };

function isWhole(data: unknown): data is Whole {
  return (
    data instanceof Tensor || data instanceof Dataset || Array.isArray(data) || isTypedArray(data) || isHostArray(data)
  );
}

/** How many examples there are. @throws ArgumentError for what has none, ShapeError where parts have different numbers. */
export function countOf(operation: string, data: Examples): number {
  if (typeof data === "number") {
    if (Number.isSafeInteger(data) && data >= 0) return data;
    throw new ArgumentError(`${operation}: the count of examples must be a whole number, got ${data}`);
  }
  if (isWhole(data)) {
    const count = data instanceof Tensor || isHostArray(data) ? data.shape[0] : data.length;
    if (count !== undefined && Number.isFinite(count)) return count;
    throw new ArgumentError(
      `${operation}: it is not known how many examples there are; give an array, a tensor [n, …] or a dataset with a length`,
    );
  }
  const counts = Object.entries(data).map(([name, part]) => [name, countOf(operation, part)] as const);
  const [first] = counts;
  if (first === undefined) throw new ArgumentError(`${operation}: there is nothing to split`);
  const other = counts.find(([, count]) => count !== first[1]);
  if (other !== undefined)
    throw new ShapeError(
      `${operation}: ${first[0]} has ${first[1]} examples and ${other[0]} ${other[1]}; give as many of each`,
    );
  return first[1];
}

/** The examples at some positions, in their order. */
export function select<D extends Examples>(data: D, positions: Uint32Array): Part<D> {
  return selected(data, positions) as Part<D>;
}

function selected(data: Examples, positions: Uint32Array): unknown {
  if (typeof data === "number") return positions;
  if (data instanceof Tensor) return data.gather(tensor(Int32Array.from(positions)));
  if (data instanceof Dataset) return data.select(positions);
  if (isHostArray(data)) return rowsOf(data, positions);
  if (isTypedArray(data)) return rowsOf({ dtype: "u8", shape: [data.length], data }, positions).data;
  if (Array.isArray(data)) return Array.from(positions, (position) => data[position] as unknown);
  return Object.fromEntries(
    Object.entries(data as object).map(([name, part]) => [name, selected(part as Whole, positions)]),
  );
}

function rowsOf({ dtype, shape, data }: HostArray, positions: Uint32Array): HostArray {
  const size = shape.slice(1).reduce((product, axis) => product * axis, 1);
  const Kind = data.constructor as new (length: number) => TypedArray;
  const made = new Kind(positions.length * size);
  positions.forEach((position, at) => made.set(data.subarray(position * size, (position + 1) * size), at * size));
  return { dtype, shape: [positions.length, ...shape.slice(1)], data: made };
}
