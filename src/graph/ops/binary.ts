/** Two in, one out, element by element. Shapes and dtypes are equal: broadcasting and promotion happen one floor up. */
import { isFloat, type DType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
import { binary, type BinaryOp } from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, type GradientContext, type Op } from "../op.ts";
import { fill } from "./leaf.ts";
import { cast, floor, log, neg } from "./unary.ts";
import { where } from "./where.ts";

type Domain = "float" | "number" | "integer" | "bits" | "any";
const FITS: Readonly<Record<Domain, (dtype: DType) => boolean>> = {
  float: isFloat,
  number: (d) => d !== "bool",
  integer: (d) => !isFloat(d) && d !== "bool",
  bits: (d) => !isFloat(d),
  any: () => true,
};
const WANTS: Readonly<Record<Domain, string>> = {
  float: "floats",
  number: "numbers",
  integer: "integers",
  bits: "integers or bool",
  any: "",
};

/* @__NO_SIDE_EFFECTS__ */
function define(
  name: BinaryOp,
  domain: Domain,
  result: "same" | "bool",
  vjp?: (c: GradientContext) => readonly (Node | undefined)[],
): Op {
  return {
    name,
    infer([a, b]) {
      if (!sameShape(a!.shape, b!.shape))
        throw new ShapeError(`${name}: shapes differ: ${show(a!.shape)} and ${show(b!.shape)}`);
      if (a!.dtype !== b!.dtype)
        throw new DTypeError(`${name}: dtypes differ: ${a!.dtype} and ${b!.dtype}. Use cast on one of them`);
      if (!FITS[domain](a!.dtype)) throw new DTypeError(`${name}: needs ${WANTS[domain]}, got ${a!.dtype}`);
      return { shape: a!.shape, dtype: result === "bool" ? "bool" : a!.dtype };
    },
    ...(vjp ? { vjp } : {}),
    lower: ({ inputs: [a, b], index }) => binary(name, a!(index), b!(index)),
  };
}

const zero = (x: Node): Node => fill(x.shape, 0, x.dtype);
const one = (x: Node): Node => fill(x.shape, 1, x.dtype);

export const addOp: Op = define("add", "number", "same", ({ grad }) => [grad, grad]);
export const subOp: Op = define("sub", "number", "same", ({ grad }) => [grad, neg(grad)]);
export const mulOp: Op = define("mul", "number", "same", ({ grad, inputs: [a, b] }) => [mul(grad, b!), mul(grad, a!)]);
export const divOp: Op = define("div", "float", "same", ({ grad, node, inputs: [, b] }) => {
  const g = div(grad, b!);
  return [g, neg(mul(g, node))];
});
/** At a base of 0 the gradient of an exponent of 0 or more is 0, as in PyTorch; so is the base's at 0 to the 0. */
export const powOp: Op = define("pow", "float", "same", ({ grad, node, inputs: [a, b] }) => {
  const atZero = and(eq(a!, zero(a!)), le(zero(b!), b!));
  // Only there would 0 times infinity come out. Where the exponent alone is 0, the formula holds and has derivatives.
  const base = where(and(atZero, eq(b!, zero(b!))), one(a!), a!);
  return [
    mul(grad, mul(b!, pow(base, sub(b!, one(b!))))),
    where(atZero, zero(a!), mul(grad, mul(node, log(where(atZero, one(a!), a!))))),
  ];
});
/** Ties share the gradient in halves, and NaN sends it both ways, as in PyTorch. */
/* @__NO_SIDE_EFFECTS__ */
const extreme = (name: "max" | "min"): Op =>
  define(name, "any", "same", ({ grad, inputs: [a, b] }) => {
    const [lower, higher] = name === "max" ? [a!, b!] : [b!, a!];
    const given = where(eq(a!, b!), mul(grad, fill(grad.shape, 0.5, grad.dtype)), grad);
    return [where(lt(lower, higher), zero(grad), given), where(lt(higher, lower), zero(grad), given)];
  });
export const maxOp: Op = extreme("max");
export const minOp: Op = extreme("min");
/** a − b·⌊a / b⌋: the sign of the divisor, as in Python. */
export const modOp: Op = define("mod", "number", "same", ({ grad, inputs: [a, b] }) => [
  grad,
  neg(mul(grad, floor(div(a!, b!)))),
]);
export const idivOp: Op = define("idiv", "number", "same");
export const ltOp: Op = define("lt", "any", "bool");
export const leOp: Op = define("le", "any", "bool");
export const eqOp: Op = define("eq", "any", "bool");
export const neOp: Op = define("ne", "any", "bool");
export const andOp: Op = define("and", "bits", "same");
export const orOp: Op = define("or", "bits", "same");
export const xorOp: Op = define("xor", "bits", "same");
export const shlOp: Op = define("shl", "integer", "same");
export const shrOp: Op = define("shr", "integer", "same");

export const add = (a: Node, b: Node): Node => apply(addOp, [a, b], {});
export const sub = (a: Node, b: Node): Node => apply(subOp, [a, b], {});
export const mul = (a: Node, b: Node): Node => apply(mulOp, [a, b], {});
/** True division; integers divide as f32. */
export const div = (a: Node, b: Node): Node =>
  isFloat(a.dtype) ? apply(divOp, [a, b], {}) : apply(divOp, [cast(a, "f32"), cast(b, "f32")], {});
export const pow = (a: Node, b: Node): Node => apply(powOp, [a, b], {});
export const max = (a: Node, b: Node): Node => apply(maxOp, [a, b], {});
export const min = (a: Node, b: Node): Node => apply(minOp, [a, b], {});
export const mod = (a: Node, b: Node): Node => apply(modOp, [a, b], {});
export const idiv = (a: Node, b: Node): Node => apply(idivOp, [a, b], {});
export const lt = (a: Node, b: Node): Node => apply(ltOp, [a, b], {});
export const le = (a: Node, b: Node): Node => apply(leOp, [a, b], {});
export const eq = (a: Node, b: Node): Node => apply(eqOp, [a, b], {});
export const ne = (a: Node, b: Node): Node => apply(neOp, [a, b], {});
export const and = (a: Node, b: Node): Node => apply(andOp, [a, b], {});
export const or = (a: Node, b: Node): Node => apply(orOp, [a, b], {});
export const xor = (a: Node, b: Node): Node => apply(xorOp, [a, b], {});
export const shl = (a: Node, b: Node): Node => apply(shlOp, [a, b], {});
export const shr = (a: Node, b: Node): Node => apply(shrOp, [a, b], {});
