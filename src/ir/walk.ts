/** What there is in expressions and statements. */
import { childrenOf, type Expression, type Load } from "./expression.ts";
import type { Statement, Store } from "./kernel.ts";

/** Visits every distinct subexpression once, operands after what is made of them. */
export function walk(
  roots: readonly Expression[],
  visit: (e: Expression) => void,
  seen: Set<Expression> = new Set(),
): void {
  for (const e of roots) {
    if (seen.has(e)) continue;
    seen.add(e);
    visit(e);
    walk(childrenOf(e), visit, seen);
  }
}

/** The distinct loads in expressions. */
export function loadsIn(roots: readonly Expression[]): Load[] {
  const loads: Load[] = [];
  walk(roots, (e) => {
    if (e.kind === "load") loads.push(e);
  });
  return loads;
}

/** All stores of statements, those in loops and conditions included. */
export function storesIn(statements: readonly Statement[]): Store[] {
  return statements.flatMap((s) =>
    s.kind === "store" ? [s] : s.kind === "loop" || s.kind === "if" ? storesIn(s.body) : [],
  );
}

/** The buffers that statements store to. */
export function storedBy(statements: readonly Statement[]): Set<number> {
  return new Set(storesIn(statements).map(({ buffer }) => buffer));
}
