import { stored, type DType, type TypedArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { input } from "../graph/ops/leaf.ts";
import { currentDevice } from "./engine.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import { Value } from "./value.ts";

/** A tensor of these numbers, in row-major order; it owns the array: nobody may write to it any more. */
export function owned<S extends Shape>(array: TypedArray, shape: Shape, dtype: DType): Tensor<S> {
  return fromNode(input(shape, dtype, new Value(stored(array, dtype), shape, dtype, false, currentDevice())));
}
