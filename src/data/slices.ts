import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { hostArray, isHostArray, type HostArray } from "./hostArray.ts";
import type { IndexedSource } from "./indexed.ts";

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
    const array = onHost(arrays);
    return { length: rows([array]), get: (index) => row(array, index) as Slice<S> };
  }
  if (Array.isArray(arrays)) {
    const list = (arrays as readonly Source[]).map(onHost);
    return { length: rows(list), get: (index) => list.map((array) => row(array, index)) as unknown as Slice<S> };
  }
  const entries = Object.entries(arrays as { readonly [name: string]: Source }).map(
    ([name, array]) => [name, onHost(array)] as const,
  );
  return {
    length: rows(entries.map(([, array]) => array)),
    get: (index) =>
      Object.fromEntries(entries.map(([name, array]) => [name, row(array, index)])) as unknown as Slice<S>,
  };
}

function isArray(value: unknown): value is Source {
  return value instanceof Tensor || isHostArray(value);
}

function onHost(array: Source): HostArray {
  return array instanceof Tensor ? hostArray(array.dataSync(), array.shape, array.dtype) : array;
}

function rows(arrays: readonly HostArray[]): number {
  const length = arrays[0]?.shape[0];
  if (arrays.length === 0)
    throw new ArgumentError("slices: no arrays were given; give one, a tuple, or an object of them");
  if (length === undefined || arrays.some(({ shape }) => shape[0] !== length))
    throw new ShapeError(
      `slices: the first sizes must exist and be equal, got ${arrays.map(({ shape }) => show(shape)).join(" and ")}; give as many labels as examples`,
    );
  return length;
}

function row({ dtype, shape, data }: HostArray, index: number): HostArray {
  const size = data.length / shape[0]!;
  return { dtype, shape: shape.slice(1), data: data.subarray(index * size, (index + 1) * size) };
}
