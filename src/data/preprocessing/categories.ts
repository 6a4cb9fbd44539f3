/** Categories as numbers. */
import { ArgumentError, FormatError, ShapeError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { hostArray, isHostArray, isTypedArray, type HostArray } from "../hostArray.ts";
import { matrixOf, type Numbers } from "./matrix.ts";
import { fitted, given, StateReader, type Saved, type Transformer } from "./transformer.ts";

/** One of finitely many things. */
export type Category = string | number | boolean;

/** Categories in rows and columns; a list, a typed array or a tensor [n] is one column. */
export type Categories =
  | readonly Category[]
  | readonly (readonly Category[])[]
  | HostArray
  | Tensor
  | Uint8Array
  | Int32Array
  | Uint32Array;

/** The cells of each row. */
function rowsOf(operation: string, data: Categories): readonly (readonly Category[])[] {
  if (data instanceof Tensor || isHostArray(data) || isTypedArray(data)) {
    const { rows, columns, data: cells } = matrixOf(operation, data);
    return Array.from({ length: rows }, (_, row) => Array.from(cells.subarray(row * columns, (row + 1) * columns)));
  }
  const list = data as readonly (Category | readonly Category[])[];
  return list.map((row) => (Array.isArray(row) ? (row as readonly Category[]) : [row as Category]));
}

/** Numbers in order before texts in order: the same on every machine. */
function inOrder(a: Category, b: Category): number {
  if (typeof a !== typeof b) return typeof a < typeof b ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What encoders of columns share: the categories of each column, in order. */
abstract class Encoder {
  readonly takes = "categories" as const;
  protected state: readonly (readonly Category[])[] | undefined;
  #places: readonly ReadonlyMap<Category, number>[] = [];
  protected abstract readonly type: string;
  protected abstract readonly options: object;

  /** The categories of each column, in the order of their numbers. @throws ArgumentError before `fit`. */
  get categories(): readonly (readonly Category[])[] {
    return fitted(this.type, this.state);
  }

  /**
   * Learns the categories of each column; numbers in their order, texts in that of their code units.
   * @throws ArgumentError where a cell is missing.
   */
  fit(data: Categories): this {
    const rows = rowsOf(this.type, data);
    const sets = Array.from({ length: rows[0]?.length ?? 0 }, () => new Set<Category>());
    if (sets.length === 0) throw new ArgumentError(`${this.type}: there are no rows to learn from`);
    rows.forEach((row, at) => {
      this.#checkWidth(row, at, sets.length);
      row.forEach((cell, column) => {
        if (!["string", "number", "boolean"].includes(typeof cell) || Number.isNaN(cell))
          throw new ArgumentError(
            `${this.type}: row ${at}, column ${column} is ${cell === "" ? "empty" : String(cell)}; fill what is missing before: numbers by an Imputer, texts by table.fillMissing({ column: "unknown" })`,
          );
        sets[column]!.add(cell);
      });
    });
    this.#take(sets.map((set) => [...set].sort(inOrder)));
    return this;
  }

  #take(state: readonly (readonly Category[])[]): void {
    this.state = state;
    this.#places = state.map((list) => new Map(list.map((category, at) => [category, at])));
  }

  #checkWidth(row: readonly Category[], at: number, columns: number): void {
    if (row.length !== columns)
      throw new ShapeError(`${this.type}: row ${at} has ${row.length} columns where ${columns} were wanted`);
  }

  /** The number of each cell, −1 for what was not seen while fitting. */
  protected numbered(data: Categories, unknownIsError: boolean): { rows: number; places: Int32Array } {
    const lists = this.categories;
    const rows = rowsOf(this.type, data);
    const places = new Int32Array(rows.length * lists.length);
    rows.forEach((row, at) => {
      this.#checkWidth(row, at, lists.length);
      row.forEach((cell, column) => {
        const place = this.#places[column]!.get(cell);
        if (place === undefined && unknownIsError)
          throw new ArgumentError(
            `${this.type}: row ${at}, column ${column} is ${JSON.stringify(cell)}, which the training data had not; clean it, or choose what becomes of unknown categories with the option unknown`,
          );
        places[at * lists.length + column] = place ?? -1;
      });
    });
    return { rows: rows.length, places };
  }

  toJSON(): Json {
    return { type: this.type, options: given(this.options), state: this.state ? { categories: this.state } : null };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: Saved): this {
    if (state === null) return this;
    const lists = new StateReader(this.type, state).lists("categories");
    if (lists.some((list) => new Set(list).size !== list.length))
      throw new FormatError(`${this.type}: a category comes twice; the file is damaged`);
    this.#take(lists);
    return this;
  }
}

/** The category at a place, or an error that says how many there are. */
function categoryAt(operation: string, list: readonly Category[], place: number): Category {
  const category = list[place];
  if (category === undefined)
    throw new ArgumentError(`${operation}: ${place} is the number of no category; there are ${list.length}, from 0 on`);
  return category;
}

/**
 * Each category as a vector with a 1 at its own place: f32 [n, categories], the columns' vectors side by side.
 *
 * @example
 * const encoder = new preprocessing.OneHotEncoder({ unknown: "ignore" });
 * encoder.fitTransform(["red", "green", "red"]).shape; // [3, 2]: green, red
 */
export class OneHotEncoder extends Encoder implements Transformer<Categories, HostArray> {
  protected readonly type = "OneHotEncoder";
  protected readonly options: { readonly unknown?: "error" | "ignore" | undefined };

  /** @param options.unknown what becomes of categories that the training data had not: an `error` (the default), or all 0 (`ignore`). */
  constructor(options: { readonly unknown?: "error" | "ignore" | undefined } = {}) {
    super();
    this.options = options;
  }

  transform(data: Categories): HostArray {
    const lists = this.categories;
    const { rows, places } = this.numbered(data, this.options.unknown !== "ignore");
    const width = lists.reduce((sum, list) => sum + list.length, 0);
    const made = new Float32Array(rows * width);
    for (let row = 0, at = 0; row < rows; row++) {
      let start = row * width;
      for (const list of lists) {
        const place = places[at++]!;
        if (place >= 0) made[start + place] = 1;
        start += list.length;
      }
    }
    return hostArray(made, [rows, width]);
  }

  /** A name for each column of the result: `city=Paris`. */
  names(columns: readonly string[]): readonly string[] {
    return this.categories.flatMap((list, column) => list.map((category) => `${columns[column]}=${category}`));
  }

  /** The category with the largest value in each column's vector: also that of a model's scores. One column gives a list. */
  inverse(scores: Numbers): readonly Category[] | readonly (readonly Category[])[] {
    const lists = this.categories;
    const { rows, columns, data } = matrixOf(this.type, scores);
    const width = lists.reduce((sum, list) => sum + list.length, 0);
    if (columns !== width)
      throw new ShapeError(`OneHotEncoder: ${width} columns were wanted, one for each category, got ${columns}`);
    const made = Array.from({ length: rows }, (_, row) => {
      let start = row * columns;
      return lists.map((list) => {
        const part = data.subarray(start, (start += list.length));
        return list[part.indexOf(Math.max(...part))]!;
      });
    });
    return lists.length === 1 ? made.map(([category]) => category!) : made;
  }

  fitTransform(data: Categories): HostArray {
    return this.fit(data).transform(data);
  }
}

/** Each category as its number, from 0 on: i32 [n, columns]. */
export class OrdinalEncoder extends Encoder implements Transformer<Categories, HostArray> {
  protected readonly type = "OrdinalEncoder";
  protected readonly options: { readonly unknown?: "error" | number | undefined };

  /** @param options.unknown the number of categories that the training data had not, such as −1; an `error` by default. */
  constructor(options: { readonly unknown?: "error" | number | undefined } = {}) {
    super();
    this.options = options;
  }

  transform(data: Categories): HostArray {
    const { unknown = "error" } = this.options;
    const { rows, places } = this.numbered(data, unknown === "error");
    const numbers = typeof unknown === "number" ? places.map((place) => (place < 0 ? unknown : place)) : places;
    return hostArray(numbers, [rows, this.categories.length]);
  }

  inverse(data: Numbers): readonly (readonly Category[])[] {
    const lists = this.categories;
    const { rows, columns, data: places } = matrixOf(this.type, data);
    if (columns !== lists.length)
      throw new ShapeError(`OrdinalEncoder: ${lists.length} columns were wanted, got ${columns}`);
    return Array.from({ length: rows }, (_, row) =>
      lists.map((list, column) => categoryAt(this.type, list, places[row * columns + column]!)),
    );
  }

  fitTransform(data: Categories): HostArray {
    return this.fit(data).transform(data);
  }
}

/** Labels of classes as numbers from 0 on, i32 [n], as losses want them; and a model's answers as labels again. */
export class LabelEncoder extends Encoder implements Transformer<Categories, HostArray> {
  protected readonly type = "LabelEncoder";
  protected readonly options: object = {};

  /** The labels, in the order of their numbers. @throws ArgumentError before `fit`. */
  get classes(): readonly Category[] {
    return this.categories[0]!;
  }

  transform(data: Categories): HostArray {
    const { rows, places } = this.numbered(data, true);
    if (this.categories.length !== 1) throw new ShapeError("LabelEncoder: one column of labels was wanted");
    return hostArray(places, [rows]);
  }

  /** The labels of numbers [n], such as `scores.argmax(-1)`. */
  inverse(data: Numbers): readonly Category[] {
    return Array.from(matrixOf(this.type, data).data, (place) => categoryAt(this.type, this.classes, place));
  }

  fitTransform(data: Categories): HostArray {
    return this.fit(data).transform(data);
  }
}
