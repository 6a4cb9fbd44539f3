/** Activations in pieces: shrinking, thresholds, and the cheap forms of smooth ones. Integers are taken as f32. */
import { ArgumentError } from "../../core/errors.ts";
import type { Node } from "../../graph/node.ts";
import { div, le, lt } from "../../graph/ops/binary.ts";
import { abs, sqrt, tanh } from "../../graph/ops/unary.ts";
import { where } from "../../graph/ops/where.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { clamp } from "./elementary.ts";
import { like, toFloat } from "./operands.ts";

/** Throws ArgumentError for a width below 0 or none at all. */
function checkWidth(op: string, name: string, value: number): void {
  if (!(value >= 0)) throw new ArgumentError(`${op}: ${name} must be 0 or more, got ${value}`);
}

/** x where |x| is above `lambda`, 0 elsewhere; NaN passes. */
export function hardShrink(input: Node, lambda: number = 0.5): Node {
  checkWidth("hardShrink", "lambda", lambda);
  const x = toFloat(input);
  return where(le(abs(x), like(x, lambda)), like(x, 0), x);
}

/** x − lambda above lambda, x + lambda below −lambda, 0 between: the proximal step of lambda·|x|. NaN passes. */
export function softShrink(input: Node, lambda: number = 0.5): Node {
  checkWidth("softShrink", "lambda", lambda);
  const x = toFloat(input);
  const outer = where(lt(like(x, 0), x), sub(x, lambda), add(x, lambda));
  return where(le(abs(x), like(x, lambda)), like(x, 0), outer);
}

/** x − tanh(x). */
export function tanhShrink(input: Node): Node {
  const x = toFloat(input);
  return sub(x, tanh(x));
}

/** x where it is above `limit`, `value` elsewhere; NaN passes. */
export function threshold(input: Node, limit: number, value: number): Node {
  const x = toFloat(input);
  return where(le(x, like(x, limit)), like(x, value), x);
}

/** (x + √(x² + b)) / 2: a softplus without exponentials (Barron 2021). `b` is 4 by default. */
export function squareplus(input: Node, b: number = 4): Node {
  checkWidth("squareplus", "b", b);
  const x = toFloat(input);
  // Where x is negative the sum cancels: there it is ½·b / (√(x² + b) − x).
  const root = sqrt(add(mul(x, x), b));
  const negative = lt(x, like(x, 0));
  const safe = where(negative, sub(root, x), like(x, 1));
  return where(negative, div(like(x, b / 2), safe), mul(add(x, root), 0.5));
}

/** 0 up to −1, x from 1 on, ¼·(x + 1)² between: the smooth part of sparsemax, as softplus is of softmax. */
export function sparsePlus(input: Node): Node {
  const x = toFloat(input);
  const next = clamp(add(x, 1), 0, 2);
  return where(le(like(x, 1), x), x, mul(mul(next, next), 0.25));
}

/** min(max((x + 1) / 2, 0), 1): the derivative of `sparsePlus`. */
export function sparseSigmoid(input: Node): Node {
  return clamp(mul(add(toFloat(input), 1), 0.5), 0, 1);
}
