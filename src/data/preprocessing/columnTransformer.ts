import { ArgumentError, FormatError, ShapeError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import { hostArray, isHostArray, type HostArray } from "../hostArray.ts";
import type { Category } from "./categories.ts";
import { matrixOf, type Matrix, type Numbers } from "./matrix.ts";
import { columnIn, numberIn, rowsIn, type Table } from "./table.ts";
import { fitted, StateReader, type AnyTransformer, type Saved, type Transformer } from "./transformer.ts";

/** What happens to some columns. */
export interface ColumnStep {
  /** Their names. */
  readonly columns: string | readonly string[];
  /** What is done with them together; `keep` takes their numbers as they are. */
  readonly with: AnyTransformer | "keep";
}

/**
 * Different preprocessing for different columns of a table, whose results stand side by side: f32 [n, features]. Columns that no step
 * names are left out.
 *
 * @example
 * const prepare = new preprocessing.ColumnTransformer([
 *   { columns: ["age", "income"], with: new preprocessing.Pipeline([new preprocessing.Imputer(), new preprocessing.StandardScaler()]) },
 *   { columns: "city", with: new preprocessing.OneHotEncoder({ unknown: "ignore" }) },
 * ]);
 * const x = prepare.fitTransform(rows); // [{ age: 31, income: 2500, city: "Paris" }, …]
 * prepare.featureNames; // ["age", "income", "city=Oslo", "city=Paris"]
 */
export class ColumnTransformer implements Transformer<Table, HostArray> {
  readonly takes = "numbers" as const;
  readonly #steps: readonly { readonly columns: readonly string[]; readonly with: AnyTransformer | "keep" }[];
  /** How many columns of the result each step has. */
  #widths: readonly number[] | undefined;

  constructor(steps: readonly ColumnStep[]) {
    if (steps.length === 0) throw new ArgumentError("ColumnTransformer: there is no step; give at least one");
    this.#steps = steps.map(({ columns, with: own }) => ({
      columns: typeof columns === "string" ? [columns] : [...columns],
      with: own,
    }));
  }

  /** A name for each column of the result. @throws ArgumentError before `fit`. */
  get featureNames(): readonly string[] {
    const widths = fitted("ColumnTransformer", this.#widths);
    return this.#steps.flatMap(({ columns, with: own }, at) => {
      if (own !== "keep" && "names" in own)
        return (own as { names(columns: readonly string[]): readonly string[] }).names(columns);
      const width = widths[at]!;
      return width === columns.length ? columns : Array.from({ length: width }, (_, i) => `${columns.join("+")}[${i}]`);
    });
  }

  fit(table: Table): this {
    this.fitTransform(table);
    return this;
  }

  fitTransform(table: Table): HostArray {
    const parts = this.#run(table, (own, data) => own.fitTransform(data as never));
    this.#widths = parts.map(({ columns }) => columns);
    return sideBySide(parts);
  }

  transform(table: Table): HostArray {
    fitted("ColumnTransformer", this.#widths);
    return sideBySide(this.#run(table, (own, data) => own.transform(data as never)));
  }

  #run(table: Table, change: (own: AnyTransformer, data: unknown) => unknown): Matrix[] {
    const rows = rowsIn("ColumnTransformer", table);
    return this.#steps.map(({ columns, with: own }) => {
      const cells = columns.map((name) => columnIn("ColumnTransformer", table, name));
      if (own !== "keep" && own.takes === "categories") {
        const lists = Array.from({ length: rows }, (_, row) => cells.map((column) => column[row] as Category));
        return matrixOf("ColumnTransformer", naming(columns, () => change(own, lists)) as Numbers);
      }
      const data = new Float64Array(rows * columns.length);
      cells.forEach((column, at) => {
        for (let row = 0; row < rows; row++)
          data[row * columns.length + at] = numberIn("ColumnTransformer", column[row], row, columns[at]!);
      });
      const numbers = hostArray(data, [rows, columns.length]);
      return matrixOf(
        "ColumnTransformer",
        own === "keep" ? numbers : (naming(columns, () => change(own, numbers)) as Numbers),
      );
    });
  }

  /** The columns that the steps read, as far as these can be taken back. */
  inverse(features: HostArray): Readonly<Record<string, readonly unknown[]>> {
    const widths = fitted("ColumnTransformer", this.#widths);
    const { rows, columns: width, data } = matrixOf("ColumnTransformer", features);
    if (width !== widths.reduce((sum, own) => sum + own, 0))
      throw new ShapeError(`ColumnTransformer: ${this.featureNames.length} columns were wanted, got ${width}`);
    const table: [string, unknown[]][] = [];
    let start = 0;
    this.#steps.forEach(({ columns, with: own }, at) => {
      const part = new Float64Array(rows * widths[at]!);
      for (let row = 0; row < rows; row++)
        part.set(data.subarray(row * width + start, row * width + start + widths[at]!), row * widths[at]!);
      start += widths[at]!;
      const numbers = hostArray(part, [rows, widths[at]!]);
      const back: unknown = own === "keep" ? numbers : own.inverse(numbers as never);
      columns.forEach((name, column) => {
        const cell = (row: number): unknown => {
          if (isHostArray(back)) return back.data[row * columns.length + column];
          const cells: unknown = (back as readonly unknown[])[row];
          return Array.isArray(cells) ? cells[column] : cells;
        };
        table.push([name, Array.from({ length: rows }, (_, row) => cell(row))]);
      });
    });
    return Object.fromEntries(table);
  }

  toJSON(): Json {
    const steps = this.#steps.map(({ columns, with: own }) => ({
      columns,
      with: own === "keep" ? own : own.toJSON(),
    }));
    return {
      type: "ColumnTransformer",
      options: { steps },
      state: this.#widths ? { widths: this.#widths } : null,
    };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: Saved): this {
    if (state === null) return this;
    const widths = new StateReader("ColumnTransformer", state).numbers("widths");
    if (widths.length !== this.#steps.length)
      throw new FormatError("ColumnTransformer: its widths do not fit its steps; the file is damaged");
    this.#widths = widths;
    return this;
  }
}

/** Says in errors which columns of the table a step was given. */
function naming<T>(columns: readonly string[], run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof ArgumentError)) throw cause;
    throw new ArgumentError(`${cause.sentence} (columns ${columns.join(", ")})`, { cause });
  }
}

function sideBySide(parts: readonly Matrix[]): HostArray {
  const rows = parts[0]!.rows;
  const width = parts.reduce((sum, { columns }) => sum + columns, 0);
  const made = new Float32Array(rows * width);
  let start = 0;
  for (const { columns, data } of parts) {
    for (let row = 0; row < rows; row++)
      made.set(data.subarray(row * columns, (row + 1) * columns), row * width + start);
    start += columns;
  }
  return hostArray(made, [rows, width]);
}
