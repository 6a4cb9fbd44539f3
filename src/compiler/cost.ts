/** How much arithmetic a kernel is, before anything has run. */
import type { Expression, Index, Register } from "../ir/expression.ts";
import type { Statement } from "../ir/kernel.ts";
import { walk } from "../ir/walk.ts";

const WEIGHT: Readonly<Record<string, number>> = {
  exp: 12,
  log: 14,
  sin: 16,
  cos: 16,
  tanh: 18,
  erf: 24,
  pow: 30,
  div: 4,
  sqrt: 4,
  recip: 4,
};

/**
 * Arithmetic on elements: what is needed in several places of a loop's body counts once, and as often as the loops run that it
 * depends on. Transcendental functions count what their polynomials cost.
 */
export function countOperations(statements: readonly Statement[]): number {
  let total = 0;
  /** How many loops are around each variable, and how often the body of so many is run. */
  const depthOf = new Map<Index | Register, number>();
  const runs = [1];
  const visit = (list: readonly Statement[], depth: number, outer: ReadonlySet<Expression>): void => {
    const seen = new Set(outer);
    const count = (...values: readonly Expression[]): void =>
      walk(
        values,
        (e) => {
          const inside = [...e.free].map((v) => depthOf.get(v) ?? depth);
          total += weightOf(e) * runs[Math.max(0, ...inside)]!;
        },
        seen,
      );
    for (const s of list) {
      if (s.kind === "loop") {
        depthOf.set(s.index, depth + 1);
        runs[depth + 1] = runs[depth]! * (typeof s.extent === "number" ? s.extent : 1);
        const results = s.accumulators.map((a): Statement => ({ kind: "let", register: a.register, value: a.value }));
        visit([...s.body, ...results], depth + 1, seen);
        total += s.accumulators.length * runs[depth + 1]!;
        for (const a of s.accumulators) depthOf.set(a.register, depth);
      } else if (s.kind === "let") {
        count(s.value);
        depthOf.set(s.register, depth);
      } else if (s.kind === "store") count(s.value);
      else if (s.kind === "if") visit(s.body, depth, seen);
    }
  };
  visit(statements, 0, new Set());
  return total;
}

function weightOf(e: Expression): number {
  switch (e.kind) {
    case "load":
      return 0.5;
    case "unary":
    case "binary":
      return e.dtype === "i32" ? 0.5 : (WEIGHT[e.op] ?? 1);
    case "select":
    case "cast":
      return 1;
    default:
      return 0;
  }
}
