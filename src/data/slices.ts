import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { isHostArray, type HostArray } from "./hostArray.ts";
import type { IndexedSource } from "./indexed.ts";

/** One array, or several that are cut along their first axes together. */
export type Sliceable = HostArray | readonly HostArray[] | { readonly [name: string]: HostArray };

/**
 * Cuts arrays along their first axis, as `from_tensor_slices` and PyTorch's `TensorDataset` do: element `i` holds row `i`
 * of each array, in the same tuple or object. Rows are views; nothing is copied.
 *
 * @throws ArgumentError when there is no array; ShapeError when one is a scalar or their first sizes differ.
 *
 * @example
 * const source = slices([hostArray(pixels, [1000, 28, 28]), hostArray(labels)]);
 * for await (const [image, label] of Dataset.from(source)) image.shape; // [28, 28]
 */
export function slices<const S extends Sliceable>(arrays: S): IndexedSource<S> {
  if (isHostArray(arrays)) return { length: rows([arrays]), get: (index) => row(arrays, index) as S };
  if (Array.isArray(arrays)) {
    const list = arrays as readonly HostArray[];
    return { length: rows(list), get: (index) => list.map((array) => row(array, index)) as unknown as S };
  }
  const entries = Object.entries(arrays as { readonly [name: string]: HostArray });
  return {
    length: rows(entries.map(([, array]) => array)),
    get: (index) => Object.fromEntries(entries.map(([name, array]) => [name, row(array, index)])) as unknown as S,
  };
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
