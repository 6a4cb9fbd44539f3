/**
 * Rewriting of parameterized kernels. Their expressions must not go through the constructors of expression.ts again:
 * copies carry the ids of what they were made from, so interning would mix them up. These functions make plain copies.
 */
import type { DType } from "../core/dtype.ts";
import {
  childrenOf,
  constant,
  type AffineParam,
  type Binary,
  type Expression,
  type Fused,
  type Index,
  type IndexDivide,
  type Load,
  type Param,
  type Register,
  type Select,
  type Unary,
} from "./expression.ts";
import type { Accumulator, AttentionKernel, Statement, Store, Weighed } from "./kernel.ts";

/**
 * The same expression over other operands, as a plain copy with its free variables counted again; itself when nothing
 * changed.
 */
export function copyWith(e: Expression, f: (child: Expression) => Expression): Expression {
  switch (e.kind) {
    case "const":
    case "param":
    case "index":
    case "register":
      return e;
    case "unary":
    case "cast":
    case "bitcast": {
      const value = f(e.value);
      return value === e.value ? e : { ...e, value, free: value.free };
    }
    case "binary": {
      const left = f(e.left),
        right = f(e.right);
      return left === e.left && right === e.right ? e : { ...e, left, right, free: freeOf([left, right]) };
    }
    case "fused": {
      const x = f(e.x),
        y = f(e.y),
        z = f(e.z);
      return x === e.x && y === e.y && z === e.z ? e : plainFused(x, y, z);
    }
    case "select": {
      const condition = f(e.condition),
        yes = f(e.yes),
        no = f(e.no);
      return condition === e.condition && yes === e.yes && no === e.no
        ? e
        : { ...e, condition, yes, no, free: freeOf([condition, yes, no]) };
    }
    case "load": {
      const offset = f(e.offset);
      return offset === e.offset ? e : { ...e, offset, free: offset.free };
    }
    case "quotient":
    case "remainder": {
      const value = f(e.value);
      const divisor = typeof e.divisor === "number" ? e.divisor : f(e.divisor);
      if (value === e.value && divisor === e.divisor) return e;
      if (typeof divisor !== "number" && divisor.kind !== "param")
        throw new Error("a divisor is a number or a parameter");
      // Where loops are written out, places become numbers.
      if (value.kind === "const" && value.value === 0) return value;
      return { ...e, value, divisor, free: value.free };
    }
    case "affine": {
      const terms = e.terms.map((t) => ({ value: f(t.value), coefficient: t.coefficient }));
      return terms.every((t, i) => t.value === e.terms[i]!.value)
        ? e
        : { ...e, terms, free: freeOf(terms.map((t) => t.value)) };
    }
    case "affineParam": {
      const terms = e.terms.map((t) => ({ value: f(t.value), coefficient: t.coefficient && f(t.coefficient) }));
      const constant = e.constant && f(e.constant);
      if (
        constant === e.constant &&
        terms.every((t, i) => t.value === e.terms[i]!.value && t.coefficient === e.terms[i]!.coefficient)
      )
        return e;
      // Where loops are written out, places become numbers.
      if (terms.some((t) => t.value.kind === "const")) return plainSum(terms, constant);
      const made = { ...e, terms, constant };
      return { ...made, free: freeOf(childrenOf(made)) };
    }
    case "reduce": {
      const body = f(e.body);
      return body === e.body ? e : { ...e, body, free: freeOf([body], e.axes) };
    }
  }
}

const NONE: ReadonlySet<Index | Register> = new Set();

/** What operands depend on, less some indices. Operands with equal sets share one. */
export function freeOf(operands: readonly Expression[], bound: readonly Index[] = []): ReadonlySet<Index | Register> {
  let one: ReadonlySet<Index | Register> = NONE;
  let many: Set<Index | Register> | undefined;
  for (const { free } of operands) {
    if (free.size === 0 || free === one) continue;
    if (one === NONE && !many) one = free;
    else {
      many ??= new Set(one);
      for (const v of free) many.add(v);
    }
  }
  if (!bound.length) return many ?? one;
  const rest = new Set(many ?? one);
  for (const v of bound) rest.delete(v);
  return rest;
}

/** A binary operation as a plain node: comparisons give bool. */
export function plainBinary(op: Binary["op"], left: Expression, right: Expression): Binary {
  const dtype = op === "lt" || op === "le" || op === "eq" || op === "ne" ? "bool" : left.dtype;
  return { ...PLAIN, kind: "binary", dtype, op, left, right, free: freeOf([left, right]) };
}

/** A unary operation as a plain node. */
export function plainUnary(op: Unary["op"], value: Expression): Unary {
  return { ...PLAIN, kind: "unary", dtype: value.dtype, op, value, free: value.free };
}

/** x · y + z, rounded once, as a plain node. */
export function plainFused(x: Expression, y: Expression, z: Expression): Fused {
  return { ...PLAIN, kind: "fused", dtype: z.dtype, x, y, z, free: freeOf([x, y, z]) };
}

/** A value as another dtype, as a plain node. */
export function plainCast(value: Expression, dtype: DType): Expression {
  return value.dtype === dtype ? value : { ...PLAIN, kind: "cast", dtype, value, free: value.free };
}

/** A choice as a plain node. */
export function plainSelect(condition: Expression, yes: Expression, no: Expression): Select {
  return { ...PLAIN, kind: "select", dtype: yes.dtype, condition, yes, no, free: freeOf([condition, yes, no]) };
}

/**
 * Σ coefficient · value + constant as a plain node, in which sums within it are dissolved; the only term of a sum by
 * itself. A coefficient left out is 1.
 */
export function plainSum(
  terms: readonly { readonly value: Expression; readonly coefficient?: Expression | undefined }[],
  constantPart?: Expression,
): Expression {
  const flat: { value: Expression; coefficient: Expression | undefined }[] = [];
  let fixed = 0;
  const put = (value: Expression, coefficient: Expression | undefined): void => {
    if (coefficient?.kind === "const") {
      if (coefficient.value === 0) return;
      if (coefficient.value === 1) return put(value, undefined);
    }
    if (value.kind === "const" && !coefficient) fixed += value.value;
    else if (value.kind === "const" && coefficient!.kind === "const")
      fixed += Math.imul(value.value, coefficient!.value);
    else if (value.kind === "const") put(coefficient!, value);
    else if (value.kind === "affineParam" && (!coefficient || value.terms.every((t) => !t.coefficient))) {
      for (const t of value.terms) put(t.value, t.coefficient ?? coefficient);
      if (value.constant) put(value.constant, coefficient);
    } else flat.push({ value, coefficient });
  };
  for (const { value, coefficient } of terms) put(value, coefficient);
  if (constantPart) put(constantPart, undefined);
  if (!flat.length) return constant(fixed, "i32");
  if (flat.length === 1 && !flat[0]!.coefficient && fixed === 0) return flat[0]!.value;
  const free = freeOf(flat.flatMap((t) => (t.coefficient ? [t.value, t.coefficient] : [t.value])));
  const rest = fixed === 0 ? undefined : constant(fixed, "i32");
  return { ...PLAIN, kind: "affineParam", dtype: "i32", terms: flat, constant: rest, free } satisfies AffineParam;
}

/** The quotient or remainder of a non-negative index as a plain node. */
export function plainDivide(kind: "quotient" | "remainder", value: Expression, divisor: number | Param): Expression {
  if (divisor === 1) return kind === "quotient" ? value : constant(0, "i32");
  return { ...PLAIN, kind, dtype: "i32", value, divisor, free: value.free } satisfies IndexDivide;
}

/** An element of a buffer as a plain node. */
export function plainLoad(buffer: number, dtype: DType, offset: Expression): Load {
  return { ...PLAIN, kind: "load", dtype, buffer, offset, free: offset.free };
}

const PLAIN = { id: -1, low: -Infinity, high: Infinity };

/** A function that replaces subexpressions wherever they occur; what it makes for one argument it returns again. */
export function replacer(replace: ReadonlyMap<Expression, Expression>): (e: Expression) => Expression {
  const memo = new Map<Expression, Expression>(replace);
  const rewrite = (e: Expression): Expression => {
    let known = memo.get(e);
    if (known === undefined) memo.set(e, (known = copyWith(e, rewrite)));
    return known;
  };
  return rewrite;
}

/**
 * Statements with every expression replaced. Registers and indices that they define are kept.
 * @param move what then becomes of each store.
 */
export function mapStatements(
  statements: readonly Statement[],
  f: (e: Expression) => Expression,
  move: (store: Store) => Store = (store) => store,
): Statement[] {
  return statements.map((s): Statement => {
    switch (s.kind) {
      case "loop": {
        // Targets make loops whose extent is a value computed in front of them.
        const extent = typeof s.extent === "number" ? s.extent : (f(s.extent) as Param | Register);
        const body = mapStatements(s.body, f, move);
        return { ...s, extent, body, accumulators: mapAccumulators(s.accumulators, f) };
      }
      case "let":
      case "exchange":
        return { ...s, value: f(s.value) };
      case "store":
        return move({ ...s, offset: f(s.offset), value: f(s.value) });
      case "if":
        return { ...s, condition: f(s.condition), body: mapStatements(s.body, f, move) };
      case "barrier":
        return s;
    }
  });
}

/** Accumulators with every expression replaced. */
export const mapAccumulators = (list: readonly Accumulator[], f: (e: Expression) => Expression): Accumulator[] =>
  list.map((a) => ({ ...a, value: f(a.value), ...(a.position && { position: f(a.position) }) }));

/** Attention with every expression replaced. */
export function mapAttention(kernel: AttentionKernel, f: (e: Expression) => Expression): AttentionKernel {
  const stores = (list: readonly Store[]): Store[] => mapStatements(list, f) as Store[];
  const results = (list: readonly Weighed[]): Weighed[] =>
    list.map((r) => ({ ...r, weight: f(r.weight), value: f(r.value), stores: stores(r.stores) }));
  const { across } = kernel;
  return {
    ...kernel,
    first: kernel.first && f(kernel.first),
    last: kernel.last && f(kernel.last),
    products: kernel.products.map((p) => ({ ...p, left: f(p.left), right: f(p.right) })),
    softmax: kernel.softmax && { ...kernel.softmax, score: f(kernel.softmax.score) },
    results: results(kernel.results),
    across: across && {
      first: across.first && f(across.first),
      last: across.last && f(across.last),
      results: results(across.results),
    },
    rowStores: stores(kernel.rowStores),
  };
}

/** All expressions of statements, those of inner loops included, with the offsets of stores. */
export function expressionsOf(statements: readonly Statement[]): Expression[] {
  const out: Expression[] = [];
  const visit = (s: Statement): void => {
    switch (s.kind) {
      case "loop":
        if (typeof s.extent !== "number") out.push(s.extent);
        s.body.forEach(visit);
        for (const a of s.accumulators) out.push(a.value, ...(a.position ? [a.position] : []));
        break;
      case "let":
      case "exchange":
        out.push(s.value);
        break;
      case "store":
        out.push(s.offset, s.value);
        break;
      case "if":
        out.push(s.condition);
        s.body.forEach(visit);
        break;
      case "barrier":
        break;
    }
  };
  statements.forEach(visit);
  return out;
}
