import { ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { cast } from "../graph/ops/unary.ts";
import { assign } from "../tensor/assign.ts";
import { Cell } from "../tensor/cell.ts";
import { read } from "../tensor/evaluate.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Means, Scores } from "./model.ts";

/**
 * Means of scores over examples. A traced step adds them up in the device's memory, so that no step waits until its loss
 * is read; `collect` reads the sums once in a while.
 */
export class Meter<O, Y, M extends string> {
  readonly #scores: ReadonlyMap<string, (outputs: O, targets: Y) => Tensor>;
  readonly #sums: ReadonlyMap<string, Cell>;
  readonly #operation: string;
  #totals = new Map<string, number>();
  /** Examples in the totals, and those that are only in the device's sums so far. */
  #examples = 0;
  #uncollected = 0;

  constructor(operation: string, { loss, metrics }: Scores<O, Y, M>) {
    this.#operation = operation;
    this.#scores = new Map(Object.entries<(outputs: O, targets: Y) => Tensor>({ loss, ...metrics }));
    this.#sums = new Map([...this.#scores.keys()].map((name) => [name, zero(name)]));
  }

  /** Adds the scores of a batch, for a traced step. Returns the loss. */
  add(outputs: O, targets: Y, examples: number): Tensor {
    const values = [...this.#scores].map(
      ([name, score]) => [name, this.#number(name, score(outputs, targets))] as const,
    );
    assign(
      values.map(([name, value]) => {
        const cell = this.#sums.get(name)!;
        return { cell, value: add(cell.leaf(), mul(cast(value.detach().node, cell.dtype), examples)) };
      }),
    );
    return values[0]![1];
  }

  /** Says that a step with so many examples ran. */
  count(examples: number): void {
    this.#uncollected += examples;
  }

  /** Moves what the device added up into sums of double precision here: waits for all steps so far. */
  async collect(): Promise<void> {
    if (this.#uncollected === 0) return;
    for (const [name, cell] of this.#sums) {
      const [sum] = await read(cell.leaf());
      this.#totals.set(name, (this.#totals.get(name) ?? 0) + sum!);
      cell.set(new Float32Array(1));
    }
    this.#examples += this.#uncollected;
    this.#uncollected = 0;
  }

  /** The means of everything collected; NaN of nothing. */
  means(): Means<M> {
    const entries = [...this.#scores.keys()].map((name) => [name, (this.#totals.get(name) ?? 0) / this.#examples]);
    return Object.fromEntries(entries) as Means<M>;
  }

  /** Examples counted since the last reset. */
  get examples(): number {
    return this.#examples + this.#uncollected;
  }

  /** Starts over, for the next epoch. Everything must have been collected. */
  reset(): void {
    this.#totals = new Map();
    this.#examples = 0;
  }

  #number(name: string, value: Tensor): Tensor {
    if (value.size === 1) return value.reshape([]);
    throw new ShapeError(
      `${this.#operation}: ${name} must be one number for a batch, got ${show(value.shape)}; take its mean()`,
    );
  }
}

function zero(name: string): Cell {
  return Cell.of(new Float32Array(1), [], "f32", { label: `sum of ${name}` });
}
