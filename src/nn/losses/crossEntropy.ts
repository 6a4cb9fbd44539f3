import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { reshape } from "../../graph/ops/movement.ts";
import { cast, exp } from "../../graph/ops/unary.ts";
import { add, mul, sub } from "../../tensor/functional/arithmetic.ts";
import { eq, where } from "../../tensor/functional/comparison.ts";
import { withGradient } from "../../tensor/functional/custom.ts";
import { like, toSingle } from "../../tensor/functional/operands.ts";
import { logsumexp, sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { checkLabels, classWeights, counted, isLabel, type Labels, type Rows } from "./labels.ts";
import { reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

export interface SoftCrossEntropyOptions<R extends Reduction> extends ReductionOptions<R> {
  /** The share of each target that is spread over all classes, 0 by default: Szegedy et al. 2016. */
  readonly labelSmoothing?: number | undefined;
  /** [classes]: how much each class counts. */
  readonly weight?: Tensor | undefined;
}

export interface CrossEntropyOptions<R extends Reduction> extends SoftCrossEntropyOptions<R> {
  /** A label that does not count, nor in the mean; none by default (PyTorch's default is −100). */
  readonly ignoreIndex?: number | undefined;
}

/**
 * Σ t·(lse(x) − x) for each row, targets of 0 left out even where x is −∞. Gradient: (softmax·Σt − t)·g; `total` is Σt
 * where it is known.
 */
function rows(logits: Node, target: Node, total?: number): Node {
  return withGradient(
    "crossEntropy",
    [logits, target],
    () => sum(where(eq(target, 0), 0, mul(target, sub(logsumexp(logits, -1, true), logits))), -1),
    (grad, _, [x, t]) => {
      const column = reshape(grad, [...grad.shape, 1]);
      const level = logsumexp(x!, -1, true);
      const expected = mul(exp(sub(x!, level)), total ?? sum(t!, -1, true));
      return [mul(sub(expected, t!), column), t!.requiresGrad ? mul(sub(level, x!), column) : undefined];
    },
  );
}

function checkSmoothing(smoothing: number): void {
  if (!(smoothing >= 0 && smoothing <= 1))
    throw new ArgumentError(`crossEntropy: labelSmoothing must lie in [0, 1], got ${smoothing}`);
}

function soft(x: Node, probabilities: Node, options: SoftCrossEntropyOptions<Reduction>): Node {
  const { labelSmoothing = 0, weight } = options;
  if (!sameShape(x.shape, probabilities.shape))
    throw new ShapeError(
      `crossEntropy: logits ${show(x.shape)} want labels ${show(x.shape.slice(0, -1))} (integers) or probabilities ` +
        `${show(x.shape)}, got ${probabilities.dtype} ${show(probabilities.shape)}` +
        (sameShape(probabilities.shape, x.shape.slice(0, -1)) ? ". Use labels.int()" : ""),
    );
  const classes = x.shape[x.shape.length - 1]!;
  const given = cast(probabilities, x.dtype);
  const smooth = labelSmoothing === 0 ? given : add(mul(given, 1 - labelSmoothing), labelSmoothing / classes);
  const target = weight ? mul(smooth, classWeights("crossEntropy", x, weight)) : smooth;
  return reduced("crossEntropy", rows(x, target), options);
}

function hard(x: Node, labels: Node, options: CrossEntropyOptions<Reduction>): Node {
  const { reduction, sampleWeight, labelSmoothing = 0, weight, ignoreIndex } = options;
  checkLabels("crossEntropy", x, labels, ignoreIndex);
  const rest = labelSmoothing / x.shape[x.shape.length - 1]!;
  const isHot = isLabel(labels, x.shape);
  const target = where(isHot, like(x, 1 - labelSmoothing + rest), rest);
  const weights = weight && classWeights("crossEntropy", x, weight);
  const losses = weights ? rows(x, mul(target, weights)) : rows(x, target, 1);
  const share = weights && sum(where(isHot, weights, 0), -1);
  return counted("crossEntropy", losses, labels, x, { reduction, sampleWeight, ignoreIndex, share });
}

/**
 * How far logits [..., classes] are from labels [...] (integers): the mean of lse(x) − x[label], computed stably from the
 * logits, so that no softmax goes before it. Floating-point targets in the shape of the logits are taken as probabilities (see
 * `softCrossEntropy`). With a weight, the mean divides by the weights of the labels, as in PyTorch.
 * @throws ShapeError where the shapes do not fit, DTypeError for labels that are no integers, ArgumentError for labels that
 * name no class; in a traced function, where labels have no values yet, those give NaN.
 */
export function crossEntropy<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  logits: Tensor<S>,
  labels: Checked<Labels<S, T, "crossEntropy">, Tensor<T>>,
  options: CrossEntropyOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const x = toSingle(logits.node);
  const { node } = labels as Tensor;
  checkSmoothing(options.labelSmoothing ?? 0);
  const given = options as CrossEntropyOptions<Reduction>;
  return fromNode(isFloat(node.dtype) && x.shape.length > 0 ? soft(x, node, given) : hard(x, node, given));
}

/** `crossEntropy` against probabilities [..., classes]: distributions that need not be certain, as in distillation. */
export function softCrossEntropy<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  logits: Tensor<S>,
  probabilities: Checked<Same<S, T, "softCrossEntropy">, Tensor<T>>,
  options: SoftCrossEntropyOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  checkSmoothing(options.labelSmoothing ?? 0);
  const { node } = probabilities as Tensor;
  return fromNode(soft(toSingle(logits.node), node, options as SoftCrossEntropyOptions<Reduction>));
}
