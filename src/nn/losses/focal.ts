/** Losses that turn to the hard examples: Lin et al. 2017. */
import { ArgumentError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { cast, exp, neg } from "../../graph/ops/unary.ts";
import { softplus } from "../../tensor/functional/activations.ts";
import { add, maximum, mul, pow, sub } from "../../tensor/functional/arithmetic.ts";
import { where } from "../../tensor/functional/comparison.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { logsumexp, sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { checkLabels, classWeights, counted, isLabel, type Labels, type Rows } from "./labels.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

export interface FocalOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** How much easy examples are turned down, 2 by default; 0 is cross-entropy. */
  readonly gamma?: number | undefined;
  /** [classes]: how much each class counts (α). The mean divides by the number of rows all the same. */
  readonly weight?: Tensor | undefined;
  /** A label that does not count, nor in the mean; none by default. */
  readonly ignoreIndex?: number | undefined;
}

function checkGamma(op: string, gamma: number): void {
  if (!(gamma >= 0)) throw new ArgumentError(`${op}: gamma must be 0 or more, got ${gamma}`);
}

/**
 * −(1 − p)^γ·ln p with p the softmax of logits [..., classes] at the labels [...]. (1 − p)^γ comes from ln(1 − p), the scores of the other
 * classes, so that nothing is lost where p is close to 1.
 * @throws ShapeError, DTypeError and ArgumentError as `crossEntropy`, ArgumentError for gamma below 0.
 */
export function focal<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  logits: Tensor<S>,
  labels: Checked<Labels<S, T, "focal">, Tensor<T>>,
  options: FocalOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const { gamma = 2, weight, ignoreIndex } = options;
  checkGamma("focal", gamma);
  const x = toSingle(logits.node);
  const { node } = labels as Tensor;
  checkLabels("focal", x, node, ignoreIndex);
  const isHot = isLabel(node, x.shape);
  const level = logsumexp(x, -1);
  const own = (values: Node): Node => sum(where(isHot, values, 0), -1);
  const rest = sub(logsumexp(where(isHot, -Infinity, x), -1), level);
  const each = mul(exp(mul(rest, gamma)), sub(level, own(x)));
  const losses = weight ? mul(each, own(classWeights("focal", x, weight))) : each;
  return fromNode(counted("focal", losses, node, x, { ...options, ignoreIndex, share: undefined }));
}

/** Where 1 − p underflows, its power keeps a finite slope. */
const SMALLEST = 1e-30;

export interface BinaryFocalOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** How much easy examples are turned down, 2 by default. */
  readonly gamma?: number | undefined;
  /** What a "yes" counts, a "no" counting 1 − alpha; 0.25 by default, as in torchvision. 1 each with `null`. */
  readonly alpha?: number | null | undefined;
}

/** −(1 − p)^γ·ln p, p being what σ(x) says of the right answer, for logits and targets in [0, 1] of the same shape. */
export function binaryFocalWithLogits<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  logits: Tensor<S>,
  targets: Checked<Same<S, T, "binaryFocalWithLogits">, Tensor<T>>,
  options: BinaryFocalOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const op = "binaryFocalWithLogits";
  const { gamma = 2, alpha = 0.25 } = options;
  checkGamma(op, gamma);
  if (alpha !== null && !(alpha >= 0 && alpha <= 1))
    throw new ArgumentError(`${op}: alpha must lie in [0, 1], got ${alpha}`);
  const [given, wanted] = matched(op, logits, targets as Tensor);
  const x = toSingle(given);
  const t = cast(wanted, x.dtype);
  // −ln σ(x) and −ln σ(−x).
  const [yes, no] = [softplus(neg(x)), softplus(x)];
  const miss = add(mul(t, exp(neg(no))), mul(sub(1, t), exp(neg(yes))));
  const entropy = add(mul(t, yes), mul(sub(1, t), no));
  const modulation = gamma === 0 ? 1 : pow(maximum(miss, SMALLEST), gamma);
  const share = alpha === null ? 1 : add(mul(t, alpha), mul(sub(1, t), 1 - alpha));
  return fromNode(reduced(op, mul(mul(modulation, entropy), share), options));
}
