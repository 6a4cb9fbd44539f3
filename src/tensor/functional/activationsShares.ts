/** From scores to shares of 1: what softmax is among others. */
import { ArgumentError } from "../../core/errors.ts";
import { normalizeAxes } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { neg, cast, log } from "../../graph/ops/unary.ts";
import { argmax, max, softmax, sum } from "./reductions.ts";
import { add, div, maximum, mul, sub } from "./arithmetic.ts";
import { eq, ge, gt, where } from "./comparison.ts";
import { withGradient } from "./custom.ts";
import { moveAxis, unsqueeze } from "./movement.ts";
import { toFloat } from "./operands.ts";
import { uniform } from "./random.ts";
import { iota } from "../../graph/ops/leaf.ts";

/** e⁻ˣ / Σ e⁻ˣ along an axis. */
export function softmin(x: Node, axis: number = -1): Node {
  return softmax(neg(toFloat(x)), axis);
}

/** softmax(x / temperature): above 1 softer, below 1 closer to the maximum. Throws ArgumentError unless it is above 0. */
export function temperedSoftmax(x: Node, axis: number, temperature: number): Node {
  if (!(temperature > 0)) throw new ArgumentError(`softmax: the temperature must be above 0, got ${temperature}`);
  return softmax(temperature === 1 ? x : mul(toFloat(x), 1 / temperature), axis);
}

/**
 * The point of the simplex that is nearest to x along an axis: shares that add up to 1, most of them exactly 0 (Martins and
 * Astudillo 2016). With Sₖ the sum of the k largest, it is max(x − τ, 0) for τ = maxₖ (Sₖ − 1) / k; every score is compared
 * with every other one, so that nothing is sorted. Gradient: g − mean(g) where the share is above 0.
 */
export function sparsemax(input: Node, axis: number = -1): Node {
  const [at] = normalizeAxes("sparsemax", axis, input.shape);
  const x = toFloat(input);
  return withGradient(
    "sparsemax",
    [x],
    () => {
      // Shifted by the maximum, so that sums of large scores lose no digits.
      const scores = moveAxis(sub(x, max(x, at!, true)), at!, -1);
      const others = unsqueeze(scores, -2);
      const aboveOrSame = ge(others, unsqueeze(scores, -1));
      const count = sum(cast(aboveOrSame, x.dtype), -1);
      const total = sum(where(aboveOrSame, others, 0), -1);
      const level = max(div(sub(total, 1), count), -1, true);
      return moveAxis(maximum(sub(scores, level), 0), -1, at!);
    },
    (grad, output) => {
      const support = cast(gt(output, 0), grad.dtype);
      const mean = div(sum(mul(grad, support), at!, true), sum(support, at!, true));
      return [mul(support, sub(grad, mean))];
    },
  );
}

/**
 * A random class for each row of logits, as shares: softmax((x + noise) / temperature) with Gumbel noise from a key. With
 * `hard` the shares are one-hot going forward and the soft ones for the gradient (Jang et al. 2017).
 */
export function gumbelSoftmax(input: Node, key: Node, temperature: number, hard: boolean, axis: number): Node {
  const x = toFloat(input);
  const [at] = normalizeAxes("gumbelSoftmax", axis, x.shape);
  // Half a step of the grid keeps both logarithms finite.
  const chance = add(mul(uniform(key, x.shape), 1 - 2 ** -24), 2 ** -25);
  const noise = cast(neg(log(neg(log(chance)))), x.dtype);
  const soft = temperedSoftmax(add(x, noise), at!, temperature);
  if (!hard) return soft;
  return withGradient(
    "gumbelSoftmax",
    [soft],
    () => cast(eq(iota(x.shape, at!), argmax(soft, at!, true)), x.dtype),
    (grad) => [grad],
  );
}
