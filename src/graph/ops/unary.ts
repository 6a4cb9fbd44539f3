/** One in, one out, element by element. */
import { checkDType, byteSize, isFloat, isHalf, type DType } from "../../core/dtype.ts";
import { DTypeError } from "../../core/errors.ts";
import { bitcast as bitcastExpression, unary, type UnaryOp } from "../../ir/expression.ts";
import { castNumber } from "../../ir/half.ts";
import type { Node } from "../node.ts";
import { apply, type GradientContext, type Op } from "../op.ts";
import { div, mul, sub } from "./binary.ts";
import { fill } from "./leaf.ts";

type Domain = "float" | "number" | "any";

/* @__NO_SIDE_EFFECTS__ */
function define(name: UnaryOp, domain: Domain, vjp?: (context: GradientContext) => Node | undefined): Op {
  return {
    name,
    infer([x]) {
      if ((domain === "float" && !isFloat(x!.dtype)) || (domain === "number" && x!.dtype === "bool"))
        throw new DTypeError(
          `${name}: needs ${domain === "float" ? "floats" : "numbers"}, got ${x!.dtype}. Use x.cast("f32") first`,
        );
      return { shape: x!.shape, dtype: x!.dtype };
    },
    ...(vjp ? { vjp: (c) => [vjp(c)] } : {}),
    lower: ({ inputs: [x], index }) => unary(name, x!(index)),
  };
}

const like = (x: Node, value: number): Node => fill(x.shape, value, x.dtype);

export const negOp: Op = define("neg", "number", ({ grad }) => neg(grad));
export const expOp: Op = define("exp", "float", ({ grad, node }) => mul(grad, node));
export const logOp: Op = define("log", "float", ({ grad, inputs: [x] }) => div(grad, x!));
export const sinOp: Op = define("sin", "float", ({ grad, inputs: [x] }) => mul(grad, cos(x!)));
export const cosOp: Op = define("cos", "float", ({ grad, inputs: [x] }) => neg(mul(grad, sin(x!))));
export const sqrtOp: Op = define("sqrt", "float", ({ grad, node }) => div(mul(grad, like(node, 0.5)), node));
export const recipOp: Op = define("recip", "float", ({ grad, node }) => neg(mul(grad, mul(node, node))));
export const tanhOp: Op = define("tanh", "float", ({ grad, node }) => mul(grad, sub(like(node, 1), mul(node, node))));
export const erfOp: Op = define("erf", "float", ({ grad, inputs: [x] }) =>
  mul(grad, mul(like(x!, 2 / Math.sqrt(Math.PI)), exp(neg(mul(x!, x!))))),
);
export const absOp: Op = define("abs", "number", ({ grad, inputs: [x] }) => mul(grad, sign(x!)));
// Steps: the derivative is 0 wherever it exists, so gradients stop here.
export const floorOp: Op = define("floor", "float");
export const roundOp: Op = define("round", "float");
export const signOp: Op = define("sign", "number");
export const notOp: Op = {
  ...define("not", "any"),
  infer([x]) {
    if (isFloat(x!.dtype))
      throw new DTypeError(`not: needs bool or integers, got ${x!.dtype}. Use x.eq(0) for "is zero"`);
    return { shape: x!.shape, dtype: x!.dtype };
  },
};

export const neg = (x: Node): Node => apply(negOp, [x], {});
export const exp = (x: Node): Node => apply(expOp, [x], {});
export const log = (x: Node): Node => apply(logOp, [x], {});
export const sin = (x: Node): Node => apply(sinOp, [x], {});
export const cos = (x: Node): Node => apply(cosOp, [x], {});
export const sqrt = (x: Node): Node => apply(sqrtOp, [x], {});
export const recip = (x: Node): Node => apply(recipOp, [x], {});
export const tanh = (x: Node): Node => apply(tanhOp, [x], {});
export const erf = (x: Node): Node => apply(erfOp, [x], {});
export const abs = (x: Node): Node => apply(absOp, [x], {});
export const floor = (x: Node): Node => apply(floorOp, [x], {});
export const round = (x: Node): Node => apply(roundOp, [x], {});
export const sign = (x: Node): Node => apply(signOp, [x], {});
export const not = (x: Node): Node => apply(notOp, [x], {});

/**
 * The value in another dtype: truncation towards zero from float to integer, `≠ 0` to bool, the nearest f16 or bf16. An f16 or
 * bf16 is rounded to what it would be stored as.
 */
export const castOp: Op<{ readonly dtype: DType }> = {
  name: "cast",
  infer([x], { dtype }) {
    checkDType(dtype);
    return { shape: x!.shape, dtype };
  },
  vjp: ({ grad, inputs: [x] }) => [isFloat(x!.dtype) ? cast(grad, x!.dtype) : undefined],
  lower: ({ inputs: [x], nodes: [node], index, attributes: { dtype } }) =>
    castNumber(castNumber(x!(index), node!.dtype), dtype),
};
export const cast = (x: Node, dtype: DType): Node => (x.dtype === dtype ? x : apply(castOp, [x], { dtype }));

/** The same bits read as another dtype of equal width. */
export const bitcastOp: Op<{ readonly dtype: DType }> = {
  name: "bitcast",
  infer([x], { dtype }) {
    if (byteSize(x!.dtype) !== byteSize(dtype))
      throw new DTypeError(`bitcast: ${x!.dtype} and ${dtype} differ in width. Use cast for another number type`);
    if (x!.dtype !== dtype && (isHalf(x!.dtype) || isHalf(dtype)))
      throw new DTypeError(`bitcast: ${x!.dtype} and ${dtype}: the bits of 16-bit floats have no dtype. Use cast`);
    if (x!.dtype !== dtype && (x!.dtype === "bool" || dtype === "bool"))
      throw new DTypeError(`bitcast: ${x!.dtype} and ${dtype}: a bool is 0 or 1, not any byte. Use cast or ne`);
    return { shape: x!.shape, dtype };
  },
  lower: ({ inputs: [x], index, dtype }) => bitcastExpression(x!(index), dtype),
};
export const bitcast = (x: Node, dtype: DType): Node => apply(bitcastOp, [x], { dtype });
