/** Random numbers: functions of a key (u32 [2]) and the position of the element, so equal on every device. */
import { ArgumentError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { add, and, eq, lt, mod, mul, shr, sub } from "../../graph/ops/binary.ts";
import { randomBits } from "../../graph/ops/random.ts";
import { bitcast, cast, log, neg, sqrt } from "../../graph/ops/unary.ts";
import { where } from "../../graph/ops/where.ts";
import { like } from "./operands.ts";

/** Uniform in [0, 1): the top 24 bits, every f32 of the grid of 2⁻²⁴ equally likely. */
export function uniform(key: Node, shape: Shape): Node {
  const bits = randomBits(key, shape);
  const top = shr(bits, like(bits, 8));
  const value = cast(bitcast(top, "i32"), "f32");
  return mul(value, like(value, 2 ** -24));
}

/**
 * Coefficients of Giles, "Approximating the erfinv function" (GPU Computing Gems, 2011): √2 · erfinv(x) / x as polynomials,
 * highest power first, of w − 2.5 where w < 5, otherwise of √w − 3, with w = −ln(1 − x²).
 */
const CENTRE = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3,
  2.46640727e-1, 1.50140941,
];
const TAIL = [
  -2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406,
  2.83297682,
];

function polynomial(x: Node, coefficients: readonly number[]): Node {
  const [first, ...rest] = coefficients;
  return rest.reduce((sum, c) => add(mul(sum, x), like(x, c)), like(x, first!));
}

/**
 * Standard normal, by the inverse error function of one 32-bit word: the sign from its top bit, x in (0, 1) and 1 − x from the
 * other 31, each exact where it is small, so that centre and tails (to 6.2 standard deviations) are equally fine.
 */
export function normal(key: Node, shape: Shape): Node {
  const bits = randomBits(key, shape);
  const rest = bitcast(and(bits, like(bits, 0x7fffffff)), "i32");
  const unit = (whole: Node): Node => {
    const real = cast(whole, "f32");
    return mul(add(real, like(real, 0.5)), like(real, 2 ** -31));
  };
  const x = unit(rest);
  const fromOne = unit(sub(like(rest, 0x7fffffff), rest));
  const w = neg(log(mul(fromOne, sub(like(fromOne, 2), fromOne))));
  const central = lt(w, like(w, 5));
  const size = mul(
    where(central, polynomial(sub(w, like(w, 2.5)), CENTRE), polynomial(sub(sqrt(w), like(w, 3)), TAIL)),
    mul(x, like(x, Math.SQRT2)),
  );
  const positive = eq(shr(bits, like(bits, 31)), like(bits, 0));
  return where(positive, size, neg(size));
}

/** Whole numbers from `low` to `high` − 1, i32. Every one is equally likely to within (high − low) · 2⁻³². */
export function integers(key: Node, shape: Shape, low: number, high: number): Node {
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high || high - low > 2 ** 31)
    throw new ArgumentError(`randint: needs whole numbers low < high, at most 2^31 apart, got ${low} and ${high}`);
  const bits = randomBits(key, shape);
  const offset = bitcast(mod(bits, like(bits, high - low)), "i32");
  return low === 0 ? offset : add(offset, like(offset, low));
}

/** True with the given probability. */
export function bernoulli(key: Node, shape: Shape, probability: number): Node {
  if (!(probability >= 0 && probability <= 1))
    throw new ArgumentError(`bernoulli: the probability must lie in [0, 1], got ${probability}`);
  const value = uniform(key, shape);
  return lt(value, like(value, probability));
}
