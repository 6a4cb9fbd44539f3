import type { DType, TypedArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";

/** Elements in arrays as deep as the tensor has axes. */
export type NestedNumbers = number | boolean | NestedNumbers[];

/** Row-major elements as nested arrays; bool as booleans. */
export function nest(array: TypedArray, shape: Shape, dtype: DType): NestedNumbers {
  let next = 0;
  const build = (axis: number): NestedNumbers => {
    if (axis < shape.length) return Array.from({ length: shape[axis]! }, () => build(axis + 1));
    const value = array[next++]!;
    return dtype === "bool" ? value !== 0 : value;
  };
  return build(0);
}
