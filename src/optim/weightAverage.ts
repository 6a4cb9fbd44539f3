/** Averages of the weights along the way, which are often better than the last ones. */
import { knownOptions } from "../core/knownOptions.ts";
import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import type { Module } from "../nn/module.ts";
import { loadCells, type StateDict } from "../nn/stateDict.ts";
import { assign } from "../tensor/assign.ts";
import { Cell } from "../tensor/cell.ts";
import { cast } from "../graph/ops/unary.ts";
import { withGradientMode } from "../graph/op.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import { ne } from "../tensor/functional/comparison.ts";
import { Tensor } from "../tensor/tensor.ts";
import { scalarCell } from "./group.ts";

export interface WeightAverageOptions {
  /**
   * How much of the average stays at each update, 0.999 for instance: an exponential moving average (EMA). Without it all updates
   * count alike: stochastic weight averaging (SWA, Izmailov et al. 2018).
   */
  readonly decay?: number | undefined;
  /** Whether buffers of floats, such as batch norm's statistics, are averaged too; false by default, as in PyTorch. */
  readonly buffers?: boolean | undefined;
}

interface Pair {
  readonly path: string;
  readonly live: Cell;
  readonly average: Cell;
}

/**
 * The average of a model's weights over the updates so far: avg ← avg + (weight − avg) · rate, where the first rate is 1, and
 * the others 1 − decay or 1/n. As `torch.optim.swa_utils.AveragedModel`, whose names its state has; but there is no second
 * model: `swap` puts the average into the model and the model's weights aside, and the other way round.
 *
 * @example
 * const ema = new optim.WeightAverage(model, { decay: 0.999 });
 * …                                       // after each optimizer.step(), traced or not:
 * ema.update();
 * const scores = await ema.use(() => evaluate(model, test, { loss }));
 */
export class WeightAverage {
  readonly decay: number | undefined;
  readonly #pairs: readonly Pair[];
  readonly #count: Cell;
  #swapped = false;

  /** @throws ArgumentError for a decay outside [0, 1), and a model without parameters. */
  constructor(model: Module, options: WeightAverageOptions = {}) {
    knownOptions("WeightAverage", options, { decay: true, buffers: true });
    const { decay, buffers = false } = options;
    if (decay !== undefined && !(decay >= 0 && decay < 1))
      throw new ArgumentError(`WeightAverage: decay must lie in [0, 1), got ${decay}`);
    const state = [...model.namedParameters(), ...(buffers ? model.namedBuffers() : [])];
    this.decay = decay;
    this.#pairs = state
      .filter(([, { cell }]) => cell.dtype === "f32" || cell.dtype === "f64")
      .map(([path, { cell }]) => ({ path, live: cell, average: zeros(cell) }));
    if (this.#pairs.length === 0) throw new ArgumentError(`WeightAverage: ${model} has no weights to average`);
    this.#count = scalarCell(0, "f32", "WeightAverage.n_averaged");
  }

  /** How many updates are in the average. Waits for all steps so far; on devices that answer later, read `n_averaged` of the state. */
  get count(): number {
    return this.#count.snapshot()[0]!;
  }

  /** Whether the model has the average now. */
  get swapped(): boolean {
    return this.#swapped;
  }

  /** Adds the weights of this moment, in one program (inside a traced function, as part of it). */
  update(): void {
    if (this.#swapped) throw new ArgumentError("WeightAverage: the model has the average now; swap it back first");
    withGradientMode(false, () => {
      const count = this.#count.leaf();
      const next = add(count, 1);
      const { decay } = this;
      const rate = (dtype: DType): Node =>
        decay === undefined ? div(1, cast(next, dtype)) : sub(1, mul(cast(ne(count, 0), dtype), decay));
      const updates = this.#pairs.map(({ live, average }) => {
        const before = average.leaf();
        return { cell: average, value: add(before, mul(sub(live.leaf(), before), rate(live.dtype))) };
      });
      assign([...updates, { cell: this.#count, value: next }]);
    });
  }

  /**
   * Exchanges the model's weights and the average.
   * @throws ArgumentError before the first update, where that can be told without waiting.
   */
  swap(): void {
    if (this.#count.known()?.[0] === 0)
      throw new ArgumentError("WeightAverage: there is no average before the first update");
    withGradientMode(false, () =>
      assign(
        this.#pairs.flatMap(({ live, average }) => [
          { cell: live, value: average.leaf() },
          { cell: average, value: live.leaf() },
        ]),
      ),
    );
    this.#swapped = !this.#swapped;
  }

  /** Runs something with the average in the model, and swaps back afterwards. */
  async use<T>(run: () => T | PromiseLike<T>): Promise<T> {
    if (this.#swapped) return await run();
    this.swap();
    try {
      return await run();
    } finally {
      this.swap();
    }
  }

  /** The average by PyTorch's names, `module.fc1.weight`, and `n_averaged`. @throws ArgumentError while the model has the average. */
  stateDict(): Record<string, Tensor> {
    if (this.#swapped) throw new ArgumentError("WeightAverage: the model has the average now; swap it back first");
    const entries = [...this.#cells()].map(([cell, [name]]) => [name, new Tensor(cell.read()).detach()]);
    return Object.fromEntries(entries) as Record<string, Tensor>;
  }

  /** Takes over what `stateDict` gave. Throws as `Module.loadStateDict` does; then nothing is loaded. */
  loadStateDict(dict: StateDict): void {
    loadCells("the average", this.#cells(), dict);
    this.#swapped = false;
  }

  #cells(): Map<Cell, readonly string[]> {
    return new Map<Cell, readonly string[]>([
      [this.#count, ["n_averaged"]],
      ...this.#pairs.map(({ path, average }) => [average, [`module.${path}`]] as const),
    ]);
  }
}

function zeros({ shape, dtype, label, device }: Cell): Cell {
  const cell = new Cell(shape, dtype, { label: `${label}.average`, device });
  cell.set(allocate(dtype, sizeOf(shape)) as TypedArray);
  return cell;
}
