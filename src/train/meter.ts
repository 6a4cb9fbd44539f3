import { ShapeError } from "../core/errors.ts";
import { isFloat } from "../core/dtype.ts";
import { sameShape, show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { reshape } from "../graph/ops/movement.ts";
import { cast } from "../graph/ops/unary.ts";
import { widestFloat } from "../tensor/engine.ts";
import { assign } from "../tensor/assign.ts";
import { zeros } from "../tensor/create.ts";
import { Cell } from "../tensor/cell.ts";
import { deviceIdle } from "../tensor/engine.ts";
import { read, type Assignment } from "../tensor/evaluate.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import { ge, isFinite, where } from "../tensor/functional/comparison.ts";
import { Tensor } from "../tensor/tensor.ts";
import { mapTensors } from "../tensor/tree.ts";
import { outsideTraces } from "../tensor/trace.ts";
import { metricNamed } from "./metrics/byName.ts";
import { Metric } from "./metrics/metric.ts";
import type { Means, Scores } from "./model.ts";
import { RunningSums } from "./runningSums.ts";
import { weighted } from "./weights.ts";

/** Something measured: sums on the device, their total here, and what it says. */
interface Measured {
  /** Made by the first batch, which knows how many they are. */
  sums: RunningSums | undefined;
  totals: Float64Array;
  readonly mean: (totals: Float64Array, examples: number) => number;
}

/** What a meter has collected. */
export interface MeterState {
  readonly examples: number;
  readonly batches: number;
  readonly totals: Readonly<Record<string, readonly number[]>>;
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
  /** Batches whose loss was finite, up to the first whose loss was not; then −1 less that number. */
  readonly #steady = Cell.of(new Float32Array(1), [1], "f32", { label: "batches with a finite loss" });
  #batches = 0;
  #uncollectedBatches = 0;
  #firstBad: number | undefined;
  #classes: number | undefined;
  /** Zeros in place of what the model returned in the last trace. */
  #blank: O | undefined;

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
              sums: undefined,
              totals: new Float64Array(0),
              mean: (totals) => (totals.length ? score.result(totals) : NaN),
            }
          : {
              sums: new RunningSums(name, 1),
              totals: new Float64Array(1),
              mean: ([sum], examples) => sum! / examples,
            },
      ]),
    );
  }

  /**
   * Adds the scores of a batch, for a traced step. Returns the loss.
   * @param weights what each example counts in the loss, [batch]; 1 each by default.
   */
  add(outputs: O, targets: Y, examples: number, weights?: Tensor): Tensor {
    this.#classes = classesOf(outputs, targets);
    this.#blank = outsideTraces(() => mapTensors(outputs, ({ shape, dtype }) => zeros([...shape], { dtype })));
    let loss: Tensor | undefined;
    const sums = [...this.#scores].map(([name, score]) => {
      if (score instanceof Metric) return this.#added(name, score.statistics(outputs, targets).detach().node);
      const value = loss ? this.#number(name, score(outputs, targets)) : this.loss(outputs, targets, weights);
      loss ??= value;
      return this.#added(name, mul(cast(value.detach().reshape([1]).node, widestFloat()), examples));
    });
    assign([...sums.flat(), { cell: this.#steady, value: stillSteady(this.#steady.leaf(), loss!.detach().node) }]);
    return loss!;
  }

  /** The loss of a batch, added to nothing. */
  loss(outputs: O, targets: Y, weights?: Tensor): Tensor {
    const score = this.#scores.get("loss") as (outputs: O, targets: Y) => Tensor;
    return weights
      ? weighted(this.#operation, score, outputs, targets, weights)
      : this.#number("loss", score(outputs, targets));
  }

  /** The sums of something measured with more added to them. */
  #added(name: string, more: Node): Assignment[] {
    const measured = this.#measured.get(name)!;
    const count = more.shape[0]!;
    const sums = (measured.sums ??= new RunningSums(name, count));
    if (sums.count !== count)
      throw new ShapeError(
        `${this.#operation}: ${name} has ${count} sums in this batch and had ${sums.count} before; all batches need the same number of classes`,
      );
    if (measured.totals.length !== count) measured.totals = new Float64Array(count);
    return sums.added(more);
  }

  /** Says that a batch with so many examples ran. */
  count(examples: number): void {
    this.#uncollected += examples;
    this.#uncollectedBatches++;
  }

  /** How many classes the outputs tell apart, where the targets of the last trace were labels of them. */
  get classes(): number | undefined {
    return this.#classes;
  }

  /** Whether targets give a finite loss where all outputs are zero: if not, they are to blame. False before the first trace. */
  async judges(targets: Y): Promise<boolean> {
    if (this.#blank === undefined) return false;
    try {
      return Number.isFinite(await this.loss(this.#blank, targets).item());
    } catch {
      // Losses refuse labels that they can see.
      return false;
    }
  }

  /** The first batch since the last reset, from 0, whose loss was not finite, as far as was collected. */
  get firstBad(): number | undefined {
    return this.#firstBad;
  }

  /** Moves what the device added up into sums here: waits for all steps so far. False where there was nothing new. */
  async collect(): Promise<boolean> {
    if (this.#uncollectedBatches === 0) return false;
    await deviceIdle();
    // All is asked for at once: a device that answers later is waited for once.
    const measured = [...this.#measured.values()];
    const [[steady], ...sums] = await Promise.all([
      read(this.#steady.leaf()),
      ...measured.map(async ({ sums: running }) => running?.take()),
    ]);
    for (const [at, { totals }] of measured.entries()) sums[at]?.forEach((sum, i) => (totals[i]! += sum));
    if (steady! < 0) this.#firstBad ??= this.#batches - 1 - steady!;
    this.#steady.set(new Float32Array(1));
    this.#batches += this.#uncollectedBatches;
    this.#examples += this.#uncollected;
    this.#uncollected = this.#uncollectedBatches = 0;
    return true;
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

  /** The totals, as plain JSON. Everything must have been collected. */
  state(): MeterState {
    const totals = [...this.#measured].map(([name, measured]) => [name, [...measured.totals]] as const);
    return { examples: this.#examples, batches: this.#batches, totals: Object.fromEntries(totals) };
  }

  /** Goes on from totals. */
  restore({ examples, batches, totals }: MeterState): void {
    this.reset();
    [this.#examples, this.#batches] = [examples, batches];
    for (const [name, values] of Object.entries(totals)) {
      const measured = this.#measured.get(name);
      if (measured) measured.totals = Float64Array.from(values);
    }
  }

  /** Starts over, for the next epoch. Everything must have been collected. */
  reset(): void {
    for (const { totals } of this.#measured.values()) totals.fill(0);
    this.#examples = this.#batches = 0;
    this.#firstBad = undefined;
  }

  #number(name: string, value: Tensor): Tensor {
    if (value.size === 1) return value.reshape([]);
    throw new ShapeError(
      `${this.#operation}: ${name} must be one number for a batch, got ${show(value.shape)}; take its mean()`,
    );
  }
}

/** Classes in outputs [..., classes] where the targets are whole numbers [...]. */
function classesOf(outputs: unknown, targets: unknown): number | undefined {
  if (!(outputs instanceof Tensor && targets instanceof Tensor) || outputs.rank === 0) return undefined;
  const isLabelled = !isFloat(targets.dtype) && sameShape(targets.shape, outputs.shape.slice(0, -1));
  return isLabelled ? outputs.shape.at(-1) : undefined;
}

/** The next count of batches with a finite loss. */
function stillSteady(count: Node, loss: Node): Node {
  const next = where(isFinite(reshape(loss, [1])), add(count, 1), sub(-1, count));
  return where(ge(count, 0), next, count);
}
