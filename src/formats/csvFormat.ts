/** What CSV files are described by: columns, their types, options. */
import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { quote } from "./json.ts";

/** The dtypes that numbers of files can be read as; those of 16 bits come later, by a cast. */
export type NumberType = Exclude<DType, "f16" | "bf16">;

/**
 * What a column holds: numbers of a dtype; `text`; `date`, an ISO date with or without a time (UTC where it has no zone) as
 * milliseconds since 1970 in f64; one of a list of names, as its position in the list in i32; or what a function makes of the text, f64.
 */
export type ColumnType = NumberType | "text" | "date" | readonly string[] | ((text: string) => number);

/** A column's values: numbers, or texts with null where they are missing. */
export type ColumnValues = TypedArray | (string | null)[];

/** Rows as columns. */
export interface CsvRows {
  readonly count: number;
  /** By name, in the order wanted, each of `count` values. */
  readonly columns: ReadonlyMap<string, ColumnValues>;
  /** What the columns hold, as declared or inferred. */
  readonly types: ReadonlyMap<string, ColumnType>;
}

/** How a file is read. */
export interface CsvFormat {
  /** True: the first row holds the names (the default). False: they are `column0`, `column1` …. A list: these, and the first row is data. */
  readonly header?: boolean | readonly string[];
  /** What columns hold, by name; the others are inferred, see {@link CsvFormat.numbers}. */
  readonly columns?: Readonly<Record<string, ColumnType>>;
  /**
   * The dtype of numbers in columns that are inferred, f32 by default. A column is inferred from up to 1,000 rows: numbers if all are
   * numbers or missing, bool if all are `true` or `false`, text otherwise.
   */
  readonly numbers?: NumberType;
  /**
   * Columns of which numbers are wanted, all with true: where most of what they are inferred from are numbers, a text among them is an error
   * that names its row, and does not make the column one of texts. None by default.
   */
  readonly numeric?: readonly string[] | true;
  /** Names of the columns that are wanted, in the order wanted; all by default. The others are not looked into. */
  readonly select?: readonly string[];
  /** One character between fields, "," by default. */
  readonly delimiter?: string;
  /** One character around fields that hold others, doubled inside; '"' by default. False: there are none. */
  readonly quote?: string | false;
  /** One character that begins lines to leave out; none by default. */
  readonly comment?: string;
  /**
   * What stands for a missing value; "", "NA", "N/A", "NaN", "nan", "null" and "NULL" by default. In f32, f64 and dates it
   * becomes NaN, in texts null; in other columns it is an error unless `fill` has a value for them.
   */
  readonly missing?: readonly string[];
  /** What to put where a value is missing, by column. */
  readonly fill?: Readonly<Record<string, number | string>>;
}

export const MISSING: readonly string[] = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"];

/** A column that is wanted, and where its values go. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Numbers of a dtype, which are read where they stand. */
  readonly plain: boolean;
  /** Whether values must be whole: f64 and f32 take every number that is read. */
  readonly exact: boolean;
  readonly numbers: TypedArray | undefined;
  readonly texts: (string | null)[] | undefined;
  readonly positions: ReadonlyMap<string, number> | undefined;
  readonly fill: number | string | undefined;
}

/** A column with memory for `size` values. */
export function columnOf(name: string, type: ColumnType, fill: number | string | undefined, size: number): Column {
  if (type === "text")
    return {
      name,
      type,
      plain: false,
      exact: false,
      numbers: undefined,
      texts: new Array<string | null>(size).fill(null),
      positions: undefined,
      fill,
    };
  const dtype: DType =
    typeof type === "function" || type === "date" ? "f64" : typeof type === "string" ? (type as NumberType) : "i32";
  const positions = typeof type === "object" ? new Map(type.map((one, index) => [one, index])) : undefined;
  return {
    name,
    type,
    plain: dtype === type && type !== "bool",
    exact: dtype !== "f32" && dtype !== "f64",
    numbers: allocate(dtype, size),
    texts: undefined,
    positions,
    fill,
  };
}

/** A type for messages. */
export function shownType(type: ColumnType): string {
  return typeof type === "string" ? type : typeof type === "function" ? "the column's function" : "a list of names";
}

/** The byte of an option of one character; −1, which no byte is, for none. */
export function oneByte(what: string, text: string | undefined): number {
  if (text === undefined) return -1;
  const code = text.charCodeAt(0);
  if (text.length !== 1 || code > 127 || code === 10 || code === 13)
    throw new ArgumentError(`csv: ${what} must be one character of ASCII that ends no line, got ${quote(text)}`);
  return code;
}
