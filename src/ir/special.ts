/**
 * Inverse and special functions as formulas over the functions that kernels have, for f32 and f64 alike: a few units in the
 * last place of f32, about 1e-14 in f64. Fdlibm's polynomials for the arcs, Wichura's AS241 for the inverse of erf,
 * Stirling's and Euler–Maclaurin's series for the gamma functions.
 */
import { binary, constant, select, unary, type Expression } from "./expression.ts";

const add = (a: Expression, b: Expression): Expression => binary("add", a, b);
const sub = (a: Expression, b: Expression): Expression => binary("sub", a, b);
const mul = (a: Expression, b: Expression): Expression => binary("mul", a, b);
const div = (a: Expression, b: Expression): Expression => binary("div", a, b);
const lt = (a: Expression, b: Expression): Expression => binary("lt", a, b);
const le = (a: Expression, b: Expression): Expression => binary("le", a, b);
const abs = (x: Expression): Expression => unary("abs", x);
const neg = (x: Expression): Expression => unary("neg", x);
const like = (x: Expression, value: number): Expression => constant(value, x.dtype);
const withSign = (magnitude: Expression, sign: Expression): Expression =>
  select(lt(sign, like(sign, 0)), neg(magnitude), magnitude);

/** Horner's scheme, lowest coefficient first. */
function polynomial(x: Expression, coefficients: readonly number[]): Expression {
  return coefficients
    .slice(0, -1)
    .reduceRight<Expression>((sum, c) => add(mul(sum, x), like(x, c)), like(x, coefficients.at(-1)!));
}

// ---------- arcs

/** (asin √z − √z) / √z for z ≤ 1/4. */
function arcsineRest(z: Expression): Expression {
  const above = [
    0.16666666666666666, -0.3255658186224009, 0.20121253213486293, -0.04005553450067941, 0.0007915349942898145,
    3.479331075960212e-5,
  ];
  const below = [1, -2.403394911734414, 2.0209457602335057, -0.6882839716054533, 0.07703815055590194];
  return div(mul(z, polynomial(z, above)), polynomial(z, below));
}

/** An angle as what its dtype holds and the rest. */
function split(angle: number, x: Expression): { readonly high: Expression; readonly low: Expression } {
  const high = x.dtype === "f32" ? Math.fround(angle) : angle;
  // What float64 itself leaves of π/2 and π.
  const low = x.dtype === "f32" ? angle - high : (angle / Math.PI) * 1.2246467991473532e-16;
  return { high: like(x, high), low: like(x, low) };
}

/** 2 · asin √((1 − a) / 2) for a from 1/2 to 1: what the arc lacks to 0 (acos) or to π/2 (asin). */
function fromOne(a: Expression): Expression {
  const z = mul(sub(like(a, 1), a), like(a, 0.5));
  const root = unary("sqrt", z);
  return mul(like(a, 2), add(root, mul(root, arcsineRest(z))));
}

export function asin(x: Expression): Expression {
  const a = abs(x);
  const { high, low } = split(Math.PI / 2, x);
  const near = add(x, mul(x, arcsineRest(mul(x, x))));
  return select(lt(a, like(x, 0.5)), near, withSign(sub(high, sub(fromOne(a), low)), x));
}

export function acos(x: Expression): Expression {
  const a = abs(x);
  const quarter = split(Math.PI / 2, x);
  const half = split(Math.PI, x);
  const middle = sub(quarter.high, sub(x, sub(quarter.low, mul(x, arcsineRest(mul(x, x))))));
  const arc = fromOne(a);
  const outer = select(lt(x, like(x, 0)), sub(half.high, sub(arc, half.low)), arc);
  return select(lt(a, like(x, 0.5)), middle, outer);
}

const ARCTANGENT = [
  0.3333333333333293, -0.19999999999876483, 0.14285714272503466, -0.11111110405462356, 0.09090887133436507,
  -0.0769187620504483, 0.06661073137387531, -0.058335701337905735, 0.049768779946159324, -0.036531572744216916,
  0.016285820115365782,
];

/** atan a = atan c + atan((a − c) / (1 + a·c)), with the c of 0, ½, 1, 3/2 and ∞ that is nearest. */
export function atan(x: Expression): Expression {
  const a = abs(x);
  const ranges = [
    { below: 7 / 16, angle: 0, above: a, under: like(x, 1) },
    ...[0.5, 1, 1.5].map((c, i) => ({
      below: [11 / 16, 19 / 16, 39 / 16][i]!,
      angle: Math.atan(c),
      above: sub(a, like(x, c)),
      under: add(like(x, 1), mul(a, like(x, c))),
    })),
    { below: Infinity, angle: Math.PI / 2, above: like(x, -1), under: a },
  ];
  const pick = (value: (range: (typeof ranges)[0]) => Expression): Expression =>
    ranges
      .slice(0, -1)
      .reduceRight<Expression>((rest, r) => select(lt(a, like(x, r.below)), value(r), rest), value(ranges.at(-1)!));
  const t = div(
    pick((r) => r.above),
    pick((r) => r.under),
  );
  const z = mul(t, t);
  const rest = mul(t, mul(z, polynomial(z, ARCTANGENT)));
  const low = pick((r) => (r.angle === 0 ? like(x, 0) : split(r.angle, x).low));
  const high = pick((r) => split(r.angle, x).high);
  return withSign(sub(high, sub(sub(rest, low), t)), x);
}

// ---------- the inverse of erf

/** Wichura's rational functions (Applied Statistics 37, 1988): near 0, farther out, and in the tails. */
const NORMAL = {
  near: [
    [
      3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
      67265.7709270087, 33430.57558358813, 2509.0809287301227,
    ],
    [
      1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
      28729.085735721943, 5226.495278852854,
    ],
  ],
  far: [
    [
      1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
      0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
    ],
    [
      1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
      0.0005475938084995345, 1.0507500716444169e-9,
    ],
  ],
  tail: [
    [
      6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
      0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
    ],
    [
      1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
      1.421511758316446e-7, 2.0442631033899397e-15,
    ],
  ],
} as const;

export function erfinv(y: Expression): Expression {
  const ratio = (part: keyof typeof NORMAL, r: Expression): Expression =>
    div(polynomial(r, NORMAL[part][0]), polynomial(r, NORMAL[part][1]));
  const a = abs(y);
  const half = mul(y, like(y, 0.5));
  const near = mul(half, ratio("near", sub(like(y, 0.180625), mul(half, half))));
  const r = unary("sqrt", neg(unary("log", mul(sub(like(y, 1), a), like(y, 0.5)))));
  const outer = select(
    le(r, like(y, 5)),
    ratio("far", sub(r, like(y, 1.6))),
    select(lt(r, like(y, Infinity)), ratio("tail", sub(r, like(y, 5))), r),
  );
  return mul(select(le(a, like(y, 0.85)), near, withSign(outer, y)), like(y, Math.SQRT1_2));
}

// ---------- the gamma function

/** ln Γ(y) / ((y − 1)(y − 2)) for y from 1 to 2, in y − 3/2: a Chebyshev fit, to 3e-17. */
const LOG_GAMMA = [
  0.4831289505409809, -0.14595989591430608, 0.06291140107458168, -0.0313084875010217, 0.01679709862898276,
  -0.009425622447061077, 0.005446457956850198, -0.003212074148968353, 0.0019229132430031888, -0.0011644126224041502,
  0.0007115650250304279, -0.0004380224528708151, 0.0002708950296280356, -0.00016865016226225166, 0.00010771545393886628,
  -6.765020809380933e-5, 3.4988964640274815e-5, -2.2062867871136606e-5, 2.8340547351058232e-5, -1.804276273750087e-5,
];
/** ln Γ of 8 and more less (a − ½)(ln a − 1) − ½ + ½ ln 2π, in 1/a² and times 1/a: Stirling. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];

/** |sin πx| exactly 0 at whole numbers. */
function sinePi(x: Expression): Expression {
  return abs(unary("sin", mul(sub(x, unary("round", x)), like(x, Math.PI))));
}

/** ln |Γ(x)|. */
export function lgamma(x: Expression): Expression {
  const one = like(x, 1);
  const a = abs(x);
  // Between: down to 1 … 2, or up from below 1.
  const y = select(lt(a, one), add(a, one), sub(a, sub(unary("floor", a), one)));
  let factor = one;
  for (let j = 0; j < 6; j++) {
    const next = add(y, like(x, j));
    factor = select(lt(next, sub(a, like(x, 0.5))), mul(factor, next), factor);
  }
  const below = lt(a, one);
  const logarithm = unary("log", select(below, a, factor));
  const t = sub(y, like(x, 1.5));
  const between = add(
    mul(mul(sub(y, one), sub(y, like(x, 2))), polynomial(t, LOG_GAMMA)),
    select(below, neg(logarithm), logarithm),
  );
  const r = div(one, a);
  const beyond = add(
    mul(sub(a, like(x, 0.5)), sub(unary("log", a), one)),
    add(mul(r, polynomial(mul(r, r), STIRLING)), like(x, 0.5 * Math.log(2 * Math.PI) - 0.5)),
  );
  const positive = select(lt(a, like(x, 8)), between, select(lt(a, like(x, Infinity)), beyond, a));
  const reflected = sub(sub(like(x, Math.log(Math.PI)), unary("log", mul(a, sinePi(x)))), positive);
  return select(lt(like(x, -Infinity), x), select(lt(x, like(x, 0)), reflected, positive), a);
}

/** B₂ₖ / (2k)! for k from 1. */
const BERNOULLI = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000,
];
/** The zero of ψ, and ψ(x) / (x − zero) for x from 1 to 2, in x − 3/2: a Chebyshev fit, to 1e-16. */
const DIGAMMA_ZERO = { high: 1.4616321325302124, rest: 1.2438149938918909e-8 };
const DIGAMMA = [
  0.9510558760318328, -0.4236274212814573, 0.24054248424078478, -0.14840492305485808, 0.09498872445354183,
  -0.06192213319072707, 0.0407608338843387, -0.026975800029253667, 0.017907250563619775, -0.011908146513976738,
  0.007926972735646359, -0.005280903066090605, 0.0035187504361950134, -0.002337552647103118, 0.0015580749137213761,
  -0.0010776863967234226, 0.0007184107969046378, -0.00035476352053371977, 0.00023650171719339814,
  -0.0003783907897248858, 0.0002522590506964885,
];
/** From where the series are good to 1e-16. */
const ASYMPTOTIC = 10;

/** ψ between 1 and 2, where its zero is, and `elsewhere` elsewhere. */
function aroundZero(x: Expression, elsewhere: Expression): Expression {
  const distance = sub(sub(x, like(x, DIGAMMA_ZERO.high)), like(x, DIGAMMA_ZERO.rest));
  const near = mul(distance, polynomial(sub(x, like(x, 1.5)), DIGAMMA));
  return select(le(like(x, 1), x), select(lt(x, like(x, 2)), near, elsewhere), elsewhere);
}

/**
 * The derivative of ln Γ, n + 1 times: ψ, ψ′ … Poles at 0, −1, −2 …; below 0 only ψ and ψ′ are known, NaN for the others.
 */
export function polygamma(n: number, x: Expression): Expression {
  const one = like(x, 1);
  const negative = lt(x, like(x, 0));
  const at = n < 2 ? select(negative, sub(one, x), x) : x;
  const power = (r: Expression, exponent: number): Expression =>
    Array.from({ length: exponent - 1 }).reduce<Expression>((product) => mul(product, r), r);
  // Σ 1 / (x + j)ⁿ⁺¹ up to where the series begins.
  let sum = like(x, 0);
  let far = at;
  for (let j = 0; j < ASYMPTOTIC; j++) {
    const short = lt(far, like(x, ASYMPTOTIC));
    sum = select(short, add(sum, power(div(one, far), n + 1)), sum);
    far = select(short, add(far, one), far);
  }
  const r = div(one, far);
  // Euler–Maclaurin for the rest: ∫ + ½ first + Σ B₂ₖ / (2k)! · derivatives.
  const rising = (k: number): number =>
    Array.from({ length: 2 * k - 1 }, (_, i) => n + 1 + i).reduce((p, f) => p * f, 1);
  const series = polynomial(
    mul(r, r),
    BERNOULLI.map((b, i) => b * rising(i + 1)),
  );
  const half = mul(power(r, n + 1), like(x, 0.5));
  const integral = n === 0 ? neg(unary("log", far)) : div(power(r, n), like(x, n));
  const zeta = add(sum, add(integral, add(half, mul(mul(power(r, n + 1), r), series))));
  const factorial = Array.from({ length: n }, (_, i) => i + 1).reduce((p, f) => p * f, 1);
  const general = mul(zeta, like(x, n % 2 === 0 ? -factorial : factorial));
  const positive = n === 0 ? aroundZero(at, general) : general;
  if (n >= 2) return select(negative, like(x, NaN), positive);
  const angle = mul(sub(x, unary("round", x)), like(x, Math.PI));
  const sine = unary("sin", angle);
  if (n === 0) {
    const whole = binary("eq", sine, like(x, 0));
    const cotangent = select(whole, like(x, NaN), div(mul(unary("cos", angle), like(x, Math.PI)), sine));
    return select(negative, sub(positive, cotangent), positive);
  }
  return select(negative, sub(div(like(x, Math.PI ** 2), mul(sine, sine)), positive), positive);
}
