/** Small things that lowering writes kernels with. All nodes are plain ones (see ir/rewrite.ts). */
import {
  constant,
  index as freshIndex,
  register,
  type Expression,
  type Index,
  type Param,
  type Register,
} from "../../ir/expression.ts";
import type { Axes, Axis, If, Loop, Statement, Store } from "../../ir/kernel.ts";
import { copyWith, plainBinary, plainDivide, plainSum } from "../../ir/rewrite.ts";
import type { Slots } from "./slots.ts";

/** Indices (and other leaves), and what stands for them. */
export type Places = ReadonlyMap<Expression, Expression>;

/** An integer of the code. */
export const whole = (n: number): Expression => constant(n, "i32");
export const times = (value: Expression, by: number): Expression => plainSum([{ value, coefficient: whole(by) }]);
export const plus = (...values: readonly Expression[]): Expression => plainSum(values.map((value) => ({ value })));
export const below = (left: Expression, right: Expression): Expression => plainBinary("lt", left, right);
export const atMost = (left: Expression, right: Expression): Expression => plainBinary("min", left, right);

export const storeTo = (buffer: number, offset: Expression, value: Expression): Store => ({
  kind: "store",
  buffer,
  offset,
  value,
});
export const when = (condition: Expression, ...body: readonly Statement[]): If => ({ kind: "if", condition, body });
export const barrier: Statement = { kind: "barrier" };

/** A loop over the values of an index. */
export const loopAlong = (axis: Axis, index: Index, body: readonly Statement[]): Loop => ({
  kind: "loop",
  axis,
  index,
  extent: index.extent,
  accumulators: [],
  body,
});

/** A loop of its own index. */
export function loopOver(axis: Axis, extent: Loop["extent"], body: (index: Index) => readonly Statement[]): Loop {
  const index = freshIndex(typeof extent === "number" ? extent : 1);
  return { ...loopAlong(axis, index, body(index)), extent };
}

/** Statements for so many numbers: written out, or in a loop. */
export const repeat = (count: number, written: boolean, body: (n: Expression) => readonly Statement[]): Statement[] =>
  written ? Array.from({ length: count }, (_, n) => body(whole(n))).flat() : [loopOver("sequential", count, body)];

/** Statements in the making: what they need more than once gets a name. */
export class Code {
  readonly statements: Statement[] = [];
  readonly #names = new Map<Expression, Expression>();

  /** The value by a name; what is one already stays. */
  name(value: Expression): Expression {
    if (value.kind === "const" || value.kind === "param" || value.kind === "index" || value.kind === "register")
      return value;
    let known = this.#names.get(value);
    if (!known) {
      const named: Register = register(value.dtype);
      this.statements.push({ kind: "let", register: named, value });
      this.#names.set(value, (known = named));
    }
    return known;
  }
}

/** Lists of indices that one number counts through. */
export class Nest {
  readonly axes: readonly Axes[];
  /** How many positions there are. */
  readonly count: number;
  readonly #units: readonly (number | Param)[];

  constructor(axes: readonly Axes[], slots: Slots) {
    this.axes = axes;
    const product = (list: readonly Axes[]): number => list.reduce((all, { extent }) => all * slots.valueOf(extent), 1);
    this.count = product(axes);
    this.#units = axes.map((_, i) => {
      const inner = axes.slice(i + 1);
      if (inner.length === 1) return inner[0]!.extent;
      return inner.every(({ extent }) => typeof extent === "number") ? product(inner) : slots.add(product(inner));
    });
  }

  /** Where a position is in each of the lists. */
  locate(code: Code, position: Expression): Map<Expression, Expression> {
    return new Map(
      this.axes.map(({ index, extent }, i) => {
        const above = plainDivide("quotient", position, this.#units[i]!);
        return [index, code.name(i === 0 ? above : plainDivide("remainder", above, extent))];
      }),
    );
  }

  /** Places, moved by so many within a run of neighbours. */
  move(places: Places, lane: Expression): Places {
    const { index } = this.axes.at(-1)!;
    return new Map([...places, [index, plus(places.get(index)!, lane)]]);
  }
}

/** A function that puts places in for indices. Sums stay flat, so that what an offset moves by can be seen. */
export function placing(places: Places): (e: Expression) => Expression {
  const memo = new Map<Expression, Expression>(places);
  const visit = (e: Expression): Expression => {
    let known = memo.get(e);
    if (known === undefined) memo.set(e, (known = withOperands(e, visit)));
    return known;
  };
  return visit;
}

function withOperands(e: Expression, f: (e: Expression) => Expression): Expression {
  if (e.kind === "affineParam") {
    const terms = e.terms.map(({ value, coefficient }) => ({ value: f(value), coefficient }));
    return terms.every((t, i) => t.value === e.terms[i]!.value) ? e : plainSum(terms, e.constant);
  }
  if (e.kind === "affine") {
    const terms = e.terms.map(({ value, coefficient }) => ({ value: f(value), coefficient: whole(coefficient) }));
    return terms.every((t, i) => t.value === e.terms[i]!.value) ? e : plainSum(terms, whole(e.constant));
  }
  return copyWith(e, f);
}

/** The expression with everything in it named in `code` that depends on none of `varying`. */
export function hoist(e: Expression, varying: ReadonlySet<Expression>, code: Code): Expression {
  const varies = (x: Expression): boolean => [...x.free].some((v) => varying.has(v));
  const memo = new Map<Expression, Expression>();
  const visit = (x: Expression): Expression => {
    let made = memo.get(x);
    if (made) return made;
    if (!varies(x)) made = code.name(x);
    else if (x.kind === "affineParam") {
      const moving = x.terms.filter((t) => varies(t.value));
      const fixed = x.terms.filter((t) => !varies(t.value));
      const still = fixed.length ? code.name(plainSum(fixed, x.constant)) : x.constant;
      made = plainSum(
        moving.map((t) => ({ ...t, value: visit(t.value) })),
        still,
      );
    } else made = withOperands(x, visit);
    memo.set(x, made);
    return made;
  };
  return visit(e);
}
