/** Interning, by which equal expressions are the same object; and those made of no others: numbers, parameters, loop variables, registers. */
import { rounded, type DType } from "../core/dtype.ts";
import type { Common, Const, Expression, Index, Param, Register } from "./expression-types.ts";

const table = new Map<string, Expression>();
let nextId = 1;
const NONE: ReadonlySet<Index | Register> = new Set();

/** More than these are not kept for the next program. */
const MANY = 100_000;

/** Forgets interned expressions when there are many; to be called between programs, never while one is built. */
export function trimExpressions(): void {
  if (table.size > MANY) table.clear();
}

type Draft<E extends Expression> = E extends Expression
  ? Omit<E, "id" | "free" | "low" | "high"> & { low?: number; high?: number }
  : never;

/** The expression of this key: the one there is, or the draft made. */
export function intern<E extends Expression>(key: string, draft: () => Draft<E>): E {
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

/** A number handed over at each run. */
export function param(slot: number, dtype: DType): Param {
  return intern<Param>(`p${dtype}${slot}`, () => ({ kind: "param", dtype, slot }));
}
