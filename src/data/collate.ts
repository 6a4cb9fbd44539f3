import { tensor } from "../tensor/create.ts";
import { owned } from "../tensor/owned.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { HostArray } from "./hostArray.ts";
import { stack, type Stacked } from "./stack.ts";

/**
 * A batch of tensors from a list of elements: what `batch` does by default. Arrays are stacked as {@link stack} says and
 * copied to the current device; texts stay arrays of texts.
 *
 * @param elements at least one; all of the same kind and shape.
 * @throws ShapeError when shapes differ, ArgumentError when kinds differ or cannot be stacked.
 */
export function collate<T>(elements: readonly T[]): Stacked<T, Tensor> {
  return stack(elements, ownedTensor);
}

/** A tensor of an array that was made for it, without a copy. */
export function ownedTensor(array: HostArray): Tensor {
  // Whatever stands for true becomes 1.
  return array.dtype === "bool" ? toTensor(array) : owned(array.data, array.shape, array.dtype);
}

/** The same elements as a tensor on the current device. */
export function toTensor({ data, shape, dtype }: HostArray): Tensor {
  return tensor(data, [...shape], { dtype });
}
