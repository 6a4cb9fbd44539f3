import { ArgumentError, FormatError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import { tensor } from "../../tensor/create.ts";
import { onHost } from "../../tensor/engine.ts";
import { isFloat } from "../../core/dtype.ts";
import { eigh } from "../../tensor/linalg/eigh.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { checkColumns, checkFinite, inFormOf, matrixOf, type Matrix, type Numbers, type Same } from "./matrix.ts";
import { fitted, given, StateReader, type Saved, type Transformer } from "./transformer.ts";

/** How many components, and at which scale. */
export interface PcaOptions {
  /** How many components to keep, all by default. */
  readonly components?: number | undefined;
  /** Whether to divide components by their deviation, so that all have the same; false by default. */
  readonly whiten?: boolean | undefined;
}

interface State {
  readonly mean: readonly number[];
  /** A row for each component, of length 1. */
  readonly components: readonly (readonly number[])[];
  /** Of each component kept, over n − 1. */
  readonly variance: readonly number[];
  /** Of all features together. */
  readonly total: number;
}

/**
 * Principal components: the directions in which the training data varies most, largest first. Signs as in scikit-learn: the
 * largest entry of a component is positive. Tensors are transformed as part of the graph.
 *
 * @example
 * const plane = new preprocessing.PCA({ components: 2 }).fitTransform(images.flatten(1)); // [n, 2], to draw
 */
export class PCA implements Transformer<Numbers> {
  readonly takes = "numbers" as const;
  readonly #options: PcaOptions;
  #state: State | undefined;

  constructor(options: PcaOptions = {}) {
    if (options.components !== undefined) wholeNumber("PCA", "components", options.components, 1);
    this.#options = options;
  }

  /** The variance of the training data along each component. @throws ArgumentError before `fit`. */
  get explainedVariance(): readonly number[] {
    return fitted("PCA", this.#state).variance;
  }

  /** The share of the variance that each component has. @throws ArgumentError before `fit`. */
  get explainedVarianceRatio(): readonly number[] {
    const { variance, total } = fitted("PCA", this.#state);
    return variance.map((value) => value / total);
  }

  /** @throws ArgumentError for fewer than two rows, more components than features, and numbers that are missing or infinite. */
  fit(data: Numbers): this {
    const matrix = matrixOf("PCA", data);
    const { rows, columns } = matrix;
    const { components: kept = Math.min(rows, columns) } = this.#options;
    if (rows < 2) throw new ArgumentError(`PCA: at least two rows are needed to vary, got ${rows}`);
    if (kept > Math.min(rows, columns))
      throw new ArgumentError(`PCA: ${rows} rows of ${columns} features have no ${kept} components; ask for fewer`);
    checkFinite("PCA", matrix);
    const mean = new Float64Array(columns);
    matrix.data.forEach((value, at) => (mean[at % columns]! += value / rows));
    const [variances, directions] = onHost(() => {
      const centred = tensor(
        matrix.data.map((value, at) => value - mean[at % columns]!),
        [rows, columns],
        { dtype: "f64" },
      );
      const covariance = centred.T.matmul(centred).div(rows - 1);
      const { eigenvalues, eigenvectors } = eigh(covariance);
      return [eigenvalues.dataSync(), eigenvectors.dataSync()] as const;
    });
    // eigh gives them in increasing order; a direction is a column.
    const components = Array.from({ length: kept }, (_, at) => {
      const direction = Array.from({ length: columns }, (__, row) => directions[row * columns + columns - 1 - at]!);
      const largest = direction.reduce((best, entry) => (Math.abs(entry) > Math.abs(best) ? entry : best), 0);
      return largest < 0 ? direction.map((entry) => -entry) : direction;
    });
    this.#state = {
      mean: [...mean],
      components,
      variance: Array.from({ length: kept }, (_, at) => Math.max(0, variances[columns - 1 - at]!)),
      total: Array.from(variances).reduce((sum, value) => sum + Math.max(0, value), 0),
    };
    return this;
  }

  /** [n, features] as [n, components]. */
  transform<N extends Numbers>(data: N): Same<N> {
    const { mean, components } = fitted("PCA", this.#state);
    const rows = this.#scaled(components);
    if (data instanceof Tensor) {
      const dtype = isFloat(data.dtype) ? data.dtype : "f32";
      const centred = data.cast(dtype).sub(tensor([...mean], { dtype }));
      return centred.matmul(tensor(rows, { dtype }).T as Tensor) as Same<N>;
    }
    const matrix = matrixOf("PCA", data);
    checkColumns("PCA", matrix, mean.length);
    checkFinite("PCA", matrix);
    const made = new Float64Array(matrix.rows * rows.length);
    for (let row = 0; row < matrix.rows; row++)
      rows.forEach((direction, component) => {
        let sum = 0;
        direction.forEach((entry, at) => (sum += entry * (matrix.data[row * matrix.columns + at]! - mean[at]!)));
        made[row * rows.length + component] = sum;
      });
    return inFormOf("PCA", data, { rows: matrix.rows, columns: rows.length, data: made });
  }

  /** [n, components] as [n, features]: what is left of the data in the directions kept. */
  inverse<N extends Numbers>(data: N): Same<N> {
    const { mean, components, variance } = fitted("PCA", this.#state);
    const { whiten = false } = this.#options;
    const matrix = matrixOf("PCA", data);
    checkColumns("PCA", matrix, components.length);
    const columns = mean.length;
    const made = new Float64Array(matrix.rows * columns);
    for (let row = 0; row < matrix.rows; row++) {
      made.set(mean, row * columns);
      components.forEach((direction, component) => {
        const value = matrix.data[row * matrix.columns + component]! * (whiten ? Math.sqrt(variance[component]!) : 1);
        direction.forEach((entry, at) => (made[row * columns + at]! += value * entry));
      });
    }
    return inFormOf("PCA", data, { rows: matrix.rows, columns, data: made } satisfies Matrix);
  }

  fitTransform<N extends Numbers>(data: N): Same<N> {
    return this.fit(data).transform(data);
  }

  #scaled(components: readonly (readonly number[])[]): number[][] {
    const { variance } = fitted("PCA", this.#state);
    const { whiten = false } = this.#options;
    return components.map((direction, at) =>
      direction.map((entry) => (whiten ? entry / Math.sqrt(variance[at]! || 1) : entry)),
    );
  }

  toJSON(): Json {
    const state = this.#state && { ...this.#state };
    return { type: "PCA", options: given(this.#options), state: state ?? null };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: Saved): this {
    if (state === null) return this;
    const reader = new StateReader("PCA", state);
    const [mean, components, variance] = [
      reader.numbers("mean"),
      reader.matrix("components"),
      reader.numbers("variance"),
    ];
    if (components.length !== variance.length || components.some((row) => row.length !== mean.length))
      throw new FormatError("PCA: its components do not fit its mean; the file is damaged");
    this.#state = { mean, components, variance, total: reader.number("total") };
    return this;
  }
}
