/** From one loss per example to one number. */
import { isHalf } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { reshape } from "../../graph/ops/movement.ts";
import { cast } from "../../graph/ops/unary.ts";
import { mul } from "../../tensor/functional/arithmetic.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { mean, sum } from "../../tensor/functional/reductions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Broadcast } from "../../tensor/types/broadcast.ts";
import type { Show } from "../../tensor/types/shape.ts";

/** "mean" over all losses, their "sum", or "none": the losses themselves. */
export type Reduction = "mean" | "sum" | "none";

export interface ReductionOptions<R extends Reduction = Reduction> {
  /** "mean" by default. */
  readonly reduction?: R | undefined;
  /**
   * What each example counts, [batch] or any leading axes of the losses; 1 each by default. As in Keras it multiplies the
   * losses, and the mean goes on dividing by how many there are.
   */
  readonly sampleWeight?: Tensor | undefined;
}

/** The shape of a reduced loss. */
export type Reduced<R extends Reduction, S extends Shape> = R extends "none" ? S : [];

/** S when a target of shape T fits it element by element, or a sentence. */
export type Same<S extends Shape, T extends Shape, Op extends string> = number extends S["length"] | T["length"]
  ? S
  : S["length"] extends T["length"]
    ? Broadcast<S, T, Op>
    : `${Op}: ${Show<S>} and ${Show<T>} differ`;

/** Throws ArgumentError for a word that is no reduction. */
export function checkReduction(op: string, reduction: string): void {
  if (reduction !== "mean" && reduction !== "sum" && reduction !== "none")
    throw new ArgumentError(`${op}: the reduction is "mean", "sum" or "none", not "${reduction}"`);
}

/** Losses times what their examples count. Throws ShapeError unless the weights have their leading axes. */
export function weighed(op: string, losses: Node, sampleWeight: Tensor | undefined): Node {
  if (!sampleWeight) return losses;
  const { node } = sampleWeight;
  const leading = losses.shape.slice(0, node.shape.length);
  if (!sameShape(node.shape, leading))
    throw new ShapeError(
      `${op}: sampleWeight must have leading axes of the losses ${show(losses.shape)}, got ${show(node.shape)}`,
    );
  return mul(
    losses,
    reshape(cast(node, losses.dtype), [...leading, ...losses.shape.slice(leading.length).map(() => 1)]),
  );
}

/** Losses brought together. */
export function reduced(op: string, losses: Node, { reduction = "mean", sampleWeight }: ReductionOptions): Node {
  checkReduction(op, reduction);
  const each = weighed(op, losses, sampleWeight);
  return reduction === "none" ? each : reduction === "sum" ? sum(each) : mean(each);
}

/** Nodes of a prediction and a target of the same shape, f16 and bf16 as f32: broadcasting here would hide mistakes such as [32] against [32, 1]. */
export function matched(op: string, prediction: Tensor, target: Tensor): readonly [Node, Node] {
  const [a, b] = [prediction.node, target.node];
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError(`${op}: the prediction ${show(a.shape)} and the target ${show(b.shape)} must have one shape`);
  return [isHalf(a.dtype) ? toSingle(a) : a, isHalf(b.dtype) ? toSingle(b) : b];
}
