import type { Parameter } from "../tensor/parameter.ts";
import { checkRate, dropout } from "./dropout.ts";
import type { Module } from "./module.ts";
import { parametrize } from "./parametrize.ts";

/**
 * Drops weights instead of activations while the layer trains, another choice at every call: Wan et al. 2013. What stays is
 * divided by 1 − `rate`, so that the expectation is that of the whole weight. The state dict has the weight under
 * `parametrizations.weight.original`.
 * @example nn.dropConnect(new nn.Linear(784, 128), 0.5)
 */
export function dropConnect<M extends Module>(module: M, rate: number = 0.5, name: string = "weight"): M {
  checkRate("dropConnect", rate);
  return parametrize(module, name, {
    originals: (original): { readonly original: Parameter } => ({ original }),
    compute: ({ original }) => (module.training ? dropout(original, rate) : original),
    settle: ({ original }) => original,
  });
}
