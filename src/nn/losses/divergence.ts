/** How far one distribution is from another. */
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { cast, exp, log } from "../../graph/ops/unary.ts";
import { add, mul, sub } from "../../tensor/functional/arithmetic.ts";
import { gt, where } from "../../tensor/functional/comparison.ts";
import { square } from "../../tensor/functional/elementary.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { mean, sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import type { Rows } from "./labels.ts";
import { checkKnown } from "./known.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

export interface KlDivergenceOptions<R extends Reduction | "batchMean"> extends Omit<ReductionOptions, "reduction"> {
  /** "batchMean", the sum over the first size, is the divergence; "mean" (the default, as in PyTorch) averages over elements. */
  readonly reduction?: R | undefined;
  /** Whether the target is given as logarithms, false by default. */
  readonly logTarget?: boolean | undefined;
}

/** t·ln t, 0 at 0; the gradient there is 0 as well. */
function entropyOf(t: Node): Node {
  const positive = gt(t, 0);
  return where(positive, mul(t, log(where(positive, t, 1))), 0);
}

/**
 * t·(ln t − x) for log-probabilities x against probabilities t: Kullback and Leibler 1951. Elements with target 0 cost 0.
 * @throws ShapeError where the shapes differ, ArgumentError for targets outside [0, 1] that are known and no logarithms.
 */
export function klDivergence<S extends Shape, T extends Shape, const R extends Reduction | "batchMean" = "mean">(
  logProbabilities: Tensor<S>,
  target: Checked<Same<S, T, "klDivergence">, Tensor<T>>,
  options: KlDivergenceOptions<R> = {},
): Tensor<R extends "none" ? S : []> {
  const op = "klDivergence";
  const {
    reduction = "mean",
    sampleWeight,
    logTarget = false,
  } = options as KlDivergenceOptions<Reduction | "batchMean">;
  const [given, wanted] = matched(op, logProbabilities, target as Tensor);
  const x = toSingle(given);
  const t = cast(wanted, x.dtype);
  if (!logTarget) checkKnown(op, "targets", wanted, 0, 1, "Set logTarget: true for logarithms");
  const losses = logTarget ? mul(exp(t), sub(t, x)) : sub(entropyOf(t), where(gt(t, 0), mul(t, x), 0));
  if (reduction !== "batchMean") return fromNode(reduced(op, losses, { reduction, sampleWeight }));
  return fromNode(mul(reduced(op, losses, { reduction: "sum", sampleWeight }), 1 / x.shape[0]!));
}

/**
 * ½·KL(p ‖ m) + ½·KL(q ‖ m) with m = (p + q) / 2, for probabilities [..., classes]: Lin 1991. Symmetric, 0 where both agree, ln 2
 * where they share nothing; one loss for each row.
 * @throws ShapeError where the shapes differ, ArgumentError for known numbers outside [0, 1].
 */
export function jsDivergence<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  p: Tensor<S>,
  q: Checked<Same<S, T, "jsDivergence">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const [a, b] = matched("jsDivergence", p, q as Tensor);
  for (const side of [a, b]) checkKnown("jsDivergence", "probabilities", side, 0, 1, "Use softmax on logits");
  const [left, right] = [toSingle(a), cast(b, toSingle(a).dtype)];
  const middle = mul(add(left, right), 0.5);
  const each = sub(mul(add(entropyOf(left), entropyOf(right)), 0.5), entropyOf(middle));
  return fromNode(reduced("jsDivergence", sum(each, -1), options));
}

/**
 * KL(N(μ, σ²) ‖ N(0, 1)) summed over the last axis: ½·Σ(σ² + μ² − 1 − ln σ²), the price of a variational autoencoder's code
 * (Kingma and Welling 2014). One loss for each row.
 */
export function gaussianKl<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  mu: Tensor<S>,
  logVariance: Checked<Same<S, T, "gaussianKl">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const [m, v] = matched("gaussianKl", mu, logVariance as Tensor).map(toSingle) as [Node, Node];
  const each = mul(sub(add(exp(v), square(m)), add(v, 1)), 0.5);
  return fromNode(reduced("gaussianKl", sum(each, -1), options));
}

/**
 * The negative evidence lower bound: a reconstruction loss of each example, plus `beta` (1 by default, above it Higgins et al. 2017)
 * times `gaussianKl`, averaged over the batch.
 * @param reconstruction losses as `reduction: "none"` gives them, [batch, …]: all but the first axis are summed.
 */
export function elbo(reconstruction: Tensor, mu: Tensor, logVariance: Tensor, beta: number = 1): Tensor<[]> {
  const { node } = reconstruction;
  const each = sum(
    node,
    node.shape.slice(1).map((_, axis) => axis + 1),
  );
  return fromNode(add(mean(each), mul(gaussianKl(mu, logVariance).node, beta)));
}
