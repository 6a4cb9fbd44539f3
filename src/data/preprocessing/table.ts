/** Examples with named columns, as readers of CSV and databases give them. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";

/** A list of rows, objects with the same fields; or an object of columns, all equally long. */
export type Table = readonly Readonly<Record<string, unknown>>[] | Readonly<Record<string, ArrayLike<unknown>>>;

function isRows(table: Table): table is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(table);
}

/** How many rows there are. @throws ShapeError for columns of different lengths. */
export function rowsIn(operation: string, table: Table): number {
  if (isRows(table)) return table.length;
  const lengths = Object.entries(table).map(([name, column]) => [name, column.length] as const);
  const [first] = lengths;
  const other = lengths.find(([, length]) => length !== first![1]);
  if (other !== undefined)
    throw new ShapeError(
      `${operation}: column "${first![0]}" has ${first![1]} rows and "${other[0]}" ${other[1]}; give all the same`,
    );
  return first?.[1] ?? 0;
}

/** The names of all columns. */
export function namesIn(table: Table): readonly string[] {
  return isRows(table) ? Object.keys(table[0] ?? {}) : Object.keys(table);
}

/** The cells of a column. @throws ArgumentError when there is no such column. */
export function columnIn(operation: string, table: Table, name: string): readonly unknown[] {
  if (isRows(table)) {
    const without = table.findIndex((row) => !Object.hasOwn(row, name));
    if (without >= 0) throw missing(operation, name, Object.keys(table[without]!), `row ${without}`);
    return table.map((row) => row[name]);
  }
  if (!Object.hasOwn(table, name)) throw missing(operation, name, Object.keys(table), "the table");
  return Array.from(table[name]!);
}

function missing(operation: string, name: string, names: readonly string[], where: string): ArgumentError {
  return new ArgumentError(`${operation}: ${where} has no column "${name}"; it has ${names.join(", ") || "none"}`);
}

/** True for what stands for nothing: null, undefined, NaN, an empty text. */
export function isMissing(cell: unknown): boolean {
  return cell === null || cell === undefined || cell === "" || Number.isNaN(cell);
}

/** A cell as a number: texts that read as one, truths as 0 and 1, what is missing as NaN. @throws ArgumentError for others. */
export function numberIn(operation: string, cell: unknown, row: number, name: string): number {
  if (typeof cell === "number") return cell;
  if (isMissing(cell)) return Number.NaN;
  if (typeof cell === "boolean") return Number(cell);
  const value = typeof cell === "string" && cell.trim() !== "" ? Number(cell) : Number.NaN;
  if (Number.isNaN(value))
    throw new ArgumentError(
      `${operation}: row ${row}, column "${name}" is ${JSON.stringify(cell)}, which is no number; encode it as a category, or clean it`,
    );
  return value;
}
