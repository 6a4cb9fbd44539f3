import { ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { cast } from "../graph/ops/unary.ts";
import { assign } from "../tensor/assign.ts";
import { Cell } from "../tensor/cell.ts";
import { read } from "../tensor/evaluate.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { outsideTraces } from "../tensor/trace.ts";
import { metricNamed } from "./metrics/byName.ts";
import { Metric } from "./metrics/metric.ts";
import type { Means, Scores } from "./model.ts";

/** Something measured: sums on the device, their total here, and what it says. */
interface Measured {
  /** Adds nothing yet; made by the first batch of a metric, which knows how many sums it has. */
  cell: Cell | undefined;
  totals: Float64Array;
  readonly mean: (totals: Float64Array, examples: number) => number;
}

/**
 * Means of scores over examples, and metrics of their sums. A traced step adds them up in the device's memory, so that no step waits until
 * its loss is read; `collect` reads the sums once in a while.
 */
export class Meter<O, Y, M extends string> {
  readonly #scores: ReadonlyMap<string, ((outputs: O, targets: Y) => Tensor) | Metric<O, Y>>;
  readonly #measured: ReadonlyMap<string, Measured>;
  readonly #operation: string;
  /** Examples in the totals, and those that are only in the device's sums so far. */
  #examples = 0;
  #uncollected = 0;

  constructor(operation: string, { loss, metrics }: Scores<O, Y, M>) {
    this.#operation = operation;
    const named = Array.isArray(metrics) ? Object.fromEntries(metrics.map((name: M) => [name, name])) : metrics;
    const given = Object.entries({ loss, ...named } as Record<string, typeof loss | Metric<O, Y> | string>);
    this.#scores = new Map(
      given.map(([name, score]) => [
        name,
        // A name stands for a metric of tensors, as the type of the scores has checked.
        typeof score === "string" ? (metricNamed(score as never) as unknown as Metric<O, Y>) : score,
      ]),
    );
    this.#measured = new Map(
      [...this.#scores].map(([name, score]) => [
        name,
        score instanceof Metric
          ? {
              cell: undefined,
              totals: new Float64Array(0),
              mean: (totals) => (totals.length ? score.result(totals) : NaN),
            }
          : {
              cell: zero(name, 1, "f32"),
              totals: new Float64Array(1),
              mean: ([sum], examples) => sum! / examples,
            },
      ]),
    );
  }

  /** Adds the scores of a batch, for a traced step. Returns the loss. */
  add(outputs: O, targets: Y, examples: number): Tensor {
    let loss: Tensor | undefined;
    const sums = [...this.#scores].map(([name, score]) => {
      if (score instanceof Metric) return this.#added(name, score.statistics(outputs, targets).detach().node);
      const value = this.#number(name, score(outputs, targets));
      loss ??= value;
      return this.#added(name, mul(cast(value.detach().reshape([1]).node, "f32"), examples));
    });
    assign(sums);
    return loss!;
  }

  /** The sums of something measured with more added to them. */
  #added(name: string, more: Node): { cell: Cell; value: Node } {
    const measured = this.#measured.get(name)!;
    const count = more.shape[0]!;
    const cell = (measured.cell ??= outsideTraces(() => zero(name, count, "f64")));
    if (cell.shape[0] !== count)
      throw new ShapeError(
        `${this.#operation}: ${name} has ${count} sums in this batch and had ${cell.shape[0]} before; all batches need the same number of classes`,
      );
    if (measured.totals.length !== count) measured.totals = new Float64Array(count);
    return { cell, value: add(cell.leaf(), more) };
  }

  /** Says that a step with so many examples ran. */
  count(examples: number): void {
    this.#uncollected += examples;
  }

  /** Moves what the device added up into sums of double precision here: waits for all steps so far. */
  async collect(): Promise<void> {
    if (this.#uncollected === 0) return;
    for (const { cell, totals } of this.#measured.values()) {
      if (!cell) continue;
      const sums = await read(cell.leaf());
      for (let i = 0; i < totals.length; i++) totals[i]! += sums[i]!;
      cell.set(cell.dtype === "f64" ? new Float64Array(totals.length) : new Float32Array(totals.length));
    }
    this.#examples += this.#uncollected;
    this.#uncollected = 0;
  }

  /** The means of everything collected; NaN of nothing. */
  means(): Means<M> {
    const entries = [...this.#measured].map(([name, { totals, mean }]) => [name, mean(totals, this.#examples)]);
    return Object.fromEntries(entries) as Means<M>;
  }

  /** Examples counted since the last reset. */
  get examples(): number {
    return this.#examples + this.#uncollected;
  }

  /** Starts over, for the next epoch. Everything must have been collected. */
  reset(): void {
    for (const { totals } of this.#measured.values()) totals.fill(0);
    this.#examples = 0;
  }

  #number(name: string, value: Tensor): Tensor {
    if (value.size === 1) return value.reshape([]);
    throw new ShapeError(
      `${this.#operation}: ${name} must be one number for a batch, got ${show(value.shape)}; take its mean()`,
    );
  }
}

function zero(name: string, count: number, dtype: "f32" | "f64"): Cell {
  const elements = dtype === "f64" ? new Float64Array(count) : new Float32Array(count);
  return Cell.of(elements, [count], dtype, { label: `sum of ${name}` });
}
