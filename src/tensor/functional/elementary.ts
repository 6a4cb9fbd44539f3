/** Functions of one real number. Integers and bool are taken as f32; rounding leaves them alone. */
import { isFloat } from "../../core/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { add, div, eq, lt, mul, or, sub } from "../../graph/ops/binary.ts";
import * as unary from "../../graph/ops/unary.ts";
import { where } from "../../graph/ops/where.ts";
import { withGradient } from "./custom.ts";
import { like, toFloat } from "./operands.ts";

/* @__NO_SIDE_EFFECTS__ */
const lift =
  (f: (x: Node) => Node) =>
  (x: Node): Node =>
    f(toFloat(x));

export const exp: (x: Node) => Node = lift(unary.exp);
/** Natural logarithm: −∞ at 0, NaN below. */
export const log: (x: Node) => Node = lift(unary.log);
export const sin: (x: Node) => Node = lift(unary.sin);
export const cos: (x: Node) => Node = lift(unary.cos);
/** NaN below 0. */
export const sqrt: (x: Node) => Node = lift(unary.sqrt);
export const recip: (x: Node) => Node = lift(unary.recip);
export const tanh: (x: Node) => Node = lift(unary.tanh);
export const erf: (x: Node) => Node = lift(unary.erf);

export function square(x: Node): Node {
  return mul(x, x);
}

/** 1 / √x. */
export function rsqrt(x: Node): Node {
  return recip(sqrt(x));
}

export function tan(x: Node): Node {
  return div(sin(x), cos(x));
}

export function log2(x: Node): Node {
  const value = log(x);
  return mul(value, like(value, Math.LOG2E));
}

export function log10(x: Node): Node {
  const value = log(x);
  return mul(value, like(value, Math.LOG10E));
}

/**
 * ln(1 + x), accurate where x is near 0: what 1 + x loses in rounding, the quotient x / ((1 + x) − 1) gives back (Kahan).
 * Gradient 1 / (1 + x).
 */
export function log1p(input: Node): Node {
  const x = toFloat(input);
  return withGradient(
    "log1p",
    [x],
    () => {
      const one = like(x, 1);
      const sum = add(x, one);
      const infinite = eq(x, like(x, Infinity));
      return where(or(eq(sum, one), infinite), x, mul(unary.log(sum), div(x, sub(sum, one))));
    },
    (grad, _, [at]) => [div(grad, add(at!, like(at!, 1)))],
  );
}

/**
 * eˣ − 1, accurate where x is near 0: there it is 2t / (1 − t) with t = tanh(x / 2), which cancels nothing.
 * Gradient eˣ.
 */
export function expm1(input: Node): Node {
  const x = toFloat(input);
  return withGradient(
    "expm1",
    [x],
    () => {
      const one = like(x, 1);
      const small = lt(unary.abs(x), one);
      const t = unary.tanh(mul(x, like(x, 0.5)));
      return where(small, div(add(t, t), sub(one, t)), sub(unary.exp(x), one));
    },
    (grad, _, [at]) => [mul(grad, unary.exp(at!))],
  );
}

/** (eˣ − e⁻ˣ) / 2, accurate near 0. */
export function sinh(input: Node): Node {
  const x = toFloat(input);
  return withGradient(
    "sinh",
    [x],
    () => {
      const half = like(x, 0.5);
      const small = lt(unary.abs(x), like(x, 1));
      const less = expm1(x);
      const near = add(less, div(less, add(less, like(x, 1))));
      const far = sub(unary.exp(x), unary.exp(unary.neg(x)));
      return mul(half, where(small, near, far));
    },
    (grad, _, [at]) => [mul(grad, cosh(at!))],
  );
}

/** (eˣ + e⁻ˣ) / 2. */
export function cosh(input: Node): Node {
  const x = toFloat(input);
  return withGradient(
    "cosh",
    [x],
    () => mul(like(x, 0.5), add(unary.exp(x), unary.exp(unary.neg(x)))),
    (grad, _, [at]) => [mul(grad, sinh(at!))],
  );
}

/* @__NO_SIDE_EFFECTS__ */
const leaveIntegers =
  (f: (x: Node) => Node) =>
  (x: Node): Node =>
    isFloat(x.dtype) ? f(x) : x;

/** Down to a whole number. No gradient flows through rounding. */
export const floor: (x: Node) => Node = leaveIntegers(unary.floor);
/** Up to a whole number. */
export const ceil: (x: Node) => Node = leaveIntegers((x) => unary.neg(unary.floor(unary.neg(x))));
/** To the nearest whole number, halves to the even one. */
export const round: (x: Node) => Node = leaveIntegers(unary.round);
/** Towards zero to a whole number. */
export const trunc: (x: Node) => Node = leaveIntegers((x) => where(lt(x, like(x, 0)), ceil(x), unary.floor(x)));

/**
 * Brought into [low, high]; a bound left out does not bound. NaN stays. The gradient passes where nothing was cut.
 * Integers keep their dtype where both bounds are whole.
 */
export function clamp(input: Node, low: number = -Infinity, high: number = Infinity): Node {
  const whole = [low, high].every((bound) => Number.isInteger(bound) || Math.abs(bound) === Infinity);
  const x = whole ? input : toFloat(input);
  const raised = low === -Infinity ? x : where(lt(x, like(x, low)), like(x, low), x);
  return high === Infinity ? raised : where(lt(like(x, high), raised), like(x, high), raised);
}
