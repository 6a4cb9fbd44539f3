/**
 * f16 and bf16 in kernels. They are never computed with: a load is cast to f32 at once, a value is cast back where it is stored.
 * The casts are these formulas over bits on targets without an instruction for them; see `core/half.ts` for the formats.
 */
import { isHalf, type DType } from "../core/dtype.ts";
import type { HalfType } from "../core/half.ts";
import { binary, bitcast, cast, constant, load, select, type Expression } from "./expression.ts";

/** The element of a buffer as a value to compute with. */
export const loadNumber = (buffer: number, dtype: DType, offset: Expression): Expression => {
  const element = load(buffer, dtype, offset);
  return isHalf(dtype) ? cast(element, "f32") : element;
};

/** A computed value as a buffer of the dtype wants it. */
export const toStored = (value: Expression, dtype: DType): Expression => (isHalf(dtype) ? cast(value, dtype) : value);

/** A value of any dtype as one of another dtype to compute with, rounded to what that one holds. */
export function castNumber(value: Expression, dtype: DType): Expression {
  return isHalf(dtype) ? cast(cast(cast(value, "f32"), dtype), "f32") : cast(value, dtype);
}

const u = (value: number): Expression => constant(value, "u32");
const and = (a: Expression, mask: number): Expression => binary("and", a, u(mask));
const shl = (a: Expression, by: number): Expression => binary("shl", a, u(by));
const shr = (a: Expression, by: number): Expression => binary("shr", a, u(by));

/** The number that a half stands for, as f32. */
export function widen(half: Expression): Expression {
  const bits = bitcast(half, "u32");
  if (half.dtype === "bf16") return bitcast(shl(bits, 16), "f32");
  const magnitude = and(bits, 0x7fff);
  const shifted = shl(magnitude, 13);
  // The exponent of f32 counts from 112 further down. Subnormals by their number: devices may take those of f32 for 0.
  const normal = binary("add", shifted, u(112 << 23));
  const counted = binary("mul", cast(bitcast(magnitude, "i32"), "f32"), constant(2 ** -24, "f32"));
  const finite = select(binary("lt", magnitude, u(0x400)), bitcast(counted, "u32"), normal);
  const special = binary("or", shifted, u(0x7f800000));
  const chosen = select(binary("lt", magnitude, u(0x7c00)), finite, special);
  return bitcast(binary("or", chosen, shl(and(bits, 0x8000), 16)), "f32");
}

/** The nearest half of an f32, ties to even. */
export function narrow(value: Expression, dtype: HalfType): Expression {
  const bits = bitcast(value, "u32");
  const magnitude = and(bits, 0x7fffffff);
  const isNumber = binary("le", magnitude, u(0x7f800000));
  if (dtype === "bf16") {
    const odd = and(shr(bits, 16), 1);
    const near = shr(binary("add", bits, binary("add", odd, u(0x7fff))), 16);
    return bitcast(select(isNumber, near, binary("or", shr(bits, 16), u(0x40))), dtype);
  }
  const odd = and(shr(magnitude, 13), 1);
  const normal = shr(binary("add", magnitude, binary("add", odd, u((0xfff - 0x38000000) >>> 0))), 13);
  // One unit of numbers from 0.5 to 1 is the unit of subnormal halves: the sum rounds as they do.
  const shifted = binary("add", bitcast(magnitude, "f32"), constant(0.5, "f32"));
  const subnormal = binary("sub", bitcast(shifted, "u32"), u(0x3f000000));
  const finite = select(binary("lt", magnitude, u(0x38800000)), subnormal, normal);
  const special = select(isNumber, u(0x7c00), u(0x7e00));
  const chosen = select(binary("lt", magnitude, u(0x477ff000)), finite, special);
  return bitcast(binary("or", chosen, and(shr(bits, 16), 0x8000)), dtype);
}
