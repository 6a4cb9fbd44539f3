/** What training works on: models of one input, batches of inputs and targets, and how well they match. */
import { ArgumentError } from "../core/errors.ts";
import type { Module } from "../nn/module.ts";
import { Tensor } from "../tensor/tensor.ts";
import { tensorsIn } from "../tensor/tree.ts";
import type { MetricName } from "./metrics/byName.ts";
import type { Metric } from "./metrics/metric.ts";

/** A module whose `forward` takes one input: a tensor, or a tuple or object of tensors. */
export type Model<X, O> = Module & { forward(input: X): O };

/**
 * Batches of inputs and targets, and of what examples count where they count differently: a `Dataset` of pairs or triples after `batch`,
 * or an array. It is read from the start in every epoch. Where it has a `length`, progress can say how much is left.
 */
export type Batches<X, Y> = (AsyncIterable<Batch<X, Y>> | Iterable<Batch<X, Y>>) & {
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
  const [count] = (inputs instanceof Tensor ? inputs : tensorsIn(inputs)[0])?.shape ?? [];
  if (count === undefined)
    throw new ArgumentError(
      `${operation}: batches of tensors were wanted, whose first axis counts examples; make them with dataset.batch(32)`,
    );
  return count;
}

/** Inputs, targets and, where given, what each example counts in the loss: [batch] or further leading axes of it. */
export type Batch<X, Y> =
  | readonly [inputs: X, targets: Y]
  | readonly [inputs: X, targets: Y, weights: Tensor | undefined];

/**
 * A batch as it must be.
 * @throws ArgumentError for anything but a pair, or a triple that ends with a tensor.
 */
export function batchOf<X, Y>(operation: string, batch: Batch<X, Y>): Batch<X, Y> {
  if (!Array.isArray(batch) || batch.length < 2 || batch.length > 3)
    throw new ArgumentError(
      `${operation}: every batch must be a pair [inputs, targets] or a triple [inputs, targets, weights], got ${Array.isArray(batch) ? `a list of ${batch.length}` : `a ${typeof batch}`}; pair them with dataset.map`,
    );
  const weights: unknown = batch[2];
  if (weights === undefined || weights instanceof Tensor) return batch as readonly unknown[] as Batch<X, Y>;
  throw new ArgumentError(
    `${operation}: the third part of a batch must be a tensor, what each example counts, got a ${typeof weights}; several inputs or targets stand in tuples or objects: [[a, b], targets]`,
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
