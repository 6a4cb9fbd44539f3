/** Features brought to one scale, each by itself. */
import { ArgumentError, FormatError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import { tensor } from "../../tensor/create.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { isFloat } from "../../core/dtype.ts";
import { checkWithin } from "../checks.ts";
import {
  checkColumns,
  checkFinite,
  columnOf,
  inFormOf,
  matrixOf,
  type Matrix,
  type Numbers,
  type Same,
} from "./matrix.ts";
import { fitted, given, StateReader, type Saved, type Transformer } from "./transformer.ts";

/** What each column is moved and divided by. */
interface Scale {
  readonly center: readonly number[];
  readonly scale: readonly number[];
}

/**
 * (x − center) / scale in each column. Tensors are transformed as part of the graph, fused with what follows, so that a scaler may
 * stand in a model's `forward`; their values are not looked at. Numbers elsewhere must be finite.
 */
abstract class Scaler implements Transformer<Numbers> {
  readonly takes = "numbers" as const;
  protected state: Scale | undefined;
  protected abstract readonly type: string;
  protected abstract readonly options: object;

  /** What a column is moved and divided by. */
  protected abstract learn(column: Float64Array): readonly [center: number, scale: number];

  /**
   * Learns from training data [n, features] or [n].
   * @throws ArgumentError for no rows, and where numbers are missing or infinite.
   */
  fit(data: Numbers): this {
    const matrix = matrixOf(this.type, data);
    if (matrix.rows === 0) throw new ArgumentError(`${this.type}: there are no rows to learn from`);
    checkFinite(this.type, matrix);
    const columns = Array.from({ length: matrix.columns }, (_, column) => this.learn(columnOf(matrix, column)));
    this.state = {
      center: columns.map(([center]) => center),
      // Nothing is known about a feature that never changes; it is only moved.
      scale: columns.map(([, scale]) => scale || 1),
    };
    return this;
  }

  transform<N extends Numbers>(data: N): Same<N> {
    return this.#apply(
      data,
      (x, center, scale) => (x - center) / scale,
      (x, center, scale) => x.sub(center).div(scale),
    );
  }

  inverse<N extends Numbers>(data: N): Same<N> {
    return this.#apply(
      data,
      (x, center, scale) => x * scale + center,
      (x, center, scale) => x.mul(scale).add(center),
    );
  }

  fitTransform<N extends Numbers>(data: N): Same<N> {
    return this.fit(data).transform(data);
  }

  #apply<N extends Numbers>(
    data: N,
    each: (x: number, center: number, scale: number) => number,
    all: (x: Tensor, center: Tensor, scale: Tensor) => Tensor,
  ): Same<N> {
    const { center, scale } = fitted(this.type, this.state);
    if (data instanceof Tensor) {
      checkColumns(
        this.type,
        { rows: 0, columns: data.shape.length > 1 ? data.shape.at(-1)! : 1, data: NONE },
        center.length,
      );
      const dtype = isFloat(data.dtype) ? data.dtype : "f32";
      const row = (values: readonly number[]): Tensor => tensor([...values], { dtype });
      return all(data.cast(dtype), row(center), row(scale)) as Same<N>;
    }
    const matrix = matrixOf(this.type, data);
    checkColumns(this.type, matrix, center.length);
    checkFinite(this.type, matrix);
    const { columns } = matrix;
    const changed = matrix.data.map((x, at) => each(x, center[at % columns]!, scale[at % columns]!));
    return inFormOf(this.type, data, { ...matrix, data: changed } satisfies Matrix);
  }

  toJSON(): Json {
    const state = this.state && { center: this.state.center, scale: this.state.scale };
    return { type: this.type, options: given(this.options), state: state ?? null };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: Saved): this {
    if (state === null) return this;
    const reader = new StateReader(this.type, state);
    const [center, scale] = [reader.numbers("center"), reader.numbers("scale")];
    if (center.length !== scale.length || !scale.every((value) => value !== 0))
      throw new FormatError(`${this.type}: its centers and scales do not fit; the file is damaged`);
    this.state = { center, scale };
    return this;
  }
}

const NONE = /* @__PURE__ */ new Float64Array(0);

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The value below which a share of the sorted values lies, between two of them in proportion, as NumPy has it. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const value = sorted[low]!;
  return low + 1 < sorted.length ? value + (at - low) * (sorted[low + 1]! - value) : value;
}

/**
 * Each feature with mean 0 and standard deviation 1 over the training data: (x − mean) / std, where std divides by n. As
 * scikit-learn's.
 *
 * @example
 * const scaler = new preprocessing.StandardScaler();
 * const train = scaler.fitTransform(trainRows);
 * const test = scaler.transform(testRows); // with the training data's mean and deviation
 */
export class StandardScaler extends Scaler {
  protected readonly type = "StandardScaler";
  protected readonly options: { readonly mean?: boolean | undefined; readonly std?: boolean | undefined };

  /** @param options.mean, options.std whether to subtract the mean and to divide by the deviation; both true by default. */
  constructor(options: { readonly mean?: boolean | undefined; readonly std?: boolean | undefined } = {}) {
    super();
    this.options = options;
  }

  protected learn(column: Float64Array): readonly [number, number] {
    const { mean = true, std = true } = this.options;
    const middle = meanOf(column);
    const deviation = Math.sqrt(meanOf(column.map((value) => (value - middle) ** 2)));
    // What is left of a constant column is the rounding of its mean.
    const constant = deviation <= 10 * Number.EPSILON * Math.abs(middle);
    return [mean ? middle : 0, std && !constant ? deviation : 1];
  }
}

/** Each feature from `low` to `high` over the training data, 0 to 1 by default; other data may lie outside. As scikit-learn's. */
export class MinMaxScaler extends Scaler {
  protected readonly type = "MinMaxScaler";
  protected readonly options: { readonly low?: number | undefined; readonly high?: number | undefined };

  constructor(options: { readonly low?: number | undefined; readonly high?: number | undefined } = {}) {
    super();
    const { low = 0, high = 1 } = options;
    if (!(low < high)) throw new ArgumentError(`MinMaxScaler: low must be below high, got ${low} and ${high}`);
    this.options = options;
  }

  protected learn(column: Float64Array): readonly [number, number] {
    const { low = 0, high = 1 } = this.options;
    let [least, most] = [Infinity, -Infinity];
    for (const value of column) [least, most] = [Math.min(least, value), Math.max(most, value)];
    const scale = (most - least || 1) / (high - low);
    return [least - low * scale, scale];
  }
}

/**
 * (x − median) / (spread between two quantiles): few values that are far off change nothing. As scikit-learn's, which takes the
 * quantiles 0.25 and 0.75 by default.
 */
export class RobustScaler extends Scaler {
  protected readonly type = "RobustScaler";
  protected readonly options: { readonly quantiles?: readonly [low: number, high: number] | undefined };

  constructor(options: { readonly quantiles?: readonly [low: number, high: number] | undefined } = {}) {
    super();
    const [low, high] = options.quantiles ?? [0.25, 0.75];
    checkWithin("RobustScaler", "the low quantile", low, 0, high);
    checkWithin("RobustScaler", "the high quantile", high, low, 1);
    this.options = options;
  }

  protected learn(column: Float64Array): readonly [number, number] {
    const [low, high] = this.options.quantiles ?? [0.25, 0.75];
    const sorted = column.slice().sort();
    return [quantile(sorted, 0.5), quantile(sorted, high) - quantile(sorted, low)];
  }
}

/** log(1 + x) of every number, for counts and prices, whose large values are far apart. It learns nothing. */
export class LogScaler implements Transformer<Numbers> {
  readonly takes = "numbers" as const;
  /** @throws ArgumentError for numbers of −1 and less. */
  fit(data: Numbers): this {
    checkLog(matrixOf("LogScaler", data));
    return this;
  }

  transform<N extends Numbers>(data: N): Same<N> {
    if (data instanceof Tensor) return data.float().log1p() as Same<N>;
    const matrix = matrixOf("LogScaler", data);
    checkLog(matrix);
    return inFormOf("LogScaler", data, { ...matrix, data: matrix.data.map(Math.log1p) });
  }

  inverse<N extends Numbers>(data: N): Same<N> {
    if (data instanceof Tensor) return data.float().expm1() as Same<N>;
    const matrix = matrixOf("LogScaler", data);
    return inFormOf("LogScaler", data, { ...matrix, data: matrix.data.map(Math.expm1) });
  }

  fitTransform<N extends Numbers>(data: N): Same<N> {
    return this.fit(data).transform(data);
  }

  toJSON(): Json {
    return { type: "LogScaler", options: {}, state: null };
  }
}

function checkLog(matrix: Matrix): void {
  checkFinite("LogScaler", matrix);
  const at = matrix.data.findIndex((value) => value <= -1);
  if (at >= 0)
    throw new ArgumentError(
      `LogScaler: row ${Math.floor(at / matrix.columns)}, column ${at % matrix.columns} is ${matrix.data[at]}, and log(1 + x) needs more than −1; use another scaler`,
    );
}
