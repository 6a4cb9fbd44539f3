/**
 * Vector loops over indices that are taken apart (v / n, v % n) or clamped. Nearly always the lanes of one vector share
 * the quotient and are inside the bounds; then the remainder counts up with the lanes, and offsets made of them are
 * plain strides. A speculation is the loop's body under that assumption, and the condition for it.
 */
import {
  constant,
  register,
  type AffineParam,
  type Expression,
  type Index,
  type IndexDivide,
  type Register,
} from "../../ir/expression.ts";
import type { Let, Loop, Statement } from "../../ir/kernel.ts";
import { copyWith, freeOf, mapStatements, plainBinary } from "../../ir/rewrite.ts";
import { isUnit, patternOf, termsOf, type Coefficient, type Term } from "./patterns.ts";
import { contextOf } from "./vectorize.ts";

export interface Speculation {
  /** The loop, to be run on vectors after `lets`, where `guard` holds. */
  readonly loop: Loop;
  /** What the first lane knows. */
  readonly lets: readonly Let[];
  /** Do so many lanes keep to the assumption? Refers to the index at the first lane, and to `lets`. */
  guard(lanes: number): Expression;
}

/** The speculation of a vector loop; undefined when there is nothing to assume. */
export function speculate(loop: Loop): Speculation | undefined {
  const { index, varying } = contextOf(loop);
  const lets: Let[] = [];
  const guards: ((last: number) => Expression)[] = [];
  const name = (value: Expression): Register => {
    const made = register("i32");
    lets.push({ kind: "let", register: made, value });
    return made;
  };
  const counts = (e: Expression): boolean => isUnit(patternOf(e, index, varying));
  const plus = (e: Expression, n: number): Expression => (n === 0 ? e : plainBinary("add", e, constant(n, "i32")));

  const divide = (e: IndexDivide): Expression => {
    const divisor = typeof e.divisor === "number" ? constant(e.divisor, "i32") : e.divisor;
    const whole = name({ ...e, kind: "quotient" });
    const rest = name(plainBinary("sub", e.value, plainBinary("mul", whole, divisor)));
    guards.push((last) => plainBinary("lt", plus(rest, last), divisor));
    if (e.kind === "quotient") return whole;
    return sumOf([
      { value: index, coefficient: undefined },
      { value: name(plainBinary("sub", rest, index)), coefficient: undefined },
    ]);
  };
  const memo = new Map<Expression, Expression>();
  const rewrite = (e: Expression): Expression => {
    const known = memo.get(e);
    if (known) return known;
    const made = assume(copyWith(e, rewrite));
    memo.set(e, made);
    return made;
  };
  const assume = (e: Expression): Expression => {
    switch (e.kind) {
      case "affine":
      case "affineParam":
        return flattened(e, index);
      case "quotient":
      case "remainder":
        return counts(e.value) ? divide(e) : e;
      case "binary": {
        if (e.dtype !== "i32" || (e.op !== "max" && e.op !== "min")) return e;
        const [value, bound] = counts(e.left) ? [e.left, e.right] : [e.right, e.left];
        if (!counts(value) || bound.free.has(index)) return e;
        guards.push(
          e.op === "max"
            ? () => plainBinary("le", bound, value)
            : (last) => plainBinary("le", plus(value, last), bound),
        );
        return value;
      }
      default:
        return e;
    }
  };
  const accumulators = loop.accumulators.map((a) => ({
    ...a,
    value: rewrite(a.value),
    ...(a.position ? { position: rewrite(a.position) } : {}),
  }));
  const body = mapStatements(loop.body, rewrite);
  if (!guards.length) return undefined;
  // Conditions on registers set inside the loop come too late to be asked in front of it.
  const late = definedIn(loop.body);
  const known = (e: Expression): boolean => [...e.free].every((v) => !late.has(v));
  if (!lets.every((l) => known(l.value)) || !guards.every((g) => known(g(1)))) return undefined;
  return {
    loop: { ...loop, body, accumulators },
    lets,
    guard: (lanes) => guards.map((g) => g(lanes - 1)).reduce((a, b) => plainBinary("and", a, b)),
  };
}

/** Sums inside sums that follow the index become one, so that the stride is seen. */
function flattened(e: Expression, index: Index): Expression {
  const { terms, constant: rest } = termsOf(e);
  const isSum = ({ value }: Term): boolean =>
    (value.kind === "affine" || value.kind === "affineParam") && value.free.has(index);
  if (!terms.some(isSum)) return e;
  return sumOf(
    terms.flatMap((term): Term[] => {
      if (!isSum(term)) return [term];
      const inner = termsOf(term.value);
      const last = typeof inner.constant === "number" ? constant(inner.constant, "i32") : inner.constant;
      return [...inner.terms, { value: last, coefficient: undefined }].map((t) => ({
        value: t.value,
        coefficient: product(t.coefficient, term.coefficient),
      }));
    }),
    rest,
  );
}

function product(a: Coefficient, b: Coefficient): Coefficient {
  if (a === undefined || b === undefined) return a ?? b;
  if (typeof a === "number" && typeof b === "number") return a * b;
  return plainBinary("mul", asExpression(a), asExpression(b));
}

const asExpression = (c: Expression | number): Expression => (typeof c === "number" ? constant(c, "i32") : c);

function sumOf(terms: readonly Term[], rest: Expression | number = 0): AffineParam {
  const parts = terms.map((t) => ({
    value: t.value,
    coefficient: t.coefficient === undefined ? undefined : asExpression(t.coefficient),
  }));
  const last = rest === 0 ? undefined : asExpression(rest);
  const free = freeOf([
    ...parts.flatMap((p) => (p.coefficient ? [p.value, p.coefficient] : [p.value])),
    ...(last ? [last] : []),
  ]);
  return {
    kind: "affineParam",
    dtype: "i32",
    id: -1,
    low: -Infinity,
    high: Infinity,
    terms: parts,
    constant: last,
    free,
  };
}

/** Indices and registers that get their values in statements. */
export function definedIn(body: readonly Statement[]): Set<Index | Register> {
  const out = new Set<Index | Register>();
  const visit = (statements: readonly Statement[]): void => {
    for (const s of statements) {
      if (s.kind === "let" || s.kind === "exchange") out.add(s.register);
      else if (s.kind === "if") visit(s.body);
      else if (s.kind === "loop") {
        out.add(s.index);
        if (s.block) out.add(s.block.count);
        visit(s.body);
        for (const a of s.accumulators) out.add(a.register);
      }
    }
  };
  visit(body);
  return out;
}
