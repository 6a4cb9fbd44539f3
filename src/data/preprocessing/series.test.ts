import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import * as preprocessing from "./index.ts";

const day = (at: number): string => new Date(Date.UTC(2024, 0, 1 + at)).toISOString().slice(0, 10);
const counted = Array.from({ length: 10 }, (_, at) => at + 1);

describe("features of series", () => {
  test("[AG1] lags are values of earlier rows", () => {
    expect([...preprocessing.lag(counted, 1)]).toEqual([Number.NaN, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(preprocessing.lag(counted, 7)[7]).toBe(1);
    for (const steps of [1, 2, 7])
      for (const [at, value] of preprocessing.lag(counted, steps).entries())
        expect(Number.isNaN(value) || value < counted[at]!).toBe(true);
    // y = w0 + w1·lag1 + w2·lag2 + w3·promo of the notes.
    const table = { date: counted.map((_, at) => day(at)), sales: counted, promo: counted.map((_, at) => at % 2) };
    const features = new preprocessing.SeriesFeatures({
      time: "date",
      value: "sales",
      lags: [1, 2, 7],
      keep: ["promo"],
    });
    const { shape, data } = features.fitTransform(table);
    expect(shape).toEqual([10, 4]);
    expect(features.featureNames).toEqual(["lag1", "lag2", "lag7", "promo"]);
    expect([...data.subarray(28, 32)]).toEqual([7, 6, 1, 1]);
    expect(features.reach).toBe(7);
  });

  test("[AG2] windows end before the row they belong to", () => {
    const nan = Number.NaN;
    expect([...preprocessing.rolling(counted, 7)]).toEqual([nan, nan, nan, nan, nan, nan, nan, 4, 5, 6]);
    expect([...preprocessing.rolling(counted, 4, "mean")].slice(4)).toEqual([2.5, 3.5, 4.5, 5.5, 6.5, 7.5]);
    for (const value of preprocessing.rolling(counted, 4, "std").slice(4))
      expect(value).toBeCloseTo(Math.sqrt(5 / 3), 12);
    const last = (statistic: preprocessing.Statistic): number => preprocessing.rolling(counted, 3, statistic)[9]!;
    expect([last("min"), last("max"), last("sum"), last("median")]).toEqual([7, 9, 24, 8]);
  });

  test("[AG3] what the calendar says of Independence Day", () => {
    const on = (field: preprocessing.CalendarField): number => preprocessing.calendar(["2024-07-04"], field)[0]!;
    expect([
      on("month"),
      on("quarter"),
      on("dayOfWeek"),
      on("holiday"),
      on("year"),
      on("day"),
      on("dayOfYear"),
      on("weekend"),
    ]).toEqual([7, 3, 3, 1, 2024, 4, 186, 0]);
    const days = [
      "2024-01-15",
      "2024-02-19",
      "2024-05-27",
      "2024-09-02",
      "2024-10-14",
      "2024-11-28",
      "2024-12-24",
      "2023-05-29",
    ];
    expect([...preprocessing.calendar(days, "holiday")]).toEqual([1, 1, 1, 1, 1, 1, 0, 1]);
    expect([...preprocessing.calendar(["2024-12-24", "2024-07-04"], "holiday", ["2024-12-24"])]).toEqual([1, 0]);
    expect([...preprocessing.calendar([new Date(Date.UTC(2024, 2, 3, 14)), "2024-03-03T23:30+02:00"], "hour")]).toEqual(
      [14, 21],
    );
  });

  test("sines and cosines repeat after their period", () => {
    const waves = preprocessing.fourier(
      Array.from({ length: 15 }, (_, at) => day(at)),
      7,
      2,
    );
    expect(waves.length).toBe(4);
    for (const wave of waves) for (let at = 0; at < 8; at++) expect(wave[at + 7]).toBeCloseTo(wave[at]!, 9);
  });

  test("[T12] test rows see the past of the training data and nothing later; what was fitted is written and read", () => {
    const length = 60;
    const table = (from: number, to: number, changed = -1): Record<string, unknown>[] =>
      Array.from({ length: to - from }, (_, at) => ({
        date: day(from + at),
        sales: from + at === changed ? 1e6 : Math.sin(from + at) + (from + at) / 10,
        promo: (from + at) % 3,
      }));
    const options = {
      time: "date",
      value: "sales",
      lags: [1, 2, 7],
      rolling: [{ size: 7 }, { size: 28, statistic: "std" as const }],
      calendar: ["dayOfWeek", "month", "holiday"] as const,
      fourier: [{ period: 7, order: 1 }],
      keep: ["promo"],
    };
    const features = new preprocessing.SeriesFeatures(options).fit(table(0, 40));
    const width = features.featureNames.length;
    const whole = new preprocessing.SeriesFeatures(options).fitTransform(table(0, length));
    const later = features.transform(table(40, length));
    expect([...later.data]).toEqual([...whole.data.subarray(40 * width)]);
    expect([...features.transform(table(0, 40)).data]).toEqual([...whole.data.subarray(0, 40 * width)]);
    for (let changed = 40; changed < length; changed++) {
      const other = features.transform(table(40, length, changed)).data;
      const same = (changed - 40 + 1) * width;
      expect([...other.subarray(0, same)]).toEqual([...later.data.subarray(0, same)]);
    }
    const again = preprocessing.fromJSON(JSON.parse(JSON.stringify(features)) as Json) as preprocessing.SeriesFeatures;
    expect(again.transform(table(40, length))).toEqual(later);
    expect(Number.isNaN(whole.data[27 * width + 4]!)).toBe(true);
    expect([...whole.data.subarray(28 * width)].some(Number.isNaN)).toBe(false);
    expect(features.reach).toBe(28);
  });

  const wrong: [string, () => unknown, RegExp][] = [
    [
      "rows out of order",
      () =>
        new preprocessing.SeriesFeatures({ time: "t", value: "v", lags: [1] }).fit([
          { t: day(2), v: 1 },
          { t: day(1), v: 1 },
        ]),
      /row 1 is earlier than the one before it; sort the rows by "t"/,
    ],
    ["no day", () => preprocessing.calendar(["July 4"], "month"), /"July 4" is no day/],
    ["30 February", () => preprocessing.calendar(["2024-02-30"], "month"), /"2024-02-30" is no day/],
    [
      "lag 0",
      () => new preprocessing.SeriesFeatures({ time: "t", value: "v", lags: [0] }),
      /a lag must be a whole number of 1 or more/,
    ],
    ["no feature", () => new preprocessing.SeriesFeatures({ time: "t", value: "v" }), /no feature was asked for/],
    ["an unknown statistic", () => preprocessing.rolling([1], 1, "toString" as never), /"toString" is unknown/],
    [
      "the way back",
      () => new preprocessing.SeriesFeatures({ time: "t", value: "v", lags: [1] }).inverse(),
      /cannot be turned back/,
    ],
  ];
  test.each(wrong)("refuse %s", (_what, run, message) => {
    expect(run).toThrow(ArgumentError);
    expect(run).toThrow(message);
  });
});
