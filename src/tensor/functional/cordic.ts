/**
 * Activations as hardware without a multiplier computes them: hyperbolic CORDIC (Walther 1971), whose every step adds a number
 * shifted by a whole number of places and follows a table of angles.
 */
import { ArgumentError } from "../../core/errors.ts";
import type { Node } from "../../graph/node.ts";
import { add, div, le, mul, sub } from "../../graph/ops/binary.ts";
import { where } from "../../graph/ops/where.ts";
import { clamp } from "./elementary.ts";
import { withGradient } from "./custom.ts";
import { like, toFloat } from "./operands.ts";

/** Steps that widen the range from 1.1 to 12.4 (Hu, Harber and Bass 1991): angles atanh(1 − 2^(i − 2)) for i from −5 to 0. */
const WIDE = [-5, -4, -3, -2, -1, 0].map((i) => 1 - 2 ** (i - 2));
const RANGE = 12;

/** What each step adds: 1 − 2^(i − 2), then 2⁻ⁱ, with i = 4, 13, 40 … twice, without which the steps would not converge. */
function shifts(iterations: number): number[] {
  const narrow: number[] = [];
  let twice = 4;
  for (let i = 1; narrow.length < iterations; i++) {
    narrow.push(2 ** -i);
    if (i === twice && narrow.length < iterations) {
      narrow.push(2 ** -i);
      twice = 3 * twice + 1;
    }
  }
  return [...WIDE, ...narrow];
}

/** tanh by shifting and adding, to about 2^−iterations; ±1 beyond ±12. Gradient 1 − tanh². */
export function cordicTanh(input: Node, iterations: number = 16): Node {
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new ArgumentError(`cordicTanh: iterations must be a whole number of 1 or more, got ${iterations}`);
  const x = toFloat(input);
  return withGradient(
    "cordicTanh",
    [x],
    () => {
      // The pair turns hyperbolically until the angle is used up: it becomes a multiple of (cosh x, sinh x).
      let angle = clamp(x, -RANGE, RANGE);
      let [cosh, sinh] = [like(x, 1), like(x, 0)];
      for (const shift of shifts(iterations)) {
        const up = le(like(x, 0), angle);
        const [a, b] = [mul(sinh, like(x, shift)), mul(cosh, like(x, shift))];
        const turn = like(x, Math.atanh(shift));
        [cosh, sinh] = [where(up, add(cosh, a), sub(cosh, a)), where(up, add(sinh, b), sub(sinh, b))];
        angle = where(up, sub(angle, turn), add(angle, turn));
      }
      return div(sinh, cosh);
    },
    (grad, y) => [mul(grad, sub(like(y, 1), mul(y, y)))],
  );
}

/** 1 / (1 + e⁻ˣ) as (1 + tanh(x / 2)) / 2, by `cordicTanh`. */
export function cordicSigmoid(x: Node, iterations?: number): Node {
  const half = mul(toFloat(x), like(toFloat(x), 0.5));
  const value = cordicTanh(half, iterations);
  return mul(add(value, like(value, 1)), like(value, 0.5));
}
