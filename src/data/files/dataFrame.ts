import { writeFile } from "#platform";
import { allocate } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { inspectAs } from "../../core/inspect.ts";
import { parseCsvRows } from "../../formats/csv.ts";
import type { ColumnType, ColumnValues, CsvFormat } from "../../formats/csvFormat.ts";
import { serializeCsv, type CsvWriting } from "../../formats/csvWriter.ts";
import { dateText } from "../../formats/csvDate.ts";
import { quote } from "../../formats/json.ts";
import { asUtf8, type Encoding } from "../../formats/text.ts";
import { tensor } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { printTable } from "./printTable.ts";
import { STATISTICS, type Statistic } from "../statistics.ts";
import { Series } from "./series.ts";
import { contentOf, named, pathsOf } from "./reading.ts";

/** A row by names. */
export type Row = { readonly [column: string]: number | string | null };

/** Whether `console.log` has been told how to show tables. */
let inspectable = false;

/** What can be made a column: a series, numbers, truths, texts (null where missing). */
export type ColumnLike = Series | ArrayLike<number> | readonly boolean[] | readonly (string | null)[];

/**
 * A table in memory: columns of numbers (f64; NaN is missing), dates (milliseconds since 1970, UTC) and texts (null is missing), all
 * of one length. What pandas is used for before training. Every method returns a new table and leaves this one as it is; columns
 * that do not change are shared.
 *
 * @example
 * const sales = await files.readTable("sales.csv", { columns: { date: "date" } });
 * const y = sales.column("sales");
 * const table = sales.with({ lag1: y.shift(1), week: y.shift(1).rolling(7).mean() }).dropMissing();
 * const x = table.toTensor(["lag1", "week"]); // f32 [rows, 2]
 */
export class DataFrame {
  readonly #columns: ReadonlyMap<string, Series>;
  /** How many rows. */
  readonly length: number;

  /** @throws ShapeError when lengths differ. */
  constructor(columns: Readonly<Record<string, ColumnLike>> | ReadonlyMap<string, ColumnLike>) {
    const entries =
      columns instanceof Map ? [...(columns as ReadonlyMap<string, ColumnLike>)] : Object.entries(columns);
    this.#columns = new Map(entries.map(([name, values]) => [name, Series.of(values)]));
    const lengths = [...this.#columns].map(([name, { length }]) => [name, length] as const);
    if (!inspectable) inspectAs<DataFrame>(DataFrame.prototype, printTable);
    inspectable = true;
    this.length = lengths[0]?.[1] ?? 0;
    const other = lengths.find(([, length]) => length !== this.length);
    if (other !== undefined)
      throw new ShapeError(
        `DataFrame: column ${quote(other[0])} has ${other[1]} values, ${quote(lengths[0]![0])} ${this.length}; give all the same`,
      );
  }

  /** The names of the columns, in order. */
  get names(): readonly string[] {
    return [...this.#columns.keys()];
  }

  /** The columns as arrays by name, as `preprocessing` takes them. */
  get columns(): Record<string, Float64Array | readonly (string | null)[]> {
    return Object.fromEntries([...this.#columns].map(([name, { values }]) => [name, values]));
  }

  /** A column. @throws ArgumentError when there is none of that name. */
  column(name: string): Series {
    const column = this.#columns.get(name);
    if (column === undefined)
      throw new ArgumentError(
        `DataFrame: there is no column ${quote(name)}; there are ${this.names.map(quote).join(", ") || "none"}`,
      );
    return column;
  }

  /** A row by names. */
  row(index: number): Row {
    return Object.fromEntries([...this.#columns].map(([name, { values }]) => [name, values[index]!]));
  }

  /** All rows by names. */
  rows(): Row[] {
    return Array.from({ length: this.length }, (_, index) => this.row(index));
  }

  /** These columns, in this order. */
  select(...names: readonly string[]): DataFrame {
    return new DataFrame(new Map(names.map((name) => [name, this.column(name)])));
  }

  /** All columns but these. */
  without(...names: readonly string[]): DataFrame {
    for (const name of names) this.column(name);
    return this.select(...this.names.filter((name) => !names.includes(name)));
  }

  /** With further columns, or others in place of those of the same name: values, or what a function makes of each row. */
  with(
    columns: Readonly<Record<string, ColumnLike | ((row: Row, index: number) => number | string | null)>>,
  ): DataFrame {
    const added = Object.entries(columns).map(([name, given]) => {
      if (typeof given !== "function") return [name, given] as const;
      const values = this.rows().map(given);
      const texts = values.some((value) => typeof value === "string");
      return [
        name,
        texts
          ? values.map((value) => (value === null ? null : String(value)))
          : values.map((value) => Number(value ?? NaN)),
      ] as const;
    });
    return new DataFrame(new Map<string, ColumnLike>([...this.#columns, ...added]));
  }

  /** With other names, old to new. */
  rename(names: Readonly<Record<string, string>>): DataFrame {
    for (const name of Object.keys(names)) this.column(name);
    return new DataFrame(
      new Map([...this.#columns].map(([name, column]) => [Object.hasOwn(names, name) ? names[name]! : name, column])),
    );
  }

  /** The rows at these positions, in this order. */
  take(indices: ArrayLike<number>): DataFrame {
    const wrong = Array.from(indices).find((index) => !(Number.isInteger(index) && index >= 0 && index < this.length));
    if (wrong !== undefined) throw new ArgumentError(`take: there is no row ${wrong}; the table has ${this.length}`);
    return this.#map((column) => column.take(indices));
  }

  /** The rows from `start` to before `end`; negative numbers count from the end. */
  slice(start: number, end?: number): DataFrame {
    return this.#map((column) => column.slice(start, end));
  }

  /** The rows for which the function says true. */
  filter(keep: (row: Row, index: number) => boolean): DataFrame {
    return this.take(this.rows().flatMap((row, index) => (keep(row, index) ? [index] : [])));
  }

  /** The rows without a missing value (NaN, null) in any column, or in these. */
  dropMissing(names: readonly string[] = this.names): DataFrame {
    const columns = names.map((name) => this.column(name));
    const kept: number[] = [];
    for (let row = 0; row < this.length; row++) if (!columns.some((column) => column.isMissing(row))) kept.push(row);
    return kept.length === this.length ? this : this.take(kept);
  }

  /**
   * With something in place of what is missing (NaN, null): a number, or a text, for each column named. What is learnt from data, such as a
   * mean, is `preprocessing.Imputer`'s.
   * @example table.fillMissing({ region: "unknown", age: 0 });
   */
  fillMissing(fill: Readonly<Record<string, number | string>>): DataFrame {
    const columns = Object.entries(fill).map(([name, value]) => {
      const { kind, values } = this.column(name);
      if ((kind === "text") !== (typeof value === "string"))
        throw new ArgumentError(
          `fillMissing: column ${quote(name)} holds ${kind}s, got ${typeof value === "string" ? quote(value) : value}; give ${kind === "text" ? "a text" : "a number"}`,
        );
      if (typeof value === "string") return [name, (values as readonly (string | null)[]).map((cell) => cell ?? value)];
      const filled = Float64Array.from(values as Float64Array, (cell) => (Number.isNaN(cell) ? value : cell));
      return [name, kind === "date" ? Series.dates(filled) : filled];
    });
    return this.with(Object.fromEntries(columns) as Record<string, ColumnLike>);
  }

  /** Sorted by a column, or by several, the first first; rows that are equal keep their order, missing values come last. */
  sort(by: string | readonly string[], { descending = false }: { readonly descending?: boolean } = {}): DataFrame {
    const columns = (typeof by === "string" ? [by] : by).map((name) => this.column(name));
    const order = Array.from({ length: this.length }, (_, index) => index);
    order.sort((a, b) => {
      for (const column of columns) {
        const missing = Number(column.isMissing(a)) - Number(column.isMissing(b));
        if (missing !== 0) return missing;
        if (column.isMissing(a)) continue;
        const [x, y] = [column.values[a]!, column.values[b]!];
        if (x !== y) return x < y !== descending ? -1 : 1;
      }
      return a - b;
    });
    return this.take(order);
  }

  /**
   * One row for each value of a column (or combination of several) that occurs, sorted by it, with statistics of others: names of
   * the new columns, each with the column and what of it. Missing values are left out of statistics, as pandas does; `count` counts the others.
   *
   * @example
   * sales.groupBy("shop", { total: ["sales", "sum"], best: ["sales", "max"], days: ["sales", "count"] });
   */
  groupBy(
    by: string | readonly string[],
    aggregates: Readonly<Record<string, readonly [column: string, statistic: Statistic | "count"]>>,
  ): DataFrame {
    const keys = (typeof by === "string" ? [by] : by).map((name) => [name, this.column(name)] as const);
    const groups = new Map<string, number[]>();
    for (let row = 0; row < this.length; row++) {
      const key = JSON.stringify(keys.map(([, column]) => (column.isMissing(row) ? null : column.values[row])));
      const group = groups.get(key);
      if (group) group.push(row);
      else groups.set(key, [row]);
    }
    const lists = [...groups.values()];
    const firsts = Int32Array.from(lists, (rows) => rows[0]!);
    const columns = new Map<string, ColumnLike>(keys.map(([name, column]) => [name, column.take(firsts)]));
    for (const [name, [of, statistic]] of Object.entries(aggregates)) {
      const column = this.column(of);
      columns.set(
        name,
        Float64Array.from(lists, (rows) => {
          const present = rows.filter((row) => !column.isMissing(row));
          if (statistic === "count") return present.length;
          const numbers = Float64Array.from(present, (row) => column.numbers[row]!);
          return numbers.length === 0 && statistic !== "sum" ? NaN : STATISTICS[statistic](numbers);
        }),
      );
    }
    return new DataFrame(columns).sort(keys.map(([name]) => name));
  }

  /**
   * The rows of two tables that have the same value in a column, side by side; a row that meets several is there several times. `left` keeps
   * the rows of this table that meet none, with missing values. Columns of the same name get `_right` behind it.
   */
  join(other: DataFrame, on: string, how: "inner" | "left" = "inner"): DataFrame {
    const [mine, theirs] = [this.column(on), other.column(on)];
    const places = new Map<number | string | null, number[]>();
    for (let row = 0; row < other.length; row++) {
      if (theirs.isMissing(row)) continue;
      const found = places.get(theirs.values[row]!);
      if (found) found.push(row);
      else places.set(theirs.values[row]!, [row]);
    }
    const left: number[] = [];
    const right: number[] = [];
    for (let row = 0; row < this.length; row++) {
      const found = mine.isMissing(row) ? undefined : places.get(mine.values[row]!);
      for (const place of found ?? (how === "left" ? [-1] : [])) {
        left.push(row);
        right.push(place);
      }
    }
    const columns = new Map<string, ColumnLike>(this.#map((column) => column.take(left)).#columns);
    for (const name of other.names) {
      if (name !== on) columns.set(columns.has(name) ? `${name}_right` : name, other.column(name).take(right));
    }
    return new DataFrame(columns);
  }

  /**
   * Columns of numbers as a tensor, f32 [rows, columns] on the current device.
   * @param names all by default.
   * @throws ArgumentError for texts: encode them first, see `preprocessing`.
   */
  toTensor(names: readonly string[] = this.names): Tensor {
    const columns = names.map((name) => {
      const column = this.column(name);
      if (column.kind === "text")
        throw new ArgumentError(
          `toTensor: column ${quote(name)} holds texts; leave it out, or encode it, as with preprocessing.OneHotEncoder`,
        );
      return column.numbers;
    });
    const data = allocate("f32", this.length * columns.length);
    for (const [at, numbers] of columns.entries())
      for (let row = 0; row < this.length; row++) data[row * columns.length + at] = numbers[row]!;
    return tensor(data, [this.length, columns.length]);
  }

  /** The first rows and the last as a table to look at, and how many there are; `console.log` shows it. */
  toString(): string {
    return printTable(this);
  }

  /** The text of a CSV file; dates as ISO texts. */
  toCsv(options?: CsvWriting): string {
    const columns = [...this.#columns].map(([name, column]) => {
      return [
        name,
        column.kind === "date" ? Array.from(column.numbers, (time) => dateText(time) || null) : column.values,
      ] as const;
    });
    return serializeCsv(Object.fromEntries(columns), options);
  }

  #map(f: (column: Series) => Series): DataFrame {
    return new DataFrame(new Map([...this.#columns].map(([name, column]) => [name, f(column)])));
  }
}

/**
 * Reads CSV files as one table. Columns are numbers (f64) or texts as the file has them, dates where `columns` says "date". Files packed by
 * gzip are unpacked on the way.
 * @throws FormatError with file, row and column, PlatformError, as {@link csv}.
 */
export async function readTable(
  paths: string | readonly string[],
  { encoding, ...format }: Omit<CsvFormat, "numbers"> & { readonly encoding?: Encoding } = {},
): Promise<DataFrame> {
  const parts: ReadonlyMap<string, ColumnValues>[] = [];
  let types: ReadonlyMap<string, ColumnType> | undefined;
  let names: readonly string[] = [];
  for (const path of pathsOf(paths)) {
    const own: CsvFormat =
      types === undefined
        ? { ...format, numbers: "f64" }
        : { ...format, columns: Object.fromEntries(types), select: [...types.keys()] };
    for await (const rows of parseCsvRows(asUtf8(contentOf(path), named(path), encoding), named(path), own, 1 << 14)) {
      types ??= rows.types;
      names = [...types.keys()];
      parts.push(rows.columns);
    }
  }
  return new DataFrame(
    new Map(
      names.map((name) => [
        name,
        Series.joined(
          parts.map((part) => part.get(name)!),
          types?.get(name) === "date",
        ),
      ]),
    ),
  );
}

/** Writes a table as a CSV file; a reader never sees half of it. @throws PlatformError */
export async function writeCsv(
  path: string,
  table: DataFrame | Readonly<Record<string, ColumnLike>>,
  options?: CsvWriting,
): Promise<void> {
  const frame = table instanceof DataFrame ? table : new DataFrame(table);
  await writeFile(path, new TextEncoder().encode(frame.toCsv(options)));
}
