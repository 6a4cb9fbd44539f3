/** Expressions over other operands, in canonical form again. */
import type { Expression, Index } from "./expression-types.ts";
import {
  binary,
  bitcast,
  cast,
  constant,
  load,
  quotient,
  reduce,
  remainder,
  select,
  unary,
  weighted,
} from "./expression.ts";

/** Rebuilds an expression with some subexpressions replaced; shares what does not change. */
export function substitute(
  e: Expression,
  replace: ReadonlyMap<Expression, Expression>,
  memo: Map<Expression, Expression> = new Map(),
): Expression {
  const direct = replace.get(e);
  if (direct) return direct;
  const known = memo.get(e);
  if (known) return known;
  const made = mapChildren(e, (child) => substitute(child, replace, memo));
  memo.set(e, made);
  return made;
}

/** The same expression over other operands, in canonical form again. */
export function mapChildren(e: Expression, f: (child: Expression) => Expression): Expression {
  switch (e.kind) {
    case "const":
    case "param":
    case "index":
    case "register":
    case "affineParam":
    case "fused":
      return e;
    case "affine": {
      const values = e.terms.map((t) => f(t.value));
      if (values.every((value, i) => value === e.terms[i]!.value)) return e;
      return weighted([...values, constant(e.constant, "i32")], [...e.terms.map((t) => t.coefficient), 1]);
    }
    case "quotient":
    case "remainder": {
      const value = f(e.value);
      if (value === e.value || typeof e.divisor !== "number") return e;
      return e.kind === "quotient" ? quotient(value, e.divisor) : remainder(value, e.divisor);
    }
    case "unary": {
      const v = f(e.value);
      return v === e.value ? e : unary(e.op, v);
    }
    case "cast": {
      const v = f(e.value);
      return v === e.value ? e : cast(v, e.dtype);
    }
    case "bitcast": {
      const v = f(e.value);
      return v === e.value ? e : bitcast(v, e.dtype);
    }
    case "binary": {
      const l = f(e.left),
        r = f(e.right);
      return l === e.left && r === e.right ? e : binary(e.op, l, r);
    }
    case "select": {
      const c = f(e.condition),
        y = f(e.yes),
        n = f(e.no);
      return c === e.condition && y === e.yes && n === e.no ? e : select(c, y, n);
    }
    case "load": {
      const o = f(e.offset);
      return o === e.offset ? e : load(e.buffer, e.dtype, o);
    }
    case "reduce": {
      const axes = e.axes.map((a) => f(a) as Index),
        b = f(e.body);
      return b === e.body && axes.every((a, i) => a === e.axes[i]) ? e : reduce(e.op, axes, b);
    }
  }
}
