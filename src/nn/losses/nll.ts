import type { Shape } from "../../core/shape.ts";
import { mul } from "../../tensor/functional/arithmetic.ts";
import { neg } from "../../graph/ops/unary.ts";
import { where } from "../../tensor/functional/comparison.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { checkLabels, classWeights, counted, isLabel, type Labels, type Rows } from "./labels.ts";
import type { Reduced, Reduction, ReductionOptions } from "./reduction.ts";

export interface NllOptions<R extends Reduction> extends ReductionOptions<R> {
  /** A label that does not count, nor in the mean; none by default (PyTorch's default is −100). */
  readonly ignoreIndex?: number | undefined;
  /** [classes]: how much each class counts; the mean divides by the weights of the labels. */
  readonly weight?: Tensor | undefined;
}

/**
 * −x[label] for log-probabilities [..., classes] (from `logSoftmax`) and labels [...] (integers). For logits use
 * `crossEntropy`.
 * @throws ShapeError where the shapes do not fit, DTypeError for labels that are no integers, ArgumentError for labels that
 * name no class; in a traced function, where labels have no values yet, those give NaN.
 */
export function nll<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  logProbabilities: Tensor<S>,
  labels: Checked<Labels<S, T, "nll">, Tensor<T>>,
  options: NllOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const { reduction, sampleWeight, ignoreIndex, weight } = options as NllOptions<Reduction>;
  const x = toSingle(logProbabilities.node);
  const names = (labels as Tensor).node;
  checkLabels("nll", x, names, ignoreIndex);
  const isHot = isLabel(names, x.shape);
  const weights = weight && classWeights("nll", x, weight);
  const cost = neg(x);
  const losses = sum(where(isHot, weights ? mul(cost, weights) : cost, 0), -1);
  const share = weights && sum(where(isHot, weights, 0), -1);
  return fromNode(counted("nll", losses, names, x, { reduction, sampleWeight, ignoreIndex, share }));
}
