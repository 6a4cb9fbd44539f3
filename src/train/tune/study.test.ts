import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ArgumentError, DataError, FormatError } from "../../core/errors.ts";
import { timeSeriesSplit } from "../../data/splits/index.ts";
import { drawnDigits } from "../../data/digits.ts";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { tensor } from "../../tensor/create.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { fit } from "../fit.ts";
import * as tune from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "myelin-study-"));
afterAll(() => rmSync(root, { recursive: true }));
let count = 0;
let file: string;
beforeEach(() => (file = join(root, `${count++}.jsonl`)));

const space = { x: tune.uniform(-2, 2), kind: tune.choice(["a", "b"]) };
const loss = ({ x, kind }: { x: number; kind: string }): number => (x - 1) ** 2 + (kind === "a" ? 0 : 1);
const lines = (): string[] => readFileSync(file, "utf8").trim().split("\n");

describe("a study", () => {
  test("[U2] finds the best, repeats with the same seed, and shows its trials best first", async () => {
    const one = await tune.study(space, { seed: 4 });
    const best = await one.run(loss, { trials: 40 });
    expect(best.value).toBeLessThan(0.05);
    expect(best.params.kind).toBe("a");
    expect(one.best).toBe(best);
    const two = await tune.study(space, { seed: 4 });
    await two.run(loss, { trials: 40 });
    expect(two.trials.map(({ params }) => params)).toEqual(one.trials.map(({ params }) => params));
    const three = await tune.study(space, { seed: 5 });
    await three.run(loss, { trials: 2 });
    expect(three.trials[0]!.params).not.toEqual(one.trials[0]!.params);
    const [head, first, second] = one.table().split("\n");
    expect(head).toMatch(/^ +trial +value +seconds +x +kind$/);
    expect(first).toMatch(new RegExp(`^ 1 +${best.number} .* a$`));
    expect(Number(second!.trim().split(/ +/)[2])).toBeGreaterThanOrEqual(Number(first!.trim().split(/ +/)[2]));
  });

  test("several trials at a time, where they wait for something", async () => {
    let most = 0;
    let running = 0;
    const search = await tune.study(space, { sampler: tune.randomSearch(), direction: "maximize" });
    const best = await search.run(
      async (params) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        return loss(params);
      },
      { trials: 12, parallel: 3 },
    );
    expect([most, search.trials.length]).toEqual([3, 12]);
    expect(best.value).toBe(Math.max(...search.trials.map(({ value }) => value!)));
  });

  test("what fails: no numbers count as failed; what is thrown ends the run, or is kept and passed over", async () => {
    const objective = ({ x }: { x: number }): number => {
      if (x > 0.9) throw new RangeError("too large");
      return x > 0.5 ? NaN : x;
    };
    const search = await tune.study({ x: tune.uniform(0, 1) }, { sampler: tune.randomSearch(), seed: 1 });
    await expect(search.run(objective, { trials: 100 })).rejects.toThrow(RangeError);
    const before = search.trials.length;
    await search.run(objective, { trials: before + 30, keepGoing: true });
    expect(search.trials.length).toBe(before + 30);
    const errors = search.trials.flatMap(({ error }) => (error === undefined ? [] : [error]));
    expect(new Set(errors)).toEqual(new Set(["too large", "the objective gave NaN"]));
    expect(search.table()).toMatch(/failed/);
    expect(search.best.value).toBe(Math.min(...search.trials.flatMap(({ value }) => value ?? [])));
    const none = await tune.study({ x: tune.uniform(0, 1) });
    expect(() => none.best).toThrow(/no trial has run through yet/);
    await expect(none.run(() => 1)).rejects.toThrow(/tpe never ends; say how many trials/);
    await expect(none.run(() => 1, { trials: 1, parallel: 0 })).rejects.toThrow(ArgumentError);
  });

  test("an aborted run begins no more trials", async () => {
    const stop = new AbortController();
    const search = await tune.study(space);
    const objective = (params: { x: number; kind: string }): number => {
      if (search.trials.length === 3) stop.abort();
      return loss(params);
    };
    await search.run(objective, { trials: 50, signal: stop.signal });
    expect(search.trials.length).toBe(3);
  });
});

describe("a study's file", () => {
  const options = { seed: 9, sampler: tune.tpe({ startup: 5 }), pruner: tune.successiveHalving() };
  const objective = async (params: { x: number; kind: string }, trial: tune.Trial): Promise<number> => {
    for (let step = 1; step <= 9; step++) {
      await trial.report(step, loss(params) + 1 / step);
      if (trial.shouldPrune()) break;
    }
    return loss(params);
  };

  test("a study that was cut off anywhere goes on and ends like one that was not", async () => {
    const plain = (trials: readonly tune.TrialResult<unknown>[]): unknown[] =>
      trials.map(({ number, params, state, value, error, reports }) => [
        number,
        params,
        state,
        value,
        error,
        ...reports,
      ]);
    const whole = await tune.study(space, options);
    await whole.run(objective, { trials: 25 });
    const first = await tune.study(space, { ...options, file });
    await first.run(objective, { trials: 25 });
    first.close();
    expect(plain(first.trials)).toEqual(plain(whole.trials));
    const text = readFileSync(file);
    // At ends of lines and in the middle of them, in reports, beginnings and ends of trials.
    for (const part of [0.1, 0.33, 0.5, 0.77, 0.99]) {
      writeFileSync(file, text.subarray(0, Math.floor(text.length * part)));
      const resumed = await tune.study(space, { ...options, file });
      expect(resumed.trials.length).toBeLessThanOrEqual(25);
      await resumed.run(objective, { trials: 25 });
      resumed.close();
      expect(plain(resumed.trials)).toEqual(plain(whole.trials));
    }
    const again = await tune.study(space, { ...options, file });
    expect(plain(again.trials)).toEqual(plain(whole.trials));
    again.close();
  });

  test("another space or seed, damaged lines, and a second process are told", async () => {
    const search = await tune.study(space, { file, seed: 1 });
    await search.run(loss, { trials: 2 });
    await expect(tune.study(space, { file, seed: 1 })).rejects.toThrow(
      new RegExp(`process ${process.pid} on ${hostname()} has been writing ".*" since .*; wait for its end`),
    );
    search.close();
    expect(existsSync(`${file}.lock`)).toBe(false);
    const others = [
      () => tune.study({ ...space, y: tune.int(1, 2) }, { file, seed: 1 }),
      () => tune.study(space, { file, seed: 2 }),
      () => tune.study(space, { file, seed: 1, direction: "maximize" }),
    ];
    for (const other of others) await expect(other()).rejects.toThrow(/is a study of another space, direction or seed/);
    const good = readFileSync(file, "utf8");
    const damaged = [
      '{"trial":7,"step":1,"value":2}',
      '{"trial":0,"state":"complete","value":1,"seconds":1}',
      "{}",
      "no",
    ];
    for (const line of damaged) {
      writeFileSync(file, good);
      appendFileSync(file, `${line}\n`);
      await expect(tune.study(space, { file, seed: 1 })).rejects.toThrow(FormatError);
      await expect(tune.study(space, { file, seed: 1 })).rejects.toThrow(/line 6 of /);
    }
    writeFileSync(file, good);
    truncateSync(file, good.length - 1);
    const torn = await tune.study(space, { file, seed: 1 });
    expect(torn.trials.map(({ state }) => state)).toEqual(["complete", "running"]);
    torn.close();
    expect(lines().length).toBe(4);
  });

  test("reports that are no numbers survive, and steps that make no sense are refused", async () => {
    const search = await tune.study(space, { file });
    await search.run(
      async (params, trial) => {
        await trial.report(1, Infinity);
        await trial.report(2, NaN);
        await expect(trial.report(1.5, 1)).rejects.toThrow(/step must be a whole number/);
        return loss(params);
      },
      { trials: 1 },
    );
    search.close();
    const again = await tune.study(space, { file });
    expect([...again.trials[0]!.reports]).toEqual([
      [1, NaN],
      [2, NaN],
    ]);
    again.close();
  });
});

describe("trials in threads", () => {
  const write = (name: string, source: string): URL => {
    const path = join(root, name);
    writeFileSync(path, source);
    return pathToFileURL(path);
  };

  test("run side by side, report and are given up, and give what a function here gives", async () => {
    const module = write(
      "objective.mjs",
      `import { threadId } from "node:worker_threads";
       export default async ({ x, kind }, trial) => {
         const value = (x - 1) ** 2 + (kind === "a" ? 0 : 1);
         await trial.report(0, threadId);
         for (let step = 1; step <= 9; step++) {
           await trial.report(step, value + 1 / step);
           if (trial.shouldPrune()) return NaN;
           await new Promise((resolve) => setTimeout(resolve, 1));
         }
         return value;
       };`,
    );
    const options = { seed: 2, sampler: tune.randomSearch(), pruner: tune.successiveHalving() };
    const search = await tune.study(space, { ...options, file });
    const best = await search.run(module, { trials: 24, parallel: 2 });
    search.close();
    expect(search.trials.every(({ state }) => state !== "running")).toBe(true);
    expect(search.trials.some(({ state }) => state === "pruned")).toBe(true);
    expect(best.value).toBe(loss(best.params));
    const threads = search.trials.flatMap(({ reports }) => reports.get(0) ?? []);
    expect(new Set(threads).size).toBe(2);
    const here = await tune.study(space, options);
    await here.run(loss, { trials: 24 });
    expect(search.trials.map(({ params }) => params)).toEqual(here.trials.map(({ params }) => params));
  });

  const broken: [string, string, RegExp][] = [
    ["throws", "export default () => { throw new RangeError('too deep'); };", /too deep/],
    ["has no default", "export const objective = 1;", /must export its objective as default; it exports objective/],
    ["cannot be loaded", "export default (", /the thread of a trial was lost: .*Check that .* can be loaded/],
    [
      "ends its process",
      "export default () => process.exit(3);",
      /the thread of a trial was lost: .*Check that .* can be loaded/,
    ],
    ["reports nonsense", "export default (_, trial) => trial.report(-1, 1);", /step must be a whole number/],
  ];
  test.each(broken)("a module that %s is told", async (name, source, message) => {
    const search = await tune.study(space);
    const running = search.run(write(`${name}.mjs`, source), { trials: 4, parallel: 2 });
    await expect(running).rejects.toThrow(message);
    const error = await running.catch((thrown: Error) => thrown);
    if (name === "throws") expect((error as Error).name).toBe("RangeError");
    if (name === "ends its process") expect(error).toBeInstanceOf(DataError);
    expect(search.trials.every(({ state }) => state === "failed")).toBe(true);
  });
});

/** 160 digits to train on and 80 to validate. */
const digits = drawnDigits({ count: 240, seed: 8 });
const images = tensor(digits.images, [240, 784]).float().div(255);
const labels = tensor(Int32Array.from(digits.labels));
const part = (from: number, to: number): [Tensor, Tensor] => [images.slice([from, to]), labels.slice([from, to])];
const train = part(0, 160);
const validation = [part(160, 240)];

describe("models", () => {
  test("[U7] activations as a hyper-parameter: a table of relu, elu and swish by validation loss, with the time of each", async () => {
    const activations = { relu: new nn.ReLU(), elu: new nn.ELU(), swish: new nn.SiLU() };
    const search = await tune.study(
      { activation: tune.choice(["relu", "elu", "swish"]) },
      { sampler: tune.gridSearch(), seed: 1 },
    );
    await search.run(async ({ activation }) => {
      manualSeed(3);
      const layers: readonly nn.Module[] = [new nn.Linear(784, 16), activations[activation], new nn.Linear(16, 10)];
      const model = new nn.Sequential(layers);
      const history = await fit(model, train, {
        optimizer: new optim.Adam(model.parameters(), { lr: 5e-3 }),
        loss: losses.crossEntropy,
        batchSize: 32,
        epochs: 3,
        validation,
        display: false,
      });
      return history.val_loss!.at(-1)!;
    });
    const rows = search
      .table()
      .split("\n")
      .slice(1)
      .map((row) => row.trim().split(/ +/));
    expect(rows.map((row) => row.at(-1)).sort()).toEqual(["elu", "relu", "swish"]);
    const values = rows.map((row) => Number(row[2]));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(new Set(values).size).toBe(3);
    for (const row of rows) expect(Number(row[3])).toBeGreaterThan(0);
  });

  test("[U2] a callback reports each epoch's mean, and training ends where the trial is given up", async () => {
    const search = await tune.study(
      { lr: tune.logUniform(1e-6, 1e-1) },
      { sampler: tune.randomSearch(), pruner: tune.successiveHalving({ reduction: 2 }), seed: 6 },
    );
    const epochs: number[] = [];
    await search.run(
      async ({ lr }, trial) => {
        manualSeed(3);
        const model = new nn.Linear(784, 10);
        const history = await fit(model as nn.Module & { forward(x: Tensor): Tensor }, train, {
          optimizer: new optim.Adam(model.parameters(), { lr }),
          loss: losses.crossEntropy,
          batchSize: 80,
          epochs: 4,
          validation,
          callbacks: [tune.pruning(trial)],
          display: false,
        });
        epochs.push(history.loss.length);
        return history.val_loss!.at(-1)!;
      },
      { trials: 8 },
    );
    expect(epochs).toEqual(search.trials.map(({ reports }) => reports.size));
    expect(epochs).toContain(4);
    expect(search.trials.some(({ state, reports }) => state === "pruned" && reports.size < 4)).toBe(true);
  });

  test("[U9] scored by folds in the order of time: each is tested on what comes after, and the best has the lowest mean error", async () => {
    const series = Array.from({ length: 60 }, (_, t) => 10 + Math.sin((2 * Math.PI * t) / 12) * 5 + t * 0.1);
    // Growing windows: 24, 36, 48 to learn from, the next 12 to be tested on.
    const folds = timeSeriesSplit(series, { splits: 3, testSize: 12 });
    const order: number[] = [];
    const search = await tune.study({ lags: tune.choice([1, 6, 12]) }, { sampler: tune.gridSearch() });
    const best = await search.run(async ({ lags }) => {
      const { mean, scores, deviation } = await tune.crossValidate(folds, ({ train: past, test: next }) => {
        order.push(past.length);
        const known = [...past];
        const errors = next.map((value) => {
          const forecast = known.at(-lags)!;
          known.push(value);
          return Math.abs(value - forecast);
        });
        return errors.reduce((sum, error) => sum + error, 0) / errors.length;
      });
      expect(scores.length).toBe(3);
      expect(deviation).toBeGreaterThanOrEqual(0);
      return mean;
    });
    expect(order).toEqual([24, 36, 48, 24, 36, 48, 24, 36, 48]);
    expect(best.params.lags).toBe(12);
    expect(best.value).toBe(Math.min(...search.trials.map(({ value }) => value!)));
    expect(best.value).toBeCloseTo(1.2, 10);
    await expect(tune.crossValidate([], () => 1)).rejects.toThrow(/got no folds/);
    await expect(tune.crossValidate([1], () => NaN)).rejects.toThrow(/the score of fold 0 is NaN/);
  });
});
