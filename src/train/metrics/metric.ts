/** Metrics that are measured batch after batch: what a batch adds, and what the sums say. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import { concat } from "../../tensor/functions.ts";
import { noGrad } from "../../tensor/autodiff.ts";
import { widestFloat } from "../../tensor/engine.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * A metric made of sums. `statistics` says, as a formula of tensors, what a batch adds to them, and `result` what they mean; so metrics
 * run inside the traced steps of `fit` and `evaluate` (which keep sums of their own and leave the state here alone), parts that were
 * measured apart can be merged, and the result does not depend on how examples were batched.
 *
 * @example
 * const f1 = new metrics.F1({ average: "macro" });
 * for await (const [x, y] of test) await f1.update(model.forward(x), y);
 * f1.compute();
 */
export class Metric<O = Tensor, Y = Tensor> {
  readonly name: string;
  readonly #statistics: (outputs: O, targets: Y) => Tensor;
  readonly #result: (sums: Float64Array) => number;
  #sums: Float64Array | undefined;

  constructor(name: string, statistics: (outputs: O, targets: Y) => Tensor, result: (sums: Float64Array) => number) {
    this.name = name;
    this.#statistics = statistics;
    this.#result = result;
  }

  /** What a batch adds to the sums: f64 (f32 on GPUs), one axis, of the same size for every batch. No gradient flows. */
  statistics(outputs: O, targets: Y): Tensor {
    return noGrad(() => this.#statistics(outputs, targets).cast(widestFloat()).reshape([-1]));
  }

  /** What sums of statistics mean; NaN where nothing was measured. */
  result(sums: Float64Array): number {
    return this.#result(sums);
  }

  /** Measures a batch. Reads what it adds, so it waits until the batch is computed. */
  async update(outputs: O, targets: Y): Promise<this> {
    this.#add(await this.statistics(outputs, targets).data());
    return this;
  }

  /** The sums of everything measured since the last reset; undefined of nothing. A copy. */
  get sums(): Float64Array | undefined {
    return this.#sums?.slice();
  }

  /** The metric of everything measured since the last reset. Throws ArgumentError when that is nothing. */
  compute(): number {
    if (!this.#sums) throw new ArgumentError(`${this.name}: nothing has been measured yet; call update first`);
    return this.#result(this.#sums);
  }

  /** Forgets everything measured. */
  reset(): void {
    this.#sums = undefined;
  }

  /** Takes over what another metric of the same kind has measured. Throws ArgumentError for another kind. */
  merge(other: Metric<O, Y>): this {
    if (other.name !== this.name) throw new ArgumentError(`${this.name}: cannot merge with ${other.name}`);
    if (other.#sums) this.#add(other.#sums);
    return this;
  }

  #add(more: ArrayLike<number>): void {
    const sums = (this.#sums ??= new Float64Array(more.length));
    if (sums.length !== more.length)
      throw new ShapeError(
        `${this.name}: a batch of ${show([more.length])} sums meets ${show([sums.length])}; all batches need the same number of classes`,
      );
    for (let i = 0; i < sums.length; i++) sums[i]! += more[i]!;
  }
}

/** Sums side by side, as one tensor of f64 (f32 on GPUs). */
export function sideBySide(...parts: readonly Tensor[]): Tensor {
  return concat(parts.map((part) => part.cast(widestFloat()).reshape([-1])));
}
