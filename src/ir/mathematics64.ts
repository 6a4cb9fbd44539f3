/**
 * Functions on f64 in basic operations, about 1e-14 from the true value. The IR has no 64-bit integers, so powers
 * of two are made from f32 bits. Meant for checks, where accuracy counts and speed does not. Coefficients: fdlibm.
 */
import { binary, bitcast, cast, constant, select, unary, type Expression } from "./expression.ts";

const f = (value: number): Expression => constant(value, "f64");
const i = (value: number): Expression => constant(value, "i32");
const add = (a: Expression, b: Expression): Expression => binary("add", a, b);
const sub = (a: Expression, b: Expression): Expression => binary("sub", a, b);
const mul = (a: Expression, b: Expression): Expression => binary("mul", a, b);
const div = (a: Expression, b: Expression): Expression => binary("div", a, b);
const lt = (a: Expression, b: Expression): Expression => binary("lt", a, b);
const eq = (a: Expression, b: Expression): Expression => binary("eq", a, b);
const and = (a: Expression, b: Expression): Expression => binary("and", a, b);
const or = (a: Expression, b: Expression): Expression => binary("or", a, b);
const abs = (x: Expression): Expression => unary("abs", x);
const neg = (x: Expression): Expression => unary("neg", x);
const atMost = (x: Expression, limit: number): Expression => select(lt(f(limit), x), f(limit), x);
const atLeast = (x: Expression, limit: number): Expression => select(lt(x, f(limit)), f(limit), x);
const withSign = (magnitude: Expression, sign: Expression): Expression =>
  select(lt(sign, f(0)), neg(magnitude), magnitude);

/** Horner's scheme, lowest coefficient first. */
function polynomial(x: Expression, ...coefficients: readonly number[]): Expression {
  return coefficients.slice(0, -1).reduceRight<Expression>((sum, c) => add(mul(sum, x), f(c)), f(coefficients.at(-1)!));
}

/** 2ᵏ for |k| ≤ 126. */
function powerOfTwo(k: Expression): Expression {
  return cast(bitcast(binary("shl", add(k, i(127)), i(23)), "f32"), "f64");
}

/** x = k · ln 2 + r: gives exp(r) − 1 and k. */
function reduceExp(x: Expression): { readonly expm1: Expression; readonly k: Expression } {
  const n = unary("round", mul(x, f(1.442695040888963387)));
  const high = sub(x, mul(n, f(6.9314718036912381649e-1)));
  const low = mul(n, f(1.90821492927058770002e-10));
  const r = sub(high, low);
  const t = mul(r, r);
  const c = sub(
    r,
    mul(
      t,
      polynomial(
        t,
        1.66666666666666019037e-1,
        -2.77777777770155933842e-3,
        6.61375632143793436117e-5,
        -1.6533902205465251539e-6,
        4.13813679705723846039e-8,
      ),
    ),
  );
  return { expm1: sub(high, sub(low, div(mul(r, c), sub(f(2), c)))), k: cast(n, "i32") };
}

export function exp(x: Expression): Expression {
  const { expm1, k } = reduceExp(atLeast(atMost(x, 710), -750));
  // 2ᵏ = (2^(k / 16))¹⁶ · 2^(k mod 16), in factors none of which overflows alone.
  const q = binary("shr", k, i(4));
  let s = powerOfTwo(q);
  for (let step = 0; step < 3; step++) s = mul(s, s);
  const value = mul(mul(mul(add(expm1, f(1)), powerOfTwo(sub(k, binary("shl", q, i(4))))), s), s);
  return select(binary("ne", x, x), x, value);
}

export function tanh(x: Expression): Expression {
  const c = atMost(abs(x), 22);
  const { expm1, k } = reduceExp(add(c, c));
  const scale = powerOfTwo(k);
  const e = add(mul(expm1, scale), sub(scale, f(1)));
  const value = select(eq(x, f(0)), x, withSign(div(e, add(e, f(2))), x));
  return select(binary("ne", x, x), x, value);
}

export function log(x: Expression): Expression {
  // Into the range of f32 first, then its exponent field is at hand.
  let m = x;
  let e: Expression = f(0);
  for (const step of [512, 512, 256, 128, 64]) {
    const small = lt(m, f(2 ** -step));
    e = select(small, sub(e, f(step)), e);
    m = select(small, mul(m, f(2 ** step)), m);
  }
  for (const step of [512, 256, 128, 64]) {
    const large = binary("le", f(2 ** step), m);
    e = select(large, add(e, f(step)), e);
    m = select(large, mul(m, f(2 ** -step)), m);
  }
  const k = binary("shr", sub(bitcast(cast(m, "f32"), "i32"), i(0x3f3504f3)), i(23));
  const m1 = sub(mul(m, powerOfTwo(binary("sub", i(0), k))), f(1));
  e = add(e, cast(k, "f64"));
  const s = div(m1, add(m1, f(2)));
  const z = mul(s, s);
  const r = mul(
    z,
    polynomial(
      z,
      6.66666666666673513e-1,
      3.999999999940941908e-1,
      2.857142874366239149e-1,
      2.222219843214978396e-1,
      1.818357216161805012e-1,
      1.531383769920937332e-1,
      1.479819860511658591e-1,
    ),
  );
  const half = mul(mul(m1, m1), f(0.5));
  const low = sub(sub(half, add(mul(s, add(half, r)), mul(e, f(1.90821492927058770002e-10)))), m1);
  const result = sub(mul(e, f(6.9314718036912381649e-1)), low);
  return select(lt(f(0), x), select(eq(x, f(Infinity)), x, result), select(eq(x, f(0)), f(-Infinity), f(NaN)));
}

export function erf(x: Expression): Expression {
  const a = abs(x);
  const z = mul(x, x);
  const near = add(
    x,
    mul(
      x,
      div(
        polynomial(
          z,
          1.28379167095512558561e-1,
          -3.2504210724700149937e-1,
          -2.84817495755985104766e-2,
          -5.77027029648944159157e-3,
          -2.37630166566501626084e-5,
        ),
        polynomial(
          z,
          1,
          3.97917223959155352819e-1,
          6.50222499887672944485e-2,
          5.08130628187576562776e-3,
          1.32494738004321644526e-4,
          -3.9602282787753681232e-6,
        ),
      ),
    ),
  );
  const t = sub(a, f(1));
  const middle = add(
    f(8.45062911510467529297e-1),
    div(
      polynomial(
        t,
        -2.36211856075265944077e-3,
        4.14856118683748331666e-1,
        -3.72207876035701323847e-1,
        3.18346619901161753674e-1,
        -1.10894694282396677476e-1,
        3.54783043256182359371e-2,
        -2.166375594868790843e-3,
      ),
      polynomial(
        t,
        1,
        1.06420880400844228286e-1,
        5.40397917702171048937e-1,
        7.18286544141962662868e-2,
        1.26171219808761642112e-1,
        1.36370839120290507362e-2,
        1.1984499846799107417e-2,
      ),
    ),
  );
  const c = atMost(a, 6);
  const s = div(f(1), mul(c, c));
  const outer = div(
    polynomial(
      s,
      -9.86494403484714822705e-3,
      -6.93858572707181764372e-1,
      -1.05586262253232909814e1,
      -6.23753324503260060396e1,
      -1.62396669462573470355e2,
      -1.84605092906711035994e2,
      -8.12874355063065934246e1,
      -9.81432934416914548592,
    ),
    polynomial(
      s,
      1,
      1.96512716674392571292e1,
      1.376577541435190426e2,
      4.34565877475229228821e2,
      6.45387271733267880336e2,
      4.29008140027567833386e2,
      1.08635005541779435134e2,
      6.57024977031928170135,
      -6.04244152148580987438e-2,
    ),
  );
  const tail = div(
    polynomial(
      s,
      -9.86494292470009928597e-3,
      -7.99283237680523006574e-1,
      -1.77579549177547519889e1,
      -1.60636384855821916062e2,
      -6.37566443368389627722e2,
      -1.02509513161107724954e3,
      -4.83519191608651397019e2,
    ),
    polynomial(
      s,
      1,
      3.03380607434824582924e1,
      3.25792512996573918826e2,
      1.53672958608443695994e3,
      3.19985821950859553908e3,
      2.55305040643316442583e3,
      4.74528541206955367215e2,
      -2.24409524465858183362e1,
    ),
  );
  // e^(−c²) in two factors: the square of c's f32 part is exact.
  const part = cast(cast(c, "f32"), "f64");
  const exponent = add(mul(sub(part, c), add(part, c)), select(lt(c, f(1 / 0.35)), outer, tail));
  const far = sub(f(1), div(mul(exp(sub(neg(mul(part, part)), f(0.5625))), exp(exponent)), c));
  const value = select(lt(a, f(1.25)), middle, far);
  return select(lt(a, f(0.84375)), near, select(binary("ne", x, x), x, withSign(value, x)));
}

/** sin of x turned by some quarters; accurate while |x| is below about 1e6, absolute beyond. */
function sine(x: Expression, quarters: number): Expression {
  const n = unary("round", mul(x, f(6.36619772367581382433e-1)));
  const r = sub(
    sub(sub(x, mul(n, f(1.57079632673412561417))), mul(n, f(6.0771005063039659766e-11))),
    mul(n, f(2.02226624879595063154e-21)),
  );
  const z = mul(r, r);
  const s = add(
    r,
    mul(
      mul(r, z),
      polynomial(
        z,
        -1.66666666666666324348e-1,
        8.33333333332248946124e-3,
        -1.98412698298579493134e-4,
        2.75573137070700676789e-6,
        -2.50507602534068634195e-8,
        1.58969099521155010221e-10,
      ),
    ),
  );
  const half = mul(z, f(0.5));
  const w = sub(f(1), half);
  const c = add(
    w,
    add(
      sub(sub(f(1), w), half),
      mul(
        mul(z, z),
        polynomial(
          z,
          4.16666666666666019037e-2,
          -1.38888888888741095749e-3,
          2.48015872894767294178e-5,
          -2.75573143513906633035e-7,
          2.0875723212981748279e-9,
          -1.13596475577881948265e-11,
        ),
      ),
    ),
  );
  // n mod 4 without leaving f64: n may exceed 32 bits.
  const quarter = cast(sub(n, mul(unary("floor", mul(n, f(0.25))), f(4))), "i32");
  const turn = quarters ? add(quarter, i(quarters)) : quarter;
  const value = select(eq(and(turn, i(1)), i(0)), s, c);
  const signed = select(eq(and(turn, i(2)), i(0)), value, neg(value));
  return select(lt(abs(x), f(Infinity)), signed, f(NaN));
}

export function sin(x: Expression): Expression {
  return sine(x, 0);
}

export function cos(x: Expression): Expression {
  return sine(x, 1);
}

/** C's pow; its relative error grows with the exponent of the result, to about 1e-13. */
export function pow(x: Expression, y: Expression): Expression {
  const size = exp(mul(y, log(abs(x))));
  const whole = eq(unary("floor", y), y);
  const halved = mul(y, f(0.5));
  const odd = and(whole, binary("ne", unary("floor", halved), halved));
  // The sign of a zero shows in its reciprocal.
  const negative = select(eq(x, f(0)), lt(div(f(1), x), f(0)), lt(x, f(0)));
  const signed = select(and(odd, negative), neg(size), size);
  const one = or(eq(y, f(0)), or(eq(x, f(1)), and(eq(x, f(-1)), eq(abs(y), f(Infinity)))));
  const undefinedRoot = and(lt(x, f(0)), and(unary("not", whole), lt(abs(x), f(Infinity))));
  const isNaN = or(undefinedRoot, or(binary("ne", x, x), binary("ne", y, y)));
  return select(one, f(1), select(isNaN, f(NaN), signed));
}

/** The rounded quotient's floor: one too large where it was rounded up to an integer. */
export function idiv(x: Expression, y: Expression): Expression {
  return unary("floor", div(x, y));
}

/**
 * The remainder with the sign of the divisor: exact for quotients below 2²⁰⁰, and rounded once where the divisor has to
 * be added. What larger quotients leave is not right in any digit.
 */
export function mod(x: Expression, y: Expression): Expression {
  const [a, b] = [abs(x), abs(y)];
  const size = longDivision(a, b);
  const rest = select(unary("not", lt(a, b)), select(lt(x, f(0)), neg(size), size), x);
  const wrong = and(binary("ne", rest, f(0)), binary("ne", lt(rest, f(0)), lt(y, f(0))));
  return select(wrong, add(rest, y), rest);
}

/** What is left of a ≥ b after subtracting multiples of b, within ±½b. Every step takes off 25 bits, and nothing rounds. */
function longDivision(a: Expression, b: Expression): Expression {
  // Multiples of b must not overflow.
  const large = lt(f(2 ** 500), a);
  const scale = select(large, f(2 ** -400), f(1));
  const divisor = mul(b, scale);
  // b in two parts of 26 bits, as Veltkamp splits: products with quotients are exact.
  const c = mul(divisor, f(2 ** 27 + 1));
  const b1 = sub(c, sub(c, divisor));
  const b2 = sub(divisor, b1);
  let rest = mul(a, scale);
  for (let shift = 175; shift >= 0; shift -= 25) {
    const times = (part: Expression): Expression => mul(part, f(2 ** shift));
    const q = unary("round", div(rest, times(divisor)));
    rest = sub(sub(rest, mul(q, times(b1))), mul(q, times(b2)));
  }
  return mul(rest, select(large, f(2 ** 400), f(1)));
}
