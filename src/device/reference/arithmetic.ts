/** What every scalar operation of the kernel IR does to JavaScript numbers: floats in float64, integers wrapping exactly. */
import { isFloat, isHalf, type DType } from "../../core/dtype.ts";
import { fromHalfBits, toHalfBits } from "../../core/half.ts";
import type { BinaryOp, ReduceOp, UnaryOp } from "../../ir/expression.ts";
import { erf } from "./erf.ts";

export type UnaryFunction = (x: number) => number;
export type BinaryFunction = (x: number, y: number) => number;

/** Brings the exact result of an integer operation back into its dtype, modulo its width. */
const WRAP: Readonly<Record<DType, UnaryFunction>> = {
  f32: (x) => x,
  f64: (x) => x,
  f16: (x) => x,
  bf16: (x) => x,
  i32: (x) => x | 0,
  u32: (x) => x >>> 0,
  u8: (x) => x & 255,
  bool: (x) => (x === 0 ? 0 : 1),
};

/** Half to even, keeping the sign of a zero. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const part = x - below;
  const rounded = part < 0.5 || (part === 0.5 && below % 2 === 0) ? below : below + 1;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

/** C's pow, which unlike JavaScript's gives 1 for 1 to anything and −1 to ±∞. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

/** The remainder with the sign of the divisor, exact. Integers: 0 when dividing by 0. */
function floorMod(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

/** Unary operations on a dtype. */
export function unaryFunction(op: UnaryOp, dtype: DType): UnaryFunction {
  const wrap = WRAP[dtype];
  switch (op) {
    case "neg":
      return isFloat(dtype) ? (x) => -x : (x) => wrap(-x);
    case "exp":
      return Math.exp;
    case "log":
      return Math.log;
    case "sin":
      return Math.sin;
    case "cos":
      return Math.cos;
    case "sqrt":
      return Math.sqrt;
    case "recip":
      return (x) => 1 / x;
    case "tanh":
      return Math.tanh;
    case "erf":
      return erf;
    case "abs":
      return isFloat(dtype) ? Math.abs : (x) => wrap(Math.abs(x));
    case "floor":
      return Math.floor;
    case "round":
      return roundHalfEven;
    case "sign":
      return Math.sign;
    case "not":
      return dtype === "bool" ? (x) => (x === 0 ? 1 : 0) : (x) => wrap(~x);
  }
}

/** Binary operations on a dtype. Integer division by 0 gives 0: values, never exceptions. */
export function binaryFunction(op: BinaryOp, dtype: DType): BinaryFunction {
  const wrap = WRAP[dtype];
  const float = isFloat(dtype);
  switch (op) {
    case "add":
      return float ? (x, y) => x + y : (x, y) => wrap(x + y);
    case "sub":
      return float ? (x, y) => x - y : (x, y) => wrap(x - y);
    case "mul":
      return float ? (x, y) => x * y : (x, y) => wrap(Math.imul(x, y));
    case "div":
      return (x, y) => x / y;
    case "pow":
      return power;
    case "max":
      return Math.max;
    case "min":
      return Math.min;
    case "mod":
      return float ? floorMod : (x, y) => wrap(floorMod(x, y));
    case "idiv":
      return float ? (x, y) => Math.floor(x / y) : (x, y) => (y === 0 ? 0 : wrap(Math.floor(x / y)));
    case "lt":
      return (x, y) => (x < y ? 1 : 0);
    case "le":
      return (x, y) => (x <= y ? 1 : 0);
    case "eq":
      return (x, y) => (x === y ? 1 : 0);
    case "ne":
      return (x, y) => (x === y ? 0 : 1);
    case "and":
      return (x, y) => wrap(x & y);
    case "or":
      return (x, y) => wrap(x | y);
    case "xor":
      return (x, y) => wrap(x ^ y);
    case "shl":
      return (x, y) => wrap(x << y);
    case "shr":
      return dtype === "i32" ? (x, y) => x >> y : (x, y) => wrap(x >>> y);
  }
}

/** How a reduction combines two values; the positions of argmax and argmin are their caller's. */
export function combineFunction(op: Exclude<ReduceOp, "argmax" | "argmin">, dtype: DType): BinaryFunction {
  return binaryFunction(op === "sum" ? "add" : op === "prod" ? "mul" : op, dtype);
}

/** Whether `x` takes over from `best` in argmax or argmin: the first of equals stays, and the first NaN beats all. */
export function beats(op: "argmax" | "argmin"): (x: number, best: number) => boolean {
  return op === "argmax"
    ? (x, best) => x > best || (Number.isNaN(x) && !Number.isNaN(best))
    : (x, best) => x < best || (Number.isNaN(x) && !Number.isNaN(best));
}

const LIMITS: Readonly<Record<"i32" | "u32" | "u8", readonly [number, number]>> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  u8: [0, 255],
};

/** Float to integer truncates and saturates, NaN gives 0; integers wrap; anything to bool asks `≠ 0`. */
export function castFunction(from: DType, to: DType): UnaryFunction {
  // Kernels hold halves as bits, between a load or store and the cast beside it.
  if (isHalf(from)) return (bits) => fromHalfBits(bits, from);
  if (isHalf(to)) return (x) => toHalfBits(x, to);
  if (to === "bool" || to === "f64") return WRAP[to];
  if (to === "f32") return Math.fround;
  if (!isFloat(from)) return WRAP[to];
  const [low, high] = LIMITS[to];
  return (x) => (Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, low), high)) + 0);
}

/** The same bits as another dtype of equal width, or those of a half as the lower half of a u32. */
export function bitcastFunction(from: DType, to: DType): UnaryFunction {
  if (isHalf(to)) return (x) => x & 0xffff;
  if (from !== "f32" && to !== "f32") return WRAP[to];
  const float = new Float32Array(1);
  const bits = to === "i32" || from === "i32" ? new Int32Array(float.buffer) : new Uint32Array(float.buffer);
  const [source, target] = from === "f32" ? [float, bits] : [bits, float];
  return (x) => {
    source[0] = x;
    return target[0]!;
  };
}
