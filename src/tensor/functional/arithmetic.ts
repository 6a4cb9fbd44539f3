/** Two in, one out, with NumPy's broadcasting and PyTorch's promotion. */
import { isFloat } from "../../core/dtype.ts";
import type { Node } from "../../graph/node.ts";
import * as ops from "../../graph/ops/binary.ts";
import { recip, sqrt } from "../../graph/ops/unary.ts";
import { like, pair, toCountable, toFloat, type Operand } from "./operands.ts";

export function add(a: Operand, b: Operand): Node {
  return ops.add(...pair("add", a, b));
}

export function sub(a: Operand, b: Operand): Node {
  return ops.sub(...pair("sub", a, b));
}

export function mul(a: Operand, b: Operand): Node {
  return ops.mul(...pair("mul", a, b));
}

/** True division; integers divide as f32. */
export function div(a: Operand, b: Operand): Node {
  return ops.div(...pair("div", a, b));
}

/** a − b·⌊a / b⌋: the sign of the divisor, as in Python. */
export function mod(a: Operand, b: Operand): Node {
  return ops.mod(...pair("mod", a, b));
}

/** ⌊a / b⌋ in the operands' dtype. */
export function floorDiv(a: Operand, b: Operand): Node {
  return ops.idiv(...pair("floorDiv", a, b));
}

/** The larger of the two; NaN wins. Ties share the gradient in halves. */
export function maximum(a: Operand, b: Operand): Node {
  return ops.max(...pair("maximum", a, b));
}

/** The smaller of the two; NaN wins. */
export function minimum(a: Operand, b: Operand): Node {
  return ops.min(...pair("minimum", a, b));
}

/** a to the power of b. Integers stay integers where b is a whole number of 0 or more, otherwise they become f32. */
export function pow(a: Operand, b: Operand): Node {
  if (typeof a !== "number" && typeof b === "number") {
    if (!isFloat(a.dtype) && Number.isInteger(b) && b >= 0) return wholePower(toCountable(a), b);
    const x = toFloat(a);
    if (b === 2) return ops.mul(x, x);
    if (b === 1) return x;
    if (b === 0.5) return sqrt(x);
    if (b === -1) return recip(x);
  }
  const [base, exponent] = pair("pow", a, b);
  return ops.pow(toFloat(base), toFloat(exponent));
}

/** By squaring: exact in integers. */
function wholePower(x: Node, exponent: number): Node {
  if (exponent === 0) return like(x, 1);
  const half = wholePower(x, Math.floor(exponent / 2));
  const square = exponent < 2 ? half : ops.mul(half, half);
  return exponent % 2 ? ops.mul(square, x) : square;
}

/** The point between `a` (weight 0) and `b` (weight 1). */
export function lerp(a: Operand, b: Operand, weight: Operand): Node {
  const [from, to] = pair("lerp", a, b);
  return add(from, mul(weight, ops.sub(to, from)));
}

export function bitAnd(a: Operand, b: Operand): Node {
  return ops.and(...pair("bitAnd", a, b));
}

export function bitOr(a: Operand, b: Operand): Node {
  return ops.or(...pair("bitOr", a, b));
}

export function bitXor(a: Operand, b: Operand): Node {
  return ops.xor(...pair("bitXor", a, b));
}

export function shl(a: Operand, b: Operand): Node {
  return ops.shl(...pair("shl", a, b));
}

/** Keeps the sign of i32. */
export function shr(a: Operand, b: Operand): Node {
  return ops.shr(...pair("shr", a, b));
}
