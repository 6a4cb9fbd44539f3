import { classNameOf } from "../core/className.ts";
import type { DType } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { fill } from "../graph/ops/leaf.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkLast, checkSizes } from "./checks.ts";
import { Module } from "./module.ts";
import { projectInputs, recur, recurrentWeights, type RecurrentWeights, type Unit } from "./recurrent.ts";

export interface RecurrentCellOptions {
  /** Whether biases are added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** The base of RNNCell, LSTMCell and GRUCell: one step, for loops written by hand. Names are PyTorch's: `weight_ih`, … */
export abstract class RecurrentCell extends Module {
  readonly inFeatures: number;
  readonly hiddenFeatures: number;
  readonly weights: RecurrentWeights;
  readonly #unit: Unit;

  constructor(
    unit: Unit,
    inFeatures: number,
    hiddenFeatures: number,
    { bias = true, dtype = "f32" }: RecurrentCellOptions = {},
  ) {
    super();
    this.#unit = unit;
    this.inFeatures = inFeatures;
    this.hiddenFeatures = hiddenFeatures;
    checkSizes(`${this}`, { inFeatures, hiddenFeatures });
    const sizes = { inputs: inFeatures, hidden: hiddenFeatures, projection: 0 };
    this.weights = recurrentWeights(this, unit, sizes, { bias, dtype });
  }

  override members(): Iterable<readonly [string, unknown]> {
    return Object.entries(this.weights);
  }

  /** The state after one step of [..., in]; zeros before it by default. */
  protected next(x: Tensor, given: readonly Tensor[] | undefined): Tensor[] {
    checkLast(this, x, [this.inFeatures]);
    const shape = [...x.shape.slice(0, -1), this.hiddenFeatures];
    const state = Array.from(
      { length: this.#unit.states },
      (_, part) => given?.[part]?.node ?? fill(shape, 0, x.dtype),
    );
    for (const part of state)
      if (!sameShape(part.shape, shape))
        throw new ShapeError(`${this}: the state must be ${show(shape)}, got ${show(part.shape)}`);
    const input = projectInputs(this.#unit, this.weights, x.node);
    return recur(this.#unit, this.weights, input, state).map((part) => fromNode(part));
  }

  override toString(): string {
    return `${classNameOf(this)}(${this.inFeatures}, ${this.hiddenFeatures})`;
  }
}
