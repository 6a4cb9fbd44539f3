/** Index arithmetic: sums with whole coefficients, quotients and remainders, all in one canonical form. */
import type { Affine, AffineTerm, Expression, Index, IndexDivide } from "./expression-types.ts";
import { constant, intern } from "./intern.ts";

const asAffine = (e: Expression): { terms: readonly AffineTerm[]; constant: number } =>
  e.kind === "affine"
    ? e
    : e.kind === "const"
      ? { terms: [], constant: e.value }
      : { terms: [{ value: e, coefficient: 1 }], constant: 0 };

/** The canonical expression of a sum: terms by id, zero terms gone, n·(e / n) + (e % n) joined back to e. */
export function affine(parts: readonly AffineTerm[], offset: number): Expression {
  // Modulo 2³², like the sums themselves.
  const constantPart = offset | 0;
  // There are few, and this is called more often than anything else here.
  const sums: { readonly value: Expression; coefficient: number }[] = [];
  for (const { value, coefficient } of parts) {
    const known = sums.find((s) => s.value === value);
    if (known) known.coefficient = (known.coefficient + coefficient) | 0;
    else sums.push({ value, coefficient: coefficient | 0 });
  }
  for (const part of sums) {
    const { value, coefficient } = part;
    if (value.kind !== "remainder" || typeof value.divisor !== "number" || coefficient === 0) continue;
    const whole = quotient(value.value, value.divisor);
    const joined = sums.find((s) => s.value === whole);
    if (whole.kind === "quotient" && joined?.coefficient === coefficient * value.divisor) {
      const others = affine(
        sums.filter((s) => s !== part && s !== joined),
        constantPart,
      );
      return add(others, scale(value.value, coefficient));
    }
  }
  const terms = sums.filter((s) => s.coefficient !== 0).sort((a, b) => a.value.id - b.value.id);
  if (!terms.length) return constant(constantPart, "i32");
  if (terms.length === 1 && terms[0]!.coefficient === 1 && constantPart === 0) return terms[0]!.value;
  let low = constantPart,
    high = constantPart;
  for (const { value, coefficient } of terms) {
    low += coefficient > 0 ? coefficient * value.low : coefficient * value.high;
    high += coefficient > 0 ? coefficient * value.high : coefficient * value.low;
  }
  // A sum that may wrap has no bounds to argue from.
  if (low < -(2 ** 31) || high >= 2 ** 31) [low, high] = [-Infinity, Infinity];
  return intern<Affine>(`+${terms.map((t) => `${t.value.id}*${t.coefficient}`).join("+")}+${constantPart}`, () => ({
    kind: "affine",
    dtype: "i32",
    terms,
    constant: constantPart,
    low,
    high,
  }));
}

export const add = (left: Expression, right: Expression): Expression => weighted([left, right], [1, 1]);

/** The sum of index arithmetic, each part as many times as its weight says. */
export function weighted(parts: readonly Expression[], weights: readonly number[]): Expression {
  const terms: AffineTerm[] = [];
  let offset = 0;
  parts.forEach((part, i) => {
    const by = weights[i]!;
    const own = asAffine(part);
    for (const { value, coefficient } of own.terms) terms.push({ value, coefficient: Math.imul(coefficient, by) });
    offset += Math.imul(own.constant, by);
  });
  return affine(terms, offset);
}

export function scale(value: Expression, by: number): Expression {
  if (by === 0) return constant(0, "i32");
  return by === 1 ? value : weighted([value], [by]);
}

/** Splits a sum by divisibility: value = n · whole + rest. */
function splitBy(value: Expression, n: number): { whole: Expression; rest: Expression } {
  const { terms, constant: k } = asAffine(value);
  const kRest = ((k % n) + n) % n;
  return {
    whole: affine(
      terms.filter((t) => t.coefficient % n === 0).map((t) => ({ value: t.value, coefficient: t.coefficient / n })),
      (k - kRest) / n,
    ),
    rest: affine(
      terms.filter((t) => t.coefficient % n !== 0),
      kRest,
    ),
  };
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** What divides n and all of a sum; 1 where it is no sum, or one with a constant. */
function commonFactor(e: Expression, n: number): number {
  return e.kind === "affine" && e.constant === 0 ? e.terms.reduce((g, t) => gcd(g, t.coefficient), n) : 1;
}

/** A sum without a constant, divided by a factor of it. */
function over(e: Expression, factor: number): Expression {
  return affine(
    (e as Affine).terms.map((t) => ({ value: t.value, coefficient: t.coefficient / factor })),
    0,
  );
}

/** value / n, rounded down, for a non-negative value and positive n. */
export function quotient(value: Expression, n: number): Expression {
  if (n === 1) return value;
  if (value.low >= 0 && value.high < n) return constant(0, "i32");
  const { whole, rest } = splitBy(value, n);
  if (rest.low >= 0 && rest.high < n) return whole;
  if (!(whole.kind === "const" && whole.value === 0) && rest.low >= 0) return add(whole, quotient(rest, n));
  const common = commonFactor(rest, n);
  if (common > 1) return quotient(over(rest, common), n / common);
  if (value.kind === "quotient" && typeof value.divisor === "number") return quotient(value.value, value.divisor * n);
  if (value.kind === "remainder" && typeof value.divisor === "number" && value.divisor % n === 0)
    return remainder(quotient(value.value, n), value.divisor / n);
  const high = Math.floor(value.high / n);
  return intern<IndexDivide>(`/(${value.id},${n}`, () => ({
    kind: "quotient",
    dtype: "i32",
    value,
    divisor: n,
    low: Math.max(0, Math.floor(value.low / n)),
    high,
  }));
}

/** value mod n, for a non-negative value and positive n. */
export function remainder(value: Expression, n: number): Expression {
  if (n === 1) return constant(0, "i32");
  if (value.low >= 0 && value.high < n) return value;
  const { rest } = splitBy(value, n);
  if (rest !== value && rest.low >= 0) return remainder(rest, n);
  const common = commonFactor(value, n);
  if (common > 1) return scale(remainder(over(value, common), n / common), common);
  if (value.kind === "remainder" && typeof value.divisor === "number" && value.divisor % n === 0)
    return remainder(value.value, n);
  return intern<IndexDivide>(`%(${value.id},${n}`, () => ({
    kind: "remainder",
    dtype: "i32",
    value,
    divisor: n,
    low: 0,
    high: n - 1,
  }));
}

/** The coefficient of an index in an offset, when the offset depends on it only through one affine term; undefined otherwise. */
export function strideOf(offset: Expression, variable: Index): number | undefined {
  if (!offset.free.has(variable)) return 0;
  if (offset === variable) return 1;
  if (offset.kind !== "affine") return undefined;
  let stride = 0;
  for (const { value, coefficient } of offset.terms) {
    if (value === variable) stride += coefficient;
    else if (value.free.has(variable)) return undefined;
  }
  return stride;
}
