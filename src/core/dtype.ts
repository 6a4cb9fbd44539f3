import { DTypeError } from "./errors.ts";
import { fromHalfBits, toHalfBits, type HalfType } from "./half.ts";

/**
 * The element types a tensor can hold. f16 and bf16 are ways to store: they are computed with as f32, and rounded to the
 * nearest where a value is stored or cast. i64 exists at file boundaries only (see `formats/`).
 */
export type DType = "f32" | "f64" | HalfType | "i32" | "u32" | "u8" | "bool";

/** The JavaScript array that holds elements of a dtype as numbers; bool is one byte, 0 or 1, f16 and bf16 are Float32Array. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Elements as memory has them: f16 and bf16 are their bits. */
export type StoredArray = TypedArray | Uint16Array;

interface DTypeInfo {
  readonly bytes: number;
  readonly float: boolean;
  readonly signed: boolean;
  /** Position in the promotion order: the result of mixing two dtypes is the higher one. */
  readonly rank: number;
  readonly array: {
    new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): StoredArray;
    new (length: number): StoredArray;
  };
}

const INFO: Readonly<Record<DType, DTypeInfo>> = {
  bool: { bytes: 1, float: false, signed: false, rank: 0, array: Uint8Array },
  u8: { bytes: 1, float: false, signed: false, rank: 1, array: Uint8Array },
  i32: { bytes: 4, float: false, signed: true, rank: 2, array: Int32Array },
  u32: { bytes: 4, float: false, signed: false, rank: 3, array: Uint32Array },
  f16: { bytes: 2, float: true, signed: true, rank: 4, array: Uint16Array },
  bf16: { bytes: 2, float: true, signed: true, rank: 5, array: Uint16Array },
  f32: { bytes: 4, float: true, signed: true, rank: 6, array: Float32Array },
  f64: { bytes: 8, float: true, signed: true, rank: 7, array: Float64Array },
};

/** What others call them. */
const ELSEWHERE: Readonly<Record<string, DType>> = {
  float: "f32",
  float32: "f32",
  double: "f64",
  float64: "f64",
  half: "f16",
  float16: "f16",
  bfloat16: "bf16",
  int: "i32",
  int32: "i32",
  int64: "i32",
  long: "i32",
  uint32: "u32",
  uint8: "u8",
  boolean: "bool",
};

/** @throws DTypeError for a name that there is not, which JavaScript lets pass. */
function infoOf(dtype: DType): DTypeInfo {
  const info: DTypeInfo | undefined = INFO[dtype];
  if (info) return info;
  const here = ELSEWHERE[dtype];
  throw new DTypeError(
    `dtype: there is none named "${dtype}". ${here ? `Use "${here}"` : `There are ${DTYPES.join(", ")}`}`,
  );
}

/** @throws DTypeError for a name that there is not. */
export function checkDType(dtype: DType): void {
  infoOf(dtype);
}

/** All dtypes, lowest in the promotion order first. */
export const DTYPES: readonly DType[] = ["bool", "u8", "i32", "u32", "f16", "bf16", "f32", "f64"];

/** Bytes of one element. */
export function byteSize(dtype: DType): number {
  return infoOf(dtype).bytes;
}

/** True for f16, bf16, f32 and f64. */
export function isFloat(dtype: DType): boolean {
  return infoOf(dtype).float;
}

/** True for f16 and bf16. */
export function isHalf(dtype: DType): dtype is HalfType {
  return dtype === "f16" || dtype === "bf16";
}

/** What elements are computed with: f32 for f16 and bf16, themselves for all others. */
export function computeType(dtype: DType): Exclude<DType, HalfType> {
  return isHalf(dtype) ? "f32" : dtype;
}

/** True for dtypes that hold negative numbers. */
export function isSigned(dtype: DType): boolean {
  return infoOf(dtype).signed;
}

/**
 * The dtype that mixing two gives: bool < u8 < i32 < u32 < f16, bf16 < f32 < f64, as in NumPy's value-free rules for these
 * types; f16 and bf16, of which neither holds the other, give f32, as in PyTorch.
 */
export function promote(a: DType, b: DType): DType {
  if (a !== b && isHalf(a) && isHalf(b)) return "f32";
  return infoOf(a).rank >= infoOf(b).rank ? a : b;
}

/** A typed view of `length` elements over memory. */
export function viewOf(dtype: DType, buffer: ArrayBufferLike, byteOffset = 0, length?: number): StoredArray {
  const { array } = infoOf(dtype);
  return new array(buffer, byteOffset, length);
}

/** A zeroed array for `length` elements as numbers. */
export function allocate(dtype: DType, length: number): TypedArray {
  const { array } = infoOf(computeType(dtype));
  return new array(length) as TypedArray;
}

/** Numbers as memory has them: f16 and bf16 rounded to bits, all others the array itself. */
export function stored(values: TypedArray, dtype: DType): StoredArray {
  return isHalf(dtype) ? Uint16Array.from(values, (value) => toHalfBits(value, dtype)) : values;
}

/** Elements as numbers: f16 and bf16 in a new Float32Array, all others the array itself. */
export function numbersIn(elements: StoredArray, dtype: DType): TypedArray {
  return isHalf(dtype) ? Float32Array.from(elements, (bits) => fromHalfBits(bits, dtype)) : (elements as TypedArray);
}

/** The nearest number that a float dtype holds; other dtypes leave the value alone. */
export function rounded(value: number, dtype: DType): number {
  if (dtype === "f32") return Math.fround(value);
  return isHalf(dtype) ? fromHalfBits(toHalfBits(value, dtype), dtype) : value;
}

/** The dtype that a typed array holds; Uint8Array is u8. */
export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return "f32";
  if (array instanceof Float64Array) return "f64";
  if (array instanceof Int32Array) return "i32";
  if (array instanceof Uint32Array) return "u32";
  return "u8";
}
