/** Questions about elements: the answer is bool. */
import { isFloat } from "../../core/dtype.ts";
import type { Node } from "../../graph/node.ts";
import * as ops from "../../graph/ops/binary.ts";
import { fill } from "../../graph/ops/leaf.ts";
import { abs, cast, not } from "../../graph/ops/unary.ts";
import { where as select } from "../../graph/ops/where.ts";
import { commonShape, commonType, expandTo, like, pair, type Operand } from "./operands.ts";

export function eq(a: Operand, b: Operand): Node {
  return ops.eq(...pair("eq", a, b));
}

export function ne(a: Operand, b: Operand): Node {
  return ops.ne(...pair("ne", a, b));
}

export function lt(a: Operand, b: Operand): Node {
  return ops.lt(...pair("lt", a, b));
}

export function le(a: Operand, b: Operand): Node {
  return ops.le(...pair("le", a, b));
}

export function gt(a: Operand, b: Operand): Node {
  const [left, right] = pair("gt", a, b);
  return ops.lt(right, left);
}

export function ge(a: Operand, b: Operand): Node {
  const [left, right] = pair("ge", a, b);
  return ops.le(right, left);
}

const truths = (op: string, a: Operand, b: Operand): readonly [Node, Node] => {
  const [left, right] = pair(op, a, b);
  return [cast(left, "bool"), cast(right, "bool")];
};

/** True where both are not zero. */
export function logicalAnd(a: Operand, b: Operand): Node {
  return ops.and(...truths("logicalAnd", a, b));
}

/** True where one or both are not zero. */
export function logicalOr(a: Operand, b: Operand): Node {
  return ops.or(...truths("logicalOr", a, b));
}

/** True where exactly one is not zero. */
export function logicalXor(a: Operand, b: Operand): Node {
  return ops.xor(...truths("logicalXor", a, b));
}

/** True where the value is zero. */
export function logicalNot(x: Node): Node {
  return not(cast(x, "bool"));
}

/** x ≠ x: only NaN differs from itself. */
export function isNan(x: Node): Node {
  return isFloat(x.dtype) ? ops.ne(x, x) : fill(x.shape, 0, "bool");
}

export function isInf(x: Node): Node {
  return isFloat(x.dtype) ? ops.eq(abs(x), like(x, Infinity)) : fill(x.shape, 0, "bool");
}

export function isFinite(x: Node): Node {
  return isFloat(x.dtype) ? ops.lt(abs(x), like(x, Infinity)) : fill(x.shape, 1, "bool");
}

/** `yes` where the condition holds, `no` elsewhere; all three broadcast, `yes` and `no` promote. */
export function where(condition: Node, yes: Operand, no: Operand): Node {
  const dtype = commonType([yes, no]);
  const shape = commonShape(
    "where",
    [condition, yes, no].map((x) => (typeof x === "number" ? [] : x.shape)),
  );
  const [ifTrue, ifFalse] = [yes, no].map((x) =>
    typeof x === "number" ? fill(shape, x, dtype) : expandTo(cast(x, dtype), shape),
  );
  return select(expandTo(condition, shape), ifTrue!, ifFalse!);
}
