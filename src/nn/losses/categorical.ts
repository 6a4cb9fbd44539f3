/** Cross-entropy of probabilities, as Keras says it. `crossEntropy` of logits is the better loss wherever there are logits. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { cast, log, neg } from "../../graph/ops/unary.ts";
import { add, div, maximum, mul } from "../../tensor/functional/arithmetic.ts";
import { where } from "../../tensor/functional/comparison.ts";
import { expandTo, toSingle } from "../../tensor/functional/operands.ts";
import { sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { crossEntropy, softCrossEntropy } from "./crossEntropy.ts";
import { checkLabels, counted, isLabel, type Labels, type Rows } from "./labels.ts";
import { checkKnown } from "./known.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

export interface SparseCategoricalOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** Whether the predictions are logits, false by default. Then they go to `crossEntropy`. */
  readonly fromLogits?: boolean | undefined;
  /** Probabilities below this count as this, so that no loss is infinite; 1e-7 by default. */
  readonly epsilon?: number | undefined;
  /** A label that does not count, nor in the mean; none by default. */
  readonly ignoreIndex?: number | undefined;
}

export interface CategoricalOptions<R extends Reduction = Reduction> extends Omit<
  SparseCategoricalOptions<R>,
  "ignoreIndex"
> {
  /** The share of each target that is spread over all classes, 0 by default. */
  readonly labelSmoothing?: number | undefined;
}

/** ln p with p ≥ epsilon, of rows made to add up to 1. */
function logarithms(op: string, probabilities: Node, epsilon: number): Node {
  if (!(epsilon > 0 && epsilon < 1)) throw new ArgumentError(`${op}: epsilon must lie between 0 and 1, got ${epsilon}`);
  checkKnown(op, "probabilities", probabilities, 0, 1, "Set fromLogits: true for logits");
  const p = toSingle(probabilities);
  return log(maximum(div(p, expandTo(sum(p, -1, true), p.shape)), epsilon));
}

/**
 * −Σ t·ln p for probabilities and targets [..., classes], such as one-hot rows.
 * @throws ShapeError where the shapes differ, ArgumentError for known probabilities outside [0, 1], and for options outside theirs.
 */
export function categoricalCrossEntropy<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  probabilities: Tensor<S>,
  targets: Checked<Same<S, T, "categoricalCrossEntropy">, Tensor<T>>,
  options: CategoricalOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const op = "categoricalCrossEntropy";
  const { fromLogits = false, epsilon = 1e-7, labelSmoothing = 0 } = options;
  if (fromLogits) return fromNode(softCrossEntropy(probabilities as Tensor, targets as Tensor, options).node);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new ArgumentError(`${op}: labelSmoothing must lie in [0, 1], got ${labelSmoothing}`);
  const { shape } = targets as Tensor;
  if (sameShape(shape, probabilities.shape.slice(0, -1)))
    throw new ShapeError(
      `${op}: the targets ${show(shape)} are labels, and rows ${show(probabilities.shape)} were wanted; use sparseCategoricalCrossEntropy, or targets.oneHot(${probabilities.shape.at(-1)})`,
    );
  const [given, wanted] = matched(op, probabilities, targets as Tensor);
  const x = logarithms(op, given, epsilon);
  const t = add(mul(cast(wanted, x.dtype), 1 - labelSmoothing), labelSmoothing / x.shape[x.shape.length - 1]!);
  return fromNode(reduced(op, neg(sum(mul(t, x), -1)), options));
}

/**
 * −ln p[label] for probabilities [..., classes] and labels [...] (integers).
 * @throws ShapeError, DTypeError and ArgumentError as `crossEntropy`, ArgumentError for known probabilities outside [0, 1].
 */
export function sparseCategoricalCrossEntropy<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  probabilities: Tensor<S>,
  labels: Checked<Labels<S, T, "sparseCategoricalCrossEntropy">, Tensor<T>>,
  options: SparseCategoricalOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const op = "sparseCategoricalCrossEntropy";
  const { fromLogits = false, epsilon = 1e-7, ignoreIndex } = options;
  if (fromLogits) return fromNode(crossEntropy(probabilities as Tensor, labels as Tensor, options).node);
  const { node } = labels as Tensor;
  checkLabels(op, probabilities.node, node, ignoreIndex);
  const x = logarithms(op, probabilities.node, epsilon);
  const losses = neg(sum(where(isLabel(node, x.shape), x, 0), -1));
  return fromNode(counted(op, losses, node, x, { ...options, ignoreIndex, share: undefined }));
}
