/**
 * Which instruction each IR operation is, for one value and for a vector of four lanes, operands already on the stack.
 * Scalars: bool and u8 are i32 values 0–1 and 0–255, f16 and bf16 their bits. Vectors: f32 is f32x4; i32, u32, u8, f16 and bf16 are i32x4; bool is a mask
 * (all ones or all zeros). Transcendental functions are not here: `ir/mathematics.ts` turns them into these.
 */
import { DeviceError } from "../../core/errors.ts";
import { byteSize, type DType } from "../../core/dtype.ts";
import type { BinaryOp, UnaryOp } from "../../ir/expression.ts";
import type { FunctionBuilder, Local, ValueType } from "./assembler.ts";
import type { MemoryOp, PlainOp } from "./opcodes.ts";

/** The WebAssembly type of one value of a dtype. */
export function scalarType(dtype: DType): ValueType {
  return dtype === "f32" || dtype === "f64" ? dtype : "i32";
}

/** The instruction that loads one element. */
export const LOAD: Readonly<Record<DType, MemoryOp>> = {
  f32: "f32.load",
  f64: "f64.load",
  i32: "i32.load",
  u32: "i32.load",
  f16: "i32.load16_u",
  bf16: "i32.load16_u",
  u8: "i32.load8_u",
  bool: "i32.load8_u",
};
/** The instruction that stores one element. */
export const STORE: Readonly<Record<DType, MemoryOp>> = {
  f32: "f32.store",
  f64: "f64.store",
  i32: "i32.store",
  u32: "i32.store",
  f16: "i32.store16",
  bf16: "i32.store16",
  u8: "i32.store8",
  bool: "i32.store8",
};

function missing(op: string, dtype: DType): never {
  throw new DeviceError(`wasm: no instruction for ${op} on ${dtype}`);
}

/** A constant of a dtype on the stack. */
export function pushConstant(code: FunctionBuilder, value: number, dtype: DType): void {
  if (dtype === "f32") code.f32(value);
  else if (dtype === "f64") code.f64(value);
  else code.i32(value);
}

/** A constant of a dtype in all four lanes. */
export function pushVectorConstant(code: FunctionBuilder, value: number, dtype: DType): void {
  if (dtype === "f32") code.f32x4(value);
  else code.i32x4(dtype === "bool" ? -value : value);
}

/** One value on the stack becomes four equal lanes. */
export function splat(code: FunctionBuilder, dtype: DType): void {
  if (dtype === "f32") code.op("f32x4.splat");
  else {
    code.op("i32x4.splat");
    if (dtype === "bool") code.op("i32x4.neg");
  }
}

/** One lane of the vector on the stack, as a value. */
export function extractLane(code: FunctionBuilder, dtype: DType, lane: number): void {
  if (dtype === "f32") code.lane("f32x4.extract_lane", lane);
  else {
    code.lane("i32x4.extract_lane", lane);
    if (dtype === "bool") code.i32(1).op("i32.and");
  }
}

/** Puts the value on top of the stack into a lane of the vector below it. */
export function replaceLane(code: FunctionBuilder, dtype: DType, lane: number): void {
  if (dtype === "bool") code.i32(-1).op("i32.mul");
  code.lane(dtype === "f32" ? "f32x4.replace_lane" : "i32x4.replace_lane", lane);
}

/** Moves the top of the stack into a fresh local. */
export function spill(code: FunctionBuilder, type: ValueType): Local {
  const local = code.local(type);
  code.set(local);
  return local;
}

// ---------- one value

const SCALAR_FLOAT: Readonly<Partial<Record<UnaryOp | BinaryOp, string>>> = {
  neg: "neg",
  abs: "abs",
  floor: "floor",
  round: "nearest",
  sqrt: "sqrt",
  add: "add",
  sub: "sub",
  mul: "mul",
  div: "div",
  max: "max",
  min: "min",
  lt: "lt",
  le: "le",
  eq: "eq",
  ne: "ne",
};
const SCALAR_INTEGER: Readonly<Partial<Record<BinaryOp, string>>> = {
  add: "add",
  sub: "sub",
  mul: "mul",
  eq: "eq",
  ne: "ne",
  and: "and",
  or: "or",
  xor: "xor",
  shl: "shl",
};
/** On bool, arithmetic is logic. */
const LOGIC: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = {
  add: "or",
  max: "or",
  mul: "and",
  min: "and",
  sub: "xor",
};

/** Keeps a u8 result in range. */
function wrap(code: FunctionBuilder, dtype: DType): void {
  if (dtype === "u8") code.i32(255).op("i32.and");
}

export function scalarUnary(code: FunctionBuilder, op: UnaryOp, dtype: DType): void {
  if (dtype === "f32" || dtype === "f64") {
    if (op === "recip") {
      const x = spill(code, dtype);
      pushConstant(code, 1, dtype);
      code.get(x).op(`${dtype}.div`);
      return;
    }
    const name = SCALAR_FLOAT[op];
    if (!name) missing(op, dtype);
    code.op(`${dtype}.${name}` as PlainOp);
    return;
  }
  switch (op) {
    case "not":
      if (dtype === "bool") code.op("i32.eqz");
      else {
        code.i32(-1).op("i32.xor");
        wrap(code, dtype);
      }
      return;
    case "neg":
      if (dtype === "bool") return;
      code.i32(-1).op("i32.mul");
      wrap(code, dtype);
      return;
    case "abs":
      if (dtype === "i32") {
        const x = spill(code, "i32");
        code.get(x).get(x).i32(31).op("i32.shr_s").op("i32.xor").get(x).i32(31).op("i32.shr_s").op("i32.sub");
      }
      return;
    case "floor":
    case "round":
      return;
    default:
      missing(op, dtype);
  }
}

export function scalarBinary(code: FunctionBuilder, op: BinaryOp, dtype: DType): void {
  if (dtype === "f32" || dtype === "f64") {
    const name = SCALAR_FLOAT[op];
    if (!name) missing(op, dtype);
    code.op(`${dtype}.${name}` as PlainOp);
    return;
  }
  const plain = dtype === "bool" ? (LOGIC[op] ?? op) : op;
  const signed = dtype === "i32";
  switch (plain) {
    case "lt":
      code.op(signed ? "i32.lt_s" : "i32.lt_u");
      return;
    case "le":
      code.op(signed ? "i32.le_s" : "i32.le_u");
      return;
    case "shr":
      code.op(signed ? "i32.shr_s" : "i32.shr_u");
      return;
    case "max":
    case "min": {
      const right = spill(code, "i32"),
        left = spill(code, "i32");
      code.get(left).get(right).get(left).get(right);
      code.op(plain === "max" ? (signed ? "i32.gt_s" : "i32.gt_u") : signed ? "i32.lt_s" : "i32.lt_u").op("select");
      return;
    }
    case "div":
    case "idiv":
      floorDivide(code, signed);
      return;
    case "mod": {
      const right = spill(code, "i32"),
        left = spill(code, "i32");
      code.get(left).get(left).get(right);
      floorDivide(code, signed);
      code.get(right).op("i32.mul").op("i32.sub").i32(0).get(right).op("select");
      return;
    }
    default: {
      const name = SCALAR_INTEGER[plain];
      if (!name) missing(op, dtype);
      code.op(`i32.${name}` as PlainOp);
      if (plain === "add" || plain === "sub" || plain === "mul" || plain === "shl") wrap(code, dtype);
    }
  }
}

/** Quotients of 32-bit integers are exact in f64, where nothing traps. A division by zero gives 0. */
function floorDivide(code: FunctionBuilder, signed: boolean): void {
  const right = spill(code, "i32");
  code
    .op(signed ? "f64.convert_i32_s" : "f64.convert_i32_u")
    .get(right)
    .op(signed ? "f64.convert_i32_s" : "f64.convert_i32_u");
  code.op("f64.div").op("f64.floor").op("i64.trunc_sat_f64_s").op("i32.wrap_i64").i32(0).get(right).op("select");
}

export function scalarCast(code: FunctionBuilder, from: DType, to: DType): void {
  if (from === to) return;
  const float = from === "f32" || from === "f64";
  if (to === "bool") {
    if (float) {
      pushConstant(code, 0, from);
      code.op(`${from}.ne`);
    } else code.i32(0).op("i32.ne");
  } else if (to === "f32") {
    if (from === "f64") code.op("f32.demote_f64");
    else code.op(from === "u32" ? "f32.convert_i32_u" : "f32.convert_i32_s");
  } else if (to === "f64") {
    if (from === "f32") code.op("f64.promote_f32");
    else code.op(from === "u32" ? "f64.convert_i32_u" : "f64.convert_i32_s");
  } else if (float) {
    code.op(`i32.trunc_sat_${from}_${to === "i32" ? "s" : "u"}`);
    if (to === "u8") {
      code.i32(255);
      scalarBinary(code, "min", "u32");
    }
  } else if (to === "u8" && from !== "bool") code.i32(255).op("i32.and");
}

/** Reads the bits of a value as another dtype of equal width. */
export function scalarBitcast(code: FunctionBuilder, from: DType, to: DType): void {
  if (from === "f32" && to !== "f32") code.op("i32.reinterpret_f32");
  else if (to === "f32" && from !== "f32") code.op("f32.reinterpret_i32");
}

// ---------- four lanes

/** Emits the vector form of a unary operation, or says that there is none. */
export function vectorUnary(code: FunctionBuilder, op: UnaryOp, dtype: DType): boolean {
  if (dtype === "f32") {
    if (op === "recip") {
      const x = spill(code, "v128");
      code.f32x4(1).get(x).op("f32x4.div");
      return true;
    }
    // The engine makes the masks of its own neg and abs anew each time; a constant stays in a register.
    if (op === "neg") code.i32x4(-(2 ** 31)).op("v128.xor");
    else if (op === "abs") code.i32x4(0x7fffffff).op("v128.and");
    else {
      const name = SCALAR_FLOAT[op];
      if (!name) return false;
      code.op(`f32x4.${name}` as PlainOp);
    }
    return true;
  }
  switch (op) {
    case "not":
      code.op("v128.not");
      if (dtype === "u8") code.i32x4(255).op("v128.and");
      return true;
    case "neg":
      if (dtype !== "bool") code.op("i32x4.neg");
      if (dtype === "u8") code.i32x4(255).op("v128.and");
      return true;
    case "abs":
      if (dtype === "i32") code.op("i32x4.abs");
      return true;
    case "floor":
    case "round":
      return true;
    default:
      return false;
  }
}

/** Emits the vector form of a binary operation, or says that there is none. Shifts take their count as a scalar. */
export function vectorBinary(code: FunctionBuilder, op: BinaryOp, dtype: DType): boolean {
  if (dtype === "f64") return false;
  if (dtype === "f32") {
    const name = SCALAR_FLOAT[op];
    if (!name) return false;
    code.op(`f32x4.${name}` as PlainOp);
    return true;
  }
  const name = dtype === "bool" ? MASK[LOGIC[op] ?? op] : INTEGER[op]?.[dtype === "i32" ? 0 : 1];
  if (!name) return false;
  code.op(name);
  if (dtype === "u8" && (op === "add" || op === "sub" || op === "mul" || op === "shl")) code.i32x4(255).op("v128.and");
  return true;
}

/** Signed and unsigned forms. */
const INTEGER: Readonly<Partial<Record<BinaryOp, readonly [PlainOp, PlainOp]>>> = {
  add: ["i32x4.add", "i32x4.add"],
  sub: ["i32x4.sub", "i32x4.sub"],
  mul: ["i32x4.mul", "i32x4.mul"],
  max: ["i32x4.max_s", "i32x4.max_u"],
  min: ["i32x4.min_s", "i32x4.min_u"],
  lt: ["i32x4.lt_s", "i32x4.lt_u"],
  le: ["i32x4.le_s", "i32x4.le_u"],
  eq: ["i32x4.eq", "i32x4.eq"],
  ne: ["i32x4.ne", "i32x4.ne"],
  and: ["v128.and", "v128.and"],
  or: ["v128.or", "v128.or"],
  xor: ["v128.xor", "v128.xor"],
  shl: ["i32x4.shl", "i32x4.shl"],
  shr: ["i32x4.shr_s", "i32x4.shr_u"],
};
/** A true lane is −1, so that the order of masks is the reverse of the order of truth values. */
const MASK: Readonly<Partial<Record<BinaryOp, PlainOp>>> = {
  and: "v128.and",
  or: "v128.or",
  xor: "v128.xor",
  eq: "i32x4.eq",
  ne: "v128.xor",
  lt: "i32x4.gt_s",
  le: "i32x4.ge_s",
};

/**
 * Emits a cast between vector dtypes. `small` says that a u32 value is below 2³¹, for which the cheap conversion is
 * right.
 */
export function vectorCast(code: FunctionBuilder, from: DType, to: DType, small: boolean): void {
  if (from === to) return;
  if (from === "bool") {
    if (to === "f32") code.f32x4(1).op("v128.and");
    else code.op("i32x4.neg");
  } else if (to === "bool") {
    if (from === "f32") code.f32x4(0).op("f32x4.ne");
    else code.i32x4(0).op("i32x4.ne");
  } else if (to === "f32") code.op(from === "u32" && !small ? "f32x4.convert_i32x4_u" : "f32x4.convert_i32x4_s");
  else if (from === "f32") {
    code.op(to === "i32" ? "i32x4.trunc_sat_f32x4_s" : "i32x4.trunc_sat_f32x4_u");
    if (to === "u8") code.i32x4(255).op("i32x4.min_u");
  } else if (to === "u8") code.i32x4(255).op("v128.and");
}

/** Loads four neighbours; the address is on the stack. */
export function vectorLoad(code: FunctionBuilder, dtype: DType, offset: number): void {
  const bytes = byteSize(dtype);
  if (bytes > 1) {
    code.memory(bytes === 2 ? "v128.load16x4_u" : "v128.load", offset);
    return;
  }
  code.memory("v128.load32_zero", offset).op("i16x8.extend_low_i8x16_u").op("i32x4.extend_low_i16x8_u");
  if (dtype === "bool") code.op("i32x4.neg");
}

/** Stores four neighbours; address and vector are on the stack. */
export function vectorStore(code: FunctionBuilder, dtype: DType, offset: number): void {
  const bytes = byteSize(dtype);
  if (bytes > 2) {
    code.memory("v128.store", offset);
    return;
  }
  if (dtype === "bool") code.op("i32x4.neg");
  const wide = code.local("v128");
  if (bytes === 2) {
    code.tee(wide).get(wide).op("i16x8.narrow_i32x4_u").memoryLane("v128.store64_lane", 0, offset);
    return;
  }
  code
    .tee(wide)
    .get(wide)
    .op("i16x8.narrow_i32x4_u")
    .tee(wide)
    .get(wide)
    .op("i8x16.narrow_i16x8_u")
    .memoryLane("v128.store32_lane", 0, offset);
}
