/** Arrays as NumPy stores them, in .npy files and pickles: a type text such as "<f4", an order, bytes. */
import { allocate, byteSize, isHalf, numbersIn, stored, viewOf, type DType, type TypedArray } from "../core/dtype.ts";
import { FormatError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { quote } from "./json.ts";

/** An array with its shape, elements in row-major order: the fields of `HostArray`. */
export interface NumberArray {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** What becomes of 64-bit integers, which tensors do not have: i32 (an error where one does not fit) or f64 (exact up to 2^53). */
export type Int64As = "i32" | "f64";

/** Types that tensors have too, by kind and bytes. */
const SAME: Readonly<Record<string, DType>> = {
  b1: "bool",
  u1: "u8",
  i4: "i32",
  u4: "u32",
  f2: "f16",
  f4: "f32",
  f8: "f64",
};

interface Conversion {
  readonly bytes: number;
  readonly read: (view: DataView, at: number, little: boolean) => number;
}

/** The other types of numbers. */
const CONVERTED: Readonly<Record<string, Conversion>> = {
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  i2: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  u2: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i8: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u8: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};

/** Bytes of an element of a type such as "<f4". @throws FormatError for types that hold no real numbers. */
export function numpyItemSize(type: string, name: string): number {
  const [, kind = ""] = /^[<>|=]?([bui]\d|f[248])$/.exec(type) ?? [];
  const same = SAME[kind];
  const bytes = same !== undefined ? byteSize(same) : CONVERTED[kind]?.bytes;
  if (bytes === undefined)
    throw new FormatError(
      `${name}: the elements are ${
        /O/.test(type)
          ? "Python objects, which only running a program could make; save numbers instead"
          : `of type ${quote(type)}; convert them to numbers that tensors hold, such as float32`
      }`,
    );
  return bytes;
}

/**
 * The array in bytes of a NumPy type. 8- and 16-bit integers become i32, 64-bit ones what `int64` says.
 * @param fortran the first axis varies fastest, in the bytes; in the result it is the last.
 * @param name names the array in messages.
 * @throws FormatError for other types, another number of bytes than shape and type take, and integers that do not fit.
 */
export function numpyArray(
  type: string,
  shape: Shape,
  fortran: boolean,
  bytes: Uint8Array,
  name: string,
  int64: Int64As = "i32",
): NumberArray {
  const size = numpyItemSize(type, name);
  const count = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== count * size)
    throw new FormatError(
      `${name}: shape ${show(shape)} of ${quote(type)} takes ${count * size} bytes, ${bytes.length} are there; the file is damaged or cut off`,
    );
  const kind = type.replace(/^[<>|=]/, "");
  const little = type[0] !== ">";
  const same = SAME[kind];
  let dtype: DType;
  let data: TypedArray;
  if (same !== undefined) {
    dtype = same;
    // A copy: files need not align elements to their size.
    const copy = new Uint8Array(bytes);
    if (!little && size > 1) swap(copy, size);
    data = numbersIn(viewOf(same, copy.buffer), same);
    if (same === "bool") for (let at = 0; at < data.length; at++) data[at] = data[at] === 0 ? 0 : 1;
  } else {
    const { read } = CONVERTED[kind]!;
    dtype = size === 8 ? int64 : "i32";
    data = allocate(dtype, count);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < count; at++) {
      const value = read(view, at * size, little);
      data[at] = value;
      if (dtype === "i32" ? data[at] !== value : !Number.isSafeInteger(value))
        throw new FormatError(
          `${name}: element ${at} is ${value}, which ${dtype} cannot hold${dtype === "i32" ? '; read it with int64: "f64"' : ""}`,
        );
    }
  }
  return { dtype, shape, data: fortran && shape.length > 1 ? rowMajor(data, shape, dtype) : data };
}

/** Elements as NumPy stores them, and their type; bf16, which NumPy does not have, as f32. */
export function numpyBytes({ dtype, data }: NumberArray): { readonly type: string; readonly bytes: Uint8Array } {
  const named = dtype === "bf16" ? "f32" : dtype;
  const kind = Object.keys(SAME).find((one) => SAME[one] === named)!;
  const elements = isHalf(named) ? stored(data, named) : data;
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  return { type: `${byteSize(named) > 1 ? "<" : "|"}${kind}`, bytes };
}

function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Elements whose first axis varied fastest, in row-major order. */
function rowMajor(data: TypedArray, shape: Shape, dtype: DType): TypedArray {
  const result = allocate(dtype, data.length);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, length) => product * length, 1));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
