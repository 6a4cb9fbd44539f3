/** Penalties on weights, to be added to a loss. */
import { abs } from "../../graph/ops/unary.ts";
import { ArgumentError } from "../../core/errors.ts";
import type { Node } from "../../graph/node.ts";
import { add, mul } from "../../tensor/functional/arithmetic.ts";
import { square } from "../../tensor/functional/elementary.ts";
import { sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";

function penalty(op: string, parameters: Iterable<Tensor>, strength: number, each: (x: Node) => Node): Tensor<[]> {
  if (!(strength >= 0)) throw new ArgumentError(`${op}: the strength must be 0 or more, got ${strength}`);
  const sums = Array.from(parameters, ({ node }) => sum(each(node)));
  if (sums.length === 0) throw new ArgumentError(`${op}: there are no parameters; give model.parameters()`);
  return fromNode(mul(sums.reduce(add), strength));
}

/** strength · Σ|w| over all parameters: lasso. Gradient strength · sign(w). Throws ArgumentError for a strength below 0. */
export function l1Penalty(parameters: Iterable<Tensor>, strength: number): Tensor<[]> {
  return penalty("l1Penalty", parameters, strength, abs);
}

/** strength · Σw² over all parameters: ridge. Gradient 2·strength·w. Throws ArgumentError for a strength below 0. */
export function l2Penalty(parameters: Iterable<Tensor>, strength: number): Tensor<[]> {
  return penalty("l2Penalty", parameters, strength, square);
}
