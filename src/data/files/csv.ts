import { allocate, type TypedArray } from "../../core/dtype.ts";
import { FormatError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { parseCsvRows } from "../../formats/csv.ts";
import type { ColumnType, ColumnValues, CsvFormat, CsvRows } from "../../formats/csvFormat.ts";
import { quote } from "../../formats/json.ts";
import { asUtf8, type Encoding } from "../../formats/text.ts";
import { toTensor } from "../collate.ts";
import { Dataset } from "../dataset.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { contentOf, named, pathsOf } from "./reading.ts";

/** How {@link csv} reads files and what it makes of rows. */
export interface CsvOptions extends CsvFormat {
  /** The column to predict: elements are then pairs of features and label. It must hold numbers; declare names with `columns`. */
  readonly label?: string;
  /** Features as one array f32 [columns] instead of values by name. All must be numbers. */
  readonly vector?: boolean;
  /** Elements are batches of that many rows, made without a step for each of them; the last may have fewer. */
  readonly batch?: number;
  /** `utf-8` by default; a byte order mark in the file decides before it. */
  readonly encoding?: Encoding;
}

/** A row by names: numbers, texts, and null for a text that is missing. */
export type CsvRow = { readonly [column: string]: number | string | null };

/** Rows by names: numbers as tensors [n], texts as lists. */
export type CsvBatch = { readonly [column: string]: Tensor | (string | null)[] };

type FeaturesOf<O> = O extends { readonly batch: number }
  ? O extends { readonly vector: true }
    ? Tensor
    : CsvBatch
  : O extends { readonly vector: true }
    ? HostArray
    : CsvRow;

/** What {@link csv} makes of rows, by its options. */
export type CsvElement<O> = O extends { readonly label: string }
  ? readonly [features: FeaturesOf<O>, label: O extends { readonly batch: number } ? Tensor : HostArray]
  : FeaturesOf<O>;

/**
 * The rows of CSV files, one file after the other, read as they are asked for. Files packed by gzip are unpacked on the way.
 *
 * By default an element is a row by names, with numbers and texts as they are. With `label` it is a pair of features and
 * label (an array of the column's dtype, []); with `vector` the features are one array f32 [columns], in the order of the file or of
 * `select`; with `batch` elements are batches of these, as tensors.
 *
 * All files have the columns of the first, whose types hold for all. To shuffle exactly, to sort or to join, read a `Table`.
 *
 * @throws ArgumentError for options that make no sense. While iterating: FormatError with file, row and column for what is ragged, no
 * number where one was wanted, missing where it must not be, no text of the encoding, or an empty file; PlatformError for what
 * cannot be read.
 *
 * @example
 * const train = files.csv("abalone.csv", {
 *   header: ["sex", "length", "diameter", "height", "whole", "shucked", "viscera", "shell", "rings"],
 *   columns: { sex: ["M", "F", "I"] },
 *   label: "rings",
 *   vector: true,
 *   batch: 64,
 * });
 * for await (const [x, y] of train) x.shape; // [64, 8]
 */
export function csv<const O extends CsvOptions>(
  paths: string | readonly string[],
  options: O = {} as O,
): Dataset<CsvElement<O>> {
  const { batch, label, vector } = options;
  if (batch !== undefined) wholeNumber("csv", "batch", batch, 1);
  const list = pathsOf(paths);
  // A label that is not selected is wanted all the same.
  const select =
    label !== undefined && options.select?.includes(label) === false ? [...options.select, label] : options.select;
  const { numeric = [] } = options;
  const wanted = vector || numeric === true ? true : [...numeric, ...(label === undefined ? [] : [label])];
  const format: CsvOptions = { ...options, numeric: wanted, ...(select ? { select } : {}) };
  return Dataset.from(async function* () {
    const rows = rowsOf(list, format, batch ?? 1024);
    if (batch === undefined) for await (const some of rows) yield* elements(some, options);
    else for await (const some of inBatches(rows, batch)) yield batchOf(some, options);
  }) as Dataset<CsvElement<O>>;
}

async function* rowsOf(
  paths: readonly string[],
  { encoding, ...format }: CsvOptions,
  size: number,
): AsyncGenerator<CsvRows, void, undefined> {
  let first: ReadonlyMap<string, ColumnType> | undefined;
  for (const path of paths) {
    const own: CsvFormat =
      first === undefined ? format : { ...format, columns: Object.fromEntries(first), select: [...first.keys()] };
    for await (const rows of parseCsvRows(asUtf8(contentOf(path), named(path), encoding), named(path), own, size)) {
      first ??= rows.types;
      yield rows;
    }
  }
}

/** The same rows, `size` at a time: where files meet, batches are put together. */
async function* inBatches(source: AsyncIterable<CsvRows>, size: number): AsyncGenerator<CsvRows, void, undefined> {
  let waiting: CsvRows | undefined;
  for await (const rows of source) {
    const all: CsvRows = waiting === undefined ? rows : joined(waiting, rows);
    waiting = all.count > size ? cut(all, size, all.count) : undefined;
    if (all.count < size) waiting = all;
    else yield waiting === undefined ? all : cut(all, 0, size);
  }
  if (waiting !== undefined) yield waiting;
}

function mapColumns(rows: CsvRows, count: number, f: (values: ColumnValues, name: string) => ColumnValues): CsvRows {
  return { ...rows, count, columns: new Map([...rows.columns].map(([name, values]) => [name, f(values, name)])) };
}

function cut(rows: CsvRows, start: number, end: number): CsvRows {
  return mapColumns(rows, end - start, (values) => values.slice(start, end));
}

function joined(a: CsvRows, b: CsvRows): CsvRows {
  return mapColumns(a, a.count + b.count, (values, name) => {
    const more = b.columns.get(name)!;
    if (Array.isArray(values)) return [...values, ...(more as (string | null)[])];
    const all = values.slice(0, 0).constructor as new (length: number) => TypedArray;
    const both = new all(values.length + more.length);
    both.set(values);
    both.set(more as TypedArray, values.length);
    return both;
  });
}

/** The columns of features and of the label. */
function parts(
  { columns }: CsvRows,
  { label, vector }: CsvOptions,
): readonly [[string, ColumnValues][], HostArray | undefined] {
  const features = [...columns].filter(([name]) => name !== label);
  if (vector) numbersOf(features, "vector");
  if (label === undefined) return [features, undefined];
  const named = columns.get(label);
  if (named === undefined)
    throw new FormatError(
      `csv: label names no column: ${quote(label)}; there are ${[...columns.keys()].map(quote).join(", ")}`,
    );
  const [[, values]] = numbersOf([[label, named]], "label");
  return [features, hostArray(values)];
}

function numbersOf(
  columns: readonly [string, ColumnValues][],
  option: string,
): [[string, TypedArray], ...[string, TypedArray][]] {
  const text = columns.find(([, values]) => Array.isArray(values));
  if (text !== undefined)
    throw new FormatError(
      `csv: column ${quote(text[0])} holds texts, and ${option} wants numbers; leave it out with select, or declare its names: columns: { ${quote(text[0])}: ["first", "second"] }`,
    );
  return columns as [[string, TypedArray], ...[string, TypedArray][]];
}

/** Rows as one array, f32 [n, columns]. */
function matrix(columns: readonly [string, ColumnValues][], count: number): HostArray {
  const width = columns.length;
  const data = allocate("f32", count * width);
  for (const [at, [, values]] of columns.entries())
    for (let row = 0; row < count; row++) data[row * width + at] = values[row] as number;
  return hostArray(data, [count, width]);
}

function* elements(rows: CsvRows, options: CsvOptions): Generator<unknown, void, undefined> {
  const [features, labels] = parts(rows, options);
  const all = options.vector ? matrix(features, rows.count).data : undefined;
  const width = features.length;
  for (let row = 0; row < rows.count; row++) {
    const own = all
      ? hostArray(all.subarray(row * width, (row + 1) * width))
      : Object.fromEntries(features.map(([name, values]) => [name, values[row]!]));
    yield labels === undefined ? own : [own, hostArray(labels.data.subarray(row, row + 1), [], labels.dtype)];
  }
}

function batchOf(rows: CsvRows, options: CsvOptions): unknown {
  const [features, labels] = parts(rows, options);
  const own = options.vector
    ? toTensor(matrix(features, rows.count))
    : Object.fromEntries(
        features.map(([name, values]) => [name, Array.isArray(values) ? values : toTensor(hostArray(values))]),
      );
  return labels === undefined ? own : [own, toTensor(labels)];
}

/**
 * Reads one line of numbers, as tutorials of tf.data do by hand: all fields but the last as features, f32 [fields − 1], the last as label,
 * i32 []. For whole files {@link csv} is many times faster.
 * @throws FormatError for fields that are no numbers and labels that are not whole.
 *
 * @example
 * files.textLines("digits.csv").skip(1).map((line) => files.parseCsv(line));
 */
export function parseCsv(line: string): readonly [features: HostArray, label: HostArray] {
  const fields = line.split(",").map((field) => field.trim());
  const numbers = fields.map((field, index) => {
    const value = field === "" ? NaN : Number(field);
    if (Number.isNaN(value) && !/^nan$/i.test(field))
      throw new FormatError(
        `parseCsv: field ${index + 1} of the line, ${quote(field)}, is no number; use files.csv with columns`,
      );
    return value;
  });
  const label = numbers.pop()!;
  if (label !== (label | 0))
    throw new FormatError(
      `parseCsv: the last field, ${quote(fields.at(-1)!)}, is the label and no whole number; use files.csv with label`,
    );
  return [hostArray(Float32Array.from(numbers)), hostArray(Int32Array.of(label), [])];
}
