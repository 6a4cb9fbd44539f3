/** Examples of known features as arrays: what `tf.io.parse_example` does by a description of the features. */
import type { BinaryReader } from "@bufbuild/protobuf/wire";
import { allocate, byteSize, isFloat, type DType, type TypedArray } from "../core/dtype.ts";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { sizeOf, type Shape } from "../core/shape.ts";
import type { NumberArray } from "./numpyArray.ts";
import { loadWire, type Wire } from "./protobuf.ts";

/**
 * A feature that is wanted of every example.
 * - `dtype` f32 and f64 are read from lists of floats; i32, u32, u8, bool from lists of integers, and f64 from those too; `text`
 *   (UTF-8) and `bytes` from lists of bytes.
 * - `raw: true`: the numbers are the little-endian content of one bytes value, as images are often stored.
 */
export interface FeatureSpec {
  readonly dtype: DType | "text" | "bytes";
  /** How many values there are, `[]` by default: one. */
  readonly shape?: Shape;
  /** As many values as the example has: an array of one axis. */
  readonly variable?: boolean;
  /** For examples without the feature: one value for all, or all values. Without it such examples are an error. */
  readonly default?: number | string | Uint8Array | ArrayLike<number>;
  readonly raw?: boolean;
}

/** The features that are wanted, by name. */
export type ExampleSpec = Readonly<Record<string, FeatureSpec>>;

type Value<F extends FeatureSpec> = F["dtype"] extends "text"
  ? Listed<F, string>
  : F["dtype"] extends "bytes"
    ? Listed<F, Uint8Array>
    : NumberArray;
type Listed<F extends FeatureSpec, T> = F extends { variable: true } | { shape: readonly [number, ...number[]] }
  ? T[]
  : T;

/** What a spec makes of one example. */
export type ExampleOf<S extends ExampleSpec> = { [K in keyof S]: Value<S[K]> };
/** What a spec makes of several: numbers of one shape under each other, [n, …shape]; lists of everything else. */
export type ExamplesOf<S extends ExampleSpec> = {
  [K in keyof S]: S[K]["dtype"] extends DType
    ? S[K] extends { variable: true }
      ? NumberArray[]
      : NumberArray
    : Value<S[K]>[];
};

/** Reads examples of known features. */
export interface ExampleReader<S extends ExampleSpec> {
  /** @param name names the example in messages. @throws FormatError */
  one(record: Uint8Array, name?: string): ExampleOf<S>;
  /** @param name names an example by its position in the list. @throws FormatError */
  many(records: readonly Uint8Array[], name?: (index: number) => string): ExamplesOf<S>;
}

const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true });

/**
 * Makes a reader of examples.
 * @throws ArgumentError for a spec that makes no sense; PackageError without @bufbuild/protobuf.
 *
 * @example
 * const reader = await exampleReader({ x: { dtype: "f32", shape: [20] }, label: { dtype: "i32" }, id: { dtype: "text" } });
 * const { x, label, id } = reader.one(record);
 */
export async function exampleReader<const S extends ExampleSpec>(spec: S): Promise<ExampleReader<S>> {
  const wire = await loadWire("tf.Example");
  const fields = Object.entries(spec).map(([key, feature]) => fieldOf(key, feature));
  const many = (records: readonly Uint8Array[], name: (index: number) => string): Column[] => {
    const columns = fields.map((field, position) => columnOf(field, position, records.length));
    for (const [index, record] of records.entries()) readExample(wire, record, index, columns, name);
    return columns;
  };
  return {
    one(record, name = "tf.Example") {
      const columns = many([record], () => name);
      return Object.fromEntries(
        columns.map(({ field, list, data }) => {
          if (list) return [field.key, list[0]];
          return [field.key, { dtype: field.dtype, shape: field.shape, data }];
        }),
      ) as ExampleOf<S>;
    },
    many(records, name = (index) => `tf.Example ${index}`) {
      const columns = many(records, name);
      return Object.fromEntries(
        columns.map(({ field, list, data }) => {
          if (list) return [field.key, list];
          return [field.key, { dtype: field.dtype, shape: [records.length, ...field.shape], data }];
        }),
      ) as ExamplesOf<S>;
    },
  };
}

/** A feature with what follows from its spec. */
interface Field extends Required<Pick<FeatureSpec, "dtype" | "shape" | "variable" | "raw">> {
  readonly key: string;
  readonly keyBytes: Uint8Array;
  readonly default: FeatureSpec["default"];
  /** How many values. */
  readonly size: number;
  /** The field of `Feature` that holds its list: 1 bytes, 2 floats, 3 integers; f64 takes both kinds of numbers. */
  readonly kinds: readonly number[];
}

/** Where the values of one feature go: numbers of one shape into `data`, all else into `list`, by example. */
interface Column {
  /** Among the columns. */
  readonly position: number;
  readonly field: Field;
  readonly data: TypedArray | undefined;
  readonly list: unknown[] | undefined;
  /** The last example that had it. */
  seen: number;
}

function fieldOf(
  key: string,
  { dtype, shape = [], variable = false, default: fallback, raw = false }: FeatureSpec,
): Field {
  const fail = (what: string): never => {
    throw new ArgumentError(`exampleReader: feature "${key}" ${what}`);
  };
  if (dtype === "f16" || dtype === "bf16")
    fail(`is ${dtype}, which files of examples do not have; read it as f32 and cast`);
  const numeric = dtype !== "text" && dtype !== "bytes";
  if (raw && !numeric) fail(`is ${dtype} and raw; raw is for numbers`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    fail(`has the shape [${shape.join(", ")}]; sizes are whole numbers`);
  if (variable && shape.length > 0) fail("has a shape and a variable number of values; leave one out");
  const size = sizeOf(shape);
  if (fallback !== undefined && typeof fallback !== "number" && typeof fallback !== "string") {
    if (dtype !== "bytes" && !variable && fallback.length !== size)
      fail(`has ${fallback.length} default values for a shape of ${size}; give one, or all`);
  }
  const kinds = !numeric || raw ? [1] : dtype === "f64" ? [2, 3] : isFloat(dtype) ? [2] : [3];
  const keyBytes = new TextEncoder().encode(key);
  return { key, keyBytes, dtype, shape, variable, default: fallback, raw, size, kinds };
}

function columnOf(field: Field, position: number, count: number): Column {
  const { dtype, variable, size } = field;
  if (dtype === "text" || dtype === "bytes" || variable)
    return { position, field, data: undefined, list: new Array<unknown>(count), seen: -1 };
  return { position, field, data: allocate(dtype, count * size), list: undefined, seen: -1 };
}

const KINDS = ["nothing", "bytes", "floats", "integers"];

function readExample(
  wire: Wire,
  record: Uint8Array,
  index: number,
  columns: readonly Column[],
  name: (index: number) => string,
): void {
  try {
    const reader = new wire.BinaryReader(record);
    while (reader.pos < record.length) {
      const [number, type] = reader.tag();
      if (number === 1 && type === 2) readFeatures(reader, endOf(reader, record.length), index, columns);
      else reader.skip(type, number);
    }
  } catch (cause) {
    if (cause instanceof Misfit) throw new FormatError(`${name(index)}: ${cause.message}`, { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(
      `${name(index)}: the record is no tf.Example (${reason}); the file is damaged or holds something else`,
      { cause },
    );
  }
  for (const column of columns) {
    if (column.seen === index) continue;
    if (column.field.default === undefined && !column.field.variable)
      throw new FormatError(
        `${name(index)}: the example has no feature "${column.field.key}"; it has ${shown(wire, record)}. Give the feature a default, or correct its name`,
      );
    fillDefault(column, index);
  }
}

/** An example that is whole and does not fit the spec. */
class Misfit extends Error {}

function readFeatures(reader: BinaryReader, end: number, index: number, columns: readonly Column[]): void {
  /** Where the next name is looked for first: writers keep an order. */
  let next = 0;
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (number !== 1 || type !== 2) {
      reader.skip(type, number);
      continue;
    }
    const entryEnd = endOf(reader, end);
    let column: Column | undefined;
    while (reader.pos < entryEnd) {
      const [part, partType] = reader.tag();
      if (part === 1 && partType === 2) column = columnNamed(reader.bytes(), columns, next);
      else if (part === 2 && partType === 2) {
        const valueEnd = endOf(reader, entryEnd);
        // Every writer puts the key first.
        if (column !== undefined) {
          readFeature(reader, valueEnd, index, column);
          next = column.position + 1;
        }
        reader.pos = valueEnd;
      } else reader.skip(partType, part);
    }
  }
}

/** The column of a name. Comparing bytes is several times faster than decoding them. */
function columnNamed(name: Uint8Array, columns: readonly Column[], first: number): Column | undefined {
  for (let tried = 0; tried < columns.length; tried++) {
    const column = columns[(first + tried) % columns.length]!;
    const { keyBytes } = column.field;
    if (keyBytes.length !== name.length) continue;
    let at = 0;
    while (at < name.length && keyBytes[at] === name[at]) at++;
    if (at === name.length) return column;
  }
  return undefined;
}

function readFeature(reader: BinaryReader, end: number, index: number, column: Column): void {
  const { field } = column;
  if (reader.pos === end) return;
  const [kind] = reader.tag();
  if (!field.kinds.includes(kind))
    throw new Misfit(
      `feature "${field.key}" holds ${KINDS[kind] ?? `field ${kind}`}, and ${field.dtype} is read from ${field.kinds.map((one) => KINDS[one]).join(" or ")}; change the dtype in the spec`,
    );
  const listEnd = endOf(reader, end);
  column.seen = index;
  if (kind === 1) readBytes(reader, listEnd, index, column);
  else if (field.variable) {
    const values: number[] = [];
    readNumbers(reader, listEnd, kind, (value) => values.push(value));
    const data = allocate(field.dtype as DType, values.length);
    for (let at = 0; at < values.length; at++) store(data, at, values[at]!, field);
    column.list![index] = { dtype: field.dtype, shape: [values.length], data };
  } else {
    const data = column.data!;
    const start = index * field.size;
    let count = 0;
    if (field.dtype === "f32" && copyFloats(reader, listEnd, data, start, field.size)) return;
    readNumbers(reader, listEnd, kind, (value) => {
      if (count < field.size) store(data, start + count, value, field);
      count++;
    });
    if (count !== field.size) throw counted(field, count);
  }
}

/** Takes packed floats as they are, where the list is nothing but as many as are wanted. False where it is not; then nothing was read. */
function copyFloats(reader: BinaryReader, end: number, data: TypedArray, start: number, size: number): boolean {
  const before = reader.pos;
  if (before < end && reader.tag()[1] === 2) {
    const content = reader.bytes();
    if (content.length === 4 * size && reader.pos === end) {
      bytesOf(data).set(content, 4 * start);
      return true;
    }
  }
  reader.pos = before;
  return false;
}

/** Floats and integers, packed or one by one. */
function readNumbers(reader: BinaryReader, end: number, kind: number, take: (value: number) => void): void {
  const one = kind === 2 ? (): number => reader.float() : (): number => Number(reader.int64());
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (number !== 1) reader.skip(type, number);
    else if (type === 2) for (const last = endOf(reader, end); reader.pos < last;) take(one());
    else take(one());
  }
}

function readBytes(reader: BinaryReader, end: number, index: number, column: Column): void {
  const { field } = column;
  const values: Uint8Array[] = [];
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (number === 1 && type === 2) values.push(reader.bytes());
    else reader.skip(type, number);
  }
  if (!field.raw) {
    if (!field.variable && values.length !== field.size) throw counted(field, values.length);
    const read = field.dtype === "text" ? values.map((value) => textOf(value, field)) : values;
    column.list![index] = field.variable || field.shape.length > 0 ? read : read[0];
    return;
  }
  const [content] = values;
  if (content === undefined || values.length > 1) throw counted(field, values.length, "bytes value");
  const dtype = field.dtype as DType;
  const width = byteSize(dtype);
  if (field.variable ? content.length % width !== 0 : content.length !== field.size * width)
    throw new Misfit(
      `feature "${field.key}" holds ${content.length} bytes, and ${field.variable ? `${dtype} takes ${width} each` : `shape [${field.shape.join(", ")}] of ${dtype} takes ${field.size * width}`}; correct the spec`,
    );
  if (field.variable) {
    const data = allocate(dtype, content.length / width);
    bytesOf(data).set(content);
    column.list![index] = { dtype, shape: [data.length], data };
  } else bytesOf(column.data!).set(content, index * field.size * width);
}

function bytesOf(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function textOf(bytes: Uint8Array, field: Field): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Misfit(`feature "${field.key}" is no UTF-8 text; read it with dtype "bytes"`);
  }
}

function counted(field: Field, count: number, what = "value"): Misfit {
  const wanted = what === "value" ? `shape [${field.shape.join(", ")}] wants ${field.size}` : "one was wanted";
  return new Misfit(
    `feature "${field.key}" has ${count} ${what}${count === 1 ? "" : "s"}, ${wanted}; correct the spec, or use variable: true`,
  );
}

function store(data: TypedArray, at: number, value: number, { key, dtype }: Field): void {
  data[at] = dtype === "bool" ? Number(value !== 0) : value;
  const exact =
    dtype === "f32" ||
    dtype === "bool" ||
    (dtype === "f64"
      ? !Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) > 2 ** 63
      : data[at] === value);
  if (!exact)
    throw new Misfit(`feature "${key}" holds ${value}, which ${dtype} cannot; choose another dtype in the spec`);
}

function fillDefault({ field, data, list }: Column, index: number): void {
  const { dtype, size, shape, default: fallback, variable } = field;
  if (dtype === "text" || dtype === "bytes") {
    list![index] = variable ? [] : shape.length > 0 ? new Array(size).fill(fallback) : fallback;
    return;
  }
  const values =
    fallback === undefined
      ? []
      : typeof fallback === "number"
        ? variable
          ? [fallback]
          : new Array<number>(size).fill(fallback)
        : Array.from(fallback as ArrayLike<number>);
  if (variable) {
    const array = allocate(dtype, values.length);
    array.set(values);
    list![index] = { dtype, shape: [values.length], data: array };
  } else data!.set(values, index * size);
}

function endOf(reader: BinaryReader, end: number): number {
  const length = reader.uint32();
  if (length > end - reader.pos) throw new RangeError(`${length} bytes are promised, ${end - reader.pos} are there`);
  return reader.pos + length;
}

/** The names of an example's features, for a message: as far as they can be read, where the record is damaged. */
function shown(wire: Wire, record: Uint8Array): string {
  const names: string[] = [];
  try {
    collectNames(wire, record, names);
  } catch {
    names.push("what cannot be read");
  }
  return names.length === 0 ? "none" : names.slice(0, 20).join(", ");
}

function collectNames(wire: Wire, record: Uint8Array, names: string[]): void {
  const reader = new wire.BinaryReader(record);
  while (reader.pos < record.length) {
    const [number, type] = reader.tag();
    if (number !== 1 || type !== 2) {
      reader.skip(type, number);
      continue;
    }
    for (const end = endOf(reader, record.length); reader.pos < end;) {
      reader.tag();
      const entryEnd = endOf(reader, end);
      if (reader.pos < entryEnd && reader.tag()[0] === 1) names.push(JSON.stringify(reader.string().slice(0, 80)));
      reader.pos = entryEnd;
    }
  }
}
