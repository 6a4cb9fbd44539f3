/**
 * Packing loops split where padding begins and ends. Along the innermost index the comparisons that guard a padded
 * window hold from some place on to some other, and between them the clamps of its offset change nothing: there the
 * loop runs without both, on plain vectors. What is left on the two sides keeps them.
 */
import {
  constant,
  register,
  type AffineParam,
  type Binary,
  type Expression,
  type Index,
  type Param,
  type Register,
} from "../../ir/expression.ts";
import type { Loop, Statement, Store } from "../../ir/kernel.ts";
import { copyWith } from "../../ir/rewrite.ts";

/**
 * The loop over one store, in up to three parts. The index must move offsets by one where it is compared or clamped.
 */
export function splitInterior(loop: Loop, store: Store): Statement[] {
  const { value } = store;
  // Where what does not change along the loop says "outside", nothing else needs to be asked.
  if (value.kind === "select") {
    const all = conjuncts(value.condition);
    const fixed = all.filter((c) => !c.free.has(loop.index)),
      moving = all.filter((c) => c.free.has(loop.index));
    if (fixed.length) {
      const inside = name(fixed.reduce(and)).register;
      const guarded = moving.length ? { ...value, condition: moving.reduce(and) } : value.yes;
      const not = { ...NUMBER, kind: "unary", dtype: "bool", op: "not", value: inside, free: inside.free } as const;
      return [
        { kind: "let", register: inside, value: fixed.reduce(and) },
        { kind: "if", condition: inside, body: splitInterior(loop, { ...store, value: guarded }) },
        { kind: "if", condition: not, body: [part(loop, store, value.no)] },
      ];
    }
  }
  const bounds = new Bounds(loop.index);
  const free = bounds.strip(value);
  if (!bounds.lower.length && !bounds.upper.length) return [part(loop, store, value)];
  const extent = typeof loop.extent === "number" ? constant(loop.extent, "i32") : loop.extent;
  const from = name(
    plain(
      "min",
      bounds.lower.reduce((a, b) => plain("max", a, b), constant(0, "i32")),
      extent,
    ),
  );
  const to = name(
    plain(
      "max",
      bounds.upper.reduce((a, b) => plain("min", a, b), extent),
      from.register,
    ),
  );
  const inner = name(difference(to.register, from.register)),
    after = name(difference(extent, to.register));
  // The two ends are a few elements each.
  const single: Loop = { ...loop, axis: "sequential" };
  return [
    from,
    to,
    inner,
    after,
    part(single, store, value, undefined, from.register),
    part(loop, store, free, from.register, inner.register),
    part(single, store, value, to.register, after.register),
  ];
}

/** A part of the loop, with an index of its own: `extent` iterations from `begin` on. */
function part(loop: Loop, store: Store, value: Expression, begin?: Expression, extent?: Register): Loop {
  const index = { ...loop.index } as Index & { free: ReadonlySet<Index | Register> };
  (index as { free: ReadonlySet<Index | Register> }).free = new Set([index]);
  const shift = shifter(loop.index, index, begin);
  // An extent may be any value that is known in front of the loop; its type names the usual one.
  return {
    ...loop,
    index,
    extent: (extent as Param | undefined) ?? loop.extent,
    body: [{ ...store, offset: shift(store.offset), value: shift(value) }],
  };
}

/** Where all comparisons hold and no clamp matters: lower bounds are included, upper ones are not. */
class Bounds {
  readonly lower: Expression[] = [];
  readonly upper: Expression[] = [];
  private readonly index: Index;
  private readonly memo = new Map<Expression, Expression>();

  constructor(index: Index) {
    this.index = index;
  }

  /** The expression as it is between the bounds that this finds. */
  strip(e: Expression): Expression {
    let made = this.memo.get(e);
    if (made) return made;
    made = !e.free.has(this.index)
      ? e
      : e.kind === "binary" && (e.left.dtype === "i32" || e.dtype === "bool")
        ? this.binary(e)
        : copyWith(e, (c) => this.strip(c));
    if (made.kind === "select" && made.condition === TRUE) made = made.yes;
    this.memo.set(e, made);
    return made;
  }

  private binary(e: Binary): Expression {
    const left = this.strip(e.left),
      right = this.strip(e.right);
    if (e.op === "and" && (left === TRUE || right === TRUE)) return left === TRUE ? right : left;
    const moving = left.free.has(this.index) ? left : right,
      still = moving === left ? right : left;
    const rest = still.free.has(this.index) ? undefined : restOf(moving, this.index);
    if (rest === undefined) return copyWith(e, (c) => this.strip(c));
    // moving = index + rest, so index ≥ still − rest and the like.
    const at = difference(still, rest);
    const next = sum([at], 1);
    switch (e.op) {
      case "le":
        (moving === right ? this.lower : this.upper).push(moving === right ? at : next);
        return TRUE;
      case "lt":
        (moving === right ? this.lower : this.upper).push(moving === right ? next : at);
        return TRUE;
      case "max":
        this.lower.push(at);
        return moving;
      case "min":
        this.upper.push(next);
        return moving;
      default:
        return copyWith(e, (c) => this.strip(c));
    }
  }
}

const TRUE: Expression = constant(1, "bool");

/** What is added to an index to give this value; undefined when it is not that index plus something. */
function restOf(e: Expression, index: Index): Expression | undefined {
  if (e === index) return constant(0, "i32");
  if (e.kind !== "affineParam") return undefined;
  const own = e.terms.filter((t) => t.value.free.has(index));
  if (own.length !== 1 || own[0]!.value !== index || own[0]!.coefficient !== undefined) return undefined;
  return affineOf(
    e.terms.filter((t) => t !== own[0]),
    e.constant,
  );
}

function conjuncts(e: Expression): Expression[] {
  return e.kind === "binary" && e.op === "and" && e.dtype === "bool"
    ? [...conjuncts(e.left), ...conjuncts(e.right)]
    : [e];
}

// ---------- plain nodes, as everything about parameterized kernels (see ir/rewrite.ts)

const NUMBER = { id: -1, low: -Infinity, high: Infinity };
type Term = AffineParam["terms"][number];

function name(value: Expression): { readonly kind: "let"; readonly register: Register; readonly value: Expression } {
  return { kind: "let", register: register(value.dtype), value };
}

const and = (left: Expression, right: Expression): Expression => plain("and", left, right);

function plain(op: "and" | "min" | "max", left: Expression, right: Expression): Expression {
  return {
    ...NUMBER,
    kind: "binary",
    dtype: left.dtype,
    op,
    left,
    right,
    free: new Set([...left.free, ...right.free]),
  };
}

function affineOf(terms: readonly Term[], rest: Expression | undefined): Expression {
  return {
    ...NUMBER,
    kind: "affineParam",
    dtype: "i32",
    terms,
    constant: rest,
    free: new Set(terms.flatMap((t) => [...t.value.free])),
  } satisfies AffineParam;
}

const sum = (values: readonly Expression[], rest: number): Expression =>
  affineOf(
    values.map((value) => ({ value, coefficient: undefined })),
    constant(rest, "i32"),
  );

const difference = (left: Expression, right: Expression): Expression =>
  affineOf(
    [
      { value: left, coefficient: undefined },
      { value: right, coefficient: constant(-1, "i32") },
    ],
    undefined,
  );

/** Replaces an index by another one plus something, so that sums stay sums. */
function shifter(from: Index, to: Index, by: Expression | undefined): (e: Expression) => Expression {
  const bare = by
    ? affineOf(
        [
          { value: to, coefficient: undefined },
          { value: by, coefficient: undefined },
        ],
        undefined,
      )
    : to;
  const memo = new Map<Expression, Expression>([[from, bare]]);
  const visit = (e: Expression): Expression => {
    let made = memo.get(e);
    if (made) return made;
    if (e.kind === "affineParam" && e.free.has(from))
      made = affineOf(
        e.terms.flatMap(({ value, coefficient }): Term[] =>
          value !== from
            ? [{ value: visit(value), coefficient }]
            : [{ value: to, coefficient }, ...(by ? [{ value: by, coefficient }] : [])],
        ),
        e.constant,
      );
    else made = copyWith(e, visit);
    memo.set(e, made);
    return made;
  };
  return visit;
}
