/** Statements of parameterized kernels in the making, and index arithmetic for them. */
import {
  constant,
  index as freshIndex,
  register,
  type Expression,
  type Index,
  type Param,
  type Register,
} from "../../ir/expression.ts";
import type { Accumulator, Axis, Loop, Parameters, Statement } from "../../ir/kernel.ts";
import { copyWith, plainBinary, plainSum } from "../../ir/rewrite.ts";

export class Body {
  readonly statements: Statement[] = [];

  let(value: Expression): Register {
    const made = register(value.dtype);
    this.statements.push({ kind: "let", register: made, value });
    return made;
  }

  store(buffer: number, offset: Expression, value: Expression): void {
    this.statements.push({ kind: "store", buffer, offset, value });
  }

  /** A loop, whose body `write` writes; the sums that it returns are accumulated. */
  loop(
    axis: Axis,
    extent: Loop["extent"],
    write: (body: Body, index: Index) => readonly Accumulator[] | void,
    as: Pick<Loop, "vectors" | "turn" | "block"> = {},
  ): void {
    const index = freshIndex(typeof extent === "number" ? extent : 2 ** 31 - 1);
    const inner = new Body();
    const accumulators = write(inner, index) ?? [];
    this.statements.push({
      kind: "loop",
      axis,
      index,
      extent,
      body: inner.statements,
      accumulators,
      ...as,
    });
  }
}

/** What indices and registers stand for at a place in the loops. */
export type Places = ReadonlyMap<Expression, Expression>;

/** A value with what stands for its indices and registers put in; sums in sums are dissolved, so that strides are seen. */
export const placed = (e: Expression, places: Places): Expression => placer(places)(e);

/** `placed` for several values, which go on sharing what they share. */
export function placer(places: Places): (e: Expression) => Expression {
  const memo = new Map<Expression, Expression>(places);
  const visit = (x: Expression): Expression => {
    let made = memo.get(x);
    if (made) return made;
    if (x.kind !== "affineParam") made = copyWith(x, visit);
    else {
      const terms = x.terms.map((t) => ({ value: visit(t.value), coefficient: t.coefficient && visit(t.coefficient) }));
      made = plainSum(terms, x.constant && visit(x.constant));
    }
    memo.set(x, made);
    return made;
  };
  return visit;
}

export const i32 = (value: number): Expression => constant(value, "i32");
export const plus = (...values: readonly Expression[]): Expression => plainSum(values.map((value) => ({ value })));
export const times = (value: Expression, by: number | Expression): Expression =>
  plainSum([{ value, coefficient: typeof by === "number" ? i32(by) : by }]);
export const minus = (left: Expression, right: Expression): Expression => plainBinary("sub", left, right);
export const least = (left: Expression, right: Expression): Expression => plainBinary("min", left, right);
export const most = (left: Expression, right: Expression): Expression => plainBinary("max", left, right);

/** The number that an extent is in one use of a kernel. */
export function extentIn(
  { parameters }: { readonly parameters: Parameters },
  extent: number | Param,
  sizes: readonly number[],
): number {
  return typeof extent === "number" ? extent : sizes[extent.slot - parameters.scalars.length]!;
}
