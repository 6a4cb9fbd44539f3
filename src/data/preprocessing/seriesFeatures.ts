import { ArgumentError, FormatError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Statistic } from "../statistics.ts";
import { calendar, fourier, lag, rolling, timeOf, type CalendarField } from "./seriesMath.ts";
import { columnIn, numberIn, type Table } from "./table.ts";
import { fitted, given, StateReader, type Saved, type Transformer } from "./transformer.ts";

/** Which features a series has. */
export interface SeriesOptions {
  /** The column of days, in increasing order. */
  readonly time: string;
  /** The column of numbers whose past is looked at. */
  readonly value: string;
  /** Values so many rows before: `[1, 2, 7]`. None by default. */
  readonly lags?: readonly number[] | undefined;
  /** Statistics of so many rows before, without the row itself. None by default. */
  readonly rolling?: readonly { readonly size: number; readonly statistic?: Statistic | undefined }[] | undefined;
  /** What the calendar says of the day. Nothing by default. */
  readonly calendar?: readonly CalendarField[] | undefined;
  /** Days that count as holidays, as texts; those of the United States by default. */
  readonly holidays?: readonly string[] | undefined;
  /** Sines and cosines of the day; `period` in days. None by default. */
  readonly fourier?: readonly { readonly period: number; readonly order: number }[] | undefined;
  /** Further columns of numbers that are known beforehand, such as a plan of promotions. None by default. */
  readonly keep?: readonly string[] | undefined;
}

/**
 * Features of a series in time: a row for each row, f32 [n, features], in which nothing of that row's value or of later ones is.
 * It remembers the end of what it was fitted to, so that rows that follow it have a past; earlier rows have NaN where theirs is
 * not known: the first `reach` rows of the training data, which are to be left out.
 *
 * @example
 * const features = new preprocessing.SeriesFeatures({
 *   time: "date", value: "sales", lags: [1, 2, 7], rolling: [{ size: 7 }], calendar: ["dayOfWeek", "holiday"], keep: ["promo"],
 * });
 * const x = features.fitTransform(train); // [n, 7]
 * const next = features.transform(test); // its first row has the last of train as lag 1
 */
export class SeriesFeatures implements Transformer<Table, HostArray> {
  readonly takes = "numbers" as const;
  readonly #options: SeriesOptions;
  readonly #reach: number;
  /** The end of the training data: times in milliseconds, and values. */
  #past: { readonly times: readonly number[]; readonly values: readonly number[] } | undefined;

  constructor(options: SeriesOptions) {
    const { lags = [], rolling: windows = [] } = options;
    for (const steps of lags) wholeNumber("SeriesFeatures", "a lag", steps, 1);
    for (const { size } of windows) wholeNumber("SeriesFeatures", "the size of a window", size, 1);
    this.#options = options;
    this.#reach = Math.max(0, ...lags, ...windows.map(({ size }) => size));
    if (this.featureNames.length === 0)
      throw new ArgumentError(
        "SeriesFeatures: no feature was asked for; give lags, rolling, calendar, fourier or keep",
      );
  }

  /** How many rows before a row its features look at: so many rows at the start of the training data have NaN. */
  get reach(): number {
    return this.#reach;
  }

  /** A name for each column of the result: `lag7`, `mean7`, `dayOfWeek`, `sin7_1`. */
  get featureNames(): readonly string[] {
    const { lags = [], rolling: windows = [], calendar: fields = [], fourier: waves = [], keep = [] } = this.#options;
    return [
      ...lags.map((steps) => `lag${steps}`),
      ...windows.map(({ size, statistic = "mean" }) => `${statistic}${size}`),
      ...fields,
      ...waves.flatMap(({ period, order }) =>
        Array.from({ length: order }, (_, at) => [`sin${period}_${at + 1}`, `cos${period}_${at + 1}`]).flat(),
      ),
      ...keep,
    ];
  }

  #read(table: Table): { times: number[]; values: number[] } {
    const { time, value } = this.#options;
    const times = columnIn("SeriesFeatures", table, time).map((day) => timeOf("SeriesFeatures", day));
    const late = times.findIndex((at, row) => row > 0 && at < times[row - 1]!);
    if (late >= 0)
      throw new ArgumentError(
        `SeriesFeatures: row ${late} is earlier than the one before it; sort the rows by "${time}"`,
      );
    const values = columnIn("SeriesFeatures", table, value).map((cell, row) =>
      numberIn("SeriesFeatures", cell, row, value),
    );
    return { times, values };
  }

  /** Remembers the end of the training data. @throws ArgumentError where rows are not in the order of time. */
  fit(table: Table): this {
    const { times, values } = this.#read(table);
    const from = Math.max(0, times.length - this.#reach);
    this.#past = { times: times.slice(from), values: values.slice(from) };
    return this;
  }

  transform(table: Table): HostArray {
    const past = fitted("SeriesFeatures", this.#past);
    const { times, values } = this.#read(table);
    // What was remembered and is not earlier is among these rows, or after them.
    const before = past.values.filter((_, at) => times.length > 0 && past.times[at]! < times[0]!);
    const known = [...before, ...values];
    const own = (column: Float64Array): Float64Array => column.subarray(before.length);
    const {
      lags = [],
      rolling: windows = [],
      calendar: fields = [],
      holidays,
      fourier: waves = [],
      keep = [],
    } = this.#options;
    const columns = [
      ...lags.map((steps) => own(lag(known, steps))),
      ...windows.map(({ size, statistic }) => own(rolling(known, size, statistic))),
      ...fields.map((field) => calendar(times, field, holidays)),
      ...waves.flatMap(({ period, order }) => fourier(times, period, order)),
      ...keep.map((name) =>
        Float64Array.from(columnIn("SeriesFeatures", table, name), (cell, row) =>
          numberIn("SeriesFeatures", cell, row, name),
        ),
      ),
    ];
    const made = new Float32Array(times.length * columns.length);
    for (let row = 0, to = 0; row < times.length; row++) for (const column of columns) made[to++] = column[row]!;
    return hostArray(made, [times.length, columns.length]);
  }

  fitTransform(table: Table): HostArray {
    return this.fit(table).transform(table);
  }

  /** @throws ArgumentError: the past of a series does not say its present. */
  inverse(): Table {
    throw new ArgumentError("SeriesFeatures: features of the past cannot be turned back; keep the rows");
  }

  toJSON(): Json {
    const state = this.#past && { times: this.#past.times, values: this.#past.values };
    return { type: "SeriesFeatures", options: given(this.#options), state: state ?? null };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: Saved): this {
    if (state === null) return this;
    const reader = new StateReader("SeriesFeatures", state);
    const [times, values] = [reader.numbers("times"), reader.numbers("values")];
    if (times.length !== values.length)
      throw new FormatError("SeriesFeatures: it remembers times without values; the file is damaged");
    this.#past = { times, values };
    return this;
  }
}
