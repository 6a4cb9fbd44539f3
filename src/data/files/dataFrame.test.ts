import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, FormatError, ShapeError } from "../../core/errors.ts";
import { DataFrame, readTable, writeCsv } from "./dataFrame.ts";
import type { Statistic } from "../statistics.ts";
import { Series } from "./series.ts";

type Values = readonly (number | string | null)[];
const recorded = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/frames.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Values>> & {
  readonly csv: string;
  readonly groups: Readonly<Record<string, Values>>;
  readonly join_inner: Readonly<Record<string, Values>>;
  readonly join_left: Readonly<Record<string, Values>>;
};
const STATISTICS: readonly Statistic[] = ["mean", "std", "min", "max", "sum", "median"];

let folder: string;
let table: DataFrame;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-frames-"));
  await writeFile(join(folder, "sales.csv"), recorded.csv);
  table = (await readTable(join(folder, "sales.csv"), { columns: { date: "date" } })).sort("date");
});
afterAll(() => rm(folder, { recursive: true }));

/** Values with null where they are missing, as recorded; sums of decimals to 12 digits. */
const plain = (series: Series): Values =>
  Array.from(series.values as ArrayLike<number | string | null>, (value) =>
    typeof value !== "number" ? value : Number.isNaN(value) ? null : Number(value.toPrecision(12)),
  );
const rounded = (values: Values): Values =>
  values.map((value) => (typeof value === "number" ? Number(value.toPrecision(12)) : value));

describe("tables", () => {
  test("[S40] shift and rolling, as the row says", () => {
    const series = Series.of([1, 2, 3]);
    expect([...series.shift(1).numbers]).toEqual([NaN, 1, 2]);
    expect([...series.rolling(2).mean().numbers]).toEqual([NaN, 1.5, 2.5]);
  });

  test("[S40] a CSV file with dates, sorted, lagged and rolled as pandas does it", () => {
    expect([table.length, table.names, table.column("date").kind]).toEqual([
      6,
      ["date", "shop", "sales", "price"],
      "date",
    ]);
    expect(table.row(0)).toEqual({ date: Date.UTC(2024, 0, 1), shop: "b", sales: 7, price: NaN });
    expect(table.column("shop").values).toEqual(recorded["sorted"]);
    const price = table.column("price").fillMissing(2.25);
    expect(plain(price.shift(2))).toEqual(recorded["shift"]);
    expect(plain(price.shift(-1))).toEqual(recorded["lead"]);
    expect(plain(price.difference())).toEqual(recorded["diff"]);
    for (const statistic of STATISTICS) {
      expect(plain(price.rolling(3)[statistic]())).toEqual(rounded(recorded[`rolling_${statistic}`]!));
      expect(plain(table.column("sales").rolling(2)[statistic]())).toEqual(rounded(recorded[`missing_${statistic}`]!));
    }
    expect(table.dropMissing().column("shop").values).toEqual(recorded["dropped"]);
  });

  test("[S40] groups and joins are those of pandas", () => {
    const aggregates = Object.fromEntries(
      [...STATISTICS, "count" as const].map((one) => [one, ["sales", one] as const]),
    );
    const groups = table.groupBy("shop", aggregates);
    expect(groups.column("shop").values).toEqual(["a", "b", "c"]);
    for (const [name, values] of Object.entries(recorded.groups))
      expect([name, plain(groups.column(name))]).toEqual([name, rounded(values)]);
    const cities = new DataFrame({ shop: ["b", "a", "b"], city: ["Bonn", "Aix", "Bern"], price: [1, 2, 3] });
    for (const how of ["inner", "left"] as const) {
      const joined = table.join(cities, "shop", how);
      for (const [name, values] of Object.entries(recorded[`join_${how}`]))
        expect(plain(joined.column(name))).toEqual(values);
    }
    expect(
      new DataFrame({ a: [1, 1, 2], b: ["x", "y", "x"], n: [1, 2, 3] }).groupBy(["b", "a"], { n: ["n", "sum"] }).rows(),
    ).toEqual([
      { b: "x", a: 1, n: 1 },
      { b: "x", a: 2, n: 3 },
      { b: "y", a: 1, n: 2 },
    ]);
  });

  test("columns are chosen, added, renamed; rows filtered and cut", () => {
    const more = table.with({
      double: (row) => Number(row["sales"]) * 2,
      even: table.column("sales").map((n) => n % 2),
      tag: ({ shop }) => `${shop}!`,
    });
    expect(more.names).toEqual(["date", "shop", "sales", "price", "double", "even", "tag"]);
    expect(more.column("tag").values[0]).toBe("b!");
    expect(plain(more.column("double"))).toEqual([14, null, 10, 8, 2, 18]);
    expect(more.without("date", "tag").rename({ even: "odd" }).names).toEqual([
      "shop",
      "sales",
      "price",
      "double",
      "odd",
    ]);
    expect(table.filter(({ shop }) => shop === "a").column("sales").length).toBe(3);
    expect(table.slice(-2).column("shop").values).toEqual(["b", "c"]);
    expect(table.sort("sales", { descending: true }).column("sales").values).toEqual(
      Float64Array.of(9, 7, 5, 4, 1, NaN),
    );
    expect(table.sort(["shop", "sales"]).column("sales").values).toEqual(Float64Array.of(4, 5, NaN, 1, 7, 9));
    expect(table.names).toEqual(["date", "shop", "sales", "price"]);
    expect(plain(table.column("price").fillMissing("previous"))).toEqual([null, 2.5, 1.5, 1, 3.5, 2]);
    expect(table.column("sales").statistic("mean")).toBe(5.2);
  });

  test("what is missing is filled, column by column", () => {
    const holes = new DataFrame({ region: ["a", null, "b"], size: [1, NaN, 3] });
    const filled = holes.fillMissing({ region: "unknown", size: 0 });
    expect(filled.rows()).toEqual([
      { region: "a", size: 1 },
      { region: "unknown", size: 0 },
      { region: "b", size: 3 },
    ]);
    expect(holes.row(1)).toEqual({ region: null, size: NaN });
    expect(() => holes.fillMissing({ region: 0 })).toThrow(
      'fillMissing: column "region" holds texts, got 0; give a text',
    );
    expect(() => holes.fillMissing({ size: "0" })).toThrow(ArgumentError);
    expect(() => holes.fillMissing({ weight: 0 })).toThrow(/there is no column "weight"/);
  });

  test("a table prints its first and last rows", () => {
    const little = new DataFrame({ name: ["Ann", null], size: [1.5, NaN], day: Series.dates([0, 86_400_000]) });
    const shown =
      "name  size  day\n----  ----  ----------\nAnn    1.5  1970-01-01\n            1970-01-02\n2 rows, 3 columns";
    expect(`${little}`).toBe(shown);
    expect(inspect(little)).toBe(shown);
    const long = `${new DataFrame({ n: Array.from({ length: 100 }, (_, i) => i / 3), text: Array.from({ length: 100 }, () => "x".repeat(50)) })}`;
    expect(long.split("\n")).toHaveLength(14);
    expect(long).toMatch(/\n 1\.33333 {2}x{39}…\n +…  …\n +31\.6667 /);
    expect(long.endsWith("100 rows, 2 columns")).toBe(true);
    expect(`${new DataFrame({})}`).toMatch("0 rows, 0 columns");
  });

  test("numbers become a tensor; texts do not", () => {
    const x = table.dropMissing().toTensor(["sales", "price"]);
    expect([x.shape, x.dtype, [...x.dataSync()]]).toEqual([[4, 2], "f32", [5, 1.5, 4, 1, 1, 3.5, 9, 2]]);
    expect(() => table.toTensor()).toThrow(/column "shop" holds texts; leave it out, or encode it/);
    expect(() => table.column("none")).toThrow(/there is no column "none"; there are "date", "shop"/);
    expect(() => table.take([6])).toThrow(/there is no row 6; the table has 6/);
    expect(() => new DataFrame({ a: [1], b: [1, 2] })).toThrow(ShapeError);
    expect(() => new DataFrame({ a: [1, "x"] as number[] })).toThrow(ArgumentError);
  });

  test("[S40] [Z11] what is written is read again", async () => {
    const path = join(folder, "again.csv");
    await writeCsv(path, table);
    expect((await readFile(path, "utf8")).split("\n").slice(0, 3)).toEqual([
      "date,shop,sales,price",
      "2024-01-01,b,7,",
      "2024-01-02,a,,2.5",
    ]);
    const again = await readTable(path, { columns: { date: "date" } });
    expect(again.columns).toEqual(table.columns);
    expect((await readTable([path, path])).length).toBe(12);
    await writeCsv(path, { empty: [] });
    const none = await readTable(path);
    expect(none.length).toBe(0);
    await writeFile(path, "");
    await expect(readTable(path)).rejects.toBeInstanceOf(FormatError);
  });
});
