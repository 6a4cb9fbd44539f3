/** Class labels: what they must look like, and what a class counts. */
import { isFloat } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { eq } from "../../graph/ops/binary.ts";
import { iota } from "../../graph/ops/leaf.ts";
import { reshape } from "../../graph/ops/movement.ts";
import { cast } from "../../graph/ops/unary.ts";
import { div } from "../../tensor/functional/arithmetic.ts";
import { ge, logicalAnd, lt, ne, where } from "../../tensor/functional/comparison.ts";
import { expandTo } from "../../tensor/functional/operands.ts";
import { sum } from "../../tensor/functional/reductions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Broadcast } from "../../tensor/types/broadcast.ts";
import type { Show } from "../../tensor/types/shape.ts";
import { checkKnownLabels } from "./known.ts";
import { checkReduction, reduced, weighed, type ReductionOptions } from "./reduction.ts";

/** S when labels of shape T fit logits of shape S (all but the last axis), or a sentence. */
export type Labels<S extends Shape, T extends Shape, Op extends string> = S extends readonly [
  ...infer B extends Shape,
  number,
]
  ? Broadcast<B, T> extends string
    ? `${Op}: logits ${Show<S>} want labels ${Show<B>}, got ${Show<T>}`
    : B["length"] extends T["length"]
      ? S
      : number extends B["length"] | T["length"]
        ? S
        : `${Op}: logits ${Show<S>} want labels ${Show<B>}, got ${Show<T>}`
  : S;

/** The shape of one loss per example. */
export type Rows<S extends Shape> = S extends readonly [...infer B extends Shape, number] ? B : Shape;

/** All axes but the last, which holds the classes. */
const rowsOf = (x: Node): number[] => x.shape.slice(0, -1);

/** Throws unless the labels are integers, one for each row of `x`, and those that are known, classes. */
export function checkLabels(op: string, x: Node, labels: Node, ignoreIndex?: number): void {
  if (x.shape.length === 0) throw new ShapeError(`${op}: the last axis must hold the classes, got a scalar`);
  if (isFloat(labels.dtype) || labels.dtype === "bool")
    throw new DTypeError(
      `${op}: labels must be integers of shape ${show(rowsOf(x))}, got ${labels.dtype} ${show(labels.shape)}. Use labels.int()`,
    );
  if (!sameShape(labels.shape, rowsOf(x)))
    throw new ShapeError(`${op}: ${show(x.shape)} wants labels ${show(rowsOf(x))}, got ${show(labels.shape)}`);
  checkKnownLabels(op, labels, x.shape[x.shape.length - 1]!, ignoreIndex);
}

/** True at the class that each label names. A comparison, not a scatter: it fuses into the kernel of its row. */
export function isLabel(labels: Node, shape: Shape): Node {
  const wide = expandTo(reshape(cast(labels, "i32"), [...labels.shape, 1]), shape);
  return eq(wide, iota(shape, shape.length - 1));
}

/** The weight of each class, as [classes] in the dtype of `x`. Throws ShapeError for any other shape. */
export function classWeights(op: string, x: Node, weight: Tensor): Node {
  const classes = x.shape[x.shape.length - 1]!;
  if (!sameShape(weight.node.shape, [classes]))
    throw new ShapeError(`${op}: the weight must be [${classes}], one number a class, got ${show(weight.node.shape)}`);
  return cast(weight.node, x.dtype);
}

export interface Counting extends ReductionOptions {
  readonly ignoreIndex: number | undefined;
  /** What each row counts in the mean; 1 each when absent. */
  readonly share: Node | undefined;
}

/**
 * Losses of labelled rows brought together: NaN for a label that names no class, 0 for one that is ignored. The mean divides by what
 * the rows that count, count.
 */
export function counted(op: string, losses: Node, labels: Node, x: Node, options: Counting): Node {
  const { reduction = "mean", sampleWeight, ignoreIndex, share } = options;
  checkReduction(op, reduction);
  const classes = x.shape[x.shape.length - 1]!;
  const names = cast(labels, "i32");
  const valid = where(logicalAnd(ge(names, 0), lt(names, classes)), losses, NaN);
  if (ignoreIndex === undefined && !share) return reduced(op, valid, options);
  const counts = ignoreIndex === undefined ? undefined : ne(names, ignoreIndex);
  const kept = counts ? where(counts, valid, 0) : valid;
  if (reduction !== "mean") return reduced(op, kept, options);
  const each = share ?? cast(counts!, x.dtype);
  return div(sum(weighed(op, kept, sampleWeight)), sum(counts && share ? where(counts, share, 0) : each));
}
