import { isFloat, type DType } from "../core/dtype.ts";
import { DTypeError } from "../core/errors.ts";
import { isPlainObject } from "../core/plainObject.ts";
import { cellOf } from "../tensor/assign.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import { BufferTensor, Parameter, StateTensor } from "../tensor/parameter.ts";
import { Module } from "./module.ts";

/**
 * Converts all parameters and buffers of floats to another dtype, in place (PyTorch's `model.to(dtype)`): "bf16" halves a model's
 * memory. Do it before an optimizer is made, which would go on with the old ones. To compute in 16 bits and keep f32, see `autocast`.
 * @returns the model.
 * @throws DTypeError for a dtype that is no float.
 */
export function castModule<M extends Module>(model: M, dtype: DType): M {
  if (!isFloat(dtype)) throw new DTypeError(`cast: parameters are floats, not ${dtype}`);
  const made = new Map<StateTensor, StateTensor>();
  const converted = (old: StateTensor): StateTensor => {
    if (!isFloat(old.cell.dtype) || old.cell.dtype === dtype) return old;
    let own = made.get(old);
    if (!own) {
      const { label, requiresGrad } = old.cell;
      const cell = cellOf(old.cast(dtype).detach().node, { label, requiresGrad });
      made.set(old, (own = old instanceof Parameter ? new Parameter(cell) : new BufferTensor(cell)));
    }
    return own;
  };
  const visit = (container: object): void => {
    for (const [name, value] of Object.entries(container) as [string, unknown][]) {
      if (value instanceof StateTensor) (container as Record<string, unknown>)[name] = converted(value);
      else if (Array.isArray(value) || (isPlainObject(value) && !(value instanceof Module))) visit(value as object);
    }
  };
  for (const module of model.modules()) visit(module);
  bumpEpoch();
  return model;
}
