/** Many to one along axes: all of them when none are named. `keep` leaves reduced axes as size 1. */
import { ArgumentError } from "../../core/errors.ts";
import { normalizeAxes, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { div, eq, mul, sub } from "../../graph/ops/binary.ts";
import { reshape } from "../../graph/ops/movement.ts";
import * as ops from "../../graph/ops/reduce.ts";
import { abs, cast, exp, log, recip, sqrt } from "../../graph/ops/unary.ts";
import { where } from "../../graph/ops/where.ts";
import { add, pow } from "./arithmetic.ts";
import { logicalNot, ne } from "./comparison.ts";
import { withGradient } from "./custom.ts";
import { expandTo, inSingle, like, toCountable, toFloat } from "./operands.ts";

/** Axes as users write them. */
export type ReduceAxes = number | readonly number[] | undefined;

const keptShape = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((size, i) => (axes.includes(i) ? 1 : size));

const countOf = (shape: Shape, axes: readonly number[]): number =>
  axes.reduce((count, axis) => count * shape[axis]!, 1);

/** A reduction by its primitive, with axes resolved and kept where asked. */
function over(
  op: string,
  reduce: (x: Node, axes: readonly number[]) => Node,
  x: Node,
  axes: ReduceAxes,
  keep: boolean,
): Node {
  const list = normalizeAxes(op, axes, x.shape);
  const result = reduce(x, list);
  return keep ? reshape(result, keptShape(x.shape, list)) : result;
}

/** bool and u8 sum as i32. */
export function sum(x: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return inSingle(toCountable(x), (one) => over("sum", ops.sum, one, axes, keep));
}

/** bool and u8 multiply as i32. */
export function prod(x: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return inSingle(toCountable(x), (one) => over("prod", ops.prod, one, axes, keep));
}

/** NaN wins. The gradient goes to the first maximum. */
export function max(x: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return over("max", ops.maxReduce, x, axes, keep);
}

/** NaN wins. The gradient goes to the first minimum. */
export function min(x: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return over("min", ops.minReduce, x, axes, keep);
}

/** Position of the first maximum, i32; row-major where several axes are reduced. */
export function argmax(x: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return over("argmax", ops.argmax, x, axes, keep);
}

/** Position of the first minimum, i32. */
export function argmin(x: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return over("argmin", ops.argmin, x, axes, keep);
}

/** True where any element is not zero; false over nothing. */
export function any(x: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return ne(sum(cast(x, "bool"), axes, keep), 0);
}

/** True where no element is zero; true over nothing. */
export function all(x: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return logicalNot(any(logicalNot(x), axes, keep));
}

/** Integers average as f32; NaN over nothing. */
export function mean(input: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return inSingle(toFloat(input), (x) => {
    const total = over("mean", ops.sum, x, axes, keep);
    return mul(total, like(total, 1 / countOf(x.shape, normalizeAxes("mean", axes, x.shape))));
  });
}

/**
 * Mean squared distance from the mean, in two passes, so that a large mean costs no digits.
 * @param correction what the count is reduced by: 1 (the default, as in PyTorch) for a sample, 0 for a population.
 */
export function variance(input: Node, axes?: ReduceAxes, keep: boolean = false, correction: number = 1): Node {
  return inSingle(toFloat(input), (x) => {
    const list = normalizeAxes("variance", axes, x.shape);
    const distance = sub(x, expandTo(mean(x, list, true), x.shape));
    const total = over("variance", ops.sum, mul(distance, distance), list, keep);
    return mul(total, like(total, 1 / Math.max(0, countOf(x.shape, list) - correction)));
  });
}

/** √variance; its gradient is 0 where all elements are equal. */
export function std(x: Node, axes?: ReduceAxes, keep: boolean = false, correction: number = 1): Node {
  return sqrtOrFlat(variance(x, axes, keep, correction));
}

/** √x with gradient 0 at 0, where the true one is infinite. */
function sqrtOrFlat(x: Node): Node {
  return withGradient(
    "sqrt",
    [x],
    () => sqrt(x),
    (grad, output) => [where(eq(output, like(output, 0)), like(grad, 0), div(mul(grad, like(grad, 0.5)), output))],
  );
}

/**
 * (Σ |x|ᵒʳᵈᵉʳ)^(1/order); order 2 (the default), 1, Infinity or any number above 0.
 * At a vector of zeros the gradient is 0. Throws ArgumentError for any other order.
 */
export function norm(input: Node, axes?: ReduceAxes, keep: boolean = false, order: number = 2): Node {
  if (!(order > 0)) throw new ArgumentError(`norm: the order must be above 0, got ${order}`);
  return inSingle(toFloat(input), (x) => {
    if (order === 2) return sqrtOrFlat(over("norm", ops.sum, mul(x, x), axes, keep));
    if (order === 1) return over("norm", ops.sum, abs(x), axes, keep);
    if (order === Infinity) return over("norm", ops.maxReduce, abs(x), axes, keep);
    return pow(over("norm", ops.sum, pow(abs(x), order), axes, keep), 1 / order);
  });
}

/** The maximum over axes, kept, with 0 where it is infinite: safe to subtract. */
function safeMax(x: Node, list: readonly number[]): Node {
  const highest = reshape(ops.maxReduce(x, list), keptShape(x.shape, list));
  return where(eq(abs(highest), like(highest, Infinity)), like(highest, 0), highest);
}

/** ln Σ eˣ without overflow; −∞ over −∞. Gradient: softmax, from the output. */
export function logsumexp(input: Node, axes?: ReduceAxes, keep: boolean = false): Node {
  return inSingle(toFloat(input), (x) => {
    const list = normalizeAxes("logsumexp", axes, x.shape);
    const kept = keptShape(x.shape, list);
    const result = withGradient(
      "logsumexp",
      [x],
      () => {
        const highest = safeMax(x, list);
        const total = ops.sum(exp(sub(x, expandTo(highest, x.shape))), list);
        return add(reshape(log(total), kept), highest);
      },
      (grad, output, [at]) => {
        // Where all elements are −∞, so is the output: −∞ − 0 keeps the share at 0, not NaN.
        const level = where(eq(output, like(output, -Infinity)), like(output, 0), output);
        return [mul(expandTo(grad, at!.shape), exp(sub(at!, expandTo(level, at!.shape))))];
      },
    );
    return keep
      ? result
      : reshape(
          result,
          x.shape.filter((_, i) => !list.includes(i)),
        );
  });
}

/** eˣ / Σ eˣ along axes, without overflow. Gradient from the output: y · (g − Σ g·y). */
export function softmax(input: Node, axes: number | readonly number[] = -1): Node {
  return inSingle(toFloat(input), (x) => {
    const list = normalizeAxes("softmax", axes, x.shape);
    return withGradient(
      "softmax",
      [x],
      () => {
        const power = exp(sub(x, expandTo(max(x, list, true), x.shape)));
        // One division a row, where dividing each element would take most of the time.
        return mul(power, expandTo(recip(sum(power, list, true)), x.shape));
      },
      (grad, output) => {
        const mean = sum(mul(grad, output), list, true);
        return [mul(output, sub(grad, expandTo(mean, grad.shape)))];
      },
    );
  });
}

/** ln softmax(x) along axes: x − logsumexp(x). Gradient from the output: g − eʸ · Σ g. */
export function logSoftmax(input: Node, axes: number | readonly number[] = -1): Node {
  return inSingle(toFloat(input), (x) => {
    const list = normalizeAxes("logSoftmax", axes, x.shape);
    return withGradient(
      "logSoftmax",
      [x],
      () => {
        const shifted = sub(x, expandTo(safeMax(x, list), x.shape));
        return sub(shifted, expandTo(log(sum(exp(shifted), list, true)), x.shape));
      },
      (grad, output) => [sub(grad, mul(exp(output), expandTo(sum(grad, list, true), grad.shape)))],
    );
  });
}
