/** How far apart in memory neighbouring iterations are. */
import type { Expression, Index } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import type { Slots } from "./slots.ts";

/**
 * The step of an offset from one value of a loop's index to the next, near the beginning; 0 where it does not depend on it
 * or what is loaded decides. `lets` name values that it may depend on.
 */
export function strideOf(offset: Expression, index: Index, lets: readonly Statement[], slots: Slots): number {
  const at = (value: number): number => evaluate(offset, index, value, lets, slots);
  // The first step may be one that a bound hides.
  return at(2) - at(1) || at(1) - at(0);
}

function evaluate(e: Expression, index: Index, value: number, lets: readonly Statement[], slots: Slots): number {
  const named = new Map(lets.flatMap((s) => (s.kind === "let" ? [[s.register as Expression, s.value] as const] : [])));
  const known = new Map<Expression, number>([[index, value]]);
  const number = (x: Expression): number => {
    let result = known.get(x);
    if (result === undefined) known.set(x, (result = compute(x)));
    return result;
  };
  const compute = (x: Expression): number => {
    switch (x.kind) {
      case "const":
        return x.value;
      case "param":
        return slots.isSize(x) ? slots.valueOf(x) : 0;
      case "affine":
        return x.terms.reduce((sum, t) => sum + number(t.value) * t.coefficient, x.constant);
      case "affineParam":
        return x.terms.reduce(
          (sum, t) => sum + number(t.value) * (t.coefficient ? number(t.coefficient) : 1),
          x.constant ? number(x.constant) : 0,
        );
      case "quotient":
        return Math.floor(number(x.value) / slots.valueOf(x.divisor));
      case "remainder":
        return number(x.value) % slots.valueOf(x.divisor);
      case "binary":
        if (x.op === "min" || x.op === "max") return Math[x.op](number(x.left), number(x.right));
        return 0;
      case "register":
        return named.has(x) ? number(named.get(x)!) : 0;
      default:
        return 0;
    }
  };
  return number(e);
}
