/** Losses of overlap, for masks: few pixels count as much as many. */
import { ArgumentError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { cast } from "../../graph/ops/unary.ts";
import { add, div, mul, pow, sub } from "../../tensor/functional/arithmetic.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { checkKnown } from "./known.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

export interface OverlapOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** Added above and below, so that empty masks that agree cost 0; 1 by default (Keras adds 1e-7). */
  readonly smooth?: number | undefined;
}

export interface TverskyOptions<R extends Reduction = Reduction> extends OverlapOptions<R> {
  /** What a false positive counts, 0.5 by default. */
  readonly alpha?: number | undefined;
  /** What a false negative counts, 0.5 by default. Both 0.5 is Dice, both 1 the intersection over union. */
  readonly beta?: number | undefined;
  /** The power of the loss, 1 by default; above 1, harder examples count more (Abraham and Khan 2019). */
  readonly gamma?: number | undefined;
}

/** The shape of one loss for each example. */
export type Examples<S extends Shape> = S extends readonly [infer B extends number, ...unknown[]] ? [B] : Shape;

function overlap(op: string, probabilities: Tensor, targets: Tensor, options: TverskyOptions, smooth: number): Tensor {
  const { alpha = 0.5, beta = 0.5, gamma = 1 } = options;
  for (const [name, value] of Object.entries({ alpha, beta, smooth }))
    if (!(value >= 0)) throw new ArgumentError(`${op}: ${name} must be 0 or more, got ${value}`);
  if (!(gamma > 0)) throw new ArgumentError(`${op}: gamma must be above 0, got ${gamma}`);
  const [given, wanted] = matched(op, probabilities, targets);
  checkKnown(op, "probabilities", given, 0, 1, "Use sigmoid or softmax on logits");
  const p = toSingle(given);
  const t = cast(wanted, p.dtype);
  const axes = p.shape.slice(1).map((_, axis) => axis + 1);
  const both = sum(mul(p, t), axes);
  const excess = sub(sum(p, axes), both);
  const missed = sub(sum(t, axes), both);
  const whole = add(add(both, mul(excess, alpha)), mul(missed, beta));
  const loss = sub(1, div(add(both, smooth), add(whole, smooth)));
  return fromNode(reduced(op, pow(loss, gamma), options));
}

/** 1 − 2·|p ∩ t| / (|p| + |t|) for probabilities and masks [batch, …], one loss for each example: Milletari et al. 2016. */
export function dice<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  probabilities: Tensor<S>,
  targets: Checked<Same<S, T, "dice">, Tensor<T>>,
  options: OverlapOptions<R> = {},
): Tensor<Reduced<R, Examples<S>>> {
  // (2·both + s) / (all + s) is (both + s/2) / (all/2 + s/2).
  return overlap("dice", probabilities, targets as Tensor, options, (options.smooth ?? 1) / 2) as never;
}

/** 1 − |p ∩ t| / |p ∪ t| for probabilities and masks [batch, …], one loss for each example. */
export function iou<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  probabilities: Tensor<S>,
  targets: Checked<Same<S, T, "iou">, Tensor<T>>,
  options: OverlapOptions<R> = {},
): Tensor<Reduced<R, Examples<S>>> {
  const weights = { ...options, alpha: 1, beta: 1 };
  return overlap("iou", probabilities, targets as Tensor, weights, options.smooth ?? 1) as never;
}

/** 1 − |p ∩ t| / (|p ∩ t| + α·|p \ t| + β·|t \ p|), one loss for each example [batch, …]: Salehi et al. 2017. */
export function tversky<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  probabilities: Tensor<S>,
  targets: Checked<Same<S, T, "tversky">, Tensor<T>>,
  options: TverskyOptions<R> = {},
): Tensor<Reduced<R, Examples<S>>> {
  return overlap("tversky", probabilities, targets as Tensor, options, options.smooth ?? 1) as never;
}
