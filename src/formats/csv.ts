/**
 * Reading of CSV files (RFC 4180 and what is found in practice): bytes to columns of numbers and texts.
 *
 * Fields are read from bytes, and numbers where they stand, without making texts of them: papaparse, which makes texts, took 1.5 s
 * for a file of 37 MB (and 0.85 s of these before any number was made) for which tf.data takes 0.5 s (bench/training.md, "Files").
 */
import { joinBytes } from "../core/bytes.ts";
import { FormatError } from "../core/errors.ts";
import { dateOf } from "./csvDate.ts";
import {
  columnOf,
  MISSING,
  oneByte,
  shownType,
  type Column,
  type ColumnType,
  type CsvFormat,
  type CsvRows,
  type NumberType,
} from "./csvFormat.ts";
import { quote } from "./json.ts";

const INFERRED_ROWS = 1000;
/** A row that is longer is a mistake: an open quote would hold the whole file. */
const MAX_ROW_BYTES = 1 << 26;
const TEN = /* @__PURE__ */ Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
const LF = 10;
const CR = 13;
const SPACE = 32;

/**
 * The rows of a CSV file as columns, `size` rows at a time (the last may have fewer).
 * @param pieces of the file, UTF-8 (see `asUtf8` for others).
 * @param name names the file in messages.
 * @throws FormatError with row and column for rows of another number of fields, values that the column cannot hold, an open quote;
 * for an empty file where a header was wanted, names that are twice or not there. Rows are counted from 1, the header too, as
 * spreadsheets do. ArgumentError for options that make no sense. What `pieces` throws.
 */
export async function* parseCsvRows(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name: string = "CSV",
  format: CsvFormat = {},
  size: number = 1024,
): AsyncGenerator<CsvRows, void, undefined> {
  const reader = new CsvReader(name, format, size);
  for await (const piece of pieces) yield* reader.push(piece, false);
  yield* reader.push(new Uint8Array(0), true);
}

/** Reads one file. */
class CsvReader {
  readonly #name: string;
  readonly #format: CsvFormat;
  readonly #size: number;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #comment: number;
  readonly #missing: ReadonlySet<string>;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  /** What is read and not yet parsed, and where parsing goes on. */
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ended = false;
  /** Records so far, the header among them. */
  #row = 0;
  #names: readonly string[] | undefined;
  /** One for each field of a row; undefined for those that nobody wants. */
  #fields: readonly (Column | undefined)[] = [];
  #columns: readonly Column[] = [];
  #count = 0;

  constructor(name: string, format: CsvFormat, size: number) {
    this.#name = name;
    this.#format = format;
    this.#size = size;
    this.#delimiter = oneByte("delimiter", format.delimiter ?? ",")!;
    this.#quote = oneByte("quote", format.quote === false ? undefined : (format.quote ?? '"'));
    this.#comment = oneByte("comment", format.comment);
    this.#missing = new Set(format.missing ?? MISSING);
  }

  /** Takes a piece, and gives the batches of rows that it completes. */
  *push(piece: Uint8Array, ended: boolean): Generator<CsvRows, void, undefined> {
    const rest = this.#bytes.subarray(this.#at);
    if (rest.length === 0) this.#bytes = piece;
    else this.#bytes = piece.length > 0 ? joinBytes([rest, piece]) : rest;
    this.#at = 0;
    this.#ended = ended;
    if (this.#names === undefined && !this.#start()) return;
    for (;;) {
      while (this.#count < this.#size && this.#record());
      if (this.#count < this.#size) break;
      yield this.#take();
    }
    if (ended && this.#count > 0) yield this.#take();
    if (this.#bytes.length - this.#at > MAX_ROW_BYTES)
      throw this.#error(
        undefined,
        `it is longer than ${MAX_ROW_BYTES} bytes; a quote may be open: close it, or set quote: false`,
      );
  }

  #take(): CsvRows {
    const count = this.#count;
    this.#count = 0;
    // A copy: the next rows are written into the same memory.
    const columns = this.#columns.map(
      ({ name, numbers, texts }) => [name, numbers ? numbers.slice(0, count) : texts!.slice(0, count)] as const,
    );
    return {
      count,
      columns: new Map(columns),
      types: new Map(this.#columns.map(({ name, type }) => [name, type])),
    };
  }

  /** Reads the header and decides what the columns hold, once enough rows are there. False: more is needed. */
  #start(): boolean {
    const { header = true, select, columns: declared = {}, fill = {}, numbers = "f32", numeric = [] } = this.#format;
    const sample: string[][] = [];
    const begin = this.#at;
    let dataStart = begin;
    while (sample.length <= INFERRED_ROWS) {
      this.#row = sample.length;
      const fields = this.#texts(this.#at);
      if (fields === undefined) break;
      this.#at = fields.end;
      if (fields.values === undefined) {
        if (sample.length === 0) dataStart = this.#at;
        continue;
      }
      if (sample.length === 0) dataStart = this.#at;
      sample.push(fields.values);
    }
    this.#row = 0;
    const complete = this.#ended || sample.length > INFERRED_ROWS || this.#bytes.length > 1 << 24;
    if (!complete) {
      this.#at = begin;
      return false;
    }
    if (sample.length === 0) {
      this.#names = [];
      // Files that are empty are mistakes more often than data.
      throw new FormatError(
        `${this.#name}: the file is empty${this.#bytes.length > begin ? ", but for comments and empty lines" : ""}; it was cut off, or is another file`,
      );
    }
    const named = header === true;
    const names = named
      ? sample.shift()!.map((text) => text.trim())
      : header === false
        ? sample[0]!.map((_, index) => `column${index}`)
        : header;
    this.#at = named ? dataStart : begin;
    this.#row = named ? 1 : 0;
    const twice = names.find((one, index) => names.indexOf(one) !== index);
    if (twice !== undefined)
      throw new FormatError(
        `${this.#name}: two columns are called ${quote(twice)}; correct the file, or give other names with header: […]`,
      );
    for (const wanted of [...(select ?? []), ...Object.keys(declared), ...Object.keys(fill)])
      if (!names.includes(wanted))
        throw new FormatError(
          `${this.#name}: there is no column ${quote(wanted)}; the file has ${names.slice(0, 50).map(quote).join(", ")}`,
        );
    this.#names = names;
    const make = (name: string): Column => {
      const index = names.indexOf(name);
      const type =
        declared[name] ??
        this.#inferred(
          sample.map((row) => row[index]),
          numbers,
          numeric === true || numeric.includes(name),
        );
      return columnOf(name, type, fill[name], this.#size);
    };
    this.#columns = (select ?? names).map(make);
    this.#fields = names.map((name) => this.#columns.find((column) => column.name === name));
    return true;
  }

  #inferred(cells: readonly (string | undefined)[], numbers: NumberType, numeric: boolean): ColumnType {
    const present = cells.filter((cell): cell is string => cell !== undefined && !this.#missing.has(cell.trim()));
    const found = present.filter((cell) => isNumber(cell.trim())).length;
    if (found === present.length || (numeric && 2 * found > present.length)) return numbers;
    return present.every((cell) => /^(true|false)$/i.test(cell.trim())) ? "bool" : "text";
  }

  /** One record as texts; without values for an empty line or a comment, undefined where it is not complete. */
  #texts(start: number): { readonly values: string[] | undefined; readonly end: number } | undefined {
    const skipped = this.#skipped(start);
    if (skipped !== undefined) return skipped < 0 ? undefined : { values: undefined, end: skipped };
    const values: string[] = [];
    for (let at = start; ;) {
      const field = this.#field(at);
      if (field === undefined) return undefined;
      values.push(field.text);
      at = field.end + 1;
      if (this.#bytes[field.end] === this.#delimiter) continue;
      if (this.#bytes[field.end] === CR) at++;
      return { values, end: Math.min(at, this.#bytes.length) };
    }
  }

  /** Behind an empty line or a comment: where the next line starts, −1 where that is not known yet. Undefined for other lines. */
  #skipped(start: number): number | undefined {
    const bytes = this.#bytes;
    if (start >= bytes.length) return -1;
    const first = bytes[start]!;
    if (first === LF) return start + 1;
    if (first === CR)
      return bytes[start + 1] === LF ? start + 2 : start + 1 < bytes.length ? undefined : this.#ended ? start + 1 : -1;
    if (first !== this.#comment) return undefined;
    const end = bytes.indexOf(LF, start);
    return end >= 0 ? end + 1 : this.#ended ? bytes.length : -1;
  }

  /** A field as text, and where it ends: at a delimiter, a line's end, or the file's. Undefined where it is not complete. */
  #field(start: number): { readonly text: string; readonly end: number } | undefined {
    const bytes = this.#bytes;
    if (bytes[start] === this.#quote) {
      let text = "";
      for (let from = start + 1; ;) {
        const close = bytes.indexOf(this.#quote, from);
        if (close < 0 || (close + 1 === bytes.length && !this.#ended)) {
          if (!this.#ended) return undefined;
          throw this.#error(undefined, "a quote is opened and never closed; close it, or set quote: false");
        }
        text += this.#decode(from, close);
        if (bytes[close + 1] === this.#quote) {
          text += String.fromCharCode(this.#quote);
          from = close + 2;
          continue;
        }
        let end = close + 1;
        while (bytes[end] === SPACE) end++;
        if (end < bytes.length && !this.#ends(end))
          throw this.#error(
            undefined,
            `a quoted field goes on after its quote, with ${quote(String.fromCharCode(bytes[end]!))}; double quotes inside of it`,
          );
        if (end === bytes.length && !this.#ended) return undefined;
        return { text, end };
      }
    }
    let end = start;
    while (end < bytes.length && !this.#ends(end)) end++;
    // A carriage return at the end of what is there: its line feed decides.
    if (!this.#ended && (end === bytes.length || (bytes[end] === CR && end + 1 === bytes.length))) return undefined;
    return { text: this.#decode(start, end), end };
  }

  #ends(at: number): boolean {
    const byte = this.#bytes[at];
    return (
      byte === this.#delimiter ||
      byte === LF ||
      (byte === CR && (this.#bytes[at + 1] === LF || at + 1 === this.#bytes.length))
    );
  }

  #decode(start: number, end: number): string {
    const bytes = this.#bytes;
    let text = "";
    // Short fields of ASCII are made letter by letter: a decoder takes longer to start.
    if (end - start < 24) {
      let at = start;
      for (; at < end && bytes[at]! < 128; at++) text += String.fromCharCode(bytes[at]!);
      if (at === end) return text;
    }
    try {
      return this.#utf8.decode(bytes.subarray(start, end));
    } catch (cause) {
      // Letters of UTF-16 are every other byte 0.
      const encoding = bytes.subarray(0, 64).includes(0) ? "utf-16le" : "latin1";
      throw this.#error(
        undefined,
        `the bytes of a field are no UTF-8 text; name the encoding, such as encoding: "${encoding}"`,
        cause,
      );
    }
  }

  /** Reads a record into the columns. False: it is not complete, nothing of it counts. */
  #record(): boolean {
    const skipped = this.#skipped(this.#at);
    if (skipped !== undefined) {
      if (skipped < 0) return false;
      this.#at = skipped;
      return true;
    }
    const bytes = this.#bytes;
    const fields = this.#fields;
    const row = this.#count;
    let at = this.#at;
    for (let index = 0; ; index++) {
      const column = fields[index];
      let end: number;
      const number = column?.plain ? this.#number(at, column, row) : -1;
      if (number >= 0) end = number;
      else {
        const field = this.#field(at);
        if (field === undefined) return false;
        if (column !== undefined) this.#store(column, row, field.text);
        end = field.end;
      }
      const byte = bytes[end];
      if (byte === this.#delimiter) {
        at = end + 1;
        if (index + 1 < fields.length) continue;
      } else if (index + 1 === fields.length) {
        this.#at = Math.min(bytes.length, end + (byte === CR ? 2 : 1));
        this.#row++;
        this.#count++;
        return true;
      }
      return this.#ragged();
    }
  }

  /**
   * Reads a plain number where it stands and stores it. Returns where its field ends; −1 where it is none, is not complete, or has more digits
   * than can be put together exactly: then the field is read as text.
   */
  #number(start: number, column: Column, row: number): number {
    const bytes = this.#bytes;
    let at = start;
    let byte = bytes[at]!;
    const negative = byte === 45;
    if (negative || byte === 43) byte = bytes[++at]!;
    let value = 0;
    let digits = 0;
    let scale = 0;
    const first = at;
    for (; byte >= 48 && byte <= 57; byte = bytes[++at]!) {
      value = value * 10 + (byte - 48);
      if (value > 0) digits++;
    }
    let seen = at - first;
    if (byte === 46) {
      const point = at;
      for (byte = bytes[++at]!; byte >= 48 && byte <= 57; byte = bytes[++at]!) {
        value = value * 10 + (byte - 48);
        if (value > 0) digits++;
      }
      scale = point + 1 - at;
      seen -= scale;
    }
    if (seen === 0 || digits > 15) return -1;
    if (byte === 101 || byte === 69) {
      byte = bytes[++at]!;
      const down = byte === 45;
      if (down || byte === 43) byte = bytes[++at]!;
      let power = 0;
      const from = at;
      for (; byte >= 48 && byte <= 57 && power < 1000; byte = bytes[++at]!) power = power * 10 + (byte - 48);
      if (at === from) return -1;
      scale += down ? -power : power;
    }
    if (scale < -22 || scale > 22) return -1;
    if (at >= bytes.length) {
      if (!this.#ended) return -1;
    } else if (byte !== this.#delimiter && byte !== LF && !(byte === CR && bytes[at + 1] === LF)) return -1;
    // Both factors are exact, so that the result is rounded once, as Number(text) is.
    const magnitude = scale < 0 ? value / TEN[-scale]! : value * TEN[scale]!;
    const result = negative ? -magnitude : magnitude;
    column.numbers![row] = result;
    return column.exact && column.numbers![row] !== result ? -1 : at;
  }

  /** Stores a field that is read as text. */
  #store(column: Column, row: number, field: string): void {
    const { type, numbers, texts, fill } = column;
    const text = texts !== undefined ? field : field.trim();
    if (this.#missing.has(text)) {
      if (texts !== undefined) texts[row] = fill === undefined ? null : String(fill);
      else if (typeof fill === "number" || (fill !== undefined && Array.isArray(type))) this.#put(column, row, fill);
      else if (column.exact)
        throw this.#error(
          column,
          `the value is missing (${quote(text)}), and ${shownType(type)} has none that says so; give fill: { ${quote(column.name)}: … }, or read it as f32`,
        );
      else numbers![row] = NaN;
      return;
    }
    if (texts !== undefined) texts[row] = text;
    else this.#put(column, row, text);
  }

  #put(column: Column, row: number, value: string | number): void {
    const { type, numbers } = column;
    const number = typeof value === "number" ? value : this.#numberOf(column, value);
    numbers![row] = number;
    if (column.exact && numbers![row] !== number)
      throw this.#error(column, `${quote(String(value))} is no value of ${shownType(type)}; read the column as f64`);
  }

  #numberOf(column: Column, text: string): number {
    const { type } = column;
    if (column.positions !== undefined) {
      const position = column.positions.get(text);
      if (position === undefined)
        throw this.#error(
          column,
          `${quote(text)} is none of the column's ${column.positions.size} names (${[...column.positions.keys()].slice(0, 10).map(quote).join(", ")}); add it, or correct the file`,
        );
      return position;
    }
    if (typeof type === "function") {
      const result = type(text);
      if (typeof result !== "number" || Number.isNaN(result))
        throw this.#error(
          column,
          `the function of the column made ${String(result)} of ${quote(text)}, and a number was wanted`,
        );
      return result;
    }
    if (type === "date") {
      const time = dateOf(text);
      if (time === undefined)
        throw this.#error(
          column,
          `${quote(text)} is no ISO date such as 2024-12-31 or 2024-12-31T23:59:59Z; give the column a function that reads it`,
        );
      return time;
    }
    if (type === "bool" && /^(true|false)$/i.test(text)) return Number(/^true$/i.test(text));
    if (!isNumber(text))
      throw this.#error(
        column,
        `${quote(text)} is no number; correct the file, add it to missing, or declare columns: { ${quote(column.name)}: "text" }`,
      );
    const number = numberIn(text);
    if (type === "bool" && number !== 0 && number !== 1)
      throw this.#error(column, `${quote(text)} is no bool; true, false, 1 and 0 are`);
    return number;
  }

  #ragged(): boolean {
    const record = this.#texts(this.#at);
    // Not all of the row is there yet, and it has another number of fields already.
    if (record === undefined) return false;
    throw this.#error(
      undefined,
      `it has ${record.values!.length} field${record.values!.length === 1 ? "" : "s"}, where ${this.#fields.length} were wanted (${this.#names!.slice(0, 10).join(this.#format.delimiter ?? ",")}); correct the row, or quote fields that hold delimiters`,
    );
  }

  #error(column: Column | undefined, problem: string, cause?: unknown): FormatError {
    const where = column === undefined ? "" : `, column ${quote(column.name)}`;
    return new FormatError(`${this.#name}: row ${this.#row + 1}${where}: ${problem}`, { cause });
  }
}

/** The value of what {@link isNumber} takes for a number. */
function numberIn(text: string): number {
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (word === null) return Number(text);
  return word[2]!.toLowerCase() === "nan" ? NaN : word[1] === "-" ? -Infinity : Infinity;
}

/** What a number looks like in a file: none of JavaScript's other forms, such as 0x10. */
function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) || /^[+-]?(inf|infinity|nan)$/i.test(text);
}
