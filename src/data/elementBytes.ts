import { byteSize, dtypeOf, viewOf, type DType } from "../core/dtype.ts";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { isPlainObject } from "../core/plainObject.ts";
import { sizeOf } from "../core/shape.ts";
import { tensor } from "../tensor/create.ts";
import { Tensor } from "../tensor/tensor.ts";
import { isTypedArray } from "./hostArray.ts";

/** About how much memory an element takes: its arrays and texts, 8 bytes for everything else. */
export function bytesOf(element: unknown): number {
  if (element instanceof Tensor) return sizeOf(element.shape) * byteSize(element.dtype);
  if (ArrayBuffer.isView(element)) return element.byteLength;
  if (typeof element === "string") return 2 * element.length;
  if (Array.isArray(element)) return element.reduce<number>((sum, field) => sum + bytesOf(field), 0);
  if (isPlainObject(element)) return Object.values(element).reduce<number>((sum, field) => sum + bytesOf(field), 0);
  return 8;
}

/** What JSON has, as it stands; the rest says its kind. Arrays lie behind the JSON one after the other, each from a multiple of 8 bytes on. */
type Written =
  | string
  | number
  | boolean
  | null
  | Written[]
  | { readonly kind: "object"; readonly fields: { readonly [name: string]: Written } }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "undefined" }
  | { readonly kind: "array"; readonly dtype: DType; readonly length: number }
  | { readonly kind: "tensor"; readonly dtype: DType; readonly shape: readonly number[] };

/**
 * An element as bytes, to be read back the same: numbers, texts, typed arrays, host arrays and tensors, in tuples and plain objects.
 * @throws ArgumentError for anything else.
 */
export function encodeElement(element: unknown): Uint8Array {
  const arrays: Uint8Array[] = [];
  const write = (value: unknown): Written => {
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number")
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { kind: "number", text: Object.is(value, -0) ? "-0" : `${value}` };
    if (value === undefined) return { kind: "undefined" };
    if (isTypedArray(value)) {
      arrays.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      return { kind: "array", dtype: dtypeOf(value), length: value.length };
    }
    if (value instanceof Tensor) {
      const data = value.dataSync();
      arrays.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return { kind: "tensor", dtype: value.dtype, shape: [...value.shape] };
    }
    if (Array.isArray(value)) return value.map(write);
    if (isPlainObject(value))
      return {
        kind: "object",
        fields: Object.fromEntries(Object.entries(value).map(([name, field]) => [name, write(field)])),
      };
    throw new ArgumentError(
      `cache: a ${typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value} cannot be kept on disk; turn it into numbers, texts or arrays with map, or cache in memory`,
    );
  };
  const json = new TextEncoder().encode(JSON.stringify(write(element)));
  const start = aligned(4 + json.length);
  const bytes = new Uint8Array(arrays.reduce((end, array) => aligned(end + array.length), start));
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  let at = start;
  for (const array of arrays) {
    bytes.set(array, at);
    at = aligned(at + array.length);
  }
  return bytes;
}

/** @throws FormatError for bytes that `encodeElement` has not made. */
export function decodeElement(bytes: Uint8Array): unknown {
  const bad = (cause?: unknown): FormatError =>
    new FormatError("cache: an element on disk is damaged; delete the file, and it is made again", { cause });
  if (bytes.length < 4) throw bad();
  const jsonLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  let at = aligned(4 + jsonLength);
  const take = (dtype: DType, length: number): ReturnType<typeof viewOf> => {
    const size = length * byteSize(dtype);
    if (!(size >= 0 && at + size <= bytes.length)) throw bad();
    const copy = bytes.slice(at, at + size);
    at = aligned(at + size);
    return viewOf(dtype, copy.buffer, 0, length);
  };
  const read = (value: Written): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(read);
    switch (value.kind) {
      case "undefined":
        return undefined;
      case "number":
        return Number(value.text);
      case "array":
        return take(value.dtype, value.length);
      case "tensor":
        return tensor(take(value.dtype, sizeOf(value.shape)), [...value.shape], { dtype: value.dtype });
      case "object":
        return Object.fromEntries(Object.entries(value.fields).map(([name, field]) => [name, read(field)]));
    }
  };
  try {
    return read(JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + jsonLength))) as Written);
  } catch (cause) {
    throw cause instanceof FormatError ? cause : bad(cause);
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
