/**
 * Index arithmetic on known numbers worked out, and equal expressions made one: what is left to do after loops were
 * written out. Plain copies, as in rewrite.ts.
 */
import { childrenOf, constant, type Expression } from "./expression.ts";
import { copyWith, plainSum } from "./rewrite.ts";

/** A function that folds expressions; what it makes of equal ones is one object. */
export function folder(): (e: Expression) => Expression {
  const memo = new Map<Expression, Expression>();
  const made = new Map<string, Expression>();
  const numbers = new Map<Expression, number>();
  const numberOf = (e: Expression): number => {
    let known = numbers.get(e);
    if (known === undefined) numbers.set(e, (known = numbers.size));
    return known;
  };
  const fold = (e: Expression): Expression => {
    let known = memo.get(e);
    if (known === undefined) {
      const folded = foldedIndex(copyWith(e, fold));
      if (childrenOf(folded).length) {
        const key = keyOf(folded, numberOf);
        known = made.get(key) ?? folded;
        made.set(key, known);
      } else known = folded;
      memo.set(e, known);
    }
    return known;
  };
  return fold;
}

function foldedIndex(e: Expression): Expression {
  switch (e.kind) {
    case "affine":
      return plainSum(
        e.terms.map((t) => ({ value: t.value, coefficient: constant(t.coefficient, "i32") })),
        constant(e.constant, "i32"),
      );
    case "affineParam":
      return plainSum(e.terms, e.constant);
    case "quotient":
    case "remainder": {
      const { value, divisor } = e;
      if (value.kind !== "const" || typeof divisor !== "number") return e;
      return constant(e.kind === "quotient" ? Math.floor(value.value / divisor) : value.value % divisor, "i32");
    }
    default:
      return e;
  }
}

/** What an expression is beside its operands. */
function keyOf(e: Expression, numberOf: (e: Expression) => number): string {
  const operands = childrenOf(e).map(numberOf).join();
  switch (e.kind) {
    case "unary":
    case "binary":
      return `${e.op} ${e.dtype} ${operands}`;
    case "load":
      return `load ${e.buffer} ${e.dtype} ${operands}`;
    case "quotient":
    case "remainder":
      return `${e.kind} ${typeof e.divisor === "number" ? e.divisor : ""} ${operands}`;
    case "affineParam":
      return `sum ${e.terms.map((t) => Number(t.coefficient !== undefined)).join("")}${e.constant ? 1 : 0} ${operands}`;
    case "reduce":
      return `${e.op} ${operands} over ${e.axes.map(numberOf).join()}`;
    default:
      return `${e.kind} ${e.dtype} ${operands}`;
  }
}
