import type { Node } from "../graph/node.ts";
import { sqrt } from "../graph/ops/unary.ts";
import { div, mul } from "../tensor/functional/arithmetic.ts";
import { gt, logicalAnd, where } from "../tensor/functional/comparison.ts";
import { sum } from "../tensor/functional/reductions.ts";

/** √Σx². */
export function length(x: Node): Node {
  return sqrt(sum(mul(x, x)));
}

/** numerator / denominator, or 1 where one of the lengths is 0: a layer that starts at 0 must be able to leave it. */
export function trustRatio(numerator: Node, denominator: Node): Node {
  return where(logicalAnd(gt(numerator, 0), gt(denominator, 0)), div(numerator, denominator), 1);
}
