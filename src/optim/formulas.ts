/** Parts of many optimizers' formulas. */
import type { Node } from "../graph/node.ts";
import { neg } from "../graph/ops/unary.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import { expm1, log } from "../tensor/functional/elementary.ts";
import type { Operand } from "../tensor/functional/operands.ts";

/** A running mean: β of what it was, 1 − β of the next value. */
export function averaged(mean: Node, beta: Operand, next: Node): Node {
  return add(mul(mean, beta), mul(next, typeof beta === "number" ? 1 - beta : sub(1, beta)));
}

/** 1 − βᵗ without the digits that 1 − 0.999 loses in single precision. */
export function correction(beta: Operand, count: Node): Node {
  return neg(expm1(mul(count, typeof beta === "number" ? Math.log(beta) : log(beta))));
}
