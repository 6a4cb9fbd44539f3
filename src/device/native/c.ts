/** GNU C, with vectors of `L` lanes: the spelling of values. The functions that it calls are in prelude.c.ts. */
import type { DType } from "../../core/dtype.ts";
import type { BinaryOp } from "../../ir/expression.ts";
import type { Dialect } from "../render/dialect.ts";

const SCALAR: Readonly<Record<DType, string>> = {
  f32: "f32",
  f64: "f64",
  i32: "i32",
  u32: "u32",
  f16: "u32",
  bf16: "u32",
  u8: "u32",
  bool: "i32",
};

const INFIX: Readonly<Partial<Record<BinaryOp, string>>> = {
  add: "+",
  sub: "-",
  mul: "*",
  lt: "<",
  le: "<=",
  eq: "==",
  ne: "!=",
  and: "&",
  or: "|",
  xor: "^",
};
/** On bool, arithmetic is logic. */
const LOGIC: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = {
  add: "or",
  max: "or",
  mul: "and",
  min: "and",
  sub: "xor",
  ne: "xor",
};
const COMPARISONS: ReadonlySet<BinaryOp> = new Set(["lt", "le", "eq", "ne"]);

const isFloat = (dtype: DType): boolean => dtype === "f32" || dtype === "f64";

/** The C type of a value; vectors of 8-bit numbers and of bits of halves have 32-bit lanes, those of truth values are masks. */
export function cType(dtype: DType, wide: boolean): string {
  return !wide ? SCALAR[dtype] : dtype === "bool" ? "maskv" : `${SCALAR[dtype]}v`;
}

/** Keeps a u8 result in range. */
const wrapped = (dtype: DType, x: string): string => (dtype === "u8" ? `(${x} & 255)` : x);

function float(value: number): string {
  if (Number.isNaN(value)) return '__builtin_nan("")';
  if (!Number.isFinite(value)) return value > 0 ? "__builtin_inf()" : "(-__builtin_inf())";
  const text = Object.is(value, -0) ? "-0.0" : String(value);
  const digits = /[.e]/.test(text) ? text : `${text}.0`;
  return digits.startsWith("-") ? `(${digits})` : digits;
}

export const C: Dialect = {
  type: cType,
  constant: (type, name, value) => `const ${type} ${name} = ${value};`,
  variable: (type, name, value) => `${type} ${name} = ${value};`,
  count: (index, begin, end) => `for (i32 ${index} = ${begin}; ${index} < ${end}; ${index}++)`,
  literal(value, dtype) {
    if (isFloat(dtype)) return `(${dtype})${float(value)}`;
    if (dtype === "i32") return value === -(2 ** 31) ? "(-2147483647 - 1)" : value < 0 ? `(${value})` : String(value);
    return dtype === "bool" ? String(Number(value !== 0)) : `${value}u`;
  },
  splat,
  unary(op, dtype, x, wide) {
    const type = cType(dtype, wide);
    switch (op) {
      case "neg":
        return dtype === "bool" ? x : wrapped(dtype, `(-${x})`);
      case "not":
        return dtype === "bool" ? (wide ? `not_maskv(${x})` : `(!${x})`) : wrapped(dtype, `(~${x})`);
      case "recip":
        return `(1 / ${x})`;
      case "sqrt":
      case "exp":
        return `${op}_${type}(${x})`;
      case "abs":
        return isFloat(dtype) || dtype === "i32" ? `abs_${type}(${x})` : x;
      case "floor":
      case "round":
        return isFloat(dtype) ? `${op}_${type}(${x})` : x;
      default:
        throw new Error(`C: ${op} on ${dtype} is not basic`);
    }
  },
  binary(op, dtype, x, y, wide) {
    const plain = dtype === "bool" ? (LOGIC[op] ?? op) : op;
    if (COMPARISONS.has(plain) && wide) return `${plain}_${cType(dtype, true)}(${x}, ${y})`;
    const infix = INFIX[plain] ?? (plain === "div" && isFloat(dtype) ? "/" : undefined);
    if (infix) return wrapped(dtype, `(${x} ${infix} ${y})`);
    const name = plain === "div" || plain === "idiv" ? "divide" : plain;
    return wrapped(dtype, `${name}_${cType(dtype, wide)}(${x}, ${y})`);
  },
  fused: (x, y, z, wide) => (wide ? `fma_f32v(${x}, ${y}, ${z})` : `__builtin_fmaf(${x}, ${y}, ${z})`),
  select(dtype, condition, yes, no, wide) {
    return wide ? `select_${cType(dtype, true)}(${condition}, ${yes}, ${no})` : `(${condition} ? ${yes} : ${no})`;
  },
  cast(from, to, x, wide) {
    if (from === to) return x;
    if (from === "f16") return `widen_f16${wide ? "v" : ""}(${x})`;
    if (to === "f16") return `narrow_f16${wide ? "v" : ""}(${x})`;
    const [source, target] = [cType(from, wide), cType(to, wide)];
    if (to === "bool") return wide ? `ne_${source}(${x}, (${source}){0})` : `(${x} != 0)`;
    if (from === "bool" && wide) return `select_${target}(${x}, splat_${target}(1), (${target}){0})`;
    if (isFloat(from) && !isFloat(to)) {
      const saturated = `saturate_${source}_${to === "i32" ? "i32" : "u32"}(${x})`;
      return to === "u8" ? `min_${target}(${saturated}, ${wide ? splat("u32", "255u") : "255u"})` : saturated;
    }
    const converted = source === target ? x : wide ? `__builtin_convertvector(${x}, ${target})` : `(${target})${x}`;
    return from === "bool" ? converted : wrapped(to, converted);
  },
  bitcast(from, to, x, wide) {
    const [source, target] = [cType(from, wide), cType(to, wide)];
    if (source === target) return x;
    return wide || !(isFloat(from) || isFloat(to)) ? `(${target})${x}` : `bits_${target}(${x})`;
  },
  divide(kind, x, divisor, wide) {
    if (wide) return `${kind}_v(${x}, ${divisor})`;
    // The reciprocal of a size is at hand (see loops.ts).
    if (typeof divisor === "string") return `${kind}_by(${x}, ${divisor}, per_${divisor})`;
    return `(i32)((u32)${x} ${kind === "quotient" ? "/" : "%"} (u32)${divisor})`;
  },
};

/** One value in all lanes; a truth value becomes a mask. */
export function splat(dtype: DType, x: string): string {
  return `splat_${cType(dtype, true)}(${x})`;
}
