/**
 * The element types a tensor can hold. i64, f16 and bf16 exist at file boundaries only (see `formats/`).
 */
export type DType = "f32" | "f64" | "i32" | "u32" | "u8" | "bool";

/** The JavaScript array that holds elements of a dtype; bool is one byte, 0 or 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

interface DTypeInfo {
  readonly bytes: number;
  readonly float: boolean;
  readonly signed: boolean;
  /** Position in the promotion order: the result of mixing two dtypes is the higher one. */
  readonly rank: number;
  readonly array: {
    new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
    new (length: number): TypedArray;
  };
}

const INFO: Readonly<Record<DType, DTypeInfo>> = {
  bool: { bytes: 1, float: false, signed: false, rank: 0, array: Uint8Array },
  u8: { bytes: 1, float: false, signed: false, rank: 1, array: Uint8Array },
  i32: { bytes: 4, float: false, signed: true, rank: 2, array: Int32Array },
  u32: { bytes: 4, float: false, signed: false, rank: 3, array: Uint32Array },
  f32: { bytes: 4, float: true, signed: true, rank: 4, array: Float32Array },
  f64: { bytes: 8, float: true, signed: true, rank: 5, array: Float64Array },
};

/** All dtypes, lowest in the promotion order first. */
export const DTYPES: readonly DType[] = ["bool", "u8", "i32", "u32", "f32", "f64"];

/** Bytes of one element. */
export function byteSize(dtype: DType): number {
  return INFO[dtype].bytes;
}

/** True for f32 and f64. */
export function isFloat(dtype: DType): boolean {
  return INFO[dtype].float;
}

/** True for dtypes that hold negative numbers. */
export function isSigned(dtype: DType): boolean {
  return INFO[dtype].signed;
}

/** The dtype that mixing two gives: bool < u8 < i32 < u32 < f32 < f64, as in NumPy's value-free rules for these types. */
export function promote(a: DType, b: DType): DType {
  return INFO[a].rank >= INFO[b].rank ? a : b;
}

/** A typed view of `length` elements over a buffer. */
export function viewOf(dtype: DType, buffer: ArrayBufferLike, byteOffset = 0, length?: number): TypedArray {
  return new INFO[dtype].array(buffer, byteOffset, length);
}

/** A zeroed array of `length` elements. */
export function allocate(dtype: DType, length: number): TypedArray {
  return new INFO[dtype].array(length);
}

/** The dtype that a typed array holds; Uint8Array is u8. */
export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return "f32";
  if (array instanceof Float64Array) return "f64";
  if (array instanceof Int32Array) return "i32";
  if (array instanceof Uint32Array) return "u32";
  return "u8";
}
