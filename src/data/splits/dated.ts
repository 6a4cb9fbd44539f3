/** Days in data, whose order a split must not break. */
import { dateOf } from "../../formats/csvDate.ts";
import type { Examples } from "./select.ts";
import { isHostArray, isTypedArray } from "../hostArray.ts";

/** So many cells of a column are looked at. */
const LOOKED_AT = 20;

function isDay(cell: unknown): boolean {
  return cell instanceof Date || (typeof cell === "string" && dateOf(cell.trim()) !== undefined);
}

/**
 * The column that says on which day each row was: the first that holds dates, or texts like 2024-07-04. Undefined where there is none,
 * and for data without named columns.
 * @param data rows, `[{ date, sales }]`, or columns, `{ date: […], sales: […] }`.
 */
export function datedColumn(data: Examples): string | undefined {
  const isDated = (cells: readonly unknown[]): boolean => cells.length > 1 && cells.every(isDay);
  if (Array.isArray(data)) {
    const rows = data.slice(0, LOOKED_AT) as readonly unknown[];
    const [first] = rows;
    if (
      typeof first !== "object" ||
      first === null ||
      Array.isArray(first) ||
      isTypedArray(first) ||
      isHostArray(first)
    )
      return undefined;
    return Object.keys(first).find((name) => isDated(rows.map((row) => (row as Record<string, unknown>)[name])));
  }
  if (typeof data !== "object" || Object.getPrototypeOf(data) !== Object.prototype || isHostArray(data))
    return undefined;
  return Object.entries(data as Readonly<Record<string, unknown>>).find(
    ([, column]) => Array.isArray(column) && isDated(column.slice(0, LOOKED_AT)),
  )?.[0];
}

/**
 * What is wrong with splitting data at random: a sentence that names the column of days, or undefined.
 */
export function leakageOf(operation: string, data: Examples): string | undefined {
  const column = datedColumn(data);
  return (
    column &&
    `${operation}: the rows are dated by column "${column}", and a random split trains on days after those that it tests on; use trainTestSplit with { chronological: true }, timeSeriesSplit or rollingWindow`
  );
}
