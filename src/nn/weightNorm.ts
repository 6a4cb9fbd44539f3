import { ArgumentError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { div, mul } from "../tensor/functional/arithmetic.ts";
import { norm } from "../tensor/functional/reductions.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import type { Module } from "./module.ts";
import { parametrize } from "./parametrize.ts";
import { parameter } from "./state.ts";

/** A direction and its length. */
type Split = { readonly original0: Parameter; readonly original1: Parameter };

/**
 * A weight as length times direction, g · v / ‖v‖, trained apart: Salimans and Kingma 2016. One length for each position of
 * an axis (0 by default: each output), or one for all with null. The state dict has g and v as PyTorch names them,
 * `parametrizations.weight.original0` and `original1`; `removeParametrization` makes it one weight again.
 * @example nn.weightNorm(new nn.Conv1d(64, 64, 3))
 */
export function weightNorm<M extends Module>(module: M, name: string = "weight", axis: number | null = 0): M {
  const lengthOf = (v: Node): Node => {
    if (axis !== null && !(Number.isInteger(axis) && axis >= 0 && axis < v.shape.length))
      throw new ArgumentError(`weightNorm: ${name} of ${module} is ${show(v.shape)} and has no axis ${axis}`);
    return axis === null
      ? norm(v)
      : norm(
          v,
          v.shape.flatMap((_, i) => (i === axis ? [] : [i])),
          true,
        );
  };
  const copied = (x: Tensor, from: Parameter, label: string): Parameter => {
    const copy = parameter(x, label);
    copy.requiresGrad = from.requiresGrad;
    return copy;
  };
  return parametrize(module, name, {
    originals: (weight): Split => ({
      original0: copied(fromNode(withGradientMode(false, () => lengthOf(weight.node))), weight, `${module}.${name}.g`),
      original1: weight,
    }),
    compute: ({ original0: g, original1: v }) => fromNode(mul(v.node, div(g.node, lengthOf(v.node)))),
    settle: ({ original1 }, computed) => {
      original1.assign(computed);
      return original1;
    },
  });
}
