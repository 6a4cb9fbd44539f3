import { ArgumentError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { tanh } from "../graph/ops/unary.ts";
import { sigmoid } from "../tensor/functional/activations.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { split } from "../tensor/functional/movement.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Recurrent, type RecurrentCall, type RecurrentOptions, type Unit } from "./recurrent.ts";
import { RecurrentCell, type RecurrentCellOptions } from "./recurrentCell.ts";

/** Hidden and cell state after a step, from the gates i, f, g, o before they are bent by `shape` (g) and `gate` (the others). */
export function lstmStep(
  [i, f, g, o]: readonly Node[],
  cell: Node,
  shape: (x: Node) => Node,
  gate: (x: Node) => Node,
): [hidden: Node, cell: Node] {
  const next = add(mul(gate(f!), cell), mul(gate(i!), shape(g!)));
  return [mul(gate(o!), shape(next)), next];
}

/** What bends cells, `shape`, and what opens gates, `gate`. Rows of the gates i, f, g, o lie below one another. */
/* @__NO_SIDE_EFFECTS__ */
export function lstmUnit(shape: (x: Node) => Node, gate: (x: Node) => Node): Unit {
  return {
    gates: 4,
    states: 2,
    hiddenBiasInside: false,
    step: (x, recurrent, [, cell]) => lstmStep(split(add(x, recurrent), cell!.shape.at(-1)!, -1), cell!, shape, gate),
  };
}

const unit: Unit = lstmUnit(tanh, sigmoid);

export interface LSTMOptions extends RecurrentOptions {
  /** Features that the hidden state is projected to after every step; 0, the default, leaves it as it is. */
  readonly projSize?: number | undefined;
}

/** Hidden and cell state, each [layers · directions, batch, hidden]; the hidden one has the features of the projection. */
export type LSTMState = readonly [hidden: Tensor, cell: Tensor];

/**
 * Long short-term memory: Hochreiter and Schmidhuber 1997. At every step, with σ the sigmoid,
 * i, f, o = σ(…), g = tanh(…), each of W·x + U·h + b; c ← f·c + i·g; h ← o·tanh(c), projected where `projSize` says so
 * (Sak et al. 2014). Parameters start uniform in ±1/√hidden.
 *
 * Inputs are [steps, batch, in], outputs [steps, batch, directions · hidden]; with `batchFirst` the first two axes change
 * places.
 * @example const [outputs, [h, c]] = new nn.LSTM(32, 128).forward(x);
 */
export class LSTM extends Recurrent {
  constructor(inFeatures: number, hiddenFeatures: number, { projSize = 0, ...options }: LSTMOptions = {}) {
    if (projSize !== 0 && !(Number.isInteger(projSize) && projSize > 0 && projSize < hiddenFeatures))
      throw new ArgumentError(
        `LSTM(${inFeatures}, ${hiddenFeatures}): projSize must be a whole number below ${hiddenFeatures}, got ${projSize}`,
      );
    super(unit, inFeatures, hiddenFeatures, options, projSize);
  }

  /** @param state to start from, zeros by default. Returns the outputs of the top layer and the state after the last step. */
  forward(x: Tensor, state?: LSTMState, call: RecurrentCall = {}): [outputs: Tensor, state: LSTMState] {
    const [outputs, [hidden, cell]] = this.run(x, state, call);
    return [outputs, [hidden!, cell!]];
  }
}

/** One step of an LSTM, for loops written by hand: [..., in] and both states [..., hidden] give the next states. */
export class LSTMCell extends RecurrentCell {
  constructor(inFeatures: number, hiddenFeatures: number, options?: RecurrentCellOptions) {
    super(unit, inFeatures, hiddenFeatures, options);
  }

  /** @param state before the step, zeros by default. Returns the state after it. */
  forward(x: Tensor, state?: LSTMState): LSTMState {
    const [hidden, cell] = this.next(x, state);
    return [hidden!, cell!];
  }
}
