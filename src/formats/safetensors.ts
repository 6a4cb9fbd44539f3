import type { Pieces } from "../platform/platform.ts";
import { joinBytes, lengthOf, sliceOf } from "../core/bytes.ts";
import { FormatError } from "../core/errors.ts";
import { looksLike } from "./content.ts";
import { isJsonObject, parseJson, quote, type Json } from "./json.ts";

/**
 * Bits per element. The order is the reference implementation's order of alignment, which its writer sorts by, the last
 * first (safetensors `tensor.rs`, enum `Dtype`).
 */
const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** The element types of the format, by its own names. */
export type SafetensorsDType = keyof typeof BITS;

/** All element types of the format, in increasing order of alignment. */
export const SAFETENSORS_DTYPES: readonly SafetensorsDType[] = /* @__PURE__ */ Object.keys(BITS) as SafetensorsDType[];

/** One tensor as a file holds it. */
export interface SafetensorsTensor {
  readonly dtype: SafetensorsDType;
  /** Sizes per axis, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** The elements in row-major order, little-endian, without padding. */
  readonly bytes: Uint8Array;
}

/** The content of a file. */
export interface SafetensorsFile {
  /** By name, in the order in which their bytes stand in the file. */
  readonly tensors: Map<string, SafetensorsTensor>;
  /** The free text that the writer added, such as `format → pt`. Empty when there is none. */
  readonly metadata: Map<string, string>;
}

/** Longer headers are refused by every reader, so that a few bytes cannot make one allocate without bound. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
/** So many tell what a file is. */
const FIRST_BYTES = 4096;
const METADATA_KEY = "__metadata__";

/**
 * Reads a .safetensors file (https://huggingface.co/docs/safetensors): an 8-byte little-endian length, a JSON header of
 * that length, then the tensors' bytes back to back.
 *
 * The tensors are views of `bytes`; nothing is copied but what lies in two pieces. A view need not be aligned to its element size (old writers pad
 * nothing), so copy it before viewing it as, say, a Float32Array. Memory used is in proportion to `bytes`, whatever they
 * claim.
 *
 * @throws FormatError when the header is over 100 MB, longer than the file, not JSON or has a key twice; when a dtype is
 * unknown, a shape is not whole numbers, or shape × dtype differs from the range; when ranges overlap, leave holes, or
 * do not cover the rest of the file exactly.
 *
 * @example
 * const { tensors } = parseSafetensors(await readFile("model.safetensors"));
 * tensors.get("conv1.weight")?.shape; // [8, 1, 3, 3]
 */
export function parseSafetensors(bytes: Pieces): SafetensorsFile {
  const pieces = [bytes].flat();
  const header = readHeader(pieces);
  const start = LENGTH_BYTES + header.length;
  const root = parseJson(header, "safetensors: the header");
  if (!isJsonObject(root))
    throw new FormatError("safetensors: the header is JSON but not an object; the file is damaged");

  const entries: Entry[] = [];
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(root)) {
    if (name === METADATA_KEY) metadata = readMetadata(value);
    else entries.push(readEntry(name, value));
  }
  // Zero-size tensors share their start with a neighbour; the end puts them in front of it.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, lengthOf(pieces) - start);

  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name, dtype, shape, begin, end } of entries)
    tensors.set(name, { dtype, shape, bytes: sliceOf(pieces, start + begin, start + end) });
  return { tensors, metadata };
}

/** The header's bytes, once its length makes sense. */
function readHeader(pieces: readonly Uint8Array[]): Uint8Array {
  const total = lengthOf(pieces);
  const bytes = sliceOf(pieces, 0, Math.min(total, FIRST_BYTES));
  if (bytes.length < LENGTH_BYTES)
    throw new FormatError(
      `safetensors: the file has ${bytes.length} bytes, fewer than the 8 that hold the header's length${looksLike(bytes) || "; fetch the file again"}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > MAX_HEADER_BYTES)
    throw new FormatError(
      `safetensors: the first 8 bytes announce a header of ${length} bytes, more than the ${MAX_HEADER_BYTES} allowed${looksLike(bytes) || "; the file is damaged or of another format"}`,
    );
  if (length > total - LENGTH_BYTES)
    throw new FormatError(
      `safetensors: the header should be ${length} bytes long but the file ends ${total - LENGTH_BYTES} bytes after its length; the file is cut off, fetch it again`,
    );
  if (bytes[LENGTH_BYTES] !== 0x7b)
    throw new FormatError(
      `safetensors: the header must start with "{"${looksLike(bytes) || "; the file is damaged or of another format"}`,
    );
  return sliceOf(pieces, LENGTH_BYTES, LENGTH_BYTES + length);
}

function readMetadata(value: Json): Map<string, string> {
  // The reference implementation writes an absent map as null in some versions.
  if (value === null) return new Map();
  if (!isJsonObject(value))
    throw new FormatError(`safetensors: ${METADATA_KEY} must be an object of texts; write the file again`);
  const metadata = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string")
      throw new FormatError(
        `safetensors: ${METADATA_KEY} holds ${kindOf(text)} under ${quote(key)}, and only text is allowed; write it as JSON text`,
      );
    metadata.set(key, text);
  }
  return metadata;
}

interface Entry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** The range of bytes, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

function readEntry(name: string, value: Json): Entry {
  const fail = (problem: string): never => {
    throw new FormatError(`safetensors: tensor ${quote(name)} ${problem}`);
  };
  if (!isJsonObject(value))
    return fail(`is described by ${kindOf(value)} where an object was wanted; the file is damaged`);
  const { dtype, shape, data_offsets: range } = value;
  if (typeof dtype !== "string") return fail(`has ${kindOf(dtype)} for a dtype; the file is damaged`);
  if (!isDType(dtype))
    return fail(`has the unknown dtype ${quote(dtype)}; convert it to one of ${SAFETENSORS_DTYPES.join(" ")}`);
  if (!Array.isArray(shape)) return fail(`has ${kindOf(shape)} for a shape; the file is damaged`);
  for (const size of shape)
    if (!isSize(size))
      return fail(
        `has ${showSize(size)} in its shape, where sizes are whole numbers from 0 to 2^53; the file is damaged`,
      );
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isSize))
    return fail(
      "must have data_offsets of two whole numbers, its first byte and the byte after its last; the file is damaged",
    );
  const [begin, end] = range as [number, number];
  if (end < begin) return fail(`ends at byte ${end}, before its start at ${begin}; the file is damaged`);
  const wanted = byteLength(dtype, shape as number[]);
  if (wanted !== end - begin)
    return fail(
      `has shape ${showShape(shape as number[])} of ${dtype}, which takes ${showBytes(wanted)}, but a range of ${end - begin}; the file is damaged`,
    );
  return { name, dtype, shape: shape as number[], begin, end };
}

/** Ranges must tile the data: bytes that belong to two tensors or to none could hide something. */
function checkCoverage(entries: readonly Entry[], available: number): void {
  let covered = 0;
  let previous: string | undefined;
  for (const { name, begin, end } of entries) {
    if (begin < covered)
      throw new FormatError(
        `safetensors: tensors ${quote(previous ?? "")} and ${quote(name)} overlap: one ends at byte ${covered}, the other starts at ${begin}; the file is damaged or forged`,
      );
    if (begin > covered)
      throw new FormatError(
        `safetensors: bytes ${covered} to ${begin} before tensor ${quote(name)} belong to no tensor, and holes are not allowed; write the file again`,
      );
    covered = end;
    previous = name;
  }
  if (covered > available)
    throw new FormatError(
      `safetensors: the header describes ${covered} bytes of tensors but ${available} follow it; the file is cut off, fetch it again`,
    );
  if (covered < available)
    throw new FormatError(
      `safetensors: ${available - covered} bytes after the last tensor belong to none, where the tensors must cover the file exactly; fetch or write it again`,
    );
}

/**
 * Writes a .safetensors file, byte for byte as the reference implementation does: widest element types first, then by
 * name, the header padded with spaces to a multiple of 8, so that every tensor is aligned to its element size. The same
 * content gives the same bytes, whatever the order of `tensors` and `metadata`.
 *
 * @param tensors names and tensors, such as a Map; the name `__metadata__` is taken.
 * @param metadata free text to keep with them; nothing by default.
 * @throws FormatError when bytes do not fit shape × dtype, a name comes twice or cannot be written, or the header would
 * pass 100 MB.
 */
export function serializeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: SafetensorsTensor]>,
  metadata: ReadonlyMap<string, string> | Readonly<Record<string, string>> = {},
): Uint8Array {
  return joinBytes([...safetensorsPieces(tensors, metadata)]);
}

/** As {@link serializeSafetensors}, in pieces: the header, then the bytes of every tensor as they were given. */
export function safetensorsPieces(
  tensors: Iterable<readonly [name: string, tensor: SafetensorsTensor]>,
  metadata: ReadonlyMap<string, string> | Readonly<Record<string, string>> = {},
): readonly Uint8Array[] {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      SAFETENSORS_DTYPES.indexOf(b.dtype) - SAFETENSORS_DTYPES.indexOf(a.dtype) || compareText(nameA, nameB),
  );
  const texts = [...(metadata instanceof Map ? metadata : Object.entries(metadata))] as [string, string][];
  texts.sort(([a], [b]) => compareText(a, b));
  for (const text of texts.flat()) checkText(text);

  const parts: string[] = [];
  if (texts.length > 0)
    parts.push(
      `"${METADATA_KEY}":{${texts.map((entry) => entry.map((text) => JSON.stringify(text)).join(":")).join(",")}}`,
    );
  const names = new Set<string>();
  let offset = 0;
  for (const [name, tensor] of sorted) {
    checkTensor(name, tensor, names);
    names.add(name);
    const { dtype, shape, bytes } = tensor;
    const info = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
    offset += bytes.length;
  }
  const header = new TextEncoder().encode(`{${parts.join(",")}}`);
  const headerLength = Math.ceil(header.length / LENGTH_BYTES) * LENGTH_BYTES;
  if (headerLength > MAX_HEADER_BYTES)
    throw new FormatError(
      `safetensors: the header would take ${headerLength} bytes, more than the ${MAX_HEADER_BYTES} that readers accept; split the tensors over several files`,
    );

  const head = new Uint8Array(LENGTH_BYTES + headerLength);
  new DataView(head.buffer).setUint32(0, headerLength, true);
  head.set(header, LENGTH_BYTES);
  head.fill(0x20, LENGTH_BYTES + header.length);
  return [head, ...sorted.map(([, { bytes }]) => bytes)];
}

function checkTensor(name: string, { dtype, shape, bytes }: SafetensorsTensor, taken: ReadonlySet<string>): void {
  checkText(name);
  if (name === METADATA_KEY)
    throw new FormatError(
      `safetensors: a tensor cannot be named ${METADATA_KEY}, which the format keeps for itself; rename it`,
    );
  if (taken.has(name)) throw new FormatError(`safetensors: two tensors are named ${quote(name)}; rename one`);
  if (!isDType(dtype))
    throw new FormatError(
      `safetensors: tensor ${quote(name)} has the unknown dtype ${quote(String(dtype))}; use one of ${SAFETENSORS_DTYPES.join(" ")}`,
    );
  const wanted = shape.every(isSize) ? byteLength(dtype, shape) : Number.NaN;
  if (wanted !== bytes.length)
    throw new FormatError(
      `safetensors: tensor ${quote(name)} of shape ${showShape(shape)} and dtype ${dtype} takes ${showBytes(wanted)}, got ${bytes.length}; give the bytes of exactly its elements`,
    );
}

/** Half a surrogate pair has no UTF-8; encoders replace it, which would change the name. */
function checkText(text: string): void {
  if (/\p{Surrogate}/u.test(text))
    throw new FormatError(
      `safetensors: the text ${quote(text)} has half a surrogate pair, which UTF-8 cannot hold; remove it`,
    );
}

/** Orders by code point, which is the order of the UTF-8 bytes; JavaScript's `<` goes by UTF-16 units. */
function compareText(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Bytes of a tensor; NaN when no file can hold it or it ends within a byte. */
function byteLength(dtype: SafetensorsDType, shape: readonly number[]): number {
  // A size of 0 anywhere makes the tensor empty, however large the others are.
  const elements = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  const bytes = (elements * BITS[dtype]) / 8;
  return Number.isSafeInteger(bytes) ? bytes : Number.NaN;
}

function isDType(text: string): text is SafetensorsDType {
  return Object.hasOwn(BITS, text);
}

function isSize(value: Json): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A shape comes from the file and may be long: an error shows its beginning. */
function showShape(shape: readonly number[]): string {
  return `[${shape.slice(0, 8).join(", ")}${shape.length > 8 ? ", …" : ""}]`;
}

function showSize(value: Json): string {
  return typeof value === "number" ? String(value) : kindOf(value);
}

function showBytes(count: number): string {
  return Number.isNaN(count) ? "no whole number of bytes that a file can have" : `${count} bytes`;
}

function kindOf(value: Json | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
