/**
 * WGSL: the spelling of values. Compilers of shaders may take it that no number is NaN or infinite, fold what they know
 * and read floats as real numbers; what is spelled here keeps its meaning all the same. The functions that it calls are
 * in prelude.ts.
 */
import type { DType } from "../../core/dtype.ts";
import type { BinaryOp, UnaryOp } from "../../ir/expression.ts";
import type { Dialect } from "../render/dialect.ts";
import type { Helper } from "./prelude.ts";

const INFIX: Readonly<Partial<Record<BinaryOp, string>>> = {
  add: "+",
  sub: "-",
  mul: "*",
  and: "&",
  or: "|",
  xor: "^",
};

/** What operations on truth values are. */
const LOGIC: Readonly<Partial<Record<BinaryOp, (x: string, y: string) => string>>> = {
  add: (x, y) => `(${x} | ${y})`,
  max: (x, y) => `(${x} | ${y})`,
  or: (x, y) => `(${x} | ${y})`,
  mul: (x, y) => `(${x} & ${y})`,
  min: (x, y) => `(${x} & ${y})`,
  and: (x, y) => `(${x} & ${y})`,
  idiv: (x, y) => `(${x} & ${y})`,
  sub: (x, y) => `(${x} != ${y})`,
  xor: (x, y) => `(${x} != ${y})`,
  ne: (x, y) => `(${x} != ${y})`,
  eq: (x, y) => `(${x} == ${y})`,
  lt: (x, y) => `(!${x} & ${y})`,
  le: (x, y) => `(!${x} | ${y})`,
  mod: () => "false",
  shl: (x) => x,
  shr: (x, y) => `(${x} & !${y})`,
};

/** Keeps a u8 result in range. */
const wrapped = (dtype: DType, x: string): string => (dtype === "u8" ? `(${x} & 255u)` : x);

/** The bits of an f32, as a literal. */
export function bitsOf(value: number): string {
  const [bits] = new Uint32Array(new Float32Array([value]).buffer);
  return `0x${bits!.toString(16).padStart(8, "0")}u`;
}

const LARGEST = 3.4028234663852886e38;

/** The fewest digits that are this f32, and no more than it where it is the largest of all. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value && Math.abs(Number(text)) <= LARGEST) return text;
  }
  return String(value);
}

/** Is it the text of a float that is not NaN? */
const isNumber = (text: string): boolean => /^\(?-?[\d.]+(e[-+]?\d+)?f\)?$/.test(text);

/** Spells values, and notes which functions they need. */
export class Wgsl implements Dialect {
  readonly helpers: Set<Helper> = new Set<Helper>();
  /** Whether the type f16 was needed. */
  usesF16: boolean = false;
  /** Whether threads exchange values. */
  usesSubgroups: boolean = false;
  /** Is there a type f16? */
  private readonly f16: boolean;

  constructor(f16: boolean) {
    this.f16 = f16;
  }

  private call(name: Helper, ...operands: readonly string[]): string {
    this.helpers.add(name);
    return `${name}(${operands.join(", ")})`;
  }

  /** A float that compilers take as it is, not as what it was computed from. */
  rounded(x: string): string {
    return this.call("rounded", x);
  }

  /** Halves are their bits, or f16 where that exists. */
  type(dtype: DType): string {
    switch (dtype) {
      case "f32":
      case "i32":
      case "u32":
      case "bool":
        return dtype;
      case "f16":
        this.usesF16 ||= this.f16;
        return this.f16 ? "f16" : "u32";
      case "bf16":
      case "u8":
        return "u32";
      case "f64":
        throw new Error("WGSL: there is no f64");
    }
  }

  constant(_type: string, name: string, value: string): string {
    return `let ${name} = ${value};`;
  }

  variable(_type: string, name: string, value: string): string {
    return `var ${name} = ${value};`;
  }

  count(index: string, begin: string, end: string): string {
    return `for (var ${index} = ${begin}; ${index} < ${end}; ${index}++)`;
  }

  literal(value: number, dtype: DType): string {
    switch (dtype) {
      case "f32": {
        if (!Number.isFinite(value)) return this.call("float", bitsOf(value));
        const text = Object.is(value, -0) ? "-0" : shortest(value);
        const digits = `${text}${/[.e]/.test(text) ? "" : ".0"}f`;
        return digits.startsWith("-") ? `(${digits})` : digits;
      }
      case "i32":
        return value === -(2 ** 31) ? "i32(-2147483648)" : value < 0 ? `(${value})` : String(value);
      case "bool":
        return String(value !== 0);
      default:
        return `${value}u`;
    }
  }

  splat(_dtype: DType, x: string): string {
    return x;
  }

  unary(op: UnaryOp, dtype: DType, x: string): string {
    const isFloat = dtype === "f32";
    switch (op) {
      case "neg":
        return dtype === "bool" ? x : isFloat || dtype === "i32" ? `(-${x})` : wrapped(dtype, `(0u - ${x})`);
      case "not":
        return dtype === "bool" ? `(!${x})` : wrapped(dtype, `(~${x})`);
      case "recip":
        return `(1.0f / ${x})`;
      case "sqrt":
        return `sqrt(${x})`;
      case "abs":
        return isFloat || dtype === "i32" ? `abs(${x})` : x;
      case "floor":
      case "round":
        return isFloat ? `${op}(${x})` : x;
      default:
        throw new Error(`WGSL: ${op} on ${dtype} is not basic`);
    }
  }

  binary(op: BinaryOp, dtype: DType, x: string, y: string): string {
    if (dtype === "bool") {
      const logic = LOGIC[op];
      if (!logic) throw new Error(`WGSL: ${op} on bool is not basic`);
      return logic(x, y);
    }
    const isFloat = dtype === "f32";
    switch (op) {
      case "lt":
        return `(${x} < ${y})`;
      case "le":
        return `(${x} <= ${y})`;
      case "eq":
        return isFloat && x === y ? `(!${this.call("is_nan", x)})` : `(${x} == ${y})`;
      case "ne":
        // Some drivers compare NaN as equal to all.
        if (!isFloat) return `(${x} != ${y})`;
        return x === y ? this.call("is_nan", x) : `(!(${x} == ${y}))`;
      case "max":
      case "min":
        if (!isFloat) return `${op}(${x}, ${y})`;
        if (isNumber(y)) return `select(${x}, ${y}, ${op === "max" ? `${x} < ${y}` : `${y} < ${x}`})`;
        return this.call(`${op}_f32`, x, y);
      case "shl":
      case "shr":
        return wrapped(dtype, `(${x} ${op === "shl" ? "<<" : ">>"} ${shiftCount(y)})`);
      case "div":
      case "idiv":
        return isFloat ? `(${x} / ${y})` : this.call(dtype === "i32" ? "divide_i32" : "divide_u32", x, y);
      case "mod":
        return this.call(dtype === "i32" ? "mod_i32" : "mod_u32", x, y);
      default: {
        const infix = INFIX[op];
        if (!infix) throw new Error(`WGSL: ${op} on ${dtype} is not basic`);
        return wrapped(dtype, `(${x} ${infix} ${y})`);
      }
    }
  }

  /** The value of another thread. */
  exchange(x: string, mask: number): string {
    this.usesSubgroups = true;
    return `subgroupShuffleXor(${x}, ${mask}u)`;
  }

  fused(x: string, y: string, z: string): string {
    return `fma(${x}, ${y}, ${z})`;
  }

  select(_dtype: DType, condition: string, yes: string, no: string): string {
    return `select(${no}, ${yes}, ${condition})`;
  }

  cast(from: DType, to: DType, x: string): string {
    const [source, target] = [this.type(from), this.type(to)];
    if (from === to) return x;
    if (to === "bool")
      return from === "f32" ? this.call("is_nonzero", x) : `(${x} != ${source === "i32" ? "0" : "0u"})`;
    if (from === "bool") return `select(${this.literal(0, to)}, ${this.literal(1, to)}, ${x})`;
    if (from === "f32" && target !== "f16") {
      const whole = this.call(to === "i32" ? "saturate_i32" : "saturate_u32", x);
      return to === "u8" ? `min(${whole}, 255u)` : whole;
    }
    return wrapped(to, source === target ? x : `${target}(${x})`);
  }

  bitcast(from: DType, to: DType, x: string): string {
    const [source, target] = [this.type(from), this.type(to)];
    if (source === target) return x;
    if (source === "f16") return `bitcast<u32>(vec2(${x}, 0.0h))`;
    if (target === "f16") return `bitcast<vec2<f16>>(${x}).x`;
    return `bitcast<${target}>(${x})`;
  }

  divide(kind: "quotient" | "remainder", x: string, divisor: number | string): string {
    const by = typeof divisor === "number" ? `${divisor}u` : `u32(${divisor})`;
    return `i32(u32(${x}) ${kind === "quotient" ? "/" : "%"} ${by})`;
  }
}

/** Shifts take the last five bits of their count. */
function shiftCount(y: string): string {
  const known = /^(\d+)u?$/.exec(y);
  return known ? `${Number(known[1]) & 31}u` : `(u32(${y}) & 31u)`;
}
