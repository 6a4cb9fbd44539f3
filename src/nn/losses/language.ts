/** Losses of language models: the next token, and hidden ones. */
import { ShapeError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
import { cast } from "../../graph/ops/unary.ts";
import { where } from "../../tensor/functional/comparison.ts";
import { narrow } from "../../tensor/functional/movement.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import { crossEntropy, type CrossEntropyOptions } from "./crossEntropy.ts";
import type { Reduced, Reduction } from "./reduction.ts";

/**
 * Cross-entropy of logits [..., steps, tokens] at each step against the token [..., steps] of the next one; the last step has none.
 * @throws ShapeError where the shapes do not fit or there is only one step; as `crossEntropy` otherwise.
 */
export function nextToken<const R extends Reduction = "mean">(
  logits: Tensor,
  tokens: Tensor,
  options: CrossEntropyOptions<R> = {},
): Tensor<Reduced<R, number[]>> {
  const rows = logits.node.shape.slice(0, -1);
  const steps = rows[rows.length - 1] ?? 0;
  if (!sameShape(rows, tokens.node.shape) || steps < 2)
    throw new ShapeError(
      `nextToken: logits [..., steps, tokens] of 2 steps or more want tokens [..., steps], got ${show(logits.shape)} and ${show(tokens.shape)}`,
    );
  const said = fromNode(narrow(logits.node, rows.length - 1, 0, steps - 1));
  const next = fromNode(narrow(tokens.node, rows.length - 1, 1, steps - 1));
  return fromNode(crossEntropy(said, next, options).node);
}

/**
 * Cross-entropy of logits [..., tokens] where `mask` [...] is true: BERT's hidden tokens. Others count nothing, nor in the mean.
 * @throws ShapeError where the shapes do not fit; as `crossEntropy` otherwise.
 */
export function maskedTokens<const R extends Reduction = "mean">(
  logits: Tensor,
  tokens: Tensor,
  mask: Tensor,
  options: Omit<CrossEntropyOptions<R>, "ignoreIndex"> = {},
): Tensor<Reduced<R, number[]>> {
  if (!sameShape(tokens.node.shape, mask.node.shape))
    throw new ShapeError(`maskedTokens: tokens ${show(tokens.shape)} and mask ${show(mask.shape)} must have one shape`);
  const counted = where(cast(mask.node, "bool"), cast(tokens.node, "i32"), HIDDEN);
  return fromNode(crossEntropy(logits, fromNode(counted), { ...options, ignoreIndex: HIDDEN }).node);
}

/** No token's number. */
const HIDDEN = -100;
