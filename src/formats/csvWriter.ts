/** Writing of CSV files. */
import { ArgumentError } from "../core/errors.ts";
import { oneByte } from "./csvFormat.ts";
import { quote } from "./json.ts";

/** How a file is written. */
export interface CsvWriting {
  /** One character between fields, "," by default. */
  readonly delimiter?: string;
  /** Write the names first; true by default. */
  readonly header?: boolean;
}

/**
 * Columns as the text of a CSV file, with LF at the end of each row. Numbers are written so that reading them gives the same f64; NaN and null
 * are empty. Fields are quoted where they must be.
 * @param columns by name, all of one length.
 * @throws ArgumentError when lengths differ.
 */
export function serializeCsv(
  columns: Readonly<Record<string, ArrayLike<number | boolean | string | null>>>,
  { delimiter = ",", header = true }: CsvWriting = {},
): string {
  oneByte("delimiter", delimiter);
  const names = Object.keys(columns);
  const lists = Object.values(columns);
  const count = lists[0]?.length ?? 0;
  const other = names.find((name) => columns[name]!.length !== count);
  if (other !== undefined)
    throw new ArgumentError(
      `serializeCsv: column ${quote(other)} has ${columns[other]!.length} values, ${quote(names[0]!)} ${count}; give columns of one length`,
    );
  const special = /["\r\n#]|^\s|\s$/;
  const field = (value: number | boolean | string | null): string => {
    if (value === null || Number.isNaN(value)) return names.length === 1 ? '""' : "";
    const text = String(value);
    if (typeof value !== "string") return text;
    return text.includes(delimiter) || special.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows: string[] = header ? [names.map(field).join(delimiter)] : [];
  for (let row = 0; row < count; row++) rows.push(lists.map((list) => field(list[row]!)).join(delimiter));
  return rows.length === 0 ? "" : `${rows.join("\n")}\n`;
}
