import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, sizeOf, type Shape } from "../core/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { hostArray, isHostArray, type HostArray } from "./hostArray.ts";
import type { IndexedSource } from "./indexed.ts";
import type { Stacked } from "./stack.ts";

type Source = HostArray | Tensor;

/** One array, or several that are cut along their first axes together. */
export type Sliceable = Source | readonly Source[] | { readonly [name: string]: Source };

/** A row of each array, in the same tuple or object. */
export type Slice<S extends Sliceable> = S extends Source ? HostArray : { [K in keyof S]: HostArray };

/**
 * Cuts arrays or tensors along their first axis, as `from_tensor_slices` and PyTorch's `TensorDataset` do: element `i` holds
 * row `i` of each, in the same tuple or object. Rows are views of the host's memory; nothing is copied, but that tensors are
 * read here, once.
 *
 * @throws ArgumentError when there is no array; ShapeError when one is a scalar or their first sizes differ.
 *
 * @example
 * const examples = Dataset.from(slices([tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), tensor([0, 1, 1, 0])]));
 * for await (const [x, y] of examples.batch(2)) x.shape; // [2, 2]
 */
export function slices<const S extends Sliceable>(arrays: S): IndexedSource<Slice<S>> {
  if (isArray(arrays)) {
    const rows = new Rows([onHost(arrays)]);
    return sourceOf<S>(rows.length, (make) => make(rows.list[0]!));
  }
  if (Array.isArray(arrays)) {
    const rows = new Rows((arrays as readonly Source[]).map(onHost));
    return sourceOf<S>(rows.length, (make) => rows.list.map(make));
  }
  const names = Object.keys(arrays);
  const rows = new Rows(Object.values(arrays as { readonly [name: string]: Source }).map(onHost));
  return sourceOf<S>(rows.length, (make) => {
    const fields: Record<string, HostArray> = {};
    for (let at = 0; at < names.length; at++) fields[names[at]!] = make(rows.list[at]!);
    return fields;
  });
}

/** @param each makes something of every array, in the tuple or object that was given. */
function sourceOf<S extends Sliceable>(
  length: number,
  each: (make: (rows: ArrayRows) => HostArray) => unknown,
): IndexedSource<Slice<S>> {
  return {
    length,
    get: (index) => each((rows) => rows.row(index)) as Slice<S>,
    stacked: (indices) => each((rows) => rows.gathered(indices)) as Stacked<Slice<S>>,
  };
}

function isArray(value: unknown): value is Source {
  return value instanceof Tensor || isHostArray(value);
}

function onHost(array: Source): HostArray {
  return array instanceof Tensor ? hostArray(array.dataSync(), array.shape, array.dtype) : array;
}

/** Arrays of equally many rows. */
class Rows {
  readonly list: readonly ArrayRows[];
  readonly length: number;

  constructor(arrays: readonly HostArray[]) {
    const length = arrays[0]?.shape[0];
    if (arrays.length === 0)
      throw new ArgumentError("slices: no arrays were given; give one, a tuple, or an object of them");
    if (length === undefined || arrays.some(({ shape }) => shape[0] !== length))
      throw new ShapeError(
        `slices: the first sizes must exist and be equal, got ${arrays.map(({ shape }) => show(shape)).join(" and ")}; give as many labels as examples`,
      );
    this.length = length;
    this.list = arrays.map((array) => new ArrayRows(array));
  }
}

/** Gives the rows of an array, one or many. */
class ArrayRows {
  readonly #dtype: DType;
  /** Shared by all rows. */
  readonly #shape: Shape;
  readonly #data: TypedArray;
  readonly #size: number;

  constructor({ dtype, shape, data }: HostArray) {
    this.#dtype = dtype;
    this.#shape = shape.slice(1);
    this.#data = data;
    this.#size = sizeOf(this.#shape);
  }

  /** A view. */
  row(index: number): HostArray {
    const start = index * this.#size;
    return { dtype: this.#dtype, shape: this.#shape, data: this.#data.subarray(start, start + this.#size) };
  }

  /** A copy of rows, on top of each other. */
  gathered(indices: ArrayLike<number>): HostArray {
    const [size, source] = [this.#size, this.#data];
    const data = allocate(this.#dtype, indices.length * size);
    for (let at = 0; at < indices.length; at++) {
      const start = indices[at]! * size;
      if (size < FEW) for (let k = 0; k < size; k++) data[at * size + k] = source[start + k]!;
      else data.set(source.subarray(start, start + size), at * size);
    }
    return { dtype: this.#dtype, shape: [indices.length, ...this.#shape], data };
  }
}

/** A loop copies fewer elements than these faster than a call. */
const FEW = 32;
