import { FormatError } from "../core/errors.ts";
import { looksLike } from "./content.ts";
import { gunzip, gunzipStart, isGzip } from "./gzip.ts";

/** The element types that IDX has. */
export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** An array as an IDX file holds it. */
export interface IdxArray {
  /** The elements in row-major order. */
  readonly data: IdxData;
  /** Sizes per axis, outermost first; at least one axis. */
  readonly shape: readonly number[];
}

/** What the first bytes of an IDX file say. */
export interface IdxHeader {
  readonly dtype: IdxDType;
  /** Sizes per axis, outermost first; at least one axis. */
  readonly shape: readonly number[];
}

/** Names of the element types. */
export type IdxDType = "u8" | "i8" | "i16" | "i32" | "f32" | "f64";

interface TypeInfo {
  readonly dtype: IdxDType;
  readonly bytes: number;
  readonly array: { new (length: number): IdxData };
  /** Reads element after element, big-endian. */
  readonly get: (view: DataView, at: number) => number;
  readonly set: (view: DataView, at: number, value: number) => void;
}

/** By the type code in the third byte (https://yann.lecun.com/exdb/mnist, "the IDX file format"). */
const TYPES: Readonly<Record<number, TypeInfo>> = {
  0x08: {
    dtype: "u8",
    bytes: 1,
    array: Uint8Array,
    get: (v, at) => v.getUint8(at),
    set: (v, at, x) => v.setUint8(at, x),
  },
  0x09: { dtype: "i8", bytes: 1, array: Int8Array, get: (v, at) => v.getInt8(at), set: (v, at, x) => v.setInt8(at, x) },
  0x0b: {
    dtype: "i16",
    bytes: 2,
    array: Int16Array,
    get: (v, at) => v.getInt16(at),
    set: (v, at, x) => v.setInt16(at, x),
  },
  0x0c: {
    dtype: "i32",
    bytes: 4,
    array: Int32Array,
    get: (v, at) => v.getInt32(at),
    set: (v, at, x) => v.setInt32(at, x),
  },
  0x0d: {
    dtype: "f32",
    bytes: 4,
    array: Float32Array,
    get: (v, at) => v.getFloat32(at),
    set: (v, at, x) => v.setFloat32(at, x),
  },
  0x0e: {
    dtype: "f64",
    bytes: 8,
    array: Float64Array,
    get: (v, at) => v.getFloat64(at),
    set: (v, at, x) => v.setFloat64(at, x),
  },
};

/** Two zeros, type, number of axes; then four bytes per axis. */
const MAGIC_BYTES = 4;
const SIZE_BYTES = 4;
/** A byte counts the axes. */
const MAX_HEADER_BYTES = MAGIC_BYTES + 255 * SIZE_BYTES;

/**
 * Reads an IDX file, the format of MNIST: plain or gzipped (seen from its first bytes, not its name), all element
 * types.
 *
 * Elements of one byte are a view of the bytes; wider ones, big-endian in the file, are converted. Sizes in the header
 * are checked against the file before memory is allocated for them.
 *
 * @param name names the file in messages, "IDX" by default.
 * @throws FormatError when it is not IDX, has an unknown type, or has more or fewer bytes than its sizes say.
 *
 * @example
 * const { data, shape } = await parseIdx(await readFile("t10k-images-idx3-ubyte.gz"));
 * shape; // [10000, 28, 28]
 */
export async function parseIdx(bytes: Uint8Array, name: string = "IDX"): Promise<IdxArray> {
  const { type, shape, start, size } = await readHeader(bytes, name);
  const file = isGzip(bytes) ? await gunzip(bytes, start + size, name) : bytes;
  const named = `${name}: sizes [${shape.join(", ")}] of ${type.dtype} take ${start + size} bytes with the header`;
  if (file.length < start + size)
    throw new FormatError(`${named}, but the file has ${file.length}; it is cut off, fetch it again`);
  if (file.length > start + size)
    throw new FormatError(
      `${named}, but the file has ${file.length}; it is damaged, or its header belongs to another file`,
    );
  if (type.array === Uint8Array) return { data: file.subarray(start), shape };
  const data = new type.array(size / type.bytes);
  const view = new DataView(file.buffer, file.byteOffset + start, size);
  for (let index = 0; index < data.length; index++) data[index] = type.get(view, index * type.bytes);
  return { data, shape };
}

/**
 * Reads the header alone; of a gzipped file no more than that is unpacked.
 * @param name names the file in messages, "IDX" by default.
 * @throws FormatError when it is not IDX or has an unknown type.
 */
export async function parseIdxHeader(bytes: Uint8Array, name: string = "IDX"): Promise<IdxHeader> {
  const { type, shape } = await readHeader(bytes, name);
  return { dtype: type.dtype, shape };
}

async function readHeader(
  bytes: Uint8Array,
  name: string,
): Promise<{ type: TypeInfo; shape: readonly number[]; start: number; size: number }> {
  const file = isGzip(bytes) ? await gunzipStart(bytes, MAX_HEADER_BYTES, name) : bytes;
  const [zero, alsoZero, code, rank] = file;
  if (rank === undefined)
    throw new FormatError(
      `${name}: the file has ${file.length} bytes, fewer than the 4 it starts with${looksLike(file) || "; fetch it again"}`,
    );
  const type = TYPES[code!];
  if (zero !== 0 || alsoZero !== 0 || type === undefined || rank === 0) {
    const start = [...file.subarray(0, MAGIC_BYTES)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new FormatError(
      `${name}: the file starts with ${start}, where 00 00, a type (08, 09, 0b to 0e) and a number of axes were wanted${looksLike(file) || "; it is damaged or of another format"}`,
    );
  }
  const start = MAGIC_BYTES + rank * SIZE_BYTES;
  if (file.length < start)
    throw new FormatError(
      `${name}: the file ends after ${file.length} bytes, within the header of ${start}; it is cut off, fetch it again`,
    );
  const view = new DataView(file.buffer, file.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(MAGIC_BYTES + axis * SIZE_BYTES));
  const size = shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, type.bytes);
  if (!Number.isSafeInteger(size))
    throw new FormatError(
      `${name}: sizes [${shape.slice(0, 8).join(", ")}${rank > 8 ? ", …" : ""}] are more than any file can hold; the file is damaged`,
    );
  return { type, shape, start, size };
}

/**
 * Writes an IDX file; `gzip` of `formats/gzip.ts` packs it.
 * @param array its element type decides the type code; Uint8ClampedArray and others have none.
 * @throws FormatError when the shape has no axis, more than 255, a size that is not a whole number below 2^32, or not as
 * many elements as `data`.
 */
export function serializeIdx({ data, shape }: IdxArray): Uint8Array {
  const found = Object.entries(TYPES).find(([, type]) => data instanceof type.array);
  if (found === undefined)
    throw new FormatError(
      "IDX: there is no type code for these elements; convert them to u8, i8, i16, i32, f32 or f64",
    );
  const [code, type] = found;
  const shown = `[${shape.slice(0, 8).join(", ")}${shape.length > 8 ? ", …" : ""}]`;
  if (shape.length < 1 || shape.length > 255 || !shape.every((length) => length >>> 0 === length))
    throw new FormatError(`IDX: a shape needs 1 to 255 whole sizes below 2^32, got ${shown}; reshape it`);
  const elements = shape.reduce((product, length) => product * length, 1);
  if (elements !== data.length)
    throw new FormatError(
      `IDX: shape ${shown} has ${elements} elements, got ${data.length}; give exactly its elements`,
    );

  const start = MAGIC_BYTES + shape.length * SIZE_BYTES;
  const file = new Uint8Array(start + data.length * type.bytes);
  const view = new DataView(file.buffer);
  view.setUint8(2, Number(code));
  view.setUint8(3, shape.length);
  for (const [axis, length] of shape.entries()) view.setUint32(MAGIC_BYTES + axis * SIZE_BYTES, length);
  for (let index = 0; index < data.length; index++) type.set(view, start + index * type.bytes, data[index]!);
  return file;
}
