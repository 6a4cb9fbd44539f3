import { ArgumentError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { tanh } from "../graph/ops/unary.ts";
import { relu } from "../tensor/functional/activations.ts";
import { add } from "../tensor/functional/arithmetic.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Recurrent, type RecurrentCall, type RecurrentOptions, type Unit } from "./recurrent.ts";
import { RecurrentCell, type RecurrentCellOptions } from "./recurrentCell.ts";

/** What bends the state of an RNN. */
export type Nonlinearity = "tanh" | "relu";

/** A plain unit whose state `shape` bends. */
/* @__NO_SIDE_EFFECTS__ */
export function plainUnit(shape: (x: Node) => Node): Unit {
  return { gates: 1, states: 1, hiddenBiasInside: false, step: (x, recurrent) => [shape(add(x, recurrent))] };
}

const units: Readonly<Record<Nonlinearity, Unit>> = { tanh: plainUnit(tanh), relu: plainUnit(relu) };

function unitFor(layer: string, nonlinearity: Nonlinearity): Unit {
  const unit = Object.hasOwn(units, nonlinearity) ? units[nonlinearity] : undefined;
  if (!unit) throw new ArgumentError(`${layer}: the nonlinearity must be "tanh" or "relu", got "${nonlinearity}"`);
  return unit;
}

export interface RNNOptions extends RecurrentOptions {
  /** "tanh" by default, or "relu". */
  readonly nonlinearity?: Nonlinearity | undefined;
}

/**
 * The plain recurrent network: Elman 1990. At every step h ← tanh(W·x + b + U·h + c). Parameters start uniform in ±1/√hidden.
 *
 * Inputs are [steps, batch, in], outputs [steps, batch, directions · hidden]; with `batchFirst` the first two axes change
 * places. States are [layers · directions, batch, hidden].
 * @example const [outputs, h] = new nn.RNN(32, 128).forward(x);
 */
export class RNN extends Recurrent {
  constructor(inFeatures: number, hiddenFeatures: number, { nonlinearity = "tanh", ...options }: RNNOptions = {}) {
    super(unitFor("RNN", nonlinearity), inFeatures, hiddenFeatures, options);
  }

  /** @param state to start from, zeros by default. Returns the outputs of the top layer and the state after the last step. */
  forward(x: Tensor, state?: Tensor, call: RecurrentCall = {}): [outputs: Tensor, state: Tensor] {
    const [outputs, [last]] = this.run(x, state && [state], call);
    return [outputs, last!];
  }
}

export interface RNNCellOptions extends RecurrentCellOptions {
  /** "tanh" by default, or "relu". */
  readonly nonlinearity?: Nonlinearity | undefined;
}

/** One step of an RNN, for loops written by hand: [..., in] and the state [..., hidden] give the next state. */
export class RNNCell extends RecurrentCell {
  constructor(inFeatures: number, hiddenFeatures: number, { nonlinearity = "tanh", ...options }: RNNCellOptions = {}) {
    super(unitFor("RNNCell", nonlinearity), inFeatures, hiddenFeatures, options);
  }

  /** @param state before the step, zeros by default. Returns the state after it. */
  forward(x: Tensor, state?: Tensor): Tensor {
    return this.next(x, state && [state])[0]!;
  }
}
