/** Sides of selects that are worth skipping where nobody takes them. */
import { childrenOf, type Expression, type Select } from "../../ir/expression.ts";

/** From this many operations on. */
const LAZY_NODES = 24;

/** Is the first side of a select long, and needed by nothing else in it? */
export function isLazy({ condition, yes, no }: Select): boolean {
  const seen = new Set<Expression>();
  let count = 0;
  const visit = (e: Expression): void => {
    if (seen.has(e) || e.kind === "const") return;
    seen.add(e);
    count++;
    childrenOf(e).forEach(visit);
  };
  visit(no);
  visit(condition);
  count = 0;
  visit(yes);
  return count > LAZY_NODES;
}
