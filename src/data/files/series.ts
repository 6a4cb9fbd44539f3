import { ArgumentError } from "../../core/errors.ts";
import type { ColumnValues } from "../../formats/csvFormat.ts";
import { STATISTICS, type Statistic } from "../statistics.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** A column of a table: numbers or dates as f64 (NaN is missing), or texts (null is missing). It never changes. */
export class Series {
  readonly kind: "number" | "date" | "text";
  readonly values: Float64Array | readonly (string | null)[];

  private constructor(values: Float64Array | readonly (string | null)[], kind: Series["kind"]) {
    this.values = values;
    this.kind = kind;
  }

  /** A series of values; of one, itself. @throws ArgumentError for what is neither numbers, truths nor texts. */
  static of(values: Series | ArrayLike<number> | readonly boolean[] | readonly (string | null)[]): Series {
    if (values instanceof Series) return values;
    if (!Array.isArray(values)) return new Series(Float64Array.from(values as ArrayLike<number>), "number");
    const list = values as readonly unknown[];
    if (list.some((value) => typeof value === "string")) {
      if (!list.every((value) => value === null || typeof value === "string"))
        throw new ArgumentError("Series: texts and numbers are mixed; make all of them texts, null where missing");
      return new Series(list as readonly (string | null)[], "text");
    }
    if (list.length > 0 && list.every((value) => value === null)) return new Series(list as null[], "text");
    if (!list.every((value) => typeof value === "number" || typeof value === "boolean"))
      throw new ArgumentError(
        "Series: numbers, truths or texts were wanted; NaN stands for a missing number, null for a missing text",
      );
    return new Series(Float64Array.from(list as number[], Number), "number");
  }

  /** Milliseconds since 1970 as dates. */
  static dates(times: ArrayLike<number>): Series {
    return new Series(Float64Array.from(times), "date");
  }

  /** Parts that a file was read in, one behind the other. */
  static joined(parts: readonly ColumnValues[], dates: boolean): Series {
    if (parts.some((part) => Array.isArray(part)))
      return new Series(
        parts.flatMap((part) => part as (string | null)[]),
        "text",
      );
    const values = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      values.set(part as Float64Array, at);
      at += part.length;
    }
    return new Series(values, dates ? "date" : "number");
  }

  get length(): number {
    return this.values.length;
  }

  /** The numbers, or the milliseconds of dates. @throws ArgumentError for texts. */
  get numbers(): Float64Array {
    if (this.kind === "text")
      throw new ArgumentError("Series: it holds texts, where numbers were wanted; choose another column");
    return this.values as Float64Array;
  }

  isMissing(index: number): boolean {
    const value = this.values[index];
    return value === null || Number.isNaN(value);
  }

  /** The values at these positions; −1 is missing. */
  take(indices: ArrayLike<number>): Series {
    if (this.kind === "text")
      return new Series(
        Array.from(indices, (at) => (this.values[at] as string | undefined) ?? null),
        "text",
      );
    return new Series(
      Float64Array.from(indices, (at) => (this.values as Float64Array)[at] ?? NaN),
      this.kind,
    );
  }

  slice(start: number, end?: number): Series {
    return new Series(this.values.slice(start, end), this.kind);
  }

  /** Each value `steps` places later (earlier, for negative ones), with missing ones where there is none: of [1, 2, 3] by 1 [NaN, 1, 2]. */
  shift(steps: number): Series {
    if (!Number.isSafeInteger(steps)) throw new ArgumentError(`shift: the steps must be a whole number, got ${steps}`);
    return this.take(
      Array.from({ length: this.length }, (_, at) => (at >= steps && at - steps < this.length ? at - steps : -1)),
    );
  }

  /** What changed since `steps` places before. */
  difference(steps: number = 1): Series {
    const before = this.shift(steps).numbers;
    return Series.of(this.numbers.map((value, at) => value - before[at]!));
  }

  /**
   * Statistics of the `size` values up to each one, itself among them, as pandas: missing where there are fewer, or one of them is. For
   * features of what is to be predicted, shift it by 1 first.
   */
  rolling(size: number): Record<Statistic, () => Series> {
    wholeNumber("rolling", "the size", size, 1);
    const { numbers } = this;
    const make = (statistic: Statistic) => (): Series =>
      Series.of(
        numbers.map((_, at) => (at + 1 < size ? NaN : STATISTICS[statistic](numbers.subarray(at + 1 - size, at + 1)))),
      );
    return {
      mean: make("mean"),
      std: make("std"),
      min: make("min"),
      max: make("max"),
      sum: make("sum"),
      median: make("median"),
    };
  }

  /** What a function makes of each number. */
  map(f: (value: number, index: number) => number): Series {
    return Series.of(this.numbers.map(f));
  }

  /** Missing numbers with a value in their place, or the last one before them. */
  fillMissing(value: number | "previous"): Series {
    const filled = this.numbers.slice();
    for (const [at, one] of filled.entries())
      if (Number.isNaN(one)) filled[at] = value === "previous" ? (filled[at - 1] ?? NaN) : value;
    return new Series(filled, this.kind);
  }

  /** One number of all that are not missing. */
  statistic(of: Statistic): number {
    return STATISTICS[of](this.numbers.filter((value) => !Number.isNaN(value)));
  }
}
