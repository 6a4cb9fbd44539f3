/** Parameters computed from others: what is trained is not what the layer reads. */
import { ArgumentError } from "../core/errors.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import { Parameter, type StateTensor } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Module } from "./module.ts";

/** A way to compute a parameter. */
export interface Parametrization<P extends Readonly<Record<string, StateTensor>>> {
  /** The parameters and buffers that it is computed from, by the names of the state dict, so that it starts with the value it has. */
  readonly originals: (value: Parameter) => P;
  /** The value, computed anew at every reading. */
  readonly compute: (originals: P) => Tensor;
  /** Called when the parametrization is removed: the parameter to go on with. */
  readonly settle: (originals: P, computed: Tensor) => Parameter;
}

interface Parametrized {
  parametrizations?: Record<string, Readonly<Record<string, StateTensor>>>;
}

const settling = new WeakMap<Module, Map<string, () => Parameter>>();

/**
 * Makes a parameter of a layer a function of others, which take its place: they are trained and saved, under PyTorch's names
 * (`parametrizations.weight.original0`). Optimizers are to be made afterwards.
 * @throws ArgumentError when the layer has no such parameter of its own, or it is computed already.
 */
export function parametrize<M extends Module, P extends Readonly<Record<string, StateTensor>>>(
  module: M,
  name: string,
  { originals, compute, settle }: Parametrization<P>,
): M {
  const value: unknown = Object.getOwnPropertyDescriptor(module, name)?.value;
  if (!(value instanceof Parameter))
    throw new ArgumentError(`parametrize: ${module} has no parameter ${name} that is not computed already`);
  const parts = originals(value);
  const holder = module as Parametrized;
  holder.parametrizations = { ...holder.parametrizations, [name]: parts };
  if (![...module.members()].some(([member]) => member === "parametrizations")) {
    delete holder.parametrizations;
    throw new ArgumentError(`parametrize: ${module} lists its members itself, so that new ones would not be trained`);
  }
  // Not enumerable: the walk over fields shall meet the originals only.
  Object.defineProperty(module, name, { get: () => compute(parts), configurable: true, enumerable: false });
  settling.set(
    module,
    (settling.get(module) ?? new Map()).set(name, () => settle(parts, compute(parts))),
  );
  bumpEpoch();
  return module;
}

/** Makes a computed parameter an ordinary one again, with the value that it has now. */
export function removeParametrization<M extends Module>(module: M, name: string = "weight"): M {
  const settle = settling.get(module)?.get(name);
  const holder = module as Parametrized;
  if (!settle || !holder.parametrizations)
    throw new ArgumentError(`removeParametrization: ${name} of ${module} is not computed`);
  const value = settle();
  const { [name]: _, ...others } = holder.parametrizations;
  if (Object.keys(others).length > 0) holder.parametrizations = others;
  else delete holder.parametrizations;
  settling.get(module)!.delete(name);
  Object.defineProperty(module, name, { value, configurable: true, enumerable: true, writable: true });
  bumpEpoch();
  return module;
}
