/**
 * Scalar expressions: what one element is worth, as a function of loop indices and buffers.
 * Expressions are interned, so equal ones are the same object: sharing needs no search, and comparison is `===`.
 * Knows no op and no tensor.
 */
import { isFloat, isHalf, type DType } from "../core/dtype.ts";
import { toHalfBits } from "../core/half.ts";
import { add, scale } from "./affine.ts";
import type {
  Binary,
  BinaryOp,
  Bitcast,
  Cast,
  Expression,
  Index,
  Load,
  Reduce,
  ReduceOp,
  Select,
  Unary,
  UnaryOp,
} from "./expression-types.ts";
import { constant, intern } from "./intern.ts";

export type * from "./expression-types.ts";
export { add, affine, quotient, remainder, scale, strideOf, weighted } from "./affine.ts";
export { childrenOf, constant, index, param, register, trimExpressions } from "./intern.ts";

export function unary(op: UnaryOp, value: Expression): Expression {
  return intern<Unary>(`${op}(${value.id}`, () => ({ kind: "unary", dtype: value.dtype, op, value }));
}

const COMPARISONS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["lt", "le", "eq", "ne"]);

export function binary(op: BinaryOp, left: Expression, right: Expression): Expression {
  if (left.dtype === "i32" && right.dtype === "i32") {
    if (left === right && COMPARISONS.has(op)) return constant(op === "eq" || op === "le" ? 1 : 0, "bool");
    // Index arithmetic keeps its canonical form whoever writes it.
    if (op === "add") return add(left, right);
    if (op === "sub") return add(left, scale(right, -1));
    if (op === "mul" && right.kind === "const") return scale(left, right.value);
    if (op === "mul" && left.kind === "const") return scale(right, left.value);
    if (op === "min")
      return left.high <= right.low
        ? left
        : right.high <= left.low
          ? right
          : internBinary(op, left, right, Math.min(left.low, right.low), Math.min(left.high, right.high));
    if (op === "max")
      return left.low >= right.high
        ? left
        : right.low >= left.high
          ? right
          : internBinary(op, left, right, Math.max(left.low, right.low), Math.max(left.high, right.high));
    if (op === "lt" && left.high < right.low) return constant(1, "bool");
    if (op === "lt" && left.low >= right.high) return constant(0, "bool");
    if (op === "le" && left.high <= right.low) return constant(1, "bool");
    if (op === "le" && left.low > right.high) return constant(0, "bool");
  }
  if (left.dtype === "bool" && op === "and") {
    if (left.kind === "const") return left.value ? right : left;
    if (right.kind === "const") return right.value ? left : right;
    if (left === right) return left;
  }
  // What is left of a word's bits is a small number: a bucket's, a byte's.
  if (op === "shr" && left.dtype === "u32" && right.kind === "const" && right.value > 0 && right.value < 32)
    return internBinary(op, left, right, 0, 2 ** (32 - right.value) - 1);
  return internBinary(op, left, right);
}

function internBinary(op: BinaryOp, left: Expression, right: Expression, low = -Infinity, high = Infinity): Binary {
  return intern<Binary>(`${op}(${left.id},${right.id}`, () => ({
    kind: "binary",
    dtype: COMPARISONS.has(op) ? "bool" : left.dtype,
    op,
    left,
    right,
    low,
    high,
  }));
}

export function select(condition: Expression, yes: Expression, no: Expression): Expression {
  if (condition.kind === "const") return condition.value ? yes : no;
  if (yes === no) return yes;
  return intern<Select>(`?(${condition.id},${yes.id},${no.id}`, () => ({
    kind: "select",
    dtype: yes.dtype,
    condition,
    yes,
    no,
    low: Math.min(yes.low, no.low),
    high: Math.max(yes.high, no.high),
  }));
}

/** The value as an integer of the dtype: truncated and saturated. */
function saturated(value: number, dtype: "i32" | "u32" | "u8"): number {
  const low = dtype === "i32" ? -(2 ** 31) : 0;
  const high = dtype === "i32" ? 2 ** 31 - 1 : dtype === "u32" ? 2 ** 32 - 1 : 255;
  return Number.isNaN(value) ? 0 : Math.trunc(Math.min(Math.max(value, low), high));
}

export function cast(value: Expression, dtype: DType): Expression {
  if (value.dtype === dtype) return value;
  if (isHalf(dtype)) {
    // What was loaded and is stored again keeps its bits.
    if (value.kind === "cast" && value.value.dtype === dtype) return value.value;
    if (value.kind === "const") return bitcast(constant(toHalfBits(value.value, dtype), "u32"), dtype);
  } else if (value.kind === "const")
    return constant(
      isFloat(value.dtype) && (dtype === "i32" || dtype === "u32" || dtype === "u8")
        ? saturated(value.value, dtype)
        : value.value,
      dtype,
    );
  const { low, high } = value.dtype === "u8" ? BYTE : value;
  const fits = dtype === "i32" && !isFloat(value.dtype) && low >= 0 && high < 2 ** 31;
  return intern<Cast>(`${dtype}(${value.id}`, () => ({ kind: "cast", dtype, value, ...(fits ? { low, high } : {}) }));
}

const BYTE = { low: 0, high: 255 } as const;

export function bitcast(value: Expression, dtype: DType): Expression {
  if (value.dtype === dtype) return value;
  if (value.kind === "bitcast" && value.value.dtype === dtype) return value.value;
  return intern<Bitcast>(`bits${dtype}(${value.id}`, () => ({ kind: "bitcast", dtype, value }));
}

export function load(buffer: number, dtype: DType, offset: Expression): Expression {
  return intern<Load>(`[${buffer}${dtype}](${offset.id}`, () => ({ kind: "load", dtype, buffer, offset }));
}

/** Combines `body` over `axes`; with no axis left it is the body itself (or index 0 for argmax and argmin). */
export function reduce(op: ReduceOp, axes: readonly Index[], body: Expression): Expression {
  const arg = op === "argmax" || op === "argmin";
  if (!axes.length) return arg ? constant(0, "i32") : body;
  if (op === "sum" && (body.dtype === "f32" || body.dtype === "f64")) {
    // Equal numbers are counted: faster than adding them up, and rounded once.
    const along = axes.filter((a) => body.free.has(a) || a.extent === 0);
    const count = axes.reduce((product, a) => (along.includes(a) ? product : product * a.extent), 1);
    if (count > 1) return binary("mul", reduce(op, along, body), constant(count, body.dtype));
  }
  return intern<Reduce>(`${op}{${axes.map((a) => a.id).join(",")}}(${body.id}`, () => ({
    kind: "reduce",
    dtype: arg ? "i32" : body.dtype,
    op,
    axes,
    body,
  }));
}
