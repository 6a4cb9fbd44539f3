import { dtypeOf, type DType, type TypedArray } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { show, sizeOf, type Shape } from "../core/shape.ts";

/** An array in the host's memory, before it becomes a tensor: what readers give and batches are made of. */
export interface HostArray {
  readonly dtype: DType;
  /** Sizes per axis, outermost first; `[]` is a scalar. */
  readonly shape: Shape;
  /** The elements in row-major order; bool as one byte each, 0 or 1. */
  readonly data: TypedArray;
}

/**
 * Gives a typed array a shape. Nothing is copied.
 * @param dtype that of the array by default; `"bool"` has to be said.
 * @throws ShapeError when the shape has not as many elements as the array.
 */
export function hostArray(data: TypedArray, shape: Shape = [data.length], dtype: DType = dtypeOf(data)): HostArray {
  if (sizeOf(shape) !== data.length)
    throw new ShapeError(`hostArray: shape ${show(shape)} has ${sizeOf(shape)} elements, the array ${data.length}`);
  return { dtype, shape, data };
}

/** True for any array of a type that tensors can hold. */
export function isTypedArray(value: unknown): value is TypedArray {
  return (
    value instanceof Float32Array ||
    value instanceof Uint8Array ||
    value instanceof Int32Array ||
    value instanceof Float64Array ||
    value instanceof Uint32Array
  );
}

/** True for the objects that `hostArray` makes. */
export function isHostArray(value: unknown): value is HostArray {
  return (
    typeof value === "object" &&
    value !== null &&
    "data" in value &&
    "shape" in value &&
    "dtype" in value &&
    isTypedArray(value.data)
  );
}
