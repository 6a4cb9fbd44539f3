/** Arcs, areas and other inverse and special functions of real numbers. Integers and bool are taken as f32. */
import { and, div, add, eq, le, lt, mul, or, sub } from "../../graph/ops/binary.ts";
import type { Node } from "../../graph/node.ts";
import * as ops from "../../graph/ops/special.ts";
import { abs, exp, log, neg, recip, sqrt } from "../../graph/ops/unary.ts";
import { where } from "../../graph/ops/where.ts";
import { withGradient } from "./custom.ts";
import { log1p } from "./elementary.ts";
import { like, pair, toFloat, type Operand } from "./operands.ts";

/* @__NO_SIDE_EFFECTS__ */
const lift =
  (f: (x: Node) => Node) =>
  (x: Node): Node =>
    f(toFloat(x));

export const asin: (x: Node) => Node = lift(ops.asin);
export const acos: (x: Node) => Node = lift(ops.acos);
export const atan: (x: Node) => Node = lift(ops.atan);
export const erfinv: (x: Node) => Node = lift(ops.erfinv);
export const lgamma: (x: Node) => Node = lift(ops.lgamma);
export const digamma: (x: Node) => Node = lift((x) => ops.polygamma(0, x));
export const polygamma = (order: number, x: Node): Node => ops.polygamma(order, toFloat(x));

/** Below 0, or the 0 from below. */
const isNegative = (x: Node): Node => {
  const zero = like(x, 0);
  return or(lt(x, zero), and(eq(x, zero), lt(recip(x), zero)));
};

/** The angle of the point (x, y), −π to π, in all four quadrants. Gradient (x, −y) / (x² + y²). */
export function atan2(a: Operand, b: Operand): Node {
  const [y, x] = pair("atan2", a, b).map(toFloat) as [Node, Node];
  return withGradient(
    "atan2",
    [y, x],
    () => {
      const [up, along] = [abs(y), abs(x)];
      const steep = lt(along, up);
      const [small, large] = [where(steep, along, up), where(steep, up, along)];
      // Of two equals, also of 0 and of infinity, the quotient is known.
      const slope = where(eq(small, large), where(eq(large, like(x, 0)), like(x, 0), like(x, 1)), div(small, large));
      const acute = ops.atan(slope);
      const right = where(steep, sub(like(x, Math.PI / 2), acute), acute);
      const angle = where(isNegative(x), sub(like(x, Math.PI), right), right);
      return where(isNegative(y), neg(angle), angle);
    },
    (grad, _, [v, u]) => {
      const square = add(mul(u!, u!), mul(v!, v!));
      return [mul(grad, div(u!, square)), neg(mul(grad, div(v!, square)))];
    },
  );
}

/** From where x² + 1 is x² to the last digit of float64, and far from overflow in f32. */
const LARGE = 1e9;

/** The inverse of sinh, accurate near 0. Gradient 1 / √(x² + 1). */
export function asinh(input: Node): Node {
  const x = toFloat(input);
  const one = like(x, 1);
  return withGradient(
    "asinh",
    [x],
    () => {
      const a = abs(x);
      const large = lt(like(x, LARGE), a);
      const safe = where(large, one, a);
      const square = mul(safe, safe);
      const near = log1p(add(safe, div(square, add(one, sqrt(add(square, one))))));
      const value = where(large, add(log(a), like(x, Math.LN2)), near);
      return where(lt(x, like(x, 0)), neg(value), value);
    },
    (grad, _, [at]) => [div(grad, sqrt(add(mul(at!, at!), like(at!, 1))))],
  );
}

/** The inverse of cosh, from 1 on; NaN below. Gradient 1 / √(x² − 1). */
export function acosh(input: Node): Node {
  const x = toFloat(input);
  return withGradient(
    "acosh",
    [x],
    () => {
      const large = lt(like(x, LARGE), x);
      const above = sub(where(large, like(x, 1), x), like(x, 1));
      const near = log1p(add(above, sqrt(mul(above, add(above, like(x, 2))))));
      return where(large, add(log(x), like(x, Math.LN2)), near);
    },
    (grad, _, [at]) => [div(grad, sqrt(mul(sub(at!, like(at!, 1)), add(at!, like(at!, 1)))))],
  );
}

/** The inverse of tanh, accurate near 0: ±∞ at ±1, NaN outside. Gradient 1 / (1 − x²). */
export function atanh(input: Node): Node {
  const x = toFloat(input);
  return withGradient(
    "atanh",
    [x],
    () => {
      const a = abs(x);
      const value = mul(like(x, 0.5), log1p(div(add(a, a), sub(like(x, 1), a))));
      return where(lt(x, like(x, 0)), neg(value), value);
    },
    (grad, _, [at]) => [div(grad, mul(sub(like(at!, 1), at!), add(like(at!, 1), at!)))],
  );
}

/** ∛x, also of negative numbers. Gradient 1 / (3 ∛x²). */
export function cbrt(input: Node): Node {
  const x = toFloat(input);
  return withGradient(
    "cbrt",
    [x],
    () => {
      const a = abs(x);
      const plain = or(eq(a, like(x, 0)), le(like(x, Infinity), a));
      const rough = exp(div(log(where(plain, like(x, 1), a)), like(x, 3)));
      // One step of Newton's brings back what exp and log lost.
      const root = sub(rough, div(sub(rough, div(a, mul(rough, rough))), like(x, 3)));
      const value = where(plain, a, root);
      return where(lt(x, like(x, 0)), neg(value), value);
    },
    (grad, root) => [div(grad, mul(like(root, 3), mul(root, root)))],
  );
}
