/** Activation functions. Each one maps every element on its own; integers are taken as f32. */
import type { Node } from "../../graph/node.ts";
import { add, div, le, lt, max, mul, sub } from "../../graph/ops/binary.ts";
import * as unary from "../../graph/ops/unary.ts";
import { where } from "../../graph/ops/where.ts";
import { withGradient } from "./custom.ts";
import { expm1, log1p } from "./elementary.ts";
import { like, toFloat } from "./operands.ts";

const scale = (x: Node, by: number): Node => mul(x, like(x, by));
const shift = (x: Node, by: number): Node => add(x, like(x, by));
const zeroOf = (x: Node): Node => like(x, 0);

/** max(x, 0); NaN passes. The gradient is read off the output, so the input need not be kept; at 0 it is 0. */
export function relu(x: Node): Node {
  return withGradient(
    "relu",
    [x],
    () => where(le(x, zeroOf(x)), zeroOf(x), x),
    (grad, output) => [where(le(output, zeroOf(output)), zeroOf(grad), grad)],
  );
}

/** Between two bounds; the gradient is 0 at the bounds and beyond, as in PyTorch. NaN passes. */
export function hardTanh(input: Node, low: number = -1, high: number = 1): Node {
  const x = toFloat(input);
  return where(le(x, like(x, low)), like(x, low), where(le(like(x, high), x), like(x, high), x));
}

/** min(max(x, 0), 6). */
export function relu6(x: Node): Node {
  return hardTanh(x, 0, 6);
}

/** x above 0, slope · x below. */
export function leakyRelu(input: Node, slope: number = 0.01): Node {
  const x = toFloat(input);
  return where(lt(zeroOf(x), x), x, scale(x, slope));
}

/** 1 / (1 + e⁻ˣ), finite for every x: where e⁻ˣ overflows, its reciprocal is 0. Gradient y·(1 − y). */
export function sigmoid(input: Node): Node {
  const x = toFloat(input);
  return withGradient(
    "sigmoid",
    [x],
    () => unary.recip(shift(unary.exp(unary.neg(x)), 1)),
    (grad, output) => [mul(grad, mul(output, sub(like(output, 1), output)))],
  );
}

/**
 * ln(1 + e^(beta·x)) / beta, finite for every x; x itself where beta·x is above `threshold` (nowhere by default: this form
 * does not overflow). Gradient sigmoid(beta·x).
 */
export function softplus(input: Node, beta: number = 1, threshold: number = Infinity): Node {
  const x = toFloat(input);
  if (beta !== 1) {
    const scaled = softplus(scale(x, beta));
    return past(x, beta, threshold, scale(scaled, 1 / beta));
  }
  const result = withGradient(
    "softplus",
    [x],
    () => add(max(x, zeroOf(x)), log1p(unary.exp(unary.neg(unary.abs(x))))),
    (grad, _, [at]) => [mul(grad, sigmoid(at!))],
  );
  return past(x, beta, threshold, result);
}

/** x where beta·x is above a threshold, something else elsewhere. */
function past(x: Node, beta: number, threshold: number, below: Node): Node {
  return threshold === Infinity ? below : where(lt(like(x, threshold), scale(x, beta)), x, below);
}

/** ln(sigmoid(x)). */
export function logSigmoid(x: Node): Node {
  return unary.neg(softplus(unary.neg(toFloat(x))));
}

/** x / (1 + |x|). */
export function softsign(input: Node): Node {
  const x = toFloat(input);
  return div(x, shift(unary.abs(x), 1));
}

/** x above 0, alpha · (eˣ − 1) below. */
export function elu(input: Node, alpha: number = 1): Node {
  const x = toFloat(input);
  const positive = lt(zeroOf(x), x);
  // The exponential sees no large x: its gradient there would be 0 · ∞.
  return where(positive, x, scale(expm1(where(positive, zeroOf(x), x)), alpha));
}

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** Self-normalising: 1.0507 · elu(x, 1.6733), the constants of Klambauer et al. 2017 to double precision. */
export function selu(x: Node): Node {
  return scale(elu(x, SELU_ALPHA), SELU_SCALE);
}

/** max(x, 0) + min(0, alpha · (e^(x / alpha) − 1)). */
export function celu(input: Node, alpha: number = 1): Node {
  const x = toFloat(input);
  const positive = lt(zeroOf(x), x);
  return where(positive, x, scale(expm1(scale(where(positive, zeroOf(x), x), 1 / alpha)), alpha));
}

/**
 * x · Φ(x). `exact` uses the error function, `tanh` the approximation of Hendrycks and Gimpel that GPT-2 was trained with.
 * The minimum is −0.1700 at −0.7518.
 */
export function gelu(input: Node, form: "exact" | "tanh" = "exact"): Node {
  const x = toFloat(input);
  if (form === "tanh") {
    const inner = scale(add(x, scale(mul(x, mul(x, x)), 0.044715)), Math.sqrt(2 / Math.PI));
    return mul(scale(x, 0.5), shift(unary.tanh(inner), 1));
  }
  return withGradient(
    "gelu",
    [x],
    () => mul(x, normalCumulative(x)),
    (grad, _, [at]) => {
      const density = scale(unary.exp(scale(mul(at!, at!), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [mul(grad, add(normalCumulative(at!), mul(at!, density)))];
    },
  );
}

/** Φ(x): the share of a standard normal distribution below x. */
function normalCumulative(x: Node): Node {
  return scale(shift(unary.erf(scale(x, Math.SQRT1_2)), 1), 0.5);
}

/** x · sigmoid(x), also called Swish. Its minimum is −0.2785 at −1.2785. */
export function silu(input: Node): Node {
  const x = toFloat(input);
  return mul(x, sigmoid(x));
}

/** x · tanh(softplus(x)). */
export function mish(input: Node): Node {
  const x = toFloat(input);
  return mul(x, unary.tanh(softplus(x)));
}

/** min(max(x + 3, 0), 6) / 6. */
export function hardSigmoid(x: Node): Node {
  return scale(relu6(shift(toFloat(x), 3)), 1 / 6);
}

/** x · hardSigmoid(x); its minimum is −0.375 at −1.5. */
export function hardSwish(input: Node): Node {
  const x = toFloat(input);
  return mul(x, hardSigmoid(x));
}

/** 1 where x is above 0, 0 elsewhere; NaN gives 0. No gradient flows. */
export function step(x: Node): Node {
  return unary.cast(lt(zeroOf(x), x), toFloat(x).dtype);
}
