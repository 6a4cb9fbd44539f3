import { ArgumentError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import { checkColumns, columnOf, inFormOf, matrixOf, type Numbers, type Same } from "./matrix.ts";
import { fitted, given, StateReader, type Saved, type Transformer } from "./transformer.ts";

/** What stands for missing numbers: the mean, the median or the commonest of the training data's, or a number. */
export interface ImputerOptions {
  /** `mean` by default. */
  readonly strategy?: "mean" | "median" | "mostFrequent" | "constant" | undefined;
  /** For `constant`; 0 by default. */
  readonly value?: number | undefined;
}

/** Fills missing numbers: NaN, null and undefined. As scikit-learn's `SimpleImputer`. Infinite numbers are refused. */
export class Imputer implements Transformer<Numbers> {
  readonly takes = "numbers" as const;
  readonly #options: ImputerOptions;
  #fill: readonly number[] | undefined;

  constructor(options: ImputerOptions = {}) {
    this.#options = options;
  }

  /** @throws ArgumentError for a column in which everything is missing. */
  fit(data: Numbers): this {
    const { strategy = "mean", value = 0 } = this.#options;
    const matrix = matrixOf("Imputer", data);
    checkNoInfinity(matrix.data, matrix.columns);
    this.#fill = Array.from({ length: matrix.columns }, (_, column) => {
      if (strategy === "constant") return value;
      const known = columnOf(matrix, column).filter((cell) => !Number.isNaN(cell));
      if (known.length === 0)
        throw new ArgumentError(
          `Imputer: column ${column} has no number to learn from; leave it out, or fill it with a constant`,
        );
      return strategy === "mean"
        ? known.reduce((sum, cell) => sum + cell, 0) / known.length
        : strategy === "median"
          ? medianOf(known)
          : commonest(known);
    });
    return this;
  }

  transform<N extends Numbers>(data: N): Same<N> {
    const fill = fitted("Imputer", this.#fill);
    const matrix = matrixOf("Imputer", data);
    checkColumns("Imputer", matrix, fill.length);
    checkNoInfinity(matrix.data, matrix.columns);
    const filled = matrix.data.map((cell, at) => (Number.isNaN(cell) ? fill[at % matrix.columns]! : cell));
    return inFormOf("Imputer", data, { ...matrix, data: filled });
  }

  /** The numbers as they are: which of them were missing is not known any more. */
  inverse<N extends Numbers>(data: N): Same<N> {
    return inFormOf("Imputer", data, matrixOf("Imputer", data));
  }

  fitTransform<N extends Numbers>(data: N): Same<N> {
    return this.fit(data).transform(data);
  }

  toJSON(): Json {
    return { type: "Imputer", options: given(this.#options), state: this.#fill ? { fill: this.#fill } : null };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: Saved): this {
    if (state !== null) this.#fill = new StateReader("Imputer", state).numbers("fill");
    return this;
  }
}

function checkNoInfinity(data: Float64Array, columns: number): void {
  const at = data.findIndex((value) => Math.abs(value) === Infinity);
  if (at >= 0)
    throw new ArgumentError(
      `Input contains Inf (Imputer: row ${Math.floor(at / columns)}, column ${at % columns}); leave the row out, or clip it`,
    );
}

function medianOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The commonest value, of several the smallest. */
function commonest(values: Float64Array): number {
  const counts = new Map<number, number>();
  for (const value of values.slice().sort()) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
