/**
 * Functions on f32 in basic operations, a few units in the last place from the true value on the full range, subnormal
 * results, infinities and NaN included. Every product may round; they hold as well where none does that is added to
 * something (compilers of shaders do that, and `fuseProducts` in mathematics.ts), and where quotients are a few units in
 * the last place off, as GPUs have them.
 */
import { binary, bitcast, cast, constant, select, unary, type Expression } from "./expression.ts";

const f = (value: number): Expression => constant(value, "f32");
const i = (value: number): Expression => constant(value, "i32");
const u = (value: number): Expression => constant(value, "u32");
const add = (a: Expression, b: Expression): Expression => binary("add", a, b);
const sub = (a: Expression, b: Expression): Expression => binary("sub", a, b);
const mul = (a: Expression, b: Expression): Expression => binary("mul", a, b);
const div = (a: Expression, b: Expression): Expression => binary("div", a, b);
const lt = (a: Expression, b: Expression): Expression => binary("lt", a, b);
const eq = (a: Expression, b: Expression): Expression => binary("eq", a, b);
const and = (a: Expression, b: Expression): Expression => binary("and", a, b);
const or = (a: Expression, b: Expression): Expression => binary("or", a, b);
const shl = (a: Expression, count: number): Expression => binary("shl", a, constant(count, a.dtype));
const shr = (a: Expression, count: number): Expression => binary("shr", a, constant(count, a.dtype));
const bits = (x: Expression): Expression => bitcast(x, "i32");
const float = (x: Expression): Expression => bitcast(x, "f32");
const abs = (x: Expression): Expression => unary("abs", x);

/** The smaller (larger) of a constant and x, where NaN stays: single instructions on vectors. */
const atMost = (x: Expression, limit: number): Expression => select(lt(f(limit), x), f(limit), x);
const atLeast = (x: Expression, limit: number): Expression => select(lt(x, f(limit)), f(limit), x);

/**
 * A polynomial, highest coefficient first, by Estrin's scheme: pairs side by side, then pairs of pairs. A processor
 * looks ahead over some two hundred operations; what bounds these functions is how many of those wait for one another.
 */
function polynomial(x: Expression, ...coefficients: readonly number[]): Expression {
  let values = [...coefficients].reverse().map(f);
  for (let power = x; values.length > 1; power = mul(power, power)) {
    const pairs: Expression[] = [];
    for (let k = 0; k < values.length; k += 2) {
      const high = values[k + 1];
      pairs.push(high ? add(mul(high, power), values[k]!) : values[k]!);
    }
    values = pairs;
  }
  return values[0]!;
}

/** The magnitude of a non-negative value with the sign of another. */
function withSign(magnitude: Expression, sign: Expression): Expression {
  return float(or(bits(magnitude), and(bits(sign), i(-(2 ** 31)))));
}

/** The value with all but its upper 12 bits of mantissa cleared: products of two such are exact. */
function upper(x: Expression): Expression {
  return float(and(bits(x), i(-4096)));
}

/** 1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits. */
const MAGIC = 12582912;

/**
 * x = k · ln 2 + r with |r| ≤ ½ ln 2: gives exp(r) − 1, and bits whose low end holds k + bias.
 * `bias` is what the caller's exponent fields want.
 */
function reduceExp(x: Expression, bias: number): { readonly expm1: Expression; readonly k: Expression } {
  const t = add(mul(x, f(Math.LOG2E)), f(MAGIC + bias));
  const n = sub(t, f(MAGIC + bias));
  const r = sub(sub(x, mul(n, f(0.693145751953125))), mul(n, f(1.428606765330187e-6)));
  const p = polynomial(r, 1.3814318e-3, 8.3688516e-3, 4.16684e-2, 1.666652e-1, 4.9999994e-1);
  return { expm1: add(mul(p, mul(r, r)), r), k: bits(t) };
}

/** (1 + p) · 2ᵏ, where `k` holds k + 254: by two factors, so that subnormal results round once. */
function scaleBy(p: Expression, k: Expression): Expression {
  const half = shr(k, 1);
  return mul(mul(add(p, f(1)), float(shl(half, 23))), float(shl(sub(k, half), 23)));
}

/**
 * At most about 1 unit in the last place. Results near the ends of the range take a way of their own, which is skipped
 * where nobody needs it.
 */
export function exp(x: Expression): Expression {
  const { expm1, k } = reduceExp(x, 127);
  const scale = float(shl(k, 23));
  const far = reduceExp(atLeast(atMost(x, 89), -104), 254);
  return select(lt(f(87), abs(x)), scaleBy(far.expm1, far.k), mul(add(expm1, f(1)), scale));
}

/** Through e²ˣ − 1, so that small arguments keep their digits. From 9.1 on the quotient rounds to 1. */
export function tanh(x: Expression): Expression {
  const c = atMost(abs(x), 9.1);
  const { expm1, k } = reduceExp(add(c, c), 127);
  const scale = float(shl(k, 23));
  const e = add(mul(expm1, scale), sub(scale, f(1)));
  return withSign(div(e, add(e, f(2))), x);
}

/**
 * erf t = 1 − eᵘ with u = log(1 − erf t), which is t times a smooth function: one polynomial for the whole range, and
 * through eᵘ − 1 small arguments keep their digits. At 4 the result rounds to 1. At most 3 units in the last place.
 */
export function erf(x: Expression): Expression {
  const t = atMost(abs(x), 4);
  const p = polynomial(
    t,
    4.07029703e-5,
    -3.809633257e-4,
    1.251637914e-3,
    2.05871684e-4,
    -1.932183082e-2,
    1.028144524e-1,
    6.366164904e-1,
    3.379207318e-3,
  );
  const { expm1, k } = reduceExp(mul(t, sub(f(-1.125), p)), 127);
  const scale = float(shl(k, 23));
  return withSign(sub(sub(f(1), scale), mul(expm1, scale)), x);
}

/** A positive normal x, given by its bits, as m · 2ᵉ with m in [√½, √2): m − 1 (exact) and e. */
function splitExponent(b: Expression): { readonly m1: Expression; readonly e: Expression } {
  const k = shr(sub(b, i(0x3f3504f3)), 23);
  return { m1: sub(float(sub(b, shl(k, 23))), f(1)), e: cast(k, "f32") };
}

/** The bits of a number that is not positive, finite and normal. */
function isSpecial(b: Expression): Expression {
  return or(lt(b, i(0x00800000)), binary("le", i(0x7f800000), b));
}

/** A positive x that may be subnormal, made normal: 2ˢ · x and s. */
function lifted(x: Expression): { readonly x: Expression; readonly shift: Expression } {
  const small = lt(x, f(1.17549435e-38));
  return { x: select(small, mul(x, f(8388608)), x), shift: select(small, f(23), f(0)) };
}

/** log of m · 2ᵉ. */
function logOf(m1: Expression, e: Expression): Expression {
  const z = mul(m1, m1);
  const p = polynomial(
    m1,
    7.0376836292e-2,
    -1.151461031e-1,
    1.167699874e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
  );
  const low = sub(add(mul(p, mul(m1, z)), mul(e, f(-2.1219444e-4))), mul(z, f(0.5)));
  return add(add(m1, low), mul(e, f(0.693359375)));
}

/** At most about 1 unit in the last place. */
export function log(x: Expression): Expression {
  const b = bits(x);
  const { m1, e } = splitExponent(b);
  const normal = lifted(x);
  const small = splitExponent(bits(normal.x));
  const special = select(
    lt(f(0), x),
    select(eq(x, f(Infinity)), x, logOf(small.m1, sub(small.e, normal.shift))),
    select(eq(x, f(0)), f(-Infinity), f(NaN)),
  );
  return select(isSpecial(b), special, logOf(m1, e));
}

// ---------- sin and cos

/** Beyond this many radians the quarter turns no longer fit the reduction by parts. */
const FAR = 100_000;

/** π/2 in parts of 8 bits: products with up to 2¹⁶ quarter turns are exact, except with the last part. */
const QUARTER = [1.5703125, 4.8065185546875e-4, 3.039836883544922e-6, 1.351025443243e-7] as const;

/** x as quarter turns (an integer, of which the last two bits count) and a rest within ±π/4. */
function reduceAngle(x: Expression): { readonly turns: Expression; readonly rest: Expression } {
  const angle = select(lt(f(FAR), abs(x)), reduceFar(x), x);
  const t = add(mul(angle, f(2 / Math.PI)), f(MAGIC));
  const n = sub(t, f(MAGIC));
  return { turns: bits(t), rest: QUARTER.reduce<Expression>((r, part) => sub(r, mul(n, f(part))), angle) };
}

/** A word of zeros, then the first 192 bits of 2/π. */
const TWO_OVER_PI = [0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041] as const;

/**
 * The angle of a large x within ±π. x = m · 2ᵉ with a 24-bit m, so its quarter turns are m times the bits of 2/π from
 * some position on: what stands before gives whole turns.
 */
function reduceFar(x: Expression): Expression {
  const b = bitcast(x, "u32");
  const mantissa = or(and(b, u(0x7fffff)), u(0x800000));
  const skip = sub(and(shr(b, 23), u(255)), u(120));
  const word = shr(skip, 5);
  const pick = (offset: number): Expression => {
    let value: Expression = u(TWO_OVER_PI[offset]!);
    for (let k = 1; k <= 4; k++) value = select(binary("le", u(k), word), u(TWO_OVER_PI[offset + k]!), value);
    return value;
  };
  const [a, c, d] = [pick(0), pick(1), pick(2)];
  // Shifts by the same count for all lanes exist, by one of each do not: multiply by 2^shift instead.
  const power = cast(float(shl(bitcast(add(and(skip, u(31)), u(127)), "i32"), 23)), "u32");
  const high = add(mul(a, power), mulHigh(power, c)),
    low = add(mul(c, power), mulHigh(power, d));
  // Bits 63 … 32 of the product: a signed fixed-point number of quarter turns, two bits before the point.
  const product = bitcast(add(mul(mantissa, high), mulHigh(mantissa, low)), "i32");
  const sign = float(or(and(bits(x), i(-(2 ** 31))), i(0x3f800000)));
  return mul(mul(cast(product, "f32"), f((Math.PI / 2) * 2 ** -30)), sign);
}

/** The upper 32 bits of a product; `a` is at most 2³¹. */
function mulHigh(a: Expression, b: Expression): Expression {
  const [a1, a0] = [shr(a, 16), and(a, u(0xffff))];
  const [b1, b0] = [shr(b, 16), and(b, u(0xffff))];
  const middle = add(mul(a1, b0), shr(mul(a0, b0), 16));
  const other = add(mul(a0, b1), and(middle, u(0xffff)));
  return add(add(mul(a1, b1), shr(middle, 16)), shr(other, 16));
}

/** sin of x turned by some quarters. */
function sine(x: Expression, quarters: number): Expression {
  const { turns, rest } = reduceAngle(x);
  const z = mul(rest, rest);
  const s = add(mul(mul(polynomial(z, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1), z), rest), rest);
  const c = add(
    sub(
      mul(mul(polynomial(z, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2), z), z),
      mul(z, f(0.5)),
    ),
    f(1),
  );
  const n = quarters ? add(turns, i(quarters)) : turns;
  const value = select(eq(and(n, i(1)), i(0)), s, c);
  return float(binary("xor", bits(value), shl(and(n, i(2)), 30)));
}

/** A few units in the last place for |x| up to 100,000; beyond, an absolute error of about 3e-7. NaN for ±∞. */
export function sin(x: Expression): Expression {
  return finiteOrNaN(x, sine(x, 0));
}

/** As accurate as `sin`. */
export function cos(x: Expression): Expression {
  return finiteOrNaN(x, sine(x, 1));
}

function finiteOrNaN(x: Expression, value: Expression): Expression {
  return select(lt(abs(x), f(Infinity)), value, f(NaN));
}

// ---------- pow, idiv and mod

/** log₂ of m · 2ᵉ in two parts, together good for about 31 bits. */
function log2Parts(m1: Expression, e: Expression): { readonly high: Expression; readonly low: Expression } {
  // s = m1 / (m1 + 2), its upper 12 bits and the rest; log m = 2 (s + s³/3 + s⁵/5 + …).
  const d = add(m1, f(2));
  const dLow = sub(m1, sub(d, f(2)));
  const s1 = upper(div(m1, d));
  const d1 = upper(d);
  const rest = sub(sub(sub(m1, mul(s1, d1)), mul(s1, sub(d, d1))), mul(s1, dLow));
  const s2 = div(rest, d);
  const s = add(s1, s2);
  const z = mul(s, s);
  const tail = mul(mul(polynomial(z, 0.23786, 0.28517, 0.4, 0.66666667), z), s);
  // 2 · log₂e in a part of 12 bits and the rest.
  const scaleHigh = 2.884765625,
    scaleLow = 6.244567779268e-4;
  const whole = mul(s1, f(scaleHigh));
  const fine = add(add(mul(s1, f(scaleLow)), mul(s2, f(2 * Math.LOG2E))), mul(tail, f(Math.LOG2E)));
  const high = add(e, whole);
  return sumOf(high, add(sub(whole, sub(high, e)), fine));
}

/** A sum of two, the first the larger, as its rounded value and the error. */
function sumOf(a: Expression, b: Expression): { readonly high: Expression; readonly low: Expression } {
  const high = add(a, b);
  return { high, low: sub(b, sub(high, a)) };
}

/** 2 to the power main + extra, the first part below 200 in magnitude and the second small. */
function exp2Of(main: Expression, extra: Expression): Expression {
  const t = add(add(main, extra), f(MAGIC + 254));
  const r = add(sub(main, sub(t, f(MAGIC + 254))), extra);
  const p = polynomial(
    r,
    1.535336188e-4,
    1.33988744e-3,
    9.618437357e-3,
    5.550332471e-2,
    2.402264791e-1,
    6.931472028e-1,
  );
  return scaleBy(mul(p, r), bits(t));
}

/** y · log₂ x in two parts. */
function timesLog(
  y: Expression,
  { high, low }: { readonly high: Expression; readonly low: Expression },
): { readonly main: Expression; readonly extra: Expression } {
  const y1 = upper(y),
    h1 = upper(high);
  return { main: mul(y1, h1), extra: add(add(mul(y1, sub(high, h1)), mul(sub(y, y1), high)), mul(y, low)) };
}

/** C's pow: log₂ and the product with y in two parts each, so that a few units in the last place remain. */
export function pow(x: Expression, y: Expression): Expression {
  const { m1, e } = splitExponent(bits(x));
  const parts = log2Parts(m1, e);
  const { main, extra } = timesLog(y, parts);
  const common = and(unary("not", isSpecial(bits(x))), lt(abs(mul(y, parts.high)), f(150)));
  return select(unary("not", common), specialPow(x, y), exp2Of(main, extra));
}

/** pow of zeros, infinities, NaN, subnormal and negative numbers, and of what overflows. */
function specialPow(x: Expression, y: Expression): Expression {
  const magnitude = abs(x);
  const normal = lifted(magnitude);
  const split = splitExponent(bits(normal.x));
  const parts = log2Parts(split.m1, sub(split.e, normal.shift));
  const { main, extra } = timesLog(y, parts);
  // Zero, infinite and huge operands overflow the parts; there only the direction matters.
  const rough = mul(
    y,
    select(eq(magnitude, f(0)), f(-Infinity), select(eq(magnitude, f(Infinity)), magnitude, parts.high)),
  );
  const far = lt(f(200), abs(rough));
  const size = exp2Of(select(far, atLeast(atMost(rough, 200), -200), main), select(far, f(0), extra));
  const whole = eq(unary("floor", y), y);
  const halved = mul(y, f(0.5));
  const odd = and(whole, binary("ne", unary("floor", halved), halved));
  const signed = float(or(bits(size), and(bits(x), select(odd, i(-(2 ** 31)), i(0)))));
  const one = or(eq(y, f(0)), or(eq(x, f(1)), and(eq(x, f(-1)), eq(abs(y), f(Infinity)))));
  const undefinedRoot = and(lt(x, f(0)), and(unary("not", whole), lt(magnitude, f(Infinity))));
  const isNaN = or(undefinedRoot, or(binary("ne", x, x), binary("ne", y, y)));
  return select(one, f(1), select(isNaN, f(NaN), signed));
}

/** x − q · y where q, of at most 24 bits, is x / y cut towards zero: exact. With the quotient's floor its sign is. */
function lessProduct(x: Expression, q: Expression, y: Expression): Expression {
  const q1 = upper(q),
    y1 = upper(y);
  const q2 = sub(q, q1),
    y2 = sub(y, y1);
  return sub(sub(sub(sub(x, mul(q1, y1)), mul(q1, y2)), mul(q2, y1)), mul(q2, y2));
}

/** The largest integer that is not above the quotient; from 2²⁴ on the rounded quotient, which is an integer. */
export function idiv(x: Expression, y: Expression): Expression {
  const q = unary("floor", div(x, y));
  const rest = lessProduct(x, q, y);
  // The quotient was rounded up to an integer, or missed one. Infinite divisors leave NaN, which is on no side.
  const negative = lt(y, f(0));
  const above = select(negative, lt(f(0), rest), lt(rest, f(0)));
  const beyond = select(negative, binary("le", rest, y), binary("le", y, rest));
  // −1 is the floor of all small quotients below 0, whose rests round to the divisor; and products may overflow.
  const below = and(beyond, and(binary("ne", q, f(-1)), lt(abs(rest), f(Infinity))));
  const right = select(above, sub(q, f(1)), select(below, add(q, f(1)), q));
  return select(lt(abs(q), f(2 ** 24)), right, q);
}

/** The remainder with the sign of the divisor: exact, and rounded once where the divisor has to be added. */
export function mod(x: Expression, y: Expression): Expression {
  const quotient = div(x, y);
  // Cut towards zero, so that what is left is never longer than the operands.
  const size = unary("floor", abs(quotient));
  const q = withSign(size, quotient);
  const first = select(eq(q, f(0)), x, lessProduct(x, q, y));
  // The quotient missed an integer.
  const near = select(binary("le", abs(y), abs(first)), sub(first, withSign(abs(y), first)), first);
  // From 2²⁴ on the quotient has lost digits.
  const rest = select(binary("le", f(2 ** 24), size), farRest(x, y), near);
  // The signs differ, or the quotient was rounded up to an integer: then it is one too large.
  const wrong = and(binary("ne", rest, f(0)), binary("ne", lt(rest, f(0)), lt(y, f(0))));
  return select(wrong, add(rest, y), rest);
}

/**
 * What is left of a large x after subtracting multiples of y, within ±y: long division of the mantissas, 12 bits at a
 * time. The rests are multiples of 2⁻²³ within ±1, quotients and both parts of the divisor have 12 bits: nothing rounds.
 */
function farRest(x: Expression, y: Expression): Expression {
  const divisor = lifted(abs(y));
  const mantissa = (b: Expression): Expression => float(or(and(b, i(0x7fffff)), i(0x3f800000)));
  const [bx, by] = [bits(abs(x)), bits(divisor.x)];
  const m = mantissa(by);
  const m1 = upper(m);
  const m2 = sub(m, m1);
  const step = (rest: Expression, scale: Expression): Expression => {
    const scaled = mul(rest, scale);
    const q = unary("round", div(scaled, m));
    return sub(sub(scaled, mul(q, m1)), mul(q, m2));
  };
  // |x| is its mantissa times 2ᵈ of the divisor's units; d = 12 · whole + what is left, at most 254 + 23.
  const d = add(sub(shr(bx, 23), shr(by, 23)), cast(divisor.shift, "i32"));
  const whole = shr(mul(d, i(171)), 11);
  let rest = step(mantissa(bx), float(shl(add(sub(d, mul(whole, i(12))), i(127)), 23)));
  for (let k = 1; k <= 23; k++) rest = step(rest, select(binary("le", i(k), whole), f(4096), f(1)));
  const unit = float(and(by, i(0x7f800000)));
  const size = mul(mul(rest, unit), select(eq(divisor.shift, f(0)), f(1), f(2 ** -23)));
  const defined = and(lt(f(0), abs(y)), lt(abs(x), f(Infinity)));
  return select(defined, select(lt(x, f(0)), unary("neg", size), size), f(NaN));
}
