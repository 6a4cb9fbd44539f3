/** Losses of margins: right by enough costs nothing. */
import { ArgumentError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { iota } from "../../graph/ops/leaf.ts";
import { cast, neg } from "../../graph/ops/unary.ts";
import { relu, softplus } from "../../tensor/functional/activations.ts";
import { add, mul, pow, sub } from "../../tensor/functional/arithmetic.ts";
import { gt, logicalAnd, logicalNot, lt, where } from "../../tensor/functional/comparison.ts";
import { square } from "../../tensor/functional/elementary.ts";
import { unsqueeze } from "../../tensor/functional/movement.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { any, max, mean, min, sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { binaryCrossEntropyWithLogits } from "./binaryCrossEntropy.ts";
import { checkLabels, classWeights, isLabel, type Labels, type Rows } from "./labels.ts";
import { checkKnown } from "./known.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

/** Scores and targets as −1 and 1: 0 and everything below it is −1. */
function signed(op: string, scores: Tensor, targets: Tensor): readonly [Node, Node] {
  const [given, wanted] = matched(op, scores, targets);
  checkKnown(op, "targets", wanted, -1, 1, "They are −1 (or 0) and 1");
  const x = toSingle(given);
  return [x, cast(where(gt(wanted, 0), 1, -1), x.dtype)];
}

/** max(1 − t·x, 0) for scores x and targets t of −1 (or 0) and 1. */
export function hinge<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  scores: Tensor<S>,
  targets: Checked<Same<S, T, "hinge">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const [x, t] = signed("hinge", scores, targets as Tensor);
  return fromNode(reduced("hinge", relu(sub(1, mul(t, x))), options));
}

/** max(1 − t·x, 0)² for scores x and targets t of −1 (or 0) and 1. */
export function squaredHinge<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  scores: Tensor<S>,
  targets: Checked<Same<S, T, "squaredHinge">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const [x, t] = signed("squaredHinge", scores, targets as Tensor);
  return fromNode(reduced("squaredHinge", square(relu(sub(1, mul(t, x)))), options));
}

/** ln(1 + e^(−t·x)) for scores x and targets t of −1 (or 0) and 1: the hinge without its corner. */
export function softMargin<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  scores: Tensor<S>,
  targets: Checked<Same<S, T, "softMargin">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const [x, t] = signed("softMargin", scores, targets as Tensor);
  return fromNode(reduced("softMargin", softplus(neg(mul(t, x))), options));
}

export interface MarginOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** How far is far enough, 1 by default. */
  readonly margin?: number | undefined;
}

/** Distances x of pairs that are alike (target 1) cost x, of those that are not (−1) max(margin − x, 0). */
export function hingeEmbedding<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  distances: Tensor<S>,
  targets: Checked<Same<S, T, "hingeEmbedding">, Tensor<T>>,
  options: MarginOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const [x, t] = signed("hingeEmbedding", distances, targets as Tensor);
  const losses = where(gt(t, 0), x, relu(sub(options.margin ?? 1, x)));
  return fromNode(reduced("hingeEmbedding", losses, options));
}

/** max(1 + the largest score of another class − the score of the right one, 0), for one-hot targets [..., classes]. */
export function categoricalHinge<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  scores: Tensor<S>,
  targets: Checked<Same<S, T, "categoricalHinge">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const [given, wanted] = matched("categoricalHinge", scores, targets as Tensor);
  const x = toSingle(given);
  const t = cast(wanted, x.dtype);
  const right = sum(mul(t, x), -1);
  const others = max(mul(sub(1, t), x), -1);
  return fromNode(reduced("categoricalHinge", relu(add(sub(others, right), 1)), options));
}

export interface MultiMarginOptions<R extends Reduction = Reduction> extends MarginOptions<R> {
  /** The power of each shortfall, 1 (the default) or 2. */
  readonly p?: 1 | 2 | undefined;
  /** [classes]: how much each class counts. The mean divides by the number of rows all the same, as in PyTorch. */
  readonly weight?: Tensor | undefined;
}

/**
 * Σ max(margin − x[label] + x[j], 0)^p / classes over all other classes j, for scores [..., classes] and labels [...].
 * @throws ShapeError, DTypeError and ArgumentError as `crossEntropy`, ArgumentError unless p is 1 or 2.
 */
export function multiMargin<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  scores: Tensor<S>,
  labels: Checked<Labels<S, T, "multiMargin">, Tensor<T>>,
  options: MultiMarginOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const op = "multiMargin";
  const { margin = 1, p = 1, weight } = options;
  if (p !== 1 && p !== 2) throw new ArgumentError(`${op}: p must be 1 or 2, got ${String(p)}`);
  const x = toSingle(scores.node);
  const { node } = labels as Tensor;
  checkLabels(op, x, node);
  const isHot = isLabel(node, x.shape);
  const own = (values: Node): Node => sum(where(isHot, values, 0), -1, true);
  const short = pow(relu(add(sub(x, own(x)), margin)), p);
  const counts = weight ? mul(short, own(classWeights(op, x, weight))) : short;
  return fromNode(reduced(op, mean(where(isHot, 0, counts), -1), options));
}

/**
 * Σ max(1 − x[i] + x[j], 0) / classes over the classes i that apply and j that do not, for scores [..., classes] and the numbers of
 * those that apply in the same shape, of which everything from the first negative one on is left out.
 * @throws ShapeError where the shapes differ.
 */
export function multilabelMargin<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  scores: Tensor<S>,
  labels: Checked<Same<S, T, "multilabelMargin">, Tensor<T>>,
  options: ReductionOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const op = "multilabelMargin";
  const [given, names] = matched(op, scores, labels as Tensor);
  const x = toSingle(given);
  const classes = x.shape[x.shape.length - 1]!;
  checkKnown(op, "labels", names, -Infinity, classes - 1, "They are classes, and −1 after the last");
  const position = iota(names.shape, names.shape.length - 1);
  const end = min(where(lt(names, 0), position, classes), -1, true);
  // hot[…, i, c]: the label at i is class c and counts.
  const hot = logicalAnd(isLabel(names, [...x.shape, classes]), unsqueeze(lt(position, end), -1));
  const own = sum(where(hot, unsqueeze(x, -2), 0), -1, true);
  const short = relu(add(sub(unsqueeze(x, -2), own), 1));
  const counted = logicalAnd(unsqueeze(lt(position, end), -1), logicalNot(unsqueeze(any(hot, -2), -2)));
  return fromNode(reduced(op, mul(sum(where(counted, short, 0), [-2, -1]), 1 / classes), options));
}

export interface MultilabelSoftMarginOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** [classes]: how much each class counts. */
  readonly weight?: Tensor | undefined;
}

/** Binary cross-entropy of logits [..., classes] against targets of the same shape, averaged over the classes of each row. */
export function multilabelSoftMargin<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  logits: Tensor<S>,
  targets: Checked<Same<S, T, "multilabelSoftMargin">, Tensor<T>>,
  options: MultilabelSoftMarginOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const op = "multilabelSoftMargin";
  const [x, t] = [logits as Tensor, targets as Tensor];
  matched(op, x, t);
  const weight = options.weight && fromNode<Shape>(classWeights(op, x.node, options.weight));
  const each = binaryCrossEntropyWithLogits(x, t, { reduction: "none", weight });
  return fromNode(reduced(op, mean(each.node, -1), options));
}
