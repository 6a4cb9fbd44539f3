import type { Node } from "../graph/node.ts";
import { tanh } from "../graph/ops/unary.ts";
import { sigmoid } from "../tensor/functional/activations.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import { split } from "../tensor/functional/movement.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Recurrent, type RecurrentCall, type RecurrentOptions, type Unit } from "./recurrent.ts";
import { RecurrentCell, type RecurrentCellOptions } from "./recurrentCell.ts";

/**
 * What bends candidates, `shape`, and what opens gates, `gate`. Rows of r, z, n lie below one another. r scales U·h together with its bias
 * (`resetAfter`), or else h before the product with U: Cho's first version, and Keras's with `resetAfter: false`.
 */
/* @__NO_SIDE_EFFECTS__ */
export function gruUnit(shape: (x: Node) => Node, gate: (x: Node) => Node, resetAfter: boolean = true): Unit {
  return {
    gates: 3,
    states: 1,
    hiddenBiasInside: resetAfter,
    step(x, recurrent, [hidden], product) {
      const parts = (all: Node): [Node, Node, Node] => split(all, hidden!.shape.at(-1)!, -1) as [Node, Node, Node];
      const [xr, xz, xn] = parts(x);
      const [hr, hz, hn] = parts(recurrent);
      const reset = gate(add(xr, hr));
      const candidate = shape(add(xn, resetAfter ? mul(reset, hn) : product(mul(reset, hidden!), 2)));
      const stay = gate(add(xz, hz));
      return [add(candidate, mul(stay, sub(hidden!, candidate)))];
    },
  };
}

const unit: Unit = gruUnit(tanh, sigmoid);

/**
 * Gated recurrent units: Cho et al. 2014. At every step, with σ the sigmoid, r, z = σ(W·x + b + U·h + c),
 * n = tanh(W·x + b + r·(U·h + c)); h ← (1 − z)·n + z·h. Parameters start uniform in ±1/√hidden.
 *
 * Inputs are [steps, batch, in], outputs [steps, batch, directions · hidden]; with `batchFirst` the first two axes change
 * places. States are [layers · directions, batch, hidden].
 * @example const [outputs, h] = new nn.GRU(32, 128).forward(x);
 */
export class GRU extends Recurrent {
  constructor(inFeatures: number, hiddenFeatures: number, options?: RecurrentOptions) {
    super(unit, inFeatures, hiddenFeatures, options);
  }

  /** @param state to start from, zeros by default. Returns the outputs of the top layer and the state after the last step. */
  forward(x: Tensor, state?: Tensor, call: RecurrentCall = {}): [outputs: Tensor, state: Tensor] {
    const [outputs, [last]] = this.run(x, state && [state], call);
    return [outputs, last!];
  }
}

/** One step of a GRU, for loops written by hand: [..., in] and the state [..., hidden] give the next state. */
export class GRUCell extends RecurrentCell {
  constructor(inFeatures: number, hiddenFeatures: number, options?: RecurrentCellOptions) {
    super(unit, inFeatures, hiddenFeatures, options);
  }

  /** @param state before the step, zeros by default. Returns the state after it. */
  forward(x: Tensor, state?: Tensor): Tensor {
    return this.next(x, state && [state])[0]!;
  }
}
