/** Metrics that a model is compiled with. */
import { ArgumentError } from "../core/errors.ts";
import { sameShape } from "../core/shape.ts";
import { metricNamed, type MetricName as NnName } from "../train/metrics/byName.ts";
import { Metric, sideBySide } from "../train/metrics/metric.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { snakeCase, type Camel } from "./described.ts";
import { alignedTo, isLossName, lossFor, type LossName } from "./lossOf.ts";

/** `accuracy`, `mean_absolute_error` or `meanAbsoluteError`; a loss is a metric too. */
export type MetricNameLike = NnName | Camel<NnName> | LossName;

/** A name, a metric, or a function of predictions and targets, in this order, whose mean over examples is taken. */
export type MetricLike = MetricNameLike | Metric | ((prediction: Tensor, target: Tensor) => Tensor);

/** A metric with the name that results show it under. */
export interface NamedMetric {
  readonly name: string;
  readonly metric: Metric | ((prediction: Tensor, target: Tensor) => Tensor);
}

const isAccuracy = (name: string): boolean => name === "accuracy" || name === "acc";

/** Whether predictions are right, one for each label: f32. What right means follows from the shapes, as in Keras. */
function right(prediction: Tensor, given: Tensor): Tensor {
  const target = alignedTo(prediction, given);
  if (!sameShape(prediction.shape, target.shape)) return prediction.argmax(-1).eq(target.int()).float();
  if (prediction.shape.at(-1) === 1 || prediction.rank < 2) return prediction.gt(0.5).eq(target.gt(0.5)).float();
  return prediction.argmax(-1).eq(target.argmax(-1)).float();
}

const share = (sums: Float64Array): number => sums[0]! / sums[1]!;
const weighedSums = (each: Tensor, weights: Tensor): Tensor => sideBySide(each.mul(weights).sum(), weights.sum());

/** One number for each example and step that weights can multiply. */
function perExample(name: string): (prediction: Tensor, target: Tensor) => Tensor {
  if (isAccuracy(name)) return right;
  const { call } = lossFor(name as LossName);
  return (prediction, target) => call(prediction, target, { reduction: "none" });
}

/** Each example's number beside weights of leading axes: [batch] for losses [batch, …]. */
export function meanTo(each: Tensor, rank: number): Tensor {
  const axes = each.shape.map((_, axis) => axis).slice(rank);
  return axes.length === 0 ? each : each.mean(axes);
}

/** The metric that is meant. Throws ArgumentError for a name that none has. */
export function metricFor(given: MetricLike): NamedMetric {
  if (given instanceof Metric) {
    const metric = new Metric(
      given.name,
      (p: Tensor, t: Tensor) => given.statistics(p, alignedTo(p, t)),
      (sums) => given.result(sums),
    );
    return { name: snakeCase(given.name), metric };
  }
  if (typeof given === "function") return { name: given.name || "metric", metric: (p, t) => given(p, alignedTo(p, t)) };
  if (isAccuracy(given)) {
    const count = (p: Tensor, t: Tensor): Tensor => {
      const each = right(p, t);
      return weighedSums(each, each.mul(0).add(1));
    };
    return { name: given, metric: new Metric(given, count, share) };
  }
  if (isLossName(given)) {
    const { call } = lossFor(given as LossName);
    return { name: given, metric: (p, t) => call(p, t) };
  }
  const { metric } = metricFor(metricNamed(snakeCase(given) as NnName));
  return { name: given, metric };
}

/** A metric whose examples count as the sample weights say. Throws ArgumentError for one that is no mean over examples. */
export function weightedMetricFor(given: MetricLike): {
  readonly name: string;
  readonly statistics: (prediction: Tensor, target: Tensor, weights: Tensor) => Tensor;
  readonly result: (sums: Float64Array) => number;
} {
  if (typeof given !== "string" || !(isAccuracy(given) || isLossName(given)))
    throw new ArgumentError(
      `weightedMetrics: takes "accuracy" and the names of losses, got ${typeof given === "string" ? `"${given}"` : "something else"}; put it under metrics`,
    );
  const each = perExample(given);
  return {
    name: given,
    statistics: (p, t, weights) => weighedSums(meanTo(each(p, t), weights.rank), weights),
    result: share,
  };
}
