import { dateText } from "../../formats/csvDate.ts";
import type { DataFrame } from "./dataFrame.ts";

/** Rows that are shown at the beginning, and at the end. */
const EDGE = 5;
/** Letters of a text that are shown. */
const LETTERS = 40;

/** The first rows of a table and the last, under the names of the columns, numbers on the right. Missing values are empty. */
export function printTable(table: DataFrame): string {
  const { length, names } = table;
  const cut = length > 2 * EDGE;
  const rows = Array.from({ length: cut ? 2 * EDGE : length }, (_, at) =>
    cut && at >= EDGE ? length - 2 * EDGE + at : at,
  );
  const columns = names.map((name) => {
    const { kind, values } = table.column(name);
    const cells = rows.map((row) => text(values[row]!, kind));
    const width = [name, ...cells].reduce((widest, cell) => Math.max(widest, cell.length), 0);
    const padded = (cell: string): string => (kind === "number" ? cell.padStart(width) : cell.padEnd(width));
    return { title: padded(name), rule: "-".repeat(width), cells: cells.map(padded), dots: padded("…") };
  });
  const line = (of: (column: (typeof columns)[number]) => string): string => columns.map(of).join("  ").trimEnd();
  const lines = rows.map((_, at) => line(({ cells }) => cells[at]!));
  if (cut)
    lines.splice(
      EDGE,
      0,
      line(({ dots }) => dots),
    );
  return [
    line(({ title }) => title),
    line(({ rule }) => rule),
    ...lines,
    `${length} rows, ${names.length} columns`,
  ].join("\n");
}

function text(value: number | string | null, kind: "number" | "date" | "text"): string {
  if (value === null || Number.isNaN(value)) return "";
  if (kind === "date") return dateText(value as number);
  const whole =
    typeof value === "string" ? value.replace(/\s+/g, " ") : String(Number((value as number).toPrecision(6)));
  return whole.length > LETTERS ? `${whole.slice(0, LETTERS - 1)}…` : whole;
}
