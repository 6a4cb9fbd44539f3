import { knownOptions } from "../core/knownOptions.ts";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import type { Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { reshape } from "../graph/ops/movement.ts";
import { assign, cellOf, store } from "../tensor/assign.ts";
import type { Cell } from "../tensor/cell.ts";
import { add, mod, mul, sub } from "../tensor/functional/arithmetic.ts";
import { eq, where } from "../tensor/functional/comparison.ts";
import { Tensor } from "../tensor/tensor.ts";
import { scalarCell, type ParameterGroup } from "./group.ts";
import type { Optimizer } from "./optimizer.ts";
import { fitting, type OptimizerState } from "./state.ts";

export interface LookaheadOptions {
  /** Steps of the inner optimizer between looks back, 5 by default. */
  readonly k?: number | undefined;
  /** How far slow weights go towards the fast ones, 0.5 by default. */
  readonly alpha?: number | undefined;
}

/**
 * Runs another optimizer for `k` steps, then goes back to between there and where it started (Zhang et al. 2019):
 * slow ← slow + α · (fast − slow), fast ← slow. Rates and groups are those of the inner optimizer.
 * @example const optimizer = new optim.Lookahead(new optim.AdamW(model.parameters()));
 */
export class Lookahead {
  readonly inner: Pick<Optimizer, "groups" | "lr" | "zeroGrad" | "step" | "stateDict" | "loadStateDict">;
  readonly k: number;
  readonly alpha: number;
  /** Where each parameter was when the inner optimizer's `k` steps began. */
  readonly #slow: ReadonlyMap<Cell, Cell>;
  readonly #count: Cell;

  /** @throws ArgumentError for a `k` that is no whole number of 1 or more, and an `alpha` outside [0, 1]. */
  constructor(inner: Lookahead["inner"], options: LookaheadOptions = {}) {
    knownOptions("Lookahead", options, { k: true, alpha: true });
    const { k = 5, alpha = 0.5 } = options;
    wholeNumber("Lookahead", "k", k, 1);
    if (!(alpha >= 0 && alpha <= 1)) throw new ArgumentError(`Lookahead: alpha must lie in [0, 1], got ${alpha}`);
    this.inner = inner;
    this.k = k;
    this.alpha = alpha;
    const parameters = inner.groups.flatMap((group) => group.slots.map((slot) => slot.parameter));
    this.#slow = new Map(
      parameters.map((p) => [p, cellOf(p.leaf(), { label: `${p.label}.slow_buffer`, device: p.device })]),
    );
    this.#count = scalarCell(0, "f32", "Lookahead.step");
  }

  get groups(): readonly ParameterGroup[] {
    return this.inner.groups;
  }

  get lr(): number {
    return this.inner.lr;
  }

  set lr(value: number) {
    this.inner.lr = value;
  }

  zeroGrad(): void {
    this.inner.zeroGrad();
  }

  /** One step of the inner optimizer; every k-th goes back. */
  step(): void {
    withGradientMode(false, () => {
      const { k, alpha } = this;
      const begins = eq(mod(this.#count.leaf(), k), 0);
      assign([
        ...[...this.#slow].map(([p, slow]) => ({
          cell: slow,
          value: reshape(where(begins, flat(p), flat(slow)), p.shape),
        })),
        { cell: this.#count, value: add(this.#count.leaf(), 1) },
      ]);
      this.inner.step();
      const ends = eq(mod(this.#count.leaf(), k), 0);
      assign(
        [...this.#slow].map(([p, slow]) => {
          const [fast, start] = [flat(p), flat(slow)];
          return { cell: p, value: reshape(where(ends, add(start, mul(sub(fast, start), alpha)), fast), p.shape) };
        }),
      );
    });
  }

  /** The inner optimizer's, with each parameter's `slow_buffer` and the count of steps as `lookahead_step`. */
  stateDict(): OptimizerState {
    const { state, param_groups } = this.inner.stateDict();
    const own = [...this.#slow.values()].map((slow, i) => [
      `${i}`,
      { ...state[i], slow_buffer: read(slow), lookahead_step: read(this.#count) },
    ]);
    return { state: Object.fromEntries(own) as OptimizerState["state"], param_groups };
  }

  /**
   * Takes over what `stateDict` gave. Either everything is loaded or, on an error, nothing.
   * @throws FormatError when parameters or names differ, ShapeError when shapes do.
   */
  loadStateDict(saved: OptimizerState): void {
    const found = [...this.#slow.values()].flatMap((slow, i) => {
      const { slow_buffer: buffer, lookahead_step: step } = saved.state[i] ?? {};
      if (!buffer || !step)
        throw new FormatError(`Lookahead: the state of parameter ${i} has no slow_buffer, or no lookahead_step`);
      return [
        { cell: slow, value: fitting(buffer, slow.shape, slow, `${i}.slow_buffer`) },
        { cell: this.#count, value: fitting(step, [], this.#count, "lookahead_step") },
      ];
    });
    this.inner.loadStateDict(saved);
    store(found);
  }
}

const read = (cell: Cell): Tensor => new Tensor(cell.read()).detach();
/** All elements in a row, as the inner optimizer sees them: one kernel takes both steps. */
const flat = (cell: Cell): Node => reshape(cell.leaf(), [sizeOf(cell.shape)]);
