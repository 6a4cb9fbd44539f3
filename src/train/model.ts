/** What training works on: models of one input, batches of inputs and targets, and how well they match. */
import { ArgumentError } from "../core/errors.ts";
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tensorsIn } from "../tensor/tree.ts";
import type { MetricName } from "./metrics/byName.ts";
import type { Metric } from "./metrics/metric.ts";

/** A module whose `forward` takes one input: a tensor, or a tuple or object of tensors. */
export type Model<X, O> = Module & { forward(input: X): O };

/**
 * Batches of inputs and targets: a `Dataset` of pairs after `batch`, or an array. It is read from the start in every epoch.
 * Where it has a `length`, progress can say how much is left.
 */
export type Batches<X, Y> = (AsyncIterable<readonly [X, Y]> | Iterable<readonly [X, Y]>) & {
  readonly length?: number | undefined;
};

/** One number for the outputs of a batch and what they should be: a loss, or a metric averaged over examples. */
export type Score<O, Y> = (outputs: O, targets: Y) => Tensor;

/** What is measured besides the loss, under the names that it has in results. */
export type MetricsByName<O, Y, M extends string> = Readonly<Record<M, Score<O, Y> | Metric<O, Y> | MetricName>>;

/** What is measured. */
export interface Scores<O, Y, M extends string> {
  /** Such as `losses.crossEntropy`; it must give one number, the mean over the batch. */
  readonly loss: Score<O, Y>;
  /**
   * Further numbers by name: functions, whose means over examples are taken, such as `{ accuracy }`; metrics, whose sums are, such as
   * `{ f1: new metrics.F1() }`; or names of metrics, such as `{ top5: "top_k_categorical_accuracy" }` or just `["accuracy"]`. None by
   * default.
   */
  readonly metrics?: MetricsByName<NoInfer<O>, NoInfer<Y>, M> | readonly (M & MetricName)[] | undefined;
}

/** Means over all examples, by the names of the scores. */
export type Means<M extends string> = Record<"loss" | M, number>;

/**
 * How many examples a batch has: the first size of its first tensor.
 * @throws ArgumentError when there is no tensor with an axis in it.
 */
export function examplesIn(operation: string, inputs: unknown): number {
  const count = tensorsIn(inputs)[0]?.shape[0];
  if (count === undefined)
    throw new ArgumentError(
      `${operation}: batches of tensors were wanted, whose first axis counts examples; make them with dataset.batch(32)`,
    );
  return count;
}

/**
 * Inputs and targets of a batch.
 * @throws ArgumentError for anything but a pair.
 */
export function pairOf<X, Y>(operation: string, batch: readonly [X, Y]): readonly [X, Y] {
  if (Array.isArray(batch) && batch.length === 2) return batch;
  throw new ArgumentError(
    `${operation}: every batch must be a pair [inputs, targets], got ${Array.isArray(batch) ? `a list of ${batch.length}` : `a ${typeof batch}`}; pair them with dataset.map`,
  );
}

/** Runs something with all of a model in training mode, or none of it, and leaves every module as it was. */
export async function inMode<T>(model: Module, training: boolean, run: () => Promise<T>): Promise<T> {
  const changed = model.modules().filter((module) => module.training !== training);
  const set = (value: boolean): void => {
    for (const module of changed) module.training = value;
  };
  set(training);
  try {
    return await run();
  } finally {
    set(!training);
  }
}
