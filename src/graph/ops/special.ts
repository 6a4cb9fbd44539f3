/** Inverse and special functions, element by element: ops whose lowering is a formula (see ir/special). */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, DTypeError } from "../../core/errors.ts";
import type { Expression } from "../../ir/expression.ts";
import * as formulas from "../../ir/special.ts";
import type { Attributes, Node } from "../node.ts";
import { apply, type GradientContext, type Op } from "../op.ts";
import { add, div, mul, sub } from "./binary.ts";
import { fill } from "./leaf.ts";
import { exp, neg, sqrt } from "./unary.ts";

/* @__NO_SIDE_EFFECTS__ */
function define<A extends Attributes = Attributes>(
  name: string,
  formula: (x: Expression, attributes: A) => Expression,
  vjp: (context: GradientContext<A>) => Node,
  check?: (attributes: A) => void,
): Op<A> {
  return {
    name,
    infer([x], attributes) {
      check?.(attributes);
      if (!isFloat(x!.dtype)) throw new DTypeError(`${name}: needs floats, got ${x!.dtype}. Use x.cast("f32") first`);
      return { shape: x!.shape, dtype: x!.dtype };
    },
    vjp: (context) => [vjp(context)],
    lower: ({ inputs: [x], index, attributes }) => formula(x!(index), attributes),
  };
}

const like = (x: Node, value: number): Node => fill(x.shape, value, x.dtype);
/** √(1 − x²), without cancelling near ±1. */
const cosine = (x: Node): Node => sqrt(mul(sub(like(x, 1), x), add(like(x, 1), x)));

/** The arc whose sine is x; NaN outside −1 … 1. */
export const asinOp: Op = define("asin", formulas.asin, ({ grad, inputs: [x] }) => div(grad, cosine(x!)));
/** The arc whose cosine is x; NaN outside −1 … 1. */
export const acosOp: Op = define("acos", formulas.acos, ({ grad, inputs: [x] }) => neg(div(grad, cosine(x!))));
/** The arc whose tangent is x. */
export const atanOp: Op = define("atan", formulas.atan, ({ grad, inputs: [x] }) =>
  div(grad, add(like(x!, 1), mul(x!, x!))),
);
/** The number whose erf is x: ±∞ at ±1, NaN outside. */
export const erfinvOp: Op = define("erfinv", formulas.erfinv, ({ grad, node }) =>
  mul(grad, mul(like(node, Math.sqrt(Math.PI) / 2), exp(mul(node, node)))),
);
/** ln |Γ(x)|: ∞ at 0, −1, −2 … */
export const lgammaOp: Op = define("lgamma", formulas.lgamma, ({ grad, inputs: [x] }) => mul(grad, polygamma(0, x!)));

/** The derivatives of ln |Γ(x)|: ψ for order 0, ψ′ for order 1 … From order 2 on NaN below 0. */
export const polygammaOp: Op<{ readonly order: number }> = define(
  "polygamma",
  (x, { order }) => formulas.polygamma(order, x),
  ({ grad, inputs: [x], attributes: { order } }) => mul(grad, polygamma(order + 1, x!)),
  ({ order }) => {
    if (!Number.isInteger(order) || order < 0)
      throw new ArgumentError(`polygamma: the order must be a whole number of 0 or more, got ${order}`);
  },
);

export const asin = (x: Node): Node => apply(asinOp, [x], {});
export const acos = (x: Node): Node => apply(acosOp, [x], {});
export const atan = (x: Node): Node => apply(atanOp, [x], {});
export const erfinv = (x: Node): Node => apply(erfinvOp, [x], {});
export const lgamma = (x: Node): Node => apply(lgammaOp, [x], {});
export const polygamma = (order: number, x: Node): Node => apply(polygammaOp, [x], { order });
