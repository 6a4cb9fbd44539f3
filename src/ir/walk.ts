/** What there is in expressions and statements. */
import { childrenOf, type Expression, type Load } from "./expression.ts";
import { resultsOf } from "./attention.ts";
import type { Kernel, Statement, Store } from "./kernel.ts";

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

/** All stores of a kernel. */
export function storesOf(kernel: Kernel): readonly Store[] {
  switch (kernel.kind) {
    case "loops":
      return storesIn(kernel.body);
    case "contract":
      return kernel.epilogue;
    case "attention":
      return [...resultsOf(kernel).flatMap((r) => r.stores), ...kernel.rowStores];
  }
}

/** What a kernel computes: all values that it stores, adds up or multiplies. */
export function valuesOf(kernel: Kernel): readonly Expression[] {
  const stored = storesOf(kernel).map((s) => s.value);
  switch (kernel.kind) {
    case "loops":
      return [...stored, ...namedIn(kernel.body)];
    case "contract":
      return [...stored, kernel.left, kernel.right];
    case "attention":
      return [
        ...stored,
        ...kernel.products.flatMap((p) => [p.left, p.right]),
        ...(kernel.softmax ? [kernel.softmax.score] : []),
        ...resultsOf(kernel).flatMap((r) => [r.weight, r.value]),
      ];
  }
}

/** All values that statements name, and that loops among them accumulate. */
const namedIn = (list: readonly Statement[]): Expression[] =>
  list.flatMap((s) => {
    if (s.kind === "let") return [s.value];
    if (s.kind === "if") return [s.condition, ...namedIn(s.body)];
    return s.kind === "loop" ? [...s.accumulators.map((a) => a.value), ...namedIn(s.body)] : [];
  });

/** The buffers that statements store to. */
export function storedBy(statements: readonly Statement[]): Set<number> {
  return new Set(storesIn(statements).map(({ buffer }) => buffer));
}

/** Is there a reduction in it? */
export function hasReduce(e: Expression): boolean {
  let found = false;
  walk([e], (x) => void (found ||= x.kind === "reduce"));
  return found;
}
