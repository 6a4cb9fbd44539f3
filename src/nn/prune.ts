import { ArgumentError } from "../core/errors.ts";
import { mul } from "../tensor/functional/arithmetic.ts";
import { tensor } from "../tensor/create.ts";
import type { BufferTensor, Parameter } from "../tensor/parameter.ts";
import { fromNode } from "../tensor/tensor.ts";
import type { Module } from "./module.ts";
import { parametrize } from "./parametrize.ts";
import { buffer } from "./state.ts";

/** A parameter and what is left of it. */
type Pruned = { readonly original: Parameter; readonly mask: BufferTensor };

/**
 * Keeps the largest elements of a parameter and holds the others at 0 from then on, also while it is trained further:
 * magnitude pruning (Han et al. 2015; PyTorch's `prune.l1_unstructured`). The mask is saved with the module;
 * `removeParametrization` makes it an ordinary parameter again, its zeros included, for `sparse.fromDense`.
 * @param amount the share of elements to cut, from 0 to 1; their number is rounded.
 * @throws ArgumentError for any other amount, and as `parametrize`.
 * @example nn.prune(layer, "weight", 0.9)
 */
export function prune<M extends Module>(module: M, name: string, amount: number): M {
  if (!(amount >= 0 && amount <= 1))
    throw new ArgumentError(`prune: amount must be a share from 0 to 1, got ${amount}. 0.9 keeps a tenth`);
  return parametrize(module, name, {
    originals: (original): Pruned => ({ original, mask: buffer(maskOf(original, amount), `${module}.${name}.mask`) }),
    compute: ({ original, mask }) => fromNode(mul(original.node, mask.node)),
    settle: ({ original }, computed) => {
      original.assign(computed);
      return original;
    },
  });
}

/** 0 at the smallest elements, 1 elsewhere. */
function maskOf(weight: Parameter, amount: number): ReturnType<typeof tensor> {
  const sizes = weight.dataSync().map(Math.abs);
  const kept = sizes.slice().fill(1);
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[a]! - sizes[b]!);
  for (const i of order.slice(0, Math.round(amount * sizes.length))) kept[i] = 0;
  return tensor(kept, weight.shape);
}
