/** What a compiled model measures: the loss of all outputs together, and metrics of each. */
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { ones } from "../tensor/create.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Metric } from "../train/metrics/metric.ts";
import type { Score, Scores } from "../train/model.ts";
import { weightsOf } from "../train/weights.ts";
import { lossFor, type LossLike, type ResolvedLoss } from "./lossOf.ts";
import { maskOf } from "./masks.ts";
import { meanTo, metricFor, weightedMetricFor, type MetricLike } from "./metricOf.ts";
import { flat, type Nest } from "./symbolic.ts";

/** One thing for all outputs, or one for each: a list in the order of outputs, or by their names. */
export type PerOutput<T> = T | readonly (T | null | undefined)[] | { readonly [output: string]: T | null | undefined };

export interface ScoreOptions {
  /** What training makes small. With several outputs, their sum. */
  readonly loss?: PerOutput<LossLike> | undefined;
  /** What each output's loss counts in the sum, 1 by default. */
  readonly lossWeights?: readonly number[] | { readonly [output: string]: number } | undefined;
  /** Further numbers to measure; of all outputs, of each in a list of lists, or by the names of outputs. */
  readonly metrics?:
    | readonly (MetricLike | readonly MetricLike[])[]
    | { readonly [output: string]: MetricLike | readonly MetricLike[] }
    | undefined;
  /** Metrics in which examples count as their sample weights say; `weighted_` stands before names that are among `metrics` too. */
  readonly weightedMetrics?: readonly MetricLike[] | undefined;
}

/** What targets of a batch may be: of the only output, of each in order or by name, or as `withWeights` puts them. */
export type Targets = Nest<Tensor> | { readonly [output: string]: Tensor };

/** Targets beside what examples count; a tensor of weights for each output. */
export function withWeights(targets: readonly Tensor[], weights: readonly (Tensor | undefined)[]): Targets {
  if (targets.length === 1 && !weights[0]) return targets[0]!;
  return Object.fromEntries([
    ...targets.map((target, i) => [`y${i}`, target]),
    ...weights.flatMap((weight, i) => (weight ? [[`w${i}`, weight]] : [])),
  ]) as { readonly [output: string]: Tensor };
}

interface Split {
  readonly targets: readonly Tensor[];
  readonly weights: readonly (Tensor | undefined)[];
}

/** Targets in the order of outputs. */
export function splitTargets(given: Targets, outputs: readonly string[]): Split {
  if (given instanceof Tensor) return { targets: [given], weights: [] };
  if (Array.isArray(given)) return { targets: given as readonly Tensor[], weights: [] };
  const byName = given as { readonly [output: string]: Tensor };
  if (byName["y0"])
    return { targets: outputs.map((_, i) => byName[`y${i}`]!), weights: outputs.map((_, i) => byName[`w${i}`]) };
  const missing = outputs.find((name) => !byName[name]);
  if (missing !== undefined)
    throw new ArgumentError(
      `fit: there is no target for the output "${missing}"; the outputs are ${outputs.join(", ")}`,
    );
  return { targets: outputs.map((name) => byName[name]!), weights: [] };
}

/** Something given for outputs, as a list. */
function listed<T>(
  what: string,
  given: PerOutput<T>,
  outputs: readonly string[],
  isOne: (value: unknown) => boolean,
): (T | undefined)[] {
  if (isOne(given)) return outputs.map(() => given as T);
  if (Array.isArray(given)) {
    if (given.length !== outputs.length)
      throw new ArgumentError(`compile: ${what} has ${given.length} entries for ${outputs.length} outputs`);
    return (given as readonly (T | null | undefined)[]).map((value) => value ?? undefined);
  }
  const byName = given as { readonly [output: string]: T | null | undefined };
  const unknown = Object.keys(byName).find((name) => !outputs.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(`compile: ${what} names an output "${unknown}"; the outputs are ${outputs.join(", ")}`);
  return outputs.map((name) => byName[name] ?? undefined);
}

const isLoss = (value: unknown): boolean =>
  typeof value === "string" ||
  typeof value === "function" ||
  (typeof value === "object" && value !== null && "className" in value);

/** The losses of outputs, resolved. */
export function lossesOf({ loss }: ScoreOptions, outputs: readonly string[]): readonly (ResolvedLoss | undefined)[] {
  if (loss === undefined) return outputs.map(() => undefined);
  return listed<LossLike>("loss", loss, outputs, isLoss).map((one) => one && lossFor(one));
}

/** What a loss depends on besides outputs and targets. */
export interface LossContext {
  readonly outputs: readonly string[];
  /** Penalties on weights and activations. */
  penalties(): readonly Tensor[];
  /** What classes count, while training. */
  classWeights(): readonly number[] | undefined;
}

/** One output's loss: the mean over examples, of which each counts as its weight says and masked steps do not. */
function lossOfOutput({ call }: ResolvedLoss, prediction: Tensor, target: Tensor, weights: Tensor | undefined): Tensor {
  const mask = maskOf(prediction);
  if (!weights && !mask) {
    const loss = call(prediction, target);
    return loss.rank === 0 ? loss : loss.mean();
  }
  const each = call(prediction, target, { reduction: "none" });
  if (each.rank === 0)
    throw new ArgumentError(
      'loss: weights and masks need a loss for each example, and this one gives a single number; let it hand its third argument, { reduction: "none" }, on to a loss of the library',
    );
  const wide = (given: Tensor): Tensor => {
    const rank = Math.min(given.rank, each.rank);
    const leading = each.shape.slice(0, rank);
    if (!sameShape(given.shape.slice(0, rank), leading))
      throw new ShapeError(
        `loss: weights must have leading axes of the losses ${show(each.shape)}, got ${show(given.shape)}`,
      );
    return given.cast(each.dtype).reshape([...leading, ...each.shape.slice(rank).map(() => 1)]);
  };
  const weighed = weights ? each.mul(wide(weights)) : each;
  if (!mask) return weighed.mean();
  const counts = wide(mask).expand([...each.shape]);
  return weighed.mul(counts).sum().div(counts.sum().maximum(1e-7));
}

/** Loss and metrics for the engine. */
export function scoresOf(
  options: ScoreOptions,
  { outputs, penalties, classWeights }: LossContext,
): Scores<Nest<Tensor>, Targets, string> {
  const losses = lossesOf(options, outputs);
  const given = options.lossWeights;
  const shares = outputs.map(
    (name, i) => (Array.isArray(given) ? given[i] : (given as Record<string, number>)?.[name]) ?? 1,
  );
  const several = outputs.length > 1;

  const weightOf = (target: Tensor, weights: Tensor | undefined): Tensor | undefined =>
    weightsOf("fit", target, weights, classWeights());
  const partOf = (i: number, given: Nest<Tensor>, targets: Targets): Tensor => {
    const split = splitTargets(targets, outputs);
    const prediction = flat(given)[i]!;
    const target = split.targets[i]!;
    return lossOfOutput(losses[i]!, prediction, target, weightOf(target, split.weights[i]));
  };
  const loss: Score<Nest<Tensor>, Targets> = (given, targets) => {
    const parts = losses.flatMap((one, i) => (one ? [partOf(i, given, targets).mul(shares[i]!)] : []));
    const [first, ...rest] = [...parts, ...penalties()];
    if (!first) throw new ArgumentError("fit: there is nothing to make small; give compile a loss");
    return rest.reduce((sum, one) => sum.add(one), first);
  };

  const metrics: Record<string, Score<Nest<Tensor>, Targets> | Metric<Nest<Tensor>, Targets>> = {};
  const labelled = (output: string, name: string): string => (several ? `${output}_${name}` : name);
  const under = (output: string, name: string): string => {
    const base = labelled(output, name);
    let free = base;
    for (let count = 1; Object.hasOwn(metrics, free); count++) free = `${base}_${count}`;
    return free;
  };
  if (several)
    losses.forEach((one, i) => {
      if (one) metrics[under(outputs[i]!, "loss")] = (o, t) => partOf(i, o, t);
    });
  metricsOf(options, outputs).forEach((list, i) => {
    for (const one of list) {
      const { name, metric } = metricFor(one);
      const parts = (o: Nest<Tensor>, t: Targets): [Tensor, Tensor] => [
        flat(o)[i]!,
        splitTargets(t, outputs).targets[i]!,
      ];
      metrics[under(outputs[i]!, name)] =
        metric instanceof Metric
          ? new Metric(
              name,
              (o, t) => metric.statistics(...parts(o, t)),
              (sums) => metric.result(sums),
            )
          : (o, t) => mean(metric(...parts(o, t)));
    }
    for (const one of options.weightedMetrics ?? []) {
      const { name, statistics, result } = weightedMetricFor(one);
      const measure = (o: Nest<Tensor>, t: Targets): Tensor => {
        const { targets, weights } = splitTargets(t, outputs);
        const [prediction, target] = [flat(o)[i]!, targets[i]!];
        const own = weightOf(target, weights[i]) ?? ones([prediction.shape[0]!]);
        return statistics(prediction, target, own.cast("f32"));
      };
      const isTaken = Object.hasOwn(metrics, labelled(outputs[i]!, name));
      metrics[under(outputs[i]!, isTaken ? `weighted_${name}` : name)] = new Metric(name, measure, result);
    }
  });
  return { loss, metrics: metrics as Scores<Nest<Tensor>, Targets, string>["metrics"] };
}

const mean = (x: Tensor): Tensor => (x.rank === 0 ? x : meanTo(x, 0));

/** Metrics of each output. */
function metricsOf({ metrics = [] }: ScoreOptions, outputs: readonly string[]): readonly (readonly MetricLike[])[] {
  if (!Array.isArray(metrics)) {
    const lists = listed("metrics", metrics as PerOutput<Nest<MetricLike>>, outputs, () => false);
    return lists.map((list) => (list === undefined ? [] : flat(list)));
  }
  const list = metrics as readonly Nest<MetricLike>[];
  if (list.some((one) => Array.isArray(one))) {
    if (list.length !== outputs.length)
      throw new ArgumentError(`compile: metrics has ${list.length} lists for ${outputs.length} outputs`);
    return list.map((one) => flat(one));
  }
  return outputs.map(() => list as readonly MetricLike[]);
}
