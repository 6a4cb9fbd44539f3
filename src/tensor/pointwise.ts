/** Functions of elements that are no methods: combinations of two or three tensors, and rarer functions of one. */
import { ArgumentError } from "../core/errors.ts";
import { isFloat } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { pow } from "./functional/arithmetic.ts";
import { toFloat } from "./functional/operands.ts";
import { broadcastTensors } from "./shaping.ts";
import { stack, where } from "./functions.ts";
import { fromNode, type Tensor } from "./tensor.ts";

const floats = (x: Tensor): Tensor => fromNode(toFloat(x.node));

/** x + value · a · b; all broadcast. */
export function addcmul(x: Tensor, a: Tensor, b: Tensor, value: number = 1): Tensor {
  return x.add(a.mul(b).mul(value));
}

/** x + value · a / b; all broadcast. */
export function addcdiv(x: Tensor, a: Tensor, b: Tensor, value: number = 1): Tensor {
  return x.add(a.div(b).mul(value));
}

/** ln(eᵃ + eᵇ) without overflow. */
export function logaddexp(a: Tensor, b: Tensor): Tensor {
  return stack(broadcastTensors(a, b)).logsumexp(0);
}

/** log₂(2ᵃ + 2ᵇ) without overflow. */
export function logaddexp2(a: Tensor, b: Tensor): Tensor {
  return logaddexp(a.mul(Math.LN2), b.mul(Math.LN2)).mul(Math.LOG2E);
}

/** x · ln y, and 0 where x is 0 (but NaN where y is). */
export function xlogy(x: Tensor, y: Tensor): Tensor {
  const none = x.eq(0).logicalAnd(y.isNan().logicalNot());
  return where(none, 0, x.mul(where(none, 1, y).log()));
}

/** 2ˣ. */
export function exp2<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(pow(2, toFloat(x.node)));
}

/** √(a² + b²) without overflow; its gradient at 0 is 0. */
export function hypot(a: Tensor, b: Tensor): Tensor {
  const both = stack(broadcastTensors(floats(a), floats(b)));
  const largest = both.detach().abs().max(0, true);
  const scale = where(largest.eq(0).logicalOr(largest.isInf()), 1, largest);
  return both.div(scale).norm(0).mul(scale.squeeze(0));
}

/** True where the sign bit is set: below 0, and at −0. */
export function signbit<S extends Shape>(input: Tensor<S>): Tensor<S> {
  const x: Tensor = input;
  const below = x.lt(0);
  return (isFloat(x.dtype) ? below.logicalOr(x.eq(0).logicalAnd(x.recip().lt(0))) : below) as Tensor<S>;
}

/** The size of `a` with the sign of `b`. */
export function copysign(a: Tensor, b: Tensor): Tensor {
  const size = floats(a).abs();
  return where(signbit(b), size.neg(), size);
}

/** What is left after rounding towards 0. */
export function frac<S extends Shape>(input: Tensor<S>): Tensor<S> {
  const x: Tensor = input;
  return x.sub(x.trunc()) as Tensor<S>;
}

/** The remainder with the sign of `a`, as C's and JavaScript's %; `mod` has that of `b`. */
export function fmod(a: Tensor, b: Tensor | number): Tensor {
  const size = a.abs().mod(typeof b === "number" ? Math.abs(b) : b.abs());
  return where(a.lt(0), size.neg(), size);
}

/** The larger of two; the other where one is NaN. */
export function fmax(a: Tensor, b: Tensor): Tensor {
  return where(a.isNan(), b, where(b.isNan(), a, a.maximum(b)));
}

/** The smaller of two; the other where one is NaN. */
export function fmin(a: Tensor, b: Tensor): Tensor {
  return where(a.isNan(), b, where(b.isNan(), a, a.minimum(b)));
}

/** 0 below 0, 1 above, `atZero` at 0. */
export function heaviside(x: Tensor, atZero: number | Tensor): Tensor {
  return where(x.eq(0), atZero, x.gt(0).cast(x.dtype));
}

/** sin(πx) / (πx), and 1 at 0. */
export function sinc<S extends Shape>(input: Tensor<S>): Tensor<S> {
  const x: Tensor = input;
  const zero = x.eq(0);
  const angle = where(zero, 1, x).mul(Math.PI);
  return where(zero, 1, angle.sin().div(angle)) as Tensor<S>;
}

/** ln(x / (1 − x)), the inverse of sigmoid; `eps` keeps x in [eps, 1 − eps]. */
export function logit<S extends Shape>(input: Tensor<S>, eps?: number): Tensor<S> {
  const x: Tensor = input;
  const inside = eps === undefined ? x : x.clamp(eps, 1 - eps);
  return inside.div(inside.neg().add(1)).log() as Tensor<S>;
}

/** Degrees as radians. */
export function deg2rad<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return floats(x).mul(Math.PI / 180) as Tensor<S>;
}

/** Radians as degrees. */
export function rad2deg<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return floats(x).mul(180 / Math.PI) as Tensor<S>;
}

/** The largest numbers of the float dtypes. */
const LARGEST = { f32: 3.4028234663852886e38, f64: Number.MAX_VALUE } as const;

export interface NanToNumOptions {
  /** In place of NaN, 0 by default. */
  readonly nan?: number;
  /** In place of ∞, the largest number of the dtype by default. */
  readonly posInf?: number;
  /** In place of −∞, the most negative number by default. */
  readonly negInf?: number;
}

/** Numbers in place of NaN and infinities. Integers stay as they are. */
export function nanToNum<S extends Shape>(
  input: Tensor<S>,
  { nan = 0, posInf, negInf }: NanToNumOptions = {},
): Tensor<S> {
  const x: Tensor = input;
  if (!isFloat(x.dtype)) return input;
  const largest = LARGEST[x.dtype as "f32" | "f64"];
  const finite = where(x.isInf(), where(x.lt(0), negInf ?? -largest, posInf ?? largest), x);
  return where(x.isNan(), nan, finite).cast(x.dtype) as Tensor<S>;
}

export interface ClosenessOptions {
  /** As a share of |b|, 1e-5 by default. */
  readonly rtol?: number;
  /** 1e-8 by default. */
  readonly atol?: number;
  /** Whether NaN is close to NaN, false by default. */
  readonly equalNan?: boolean;
}

/** True where |a − b| ≤ atol + rtol · |b|, or both are the same infinity; bool. Throws ArgumentError for a tolerance below 0. */
export function isclose(
  a: Tensor,
  b: Tensor,
  { rtol = 1e-5, atol = 1e-8, equalNan = false }: ClosenessOptions = {},
): Tensor {
  if (!(rtol >= 0 && atol >= 0))
    throw new ArgumentError(`isclose: tolerances must be 0 or more, got rtol ${rtol} and atol ${atol}`);
  const [x, y] = [floats(a), floats(b)];
  const near = x.sub(y).abs().le(y.abs().mul(rtol).add(atol));
  const close = near.logicalAnd(y.isFinite()).logicalOr(x.eq(y));
  return equalNan ? close.logicalOr(x.isNan().logicalAnd(y.isNan())) : close;
}

/** Whether `isclose` holds for all elements: bool []. */
export function allclose(a: Tensor, b: Tensor, options?: ClosenessOptions): Tensor<[]> {
  return isclose(a, b, options).all() as Tensor<[]>;
}
