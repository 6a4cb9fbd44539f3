/** Negative log-likelihoods of counts and of numbers with an error bar. */
import { ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import { detach } from "../../graph/ops/control.ts";
import { cast, exp, log } from "../../graph/ops/unary.ts";
import { add, div, maximum, mul, sub } from "../../tensor/functional/arithmetic.ts";
import { gt, where } from "../../tensor/functional/comparison.ts";
import { square } from "../../tensor/functional/elementary.ts";
import { expandTo, toSingle } from "../../tensor/functional/operands.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { checkKnown } from "./known.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

export interface PoissonNllOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** Whether the prediction is the logarithm of the rate, true by default. */
  readonly logInput?: boolean | undefined;
  /** Whether Stirling's approximation of ln(target!) is added where the target is above 1; false by default. */
  readonly full?: boolean | undefined;
  /** Added to a rate before its logarithm is taken, 1e-8 by default. */
  readonly eps?: number | undefined;
}

/**
 * How unlikely counts are under Poisson distributions: e^p − t·p for log-rates p, p − t·ln(p + eps) for rates.
 * @throws ArgumentError for negative counts that are known.
 */
export function poissonNll<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "poissonNll">, Tensor<T>>,
  options: PoissonNllOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const { logInput = true, full = false, eps = 1e-8 } = options;
  const [given, counts] = matched("poissonNll", prediction, target as Tensor);
  checkKnown("poissonNll", "targets", counts, 0, Infinity, "They are counts");
  const p = toSingle(given);
  const t = cast(counts, p.dtype);
  const losses = logInput ? sub(exp(p), mul(t, p)) : sub(p, mul(t, log(add(p, eps))));
  if (!full) return fromNode(reduced("poissonNll", losses, options));
  const above = gt(t, 1);
  const safe = where(above, t, 1);
  const stirling = add(sub(mul(safe, log(safe)), safe), mul(log(mul(safe, 2 * Math.PI)), 0.5));
  return fromNode(reduced("poissonNll", add(losses, where(above, stirling, 0)), options));
}

export interface GaussianNllOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** Whether the constant ½·ln 2π is added, false by default. */
  readonly full?: boolean | undefined;
  /** Smaller variances count as this, 1e-6 by default; their gradient is what it would be there. */
  readonly eps?: number | undefined;
}

/**
 * ½·(ln v + (p − t)² / v): how unlikely numbers are under normal distributions of mean p and variance v, which has the shape of the
 * prediction, or 1 for its last axis, or lacks that axis.
 * @throws ShapeError for any other variance, ArgumentError for negative ones that are known.
 */
export function gaussianNll<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "gaussianNll">, Tensor<T>>,
  variance: Tensor,
  options: GaussianNllOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const { full = false, eps = 1e-6 } = options;
  const [given, wanted] = matched("gaussianNll", prediction, target as Tensor);
  const p = toSingle(given);
  const rows = p.shape.slice(0, -1);
  const fits = [p.shape, [...rows, 1], rows].some((shape) => sameShape(shape, variance.node.shape));
  if (!fits)
    throw new ShapeError(
      `gaussianNll: the variance must be ${show(p.shape)}, or 1 along or without the last axis, got ${show(variance.node.shape)}`,
    );
  checkKnown("gaussianNll", "variances", variance.node, 0, Infinity, "Predict their logarithm and take exp()");
  const level = variance.node.shape.length < p.shape.length ? variance.unsqueeze(-1).node : variance.node;
  const v = expandTo(cast(level, p.dtype), p.shape);
  // The value is clamped, the gradient passes: a variance that collapsed must be able to grow again.
  const safe = add(v, detach(sub(maximum(v, eps), v)));
  const losses = mul(add(log(safe), div(square(sub(p, cast(wanted, p.dtype))), safe)), 0.5);
  return fromNode(reduced("gaussianNll", full ? add(losses, 0.5 * Math.log(2 * Math.PI)) : losses, options));
}
