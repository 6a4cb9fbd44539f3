/**
 * Scalar expressions: what one element is worth, as a function of loop indices and buffers.
 * Expressions are interned, so equal ones are the same object: sharing needs no search, and comparison is `===`.
 * Knows no op and no tensor.
 */
import { isFloat, isHalf, rounded, type DType } from "../core/dtype.ts";
import { toHalfBits } from "../core/half.ts";

import type {
  UnaryOp,
  BinaryOp,
  ReduceOp,
  Common,
  Const,
  Param,
  Index,
  Register,
  Affine,
  AffineTerm,
  IndexDivide,
  Unary,
  Binary,
  Select,
  Cast,
  Bitcast,
  Load,
  Reduce,
  Expression,
} from "./expression-types.ts";

export type * from "./expression-types.ts";

// ---------- interning

const table = new Map<string, Expression>();
let nextId = 1;
const NONE: ReadonlySet<Index | Register> = new Set();

/** Forgets interned expressions when there are many; to be called between programs, never while one is built. */
export function trimExpressions(limit = 100_000): void {
  if (table.size > limit) table.clear();
}

type Draft<E extends Expression> = E extends Expression
  ? Omit<E, "id" | "free" | "low" | "high"> & { low?: number; high?: number }
  : never;

function intern<E extends Expression>(key: string, draft: () => Draft<E>): E {
  const known = table.get(key);
  if (known) return known as E;
  const made = create<E>(draft());
  table.set(key, made);
  return made;
}

function create<E extends Expression>(draft: Draft<E>, free?: (made: E) => ReadonlySet<Index | Register>): E {
  const made = { low: -Infinity, high: Infinity, free: NONE, ...draft, id: nextId++ } as unknown as E & {
    free: Common["free"];
  };
  return Object.assign(made, { free: free ? free(made) : freeOf(made) });
}

function freeOf(e: Expression): ReadonlySet<Index | Register> {
  const bound = e.kind === "reduce" ? e.axes : [];
  let out: Set<Index | Register> | undefined;
  let only: ReadonlySet<Index | Register> = NONE;
  for (const child of childrenOf(e)) {
    if (child.free.size === 0 || child.free === only) continue;
    if (only === NONE && !out) only = child.free;
    else {
      out ??= new Set(only);
      for (const v of child.free) out.add(v);
    }
  }
  const all = out ?? only;
  if (!bound.length) return all;
  const rest = new Set(all);
  for (const v of bound) rest.delete(v);
  return rest;
}

const NOTHING: readonly Expression[] = [];

/** The operands of an expression. */
export function childrenOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "const":
    case "param":
    case "index":
    case "register":
      return NOTHING;
    case "affine":
      return e.terms.map((t) => t.value);
    case "affineParam":
      return [
        ...e.terms.flatMap((t) => (t.coefficient ? [t.value, t.coefficient] : [t.value])),
        ...(e.constant ? [e.constant] : []),
      ];
    case "quotient":
    case "remainder":
      return typeof e.divisor === "number" ? [e.value] : [e.value, e.divisor];
    case "unary":
    case "cast":
    case "bitcast":
      return [e.value];
    case "binary":
      return [e.left, e.right];
    case "fused":
      return [e.x, e.y, e.z];
    case "select":
      return [e.condition, e.yes, e.no];
    case "load":
      return [e.offset];
    case "reduce":
      return [e.body];
  }
}

// ---------- leaves

/** A fresh loop variable. */
export function index(extent: number): Index {
  return create<Index>(
    { kind: "index", dtype: "i32", extent, low: 0, high: Math.max(0, extent - 1) },
    (made) => new Set([made]),
  );
}

/** A fresh register. */
export function register(dtype: DType): Register {
  return create<Register>({ kind: "register", dtype }, (made) => new Set([made]));
}

/** A number fixed when the kernel is written, rounded or wrapped to what the dtype holds. */
export function constant(value: number, dtype: DType): Const {
  const exact = exactly(value, dtype);
  return intern<Const>(`c${dtype}${Object.is(exact, -0) ? "-0" : exact}`, () => ({
    kind: "const",
    dtype,
    value: exact,
    low: exact,
    high: exact,
  }));
}

function exactly(value: number, dtype: DType): number {
  switch (dtype) {
    case "f16":
    case "bf16":
    case "f32":
    case "f64":
      return rounded(value, dtype);
    case "i32":
      return value | 0;
    case "u32":
      return value >>> 0;
    case "u8":
      return value & 255;
    case "bool":
      return Number(value !== 0);
  }
}

/** The value as an integer of the dtype: truncated and saturated. */
function saturated(value: number, dtype: "i32" | "u32" | "u8"): number {
  const low = dtype === "i32" ? -(2 ** 31) : 0;
  const high = dtype === "i32" ? 2 ** 31 - 1 : dtype === "u32" ? 2 ** 32 - 1 : 255;
  return Number.isNaN(value) ? 0 : Math.trunc(Math.min(Math.max(value, low), high));
}

/** A number handed over at each run. */
export function param(slot: number, dtype: DType): Param {
  return intern<Param>(`p${dtype}${slot}`, () => ({ kind: "param", dtype, slot }));
}

// ---------- values

export function unary(op: UnaryOp, value: Expression): Expression {
  return intern<Unary>(`${op}(${value.id}`, () => ({ kind: "unary", dtype: value.dtype, op, value }));
}

const COMPARISONS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["lt", "le", "eq", "ne"]);

export function binary(op: BinaryOp, left: Expression, right: Expression): Expression {
  if (left.dtype === "i32" && right.dtype === "i32") {
    // Index arithmetic keeps its canonical form whoever writes it.
    if (op === "add") return add(left, right);
    if (op === "sub") return add(left, scale(right, -1));
    if (op === "mul" && right.kind === "const") return scale(left, right.value);
    if (op === "mul" && left.kind === "const") return scale(right, left.value);
    if (op === "min")
      return left.high <= right.low
        ? left
        : right.high <= left.low
          ? right
          : internBinary(op, left, right, Math.min(left.low, right.low), Math.min(left.high, right.high));
    if (op === "max")
      return left.low >= right.high
        ? left
        : right.low >= left.high
          ? right
          : internBinary(op, left, right, Math.max(left.low, right.low), Math.max(left.high, right.high));
    if (op === "lt" && left.high < right.low) return constant(1, "bool");
    if (op === "lt" && left.low >= right.high) return constant(0, "bool");
    if (op === "le" && left.high <= right.low) return constant(1, "bool");
    if (op === "le" && left.low > right.high) return constant(0, "bool");
  }
  if (left.dtype === "bool" && op === "and") {
    if (left.kind === "const") return left.value ? right : left;
    if (right.kind === "const") return right.value ? left : right;
    if (left === right) return left;
  }
  return internBinary(op, left, right);
}

function internBinary(op: BinaryOp, left: Expression, right: Expression, low = -Infinity, high = Infinity): Binary {
  return intern<Binary>(`${op}(${left.id},${right.id}`, () => ({
    kind: "binary",
    dtype: COMPARISONS.has(op) ? "bool" : left.dtype,
    op,
    left,
    right,
    low,
    high,
  }));
}

export function select(condition: Expression, yes: Expression, no: Expression): Expression {
  if (condition.kind === "const") return condition.value ? yes : no;
  if (yes === no) return yes;
  return intern<Select>(`?(${condition.id},${yes.id},${no.id}`, () => ({
    kind: "select",
    dtype: yes.dtype,
    condition,
    yes,
    no,
    low: Math.min(yes.low, no.low),
    high: Math.max(yes.high, no.high),
  }));
}

export function cast(value: Expression, dtype: DType): Expression {
  if (value.dtype === dtype) return value;
  if (isHalf(dtype)) {
    // What was loaded and is stored again keeps its bits.
    if (value.kind === "cast" && value.value.dtype === dtype) return value.value;
    if (value.kind === "const") return bitcast(constant(toHalfBits(value.value, dtype), "u32"), dtype);
  } else if (value.kind === "const")
    return constant(
      isFloat(value.dtype) && (dtype === "i32" || dtype === "u32" || dtype === "u8")
        ? saturated(value.value, dtype)
        : value.value,
      dtype,
    );
  return intern<Cast>(`${dtype}(${value.id}`, () => ({ kind: "cast", dtype, value }));
}

export function bitcast(value: Expression, dtype: DType): Expression {
  if (value.dtype === dtype) return value;
  if (value.kind === "bitcast" && value.value.dtype === dtype) return value.value;
  return intern<Bitcast>(`bits${dtype}(${value.id}`, () => ({ kind: "bitcast", dtype, value }));
}

export function load(buffer: number, dtype: DType, offset: Expression): Expression {
  return intern<Load>(`[${buffer}${dtype}](${offset.id}`, () => ({ kind: "load", dtype, buffer, offset }));
}

/** Combines `body` over `axes`; with no axis left it is the body itself (or index 0 for argmax and argmin). */
export function reduce(op: ReduceOp, axes: readonly Index[], body: Expression): Expression {
  const arg = op === "argmax" || op === "argmin";
  if (!axes.length) return arg ? constant(0, "i32") : body;
  return intern<Reduce>(`${op}{${axes.map((a) => a.id).join(",")}}(${body.id}`, () => ({
    kind: "reduce",
    dtype: arg ? "i32" : body.dtype,
    op,
    axes,
    body,
  }));
}

// ---------- index arithmetic

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

/** value / n, rounded down, for a non-negative value and positive n. */
export function quotient(value: Expression, n: number): Expression {
  if (n === 1) return value;
  if (value.low >= 0 && value.high < n) return constant(0, "i32");
  const { whole, rest } = splitBy(value, n);
  if (rest.low >= 0 && rest.high < n) return whole;
  if (!(whole.kind === "const" && whole.value === 0) && rest.low >= 0) return add(whole, quotient(rest, n));
  const common =
    rest.kind === "affine" && rest.constant === 0 ? rest.terms.reduce((g, t) => gcd(g, t.coefficient), n) : 1;
  if (common > 1)
    return quotient(
      affine(
        (rest as Affine).terms.map((t) => ({ value: t.value, coefficient: t.coefficient / common })),
        0,
      ),
      n / common,
    );
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
  const common =
    value.kind === "affine" && value.constant === 0 ? value.terms.reduce((g, t) => gcd(g, t.coefficient), n) : 1;
  if (common > 1)
    return scale(
      remainder(
        affine(
          (value as Affine).terms.map((t) => ({ value: t.value, coefficient: t.coefficient / common })),
          0,
        ),
        n / common,
      ),
      common,
    );
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

// ---------- rewriting

/** Rebuilds an expression with some subexpressions replaced; shares what does not change. */
export function substitute(
  e: Expression,
  replace: ReadonlyMap<Expression, Expression>,
  memo: Map<Expression, Expression> = new Map(),
): Expression {
  const direct = replace.get(e);
  if (direct) return direct;
  const known = memo.get(e);
  if (known) return known;
  const made = mapChildren(e, (child) => substitute(child, replace, memo));
  memo.set(e, made);
  return made;
}

/** The same expression over other operands, in canonical form again. */
export function mapChildren(e: Expression, f: (child: Expression) => Expression): Expression {
  switch (e.kind) {
    case "const":
    case "param":
    case "index":
    case "register":
    case "affineParam":
    case "fused":
      return e;
    case "affine": {
      const values = e.terms.map((t) => f(t.value));
      if (values.every((value, i) => value === e.terms[i]!.value)) return e;
      return weighted([...values, constant(e.constant, "i32")], [...e.terms.map((t) => t.coefficient), 1]);
    }
    case "quotient":
    case "remainder": {
      const value = f(e.value);
      if (value === e.value || typeof e.divisor !== "number") return e;
      return e.kind === "quotient" ? quotient(value, e.divisor) : remainder(value, e.divisor);
    }
    case "unary": {
      const v = f(e.value);
      return v === e.value ? e : unary(e.op, v);
    }
    case "cast": {
      const v = f(e.value);
      return v === e.value ? e : cast(v, e.dtype);
    }
    case "bitcast": {
      const v = f(e.value);
      return v === e.value ? e : bitcast(v, e.dtype);
    }
    case "binary": {
      const l = f(e.left),
        r = f(e.right);
      return l === e.left && r === e.right ? e : binary(e.op, l, r);
    }
    case "select": {
      const c = f(e.condition),
        y = f(e.yes),
        n = f(e.no);
      return c === e.condition && y === e.yes && n === e.no ? e : select(c, y, n);
    }
    case "load": {
      const o = f(e.offset);
      return o === e.offset ? e : load(e.buffer, e.dtype, o);
    }
    case "reduce": {
      const axes = e.axes.map((a) => f(a) as Index),
        b = f(e.body);
      return b === e.body && axes.every((a, i) => a === e.axes[i]) ? e : reduce(e.op, axes, b);
    }
  }
}
