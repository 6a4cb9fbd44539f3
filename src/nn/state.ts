/** State that users put into the fields of their own modules. */
import { isFloat } from "../core/dtype.ts";
import { DTypeError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { cellOf } from "../tensor/assign.ts";
import { BufferTensor, Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A trainable copy of a tensor of floats. */
export function parameter<S extends Shape>(initial: Tensor<S>, label: string = "parameter"): Parameter<S> {
  const { dtype } = initial;
  if (!isFloat(dtype)) throw new DTypeError(`${label}: parameters are floats, not ${dtype}. Use .float()`);
  return new Parameter<S>(cellOf(initial.node, { requiresGrad: true, label }));
}

/** A copy of a tensor that is saved with the module but not trained: running statistics, counters, tables. */
export function buffer<S extends Shape>(initial: Tensor<S>, label: string = "buffer"): BufferTensor<S> {
  return new BufferTensor<S>(cellOf(initial.node, { label }));
}
