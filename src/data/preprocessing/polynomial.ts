import type { Json } from "../../formats/json.ts";
import { ArgumentError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { checkColumns, checkFinite, inFormOf, matrixOf, type Numbers, type Same } from "./matrix.ts";
import { fitted, given, StateReader, type Saved, type Transformer } from "./transformer.ts";

/** Which products of features there are. */
export interface PolynomialOptions {
  /** The highest degree, 2 by default. */
  readonly degree?: number | undefined;
  /** Only products of different features; false by default. */
  readonly interactionOnly?: boolean | undefined;
  /** Whether a column of ones comes first; true by default. */
  readonly bias?: boolean | undefined;
}

/** Products of features up to a degree, in scikit-learn's order: 1, a, b, a², ab, b² for two features. */
export class PolynomialFeatures implements Transformer<Numbers> {
  readonly takes = "numbers" as const;
  readonly #options: PolynomialOptions;
  #columns: number | undefined;

  constructor(options: PolynomialOptions = {}) {
    wholeNumber("PolynomialFeatures", "the degree", options.degree ?? 2, 0);
    this.#options = options;
  }

  fit(data: Numbers): this {
    this.#columns = matrixOf("PolynomialFeatures", data).columns;
    return this;
  }

  /** Which features each product has. */
  #products(columns: number): readonly (readonly number[])[] {
    const { degree = 2, interactionOnly = false, bias = true } = this.#options;
    let last: number[][] = [[]];
    const all: number[][] = bias ? [[]] : [];
    for (let power = 1; power <= degree; power++) {
      last = last.flatMap((product) => {
        const from = (product.at(-1) ?? (interactionOnly ? -1 : 0)) + (interactionOnly ? 1 : 0);
        return Array.from({ length: Math.max(0, columns - from) }, (_, at) => [...product, from + at]);
      });
      all.push(...last);
    }
    return all;
  }

  transform<N extends Numbers>(data: N): Same<N> {
    const matrix = matrixOf("PolynomialFeatures", data);
    checkColumns("PolynomialFeatures", matrix, fitted("PolynomialFeatures", this.#columns));
    checkFinite("PolynomialFeatures", matrix);
    const products = this.#products(matrix.columns);
    const made = new Float64Array(matrix.rows * products.length);
    for (let row = 0, to = 0; row < matrix.rows; row++)
      for (const product of products)
        made[to++] = product.reduce((value, column) => value * matrix.data[row * matrix.columns + column]!, 1);
    return inFormOf("PolynomialFeatures", data, { rows: matrix.rows, columns: products.length, data: made });
  }

  /** The features themselves, which stand among the products. @throws ArgumentError for degree 0, which keeps none. */
  inverse<N extends Numbers>(data: N): Same<N> {
    const columns = fitted("PolynomialFeatures", this.#columns);
    const { degree = 2, bias = true } = this.#options;
    if (degree === 0) throw new ArgumentError("PolynomialFeatures: degree 0 keeps no feature to give back");
    const matrix = matrixOf("PolynomialFeatures", data);
    checkColumns("PolynomialFeatures", matrix, this.#products(columns).length);
    const first = bias ? 1 : 0;
    const made = Float64Array.from(
      { length: matrix.rows * columns },
      (_, at) => matrix.data[Math.floor(at / columns) * matrix.columns + first + (at % columns)]!,
    );
    return inFormOf("PolynomialFeatures", data, { rows: matrix.rows, columns, data: made });
  }

  fitTransform<N extends Numbers>(data: N): Same<N> {
    return this.fit(data).transform(data);
  }

  toJSON(): Json {
    const state = this.#columns === undefined ? null : { columns: this.#columns };
    return { type: "PolynomialFeatures", options: given(this.#options), state };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: Saved): this {
    if (state !== null) this.#columns = new StateReader("PolynomialFeatures", state).number("columns");
    return this;
  }
}
