/** Losses of numbers against numbers. */
import { ArgumentError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { abs } from "../../graph/ops/unary.ts";
import { mul, sub } from "../../tensor/functional/arithmetic.ts";
import { lt, where } from "../../tensor/functional/comparison.ts";
import { toFloat } from "../../tensor/functional/operands.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

/** A loss of the difference between prediction and target. */
function ofDifference(
  op: string,
  prediction: Tensor,
  target: Tensor,
  reduction: Reduction = "mean",
  loss: (difference: Node) => Node,
): Node {
  const [a, b] = matched(op, prediction, target);
  return reduced(op, loss(toFloat(sub(a, b))), reduction);
}

/** (p − t)², averaged. Some texts halve it; this does not. */
export function mse<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "mse">, Tensor<T>>,
  { reduction }: ReductionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  return fromNode(ofDifference("mse", prediction, target as Tensor, reduction, (d) => mul(d, d)));
}

/** |p − t|, averaged. */
export function l1<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "l1">, Tensor<T>>,
  { reduction }: ReductionOptions<R> = {},
): Tensor<Reduced<R, S>> {
  return fromNode(ofDifference("l1", prediction, target as Tensor, reduction, abs));
}

export interface HuberOptions<R extends Reduction> extends ReductionOptions<R> {
  /** Where the square becomes a line, 1 by default. */
  readonly delta?: number | undefined;
}

/** ½d² where |d| < δ, δ·(|d| − ½δ) beyond: Huber 1964. */
export function huber<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  prediction: Tensor<S>,
  target: Checked<Same<S, T, "huber">, Tensor<T>>,
  { reduction, delta = 1 }: HuberOptions<R> = {},
): Tensor<Reduced<R, S>> {
  if (!(delta > 0)) throw new ArgumentError(`huber: delta must be above 0, got ${delta}`);
  const loss = (d: Node): Node => where(lt(abs(d), delta), mul(mul(d, d), 0.5), mul(sub(abs(d), 0.5 * delta), delta));
  return fromNode(ofDifference("huber", prediction, target as Tensor, reduction, loss));
}
