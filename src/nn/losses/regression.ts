/** Losses of numbers against numbers. */
import { ArgumentError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { abs, cast, exp, neg, tanh } from "../../graph/ops/unary.ts";
import { add, div, maximum, mul, sub } from "../../tensor/functional/arithmetic.ts";
import { ge, lt, where } from "../../tensor/functional/comparison.ts";
import { withGradient } from "../../tensor/functional/custom.ts";
import { log1p, sinh, square } from "../../tensor/functional/elementary.ts";
import { expandTo, toSingle } from "../../tensor/functional/operands.ts";
import { sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import {
  checkReduction,
  matched,
  reduced,
  type Reduced,
  type Reduction,
  type ReductionOptions,
  type Same,
} from "./reduction.ts";

export interface RegressionOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** How much each element counts; broadcasts to the prediction. The mean divides by the weights, as in PyTorch. */
  readonly weight?: Tensor | undefined;
}

/** A loss of the difference between prediction and target. */
function ofDifference(
  op: string,
  prediction: Tensor,
  target: Tensor,
  options: RegressionOptions,
  loss: (difference: Node) => Node,
): Node {
  const [a, b] = matched(op, prediction, target);
  const losses = loss(toSingle(sub(a, b)));
  if (!options.weight) return reduced(op, losses, options);
  const weight = expandTo(cast(options.weight.node, losses.dtype), losses.shape);
  const each = mul(losses, weight);
  const { reduction = "mean" } = options;
  checkReduction(op, reduction);
  if (reduction !== "mean") return reduced(op, each, options);
  return div(reduced(op, each, { ...options, reduction: "sum" }), sum(weight));
}

/** (p − t)², averaged. Some texts halve it: `halfMse`. */
export function mse<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "mse">, Tensor<T>>,
  options: RegressionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  return fromNode(ofDifference("mse", prediction, target as Tensor, options, square));
}

/** ½·(p − t)², averaged: its gradient is the difference itself. */
export function halfMse<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "halfMse">, Tensor<T>>,
  options: RegressionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  return fromNode(ofDifference("halfMse", prediction, target as Tensor, options, (d) => mul(square(d), 0.5)));
}

/** |p − t|, averaged. */
export function l1<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "l1">, Tensor<T>>,
  options: RegressionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  return fromNode(ofDifference("l1", prediction, target as Tensor, options, abs));
}

export interface HuberOptions<R extends Reduction = Reduction> extends RegressionOptions<R> {
  /** Where the square becomes a line, 1 by default. */
  readonly delta?: number | undefined;
}

/** ½d² where |d| < δ, δ·(|d| − ½δ) beyond: Huber 1964. Throws ArgumentError unless delta is above 0. */
export function huber<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "huber">, Tensor<T>>,
  options: HuberOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const { delta = 1 } = options;
  if (!(delta > 0)) throw new ArgumentError(`huber: delta must be above 0, got ${delta}`);
  const loss = (d: Node): Node => where(lt(abs(d), delta), mul(square(d), 0.5), mul(sub(abs(d), 0.5 * delta), delta));
  return fromNode(ofDifference("huber", prediction, target as Tensor, options, loss));
}

export interface SmoothL1Options<R extends Reduction = Reduction> extends RegressionOptions<R> {
  /** Where the square becomes a line, 1 by default; at 0 it is `l1`. */
  readonly beta?: number | undefined;
}

/** ½d²/β where |d| < β, |d| − ½β beyond: Huber's loss divided by β (Girshick 2015). Throws ArgumentError for beta below 0. */
export function smoothL1<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "smoothL1">, Tensor<T>>,
  options: SmoothL1Options<R> = {},
): Tensor<Reduced<R, S>> {
  const { beta = 1 } = options;
  if (!(beta >= 0)) throw new ArgumentError(`smoothL1: beta must be 0 or more, got ${beta}`);
  const loss = (d: Node): Node =>
    beta === 0 ? abs(d) : where(lt(abs(d), beta), mul(square(d), 0.5 / beta), sub(abs(d), 0.5 * beta));
  return fromNode(ofDifference("smoothL1", prediction, target as Tensor, options, loss));
}

/** ln cosh(p − t), averaged: ½d² near 0 to the last digit, |d| − ln 2 far away, without overflow. */
export function logCosh<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "logCosh">, Tensor<T>>,
  options: RegressionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const loss = (d: Node): Node =>
    withGradient(
      "logCosh",
      [d],
      () => {
        const far = sub(add(abs(d), log1p(exp(mul(abs(d), -2)))), Math.LN2);
        const small = lt(abs(d), 1);
        return where(small, log1p(mul(square(sinh(mul(where(small, d, 0), 0.5))), 2)), far);
      },
      (grad, _, [at]) => [mul(grad, tanh(at!))],
    );
  return fromNode(ofDifference("logCosh", prediction, target as Tensor, options, loss));
}

export interface QuantileOptions<R extends Reduction = Reduction> extends RegressionOptions<R> {
  /** Which quantile of the target is predicted, between 0 and 1; 0.5 (the median) by default. */
  readonly quantile?: number | undefined;
}

/** q·(t − p) where the target is above, (1 − q)·(p − t) below: the pinball loss. Throws ArgumentError unless 0 < q < 1. */
export function quantile<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "quantile">, Tensor<T>>,
  options: QuantileOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const { quantile: q = 0.5 } = options;
  if (!(q > 0 && q < 1)) throw new ArgumentError(`quantile: quantile must lie between 0 and 1, got ${q}`);
  const loss = (d: Node): Node => where(ge(d, 0), mul(d, 1 - q), mul(d, -q));
  return fromNode(ofDifference("quantile", prediction, target as Tensor, options, loss));
}

/** Divisors and arguments of logarithms are at least this, as in Keras. */
const SMALLEST = 1e-7;

/** 100·|t − p| / |t|, averaged: percent. Targets closer to 0 than 1e-7 count as that far from it. */
export function mape<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "mape">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const [p, t] = matched("mape", prediction, target as Tensor);
  const share = div(abs(toSingle(sub(t, p))), maximum(abs(toSingle(t)), SMALLEST));
  return fromNode(reduced("mape", mul(share, 100), options));
}

/** (ln(1 + p) − ln(1 + t))², averaged, for numbers that are not negative; those below 1e-7 count as that. */
export function msle<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "msle">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const [p, t] = matched("msle", prediction, target as Tensor);
  const level = (x: Node): Node => log1p(maximum(toSingle(x), SMALLEST));
  return fromNode(reduced("msle", square(add(level(p), neg(level(t)))), options));
}
