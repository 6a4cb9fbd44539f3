import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { tensor } from "../../tensor/create.ts";
import { Dataset } from "../dataset.ts";
import { hostArray } from "../hostArray.ts";
import { slices } from "../slices.ts";
import * as splits from "./index.ts";

interface Case {
  readonly name: "kFold" | "stratifiedKFold" | "groupKFold" | "timeSeriesSplit";
  readonly options: Record<string, number>;
  readonly count: number;
  readonly labels: number[] | null;
  readonly splits: [train: number[], test: number[]][];
}
const recorded = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/splits.json", import.meta.url), "utf8"),
) as Case[];

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);
const sorted = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

describe("splits", () => {
  test.each(recorded)("$name $options as scikit-learn", ({ name, options, count, labels, splits: wanted }) => {
    const own = {
      kFold: () => splits.kFold(count, options),
      stratifiedKFold: () => splits.stratifiedKFold(count, labels!, options),
      groupKFold: () => splits.groupKFold(count, labels!, options),
      timeSeriesSplit: () => splits.timeSeriesSplit(count, options),
    }[name]();
    expect(own.map(({ train, test: tested }) => [[...train], [...tested]])).toEqual(wanted);
  });

  test("[S23] 70,000 images, a tenth to test, the same by seed", () => {
    const once = splits.trainTestSplit(70_000, { testSize: 0.1, seed: 42 });
    expect([once.train.length, once.test.length]).toEqual([63_000, 7000]);
    expect(splits.trainTestSplit(70_000, { testSize: 0.1, seed: 42 })).toEqual(once);
    expect(splits.trainTestSplit(70_000, { testSize: 0.1, seed: 43 }).test).not.toEqual(once.test);
    const all = new Uint8Array(70_000);
    for (const part of [once.train, once.test]) for (const at of part) all[at]!++;
    expect(all.every((times) => times === 1)).toBe(true);
    expect(splits.trainTestSplit(10, { testSize: 3 }).test.length).toBe(3);
    // As scikit-learn, a share is rounded up.
    expect(splits.trainTestSplit(10, { testSize: 0.25 }).test.length).toBe(3);
  });

  test("every kind of data is split along its examples, all parts of an object alike", async () => {
    const x = hostArray(Float32Array.from(range(0, 20)), [10, 2]);
    const options = { testSize: 0.3, seed: 5 };
    const positions = splits.trainTestSplit(10, options);
    const { train, test: tested } = splits.trainTestSplit(
      { x, t: tensor(range(0, 10)), list: range(0, 10).map(String), typed: Int32Array.from(range(0, 10)) },
      options,
    );
    const wanted = [...positions.train];
    expect([train.x.shape, tested.x.shape]).toEqual([
      [7, 2],
      [3, 2],
    ]);
    expect([...train.x.data]).toEqual(wanted.flatMap((at) => [2 * at, 2 * at + 1]));
    expect([...train.t.dataSync()]).toEqual(wanted);
    expect(train.list).toEqual(wanted.map(String));
    expect([...train.typed]).toEqual(wanted);
    const dataset = splits.trainTestSplit(Dataset.from(slices([x])), options);
    expect((await dataset.test.toArray()).map(([row]) => row.data[0]! / 2)).toEqual([...positions.test]);
    const folds = splits.kFold(Dataset.from([1, 2, 3, 4]), { folds: 2 });
    expect(await folds[1]!.train.toArray()).toEqual([1, 2]);
  });

  test("classes keep their shares", () => {
    const labels = range(0, 100).map((at) => (at < 70 ? "a" : at < 95 ? "b" : "c"));
    for (let seed = 0; seed < 5; seed++) {
      const { train, test: tested } = splits.trainTestSplit(labels, { testSize: 0.2, seed, stratify: labels });
      const count = (part: readonly string[], name: string): number => part.filter((label) => label === name).length;
      expect(["a", "b", "c"].map((name) => count(tested, name))).toEqual([14, 5, 1]);
      expect(["a", "b", "c"].map((name) => count(train, name))).toEqual([56, 20, 4]);
    }
    const shuffled = splits.stratifiedKFold(labels, labels, { shuffle: true, seed: 3 });
    for (const { test: tested } of shuffled) expect(tested.filter((label) => label === "c").length).toBe(1);
    expect(splits.kFold(9, { shuffle: true, seed: 1, folds: 3 }).map(({ test: tested }) => tested.length)).toEqual([
      3, 3, 3,
    ]);
    const again = splits.kFold(9, { shuffle: true, seed: 1, folds: 3 });
    expect(sorted(again.flatMap(({ test: tested }) => [...tested]))).toEqual(range(0, 9));
    expect(again).not.toEqual(splits.kFold(9, { folds: 3 }));
  });

  test("groups stay together", () => {
    const groups = range(0, 60).map((at) => Math.floor(at / 4));
    for (let seed = 0; seed < 5; seed++) {
      const { train, test: tested } = splits.trainTestSplit(groups, { testSize: 0.2, seed, groups });
      expect(new Set(tested).size).toBe(3);
      expect(tested.length).toBe(12);
      for (const group of new Set(tested)) expect(train).not.toContain(group);
    }
  });

  test("time is split in its order, and windows move over it", () => {
    const { train, test: tested } = splits.trainTestSplit(10, { chronological: true, testSize: 0.2 });
    expect([[...train], [...tested]]).toEqual([range(0, 8), [8, 9]]);
    const windows = splits.rollingWindow(12, { train: 5, test: 2, gap: 1 });
    expect(windows.map((one) => [[...one.train], [...one.test]])).toEqual([
      [range(0, 5), [6, 7]],
      [range(2, 7), [8, 9]],
      [range(4, 9), [10, 11]],
    ]);
    for (const { train: before, test: after } of splits.timeSeriesSplit(50, { splits: 4, gap: 3 }))
      expect(Math.max(...before) + 3).toBeLessThan(Math.min(...after));
    expect(splits.rollingWindow(12, { train: 5, test: 2, step: 1 }).length).toBe(6);
  });

  test("[AF10] a random split of dated rows is warned of, with the column's name", () => {
    const rows = range(0, 30).map((at) => ({
      store: "A1",
      day: `2024-01-${String(at + 1).padStart(2, "0")}`,
      sales: at,
    }));
    const said: string[] = [];
    const warn = (message: string): void => void said.push(message);
    splits.trainTestSplit(rows, { warn });
    const columns = { sales: range(0, 3), on: [new Date(0), new Date(1e9), new Date(2e9)] };
    splits.trainTestSplit(columns, { warn });
    splits.kFold(rows, { shuffle: true, warn });
    expect(said.map((message) => /dated by column "(\w+)"/.exec(message)?.[1])).toEqual(["day", "on", "day"]);
    expect(said[0]).toMatch(
      /^trainTestSplit: .* use trainTestSplit with \{ chronological: true \}, timeSeriesSplit or rollingWindow$/,
    );
    // Nothing to say: not random, or not dated.
    splits.trainTestSplit(rows, { chronological: true, warn });
    splits.kFold(rows, { warn });
    splits.timeSeriesSplit(rows);
    splits.trainTestSplit(
      rows.map(({ sales }) => ({ sales })),
      { warn },
    );
    splits.trainTestSplit(tensor(range(0, 9)), { warn });
    expect(said.length).toBe(3);
    const console_ = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    splits.trainTestSplit(rows);
    expect(console_).toHaveBeenCalledOnce();
    console_.mockRestore();
  });

  const wrong: [string, () => unknown, typeof ArgumentError, RegExp][] = [
    [
      "all to test",
      () => splits.trainTestSplit(3, { testSize: 3 }),
      ArgumentError,
      /leaves no example on one side of 3/,
    ],
    ["half an example", () => splits.trainTestSplit(10, { testSize: 2.5 }), ArgumentError, /test size of 2\.5/],
    ["nothing", () => splits.trainTestSplit({}), ArgumentError, /nothing to split/],
    ["different counts", () => splits.trainTestSplit({ x: [1, 2], y: [1] }), ShapeError, /x has 2 examples and y 1/],
    ["too few labels", () => splits.trainTestSplit(3, { stratify: [1] }), ShapeError, /3 examples have 1 labels/],
    [
      "two wishes at once",
      () => splits.trainTestSplit(3, { stratify: [1, 1, 1], chronological: true }),
      ArgumentError,
      /exclude one another/,
    ],
    ["one group", () => splits.trainTestSplit(3, { groups: [1, 1, 1] }), ArgumentError, /leaves no group/],
    ["a stream", () => splits.kFold(Dataset.from(function* () {})), ArgumentError, /not known how many/],
    ["one fold", () => splits.kFold(9, { folds: 1 }), ArgumentError, /folds must be a whole number of 2 or more/],
    ["more folds than examples", () => splits.kFold(3), ArgumentError, /3 examples do not fill 5 folds/],
    [
      "a rare class",
      () => splits.stratifiedKFold(4, ["a", "a", "a", "b"], { folds: 2 }),
      ArgumentError,
      /1 examples of "b" do not fill 2 folds/,
    ],
    [
      "a short series",
      () => splits.timeSeriesSplit(6, { splits: 3, testSize: 2 }),
      ArgumentError,
      /too few for 3 tests of 2/,
    ],
    ["a short window", () => splits.rollingWindow(6, { train: 5, test: 2 }), ArgumentError, /fewer than 5 to train on/],
  ];
  test.each(wrong)("refuse %s", (_what, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
});
