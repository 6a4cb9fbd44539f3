import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadTensors } from "../../formats/model.ts";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { tensor } from "../../tensor/create.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Callback, Run } from "../callback.ts";
import { fit, type FitOptions } from "../fit.ts";
import * as callbacks from "./index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-callbacks-"));
});
afterAll(() => rm(folder, { recursive: true }));

const x = tensor([[1], [2], [3], [4]]);
const y = tensor([[2], [4], [6], [8]]);
type Options = Partial<FitOptions<Tensor, Tensor, Tensor, never>>;

/** A run whose numbers are written beforehand. Returns the weight after each epoch too. */
async function scripted(numbers: Record<string, readonly number[]>, list: readonly Callback[], options: Options = {}) {
  manualSeed(1);
  const model = new nn.Linear(1, 1);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  const weights: number[] = [];
  const script: Callback = {
    name: "script",
    beginEpoch(run) {
      for (const [name, values] of Object.entries(numbers)) run.record(name, values[run.epoch - 1]!);
    },
    endEpoch: () => void weights.push(model.weight.itemSync()),
  };
  const epochs = Math.max(...Object.values(numbers).map((values) => values.length));
  const history = await fit(model, [x, y], {
    optimizer,
    loss: losses.mse,
    epochs,
    display: false,
    ...options,
    callbacks: [script, ...list],
  });
  return { model, optimizer, history, weights };
}

describe("early stopping", () => {
  test("[Q2] [L9] patience 3 stops after epoch 5 of [3, 2, 2.1, 2.2, 2.3], with the weights of epoch 2", async () => {
    const val_loss = [3, 2, 2.1, 2.2, 2.3, 1];
    const stop = callbacks.earlyStopping({ patience: 3, restoreBestWeights: true });
    const { history, weights, model } = await scripted({ val_loss }, [stop]);
    expect(history.loss.length).toBe(5);
    expect(model.weight.itemSync()).toBe(weights[1]);
    const plain = await scripted({ val_loss }, [callbacks.earlyStopping({ patience: 3 })]);
    expect(plain.model.weight.itemSync()).toBe(plain.weights[4]);
    // Ten epochs without improvement: the first of eleven that is the best stays it.
    const long = [1, ...Array.from({ length: 15 }, () => 2)];
    const ten = await scripted({ val_loss: long }, [callbacks.earlyStopping({ patience: 10 })]);
    expect(ten.history.loss.length).toBe(11);
  });

  test("[Q3] [AK9] patience that is given back by improvements, and patience that is not, differ on [3, 4, 2, 4, 4]", async () => {
    const val_loss = [3, 4, 2, 4, 4, 4];
    const epochs = async (counts: "inARow" | "inTotal"): Promise<number> =>
      (await scripted({ val_loss }, [callbacks.earlyStopping({ patience: 2, counts })])).history.loss.length;
    expect(await epochs("inARow")).toBe(5);
    expect(await epochs("inTotal")).toBe(4);
    // The snippet of the notes, as it stands.
    let [patience, best, stopped] = [2, Infinity, 0];
    for (const [at, loss] of val_loss.entries()) {
      if (loss > best && --patience === 0) {
        stopped = at + 1;
        break;
      }
      best = Math.min(best, loss);
    }
    expect(stopped).toBe(4);
    // train_model of the notes: the largest accuracy counts, and patience is given back.
    const val_acc = [50, 60, 55, 61, 61, 60];
    const accuracy = await scripted({ val_acc }, [callbacks.earlyStopping({ monitor: "val_acc", patience: 2 })]);
    expect(accuracy.history.loss.length).toBe(6);
  });

  test("smaller improvements than minDelta, a baseline, and a late start", async () => {
    const val_loss = [3, 2.95, 2.9, 2.85];
    const epochs = async (options: callbacks.EarlyStoppingOptions): Promise<number> =>
      (await scripted({ val_loss }, [callbacks.earlyStopping(options)])).history.loss.length;
    expect(await epochs({ minDelta: 0.2, patience: 2 })).toBe(3);
    expect(await epochs({ minDelta: 0.01, patience: 2 })).toBe(4);
    expect(await epochs({ baseline: 1, patience: 2 })).toBe(2);
    expect(await epochs({ baseline: 1, patience: 2, startFromEpoch: 3 })).toBe(4);
  });

  test("a number that is not there, NaN, and a second run", async () => {
    await expect(scripted({ a: [1] }, [callbacks.earlyStopping()])).rejects.toThrow(
      /^earlyStopping: there is no val_loss among loss, a; give fit validation data/,
    );
    expect(() => callbacks.earlyStopping({ patience: -1 })).toThrow(/patience must be a whole number of 0 or more/);
    expect(() => callbacks.earlyStopping({ mode: "best" as "min" })).toThrow(/mode must be "min" or "max", got "best"/);
    const again = callbacks.earlyStopping({ patience: 2 });
    for (let run = 0; run < 2; run++) {
      const { history } = await scripted({ val_loss: [1, NaN, NaN, 0] }, [again]);
      expect(history.loss.length).toBe(3);
    }
  });

  test("goes on from a checkpoint with its patience and its best weights", async () => {
    const val_loss = [3, 2, 2.1, 2.2, 2.3, 1];
    const options = { patience: 3, restoreBestWeights: true } as const;
    const whole = await scripted({ val_loss }, [callbacks.earlyStopping(options)]);
    const checkpoint = { folder: join(folder, "stopping") };
    await scripted({ val_loss }, [callbacks.earlyStopping(options)], { epochs: 4, checkpoint });
    const rest = await scripted({ val_loss }, [callbacks.earlyStopping(options)], { checkpoint, resume: true });
    expect(rest.weights.length).toBe(1);
    expect(rest.model.weight.itemSync()).toBe(whole.model.weight.itemSync());
    expect(rest.history).toEqual(whole.history);
  });
});

describe("saving", () => {
  test("[Q1] only epochs that improve are saved, under names made of numbers", async () => {
    const path = join(folder, "best-{epoch:02d}-{val_loss:.1f}.safetensors");
    const list = [callbacks.modelCheckpoint(path, { saveBestOnly: true, monitor: "val_loss" })];
    const { weights } = await scripted({ val_loss: [3, 2, 2.5, NaN, 1] }, list);
    const names = (await readdir(folder)).filter((name) => name.startsWith("best-"));
    expect(names.sort()).toEqual(["best-01-3.0", "best-02-2.0", "best-05-1.0"].map((name) => `${name}.safetensors`));
    const saved = await loadTensors(join(folder, names[1]!));
    expect([...saved["weight"]!.dataSync()]).toEqual([weights[1]]);
  });

  test("every epoch, every second, larger numbers, and what there is to beat", async () => {
    const saved = async (name: string, options: callbacks.ModelCheckpointOptions): Promise<string[]> => {
      const list = [callbacks.modelCheckpoint(join(folder, `${name}{epoch}`), options)];
      await scripted({ val_accuracy: [0.5, 0.7, 0.6, 0.8] }, list);
      return (await readdir(folder)).filter((file) => file.startsWith(name)).sort();
    };
    expect(await saved("every", {})).toEqual(["every1", "every2", "every3", "every4"]);
    expect(await saved("second", { everyEpochs: 2 })).toEqual(["second2", "second4"]);
    const best = { saveBestOnly: true, monitor: "val_accuracy" };
    expect(await saved("larger", best)).toEqual(["larger1", "larger2", "larger4"]);
    expect(await saved("beat", { ...best, initial: 0.75 })).toEqual(["beat4"]);
  });

  test("a folder that is made, one that cannot be, and names that are not there", async () => {
    await scripted({ a: [1] }, [
      callbacks.modelCheckpoint(join(folder, "made", "a")),
      callbacks.csvLogger(join(folder, "log", "b")),
    ]);
    await writeFile(join(folder, "file"), "");
    const list = [callbacks.modelCheckpoint(join(folder, "file", "a"))];
    await expect(scripted({ a: [1] }, list)).rejects.toThrow(
      /^modelCheckpoint: writing ".*file.*a".*a folder was wanted/,
    );
    for (const [path, message] of [
      ["{acc}", /"{acc}" wants acc, and there is only epoch, loss, a/],
      ["{a:x}", /has the form "x"/],
    ] as const)
      await expect(scripted({ a: [1] }, [callbacks.modelCheckpoint(path)])).rejects.toThrow(message);
  });
});

describe("learning rates", () => {
  test("[Q5] [J15] the schedule of the notes over 20 epochs: five each of four rates, in the history", async () => {
    const schedule = callbacks.learningRateScheduler((epoch) => 1e-3 * 0.5 ** Math.floor(epoch / 5));
    const { history } = await scripted({ a: Array<number>(20).fill(0) }, [schedule]);
    expect(history.lr).toEqual([1e-3, 5e-4, 2.5e-4, 1.25e-4].flatMap((rate) => Array<number>(5).fill(rate)));
  });

  test("a schedule that goes wrong is told", async () => {
    const list = [callbacks.learningRateScheduler(() => -1)];
    await expect(scripted({ a: [0] }, list)).rejects.toThrow(/^learningRateScheduler: .* got -1 for epoch 0/);
  });

  test("a plateau reduces the rate as optim.ReduceOnPlateau does, and goes on from a checkpoint", async () => {
    const val_loss = [3, 2, 2, 2, 2, 2, 2, 2];
    const make = (): Callback[] => [callbacks.reduceOnPlateau({ factor: 0.5, patience: 1, minLr: 0.001 })];
    const { history } = await scripted({ val_loss }, make());
    const optimizer = new optim.SGD([nn.parameter(tensor([1]))], { lr: 0.01 });
    const plateau = new optim.ReduceOnPlateau(optimizer, { factor: 0.5, patience: 1, minLr: 0.001 });
    const expected = val_loss.map((loss) => {
      const { lr } = optimizer;
      plateau.step(loss);
      return lr;
    });
    expect(history.lr).toEqual(expected);
    const checkpoint = { folder: join(folder, "plateau") };
    await scripted({ val_loss }, make(), { epochs: 3, checkpoint });
    expect((await scripted({ val_loss }, make(), { checkpoint, resume: true })).history).toEqual(history);
    const plain = { lr: 1, zeroGrad: () => undefined, step: () => undefined };
    await expect(scripted({ val_loss }, make(), { optimizer: plain })).rejects.toThrow(/the optimizer has no groups/);
  });
});

describe("logs", () => {
  const numbers = { val_loss: [0.5, NaN], b: [1, 2] };

  test("CSV: a head, then a line for every epoch; adds to what is there when told, and after a resume", async () => {
    const path = join(folder, "log.csv");
    const { history } = await scripted(numbers, [callbacks.csvLogger(path)]);
    const [first, second] = history.loss as [number, number];
    expect(await readFile(path, "utf8")).toBe(`epoch,b,loss,val_loss\n1,1,${first},0.5\n2,2,${second},\n`);
    await scripted(numbers, [callbacks.csvLogger(path, { append: true })], { epochs: 1 });
    expect((await readFile(path, "utf8")).split("\n").length).toBe(5);

    const [other, checkpoint] = [join(folder, "resumed.csv"), { folder: join(folder, "csv") }];
    await scripted(numbers, [callbacks.csvLogger(other, { separator: ";" })], { epochs: 1, checkpoint });
    await scripted(numbers, [callbacks.csvLogger(other, { separator: ";" })], { checkpoint, resume: true });
    expect(await readFile(other, "utf8")).toBe(`epoch;b;loss;val_loss\n1;1;${first};0.5\n2;2;${second};\n`);
    expect(() => callbacks.csvLogger(path, { separator: "." })).toThrow(/the separator must be a character/);
    expect(() => callbacks.csvLogger({ path } as unknown as string)).toThrow(
      'csvLogger: the path of its file must be a text, such as "log.csv", got an object',
    );
    const spoilt = { name: "mine", endEpoch: (run: Run) => run.record("share", { of: 1 } as unknown as number) };
    await expect(scripted(numbers, [spoilt, callbacks.csvLogger(path)])).rejects.toThrow(
      'mine: record: "share" must be a number, got a value of type object. Of a tensor, read it first: await x.item()',
    );
  });

  test("JSON lines", async () => {
    const path = join(folder, "log.jsonl");
    await scripted(numbers, [callbacks.jsonLinesLogger(path)]);
    const rows = (await readFile(path, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(rows).toMatchObject([
      { epoch: 1, val_loss: 0.5, b: 1, lr: 0.01 },
      { epoch: 2, val_loss: "NaN", b: 2 },
    ]);
  });

  test("[Q11] a run's log, with the habits of wandb: the rows have the keys", async () => {
    const run = await callbacks.initRunLog("my-project", { folder, config: { lr: 0.01 } });
    await run.config.update({ batchSize: 32 });
    await scripted(numbers, [run]);
    await run.log({ train_loss: tensor([1]).sum(), val_loss: 2, learning_rate: 3 });
    const rows = (await readFile(run.path, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(rows[0]).toMatchObject({ project: "my-project", config: { lr: 0.01 } });
    expect(rows[1]).toEqual({ config: { batchSize: 32 } });
    expect(rows.at(-1)).toMatchObject({ train_loss: 1, val_loss: 2 });
    for (const row of rows.slice(2))
      expect(Object.keys(row)).toEqual(expect.arrayContaining(["step", "train_loss", "val_loss", "learning_rate"]));
    expect(rows.slice(2).map((row) => (row as { step: number }).step)).toEqual([0, 1, 2]);
    await expect(callbacks.initRunLog("../x")).rejects.toThrow(/must be of letters, digits, - and _, got "..\/x"/);
  });

  test("[Q12] the four formats of the notes", async () => {
    const all = { accuracy: [0.9612, 0.97], val_loss: [0.5, 0.6], val_accuracy: [0.95, 0.94] };
    const printed = async (format: callbacks.PrintFormat): Promise<string> => {
      let text = "";
      const list = [callbacks.printLogger(format, (more) => (text += more)), callbacks.earlyStopping()];
      await scripted(all, list);
      return text;
    };
    expect(await printed("short")).toMatch(
      /^Epoch 1, Loss: \d+\.\d{4}\nEpoch 2, Loss: \d+\.\d{4}\nEarly stopping at epoch 2/,
    );
    expect(await printed("line")).toMatch(
      /^Epoch 01: Train Loss=\d+\.\d{4}, Train Acc=0\.9612, Val Loss=0\.5000, Val Acc=0\.9500\n/,
    );
    expect(await printed("block")).toMatch(
      /^Epoch 1\/2:\n {2}Train Loss: \d+\.\d{4}, Train Acc: 96\.12%\n {2}Val Loss: 0\.5000, Val Acc: 95\.00%\nEpoch 2\/2:/,
    );
  });

  test("[Q14] throughput and latency are positive", async () => {
    const monitor = callbacks.throughputMonitor();
    await scripted({ a: [0, 0] }, [monitor]);
    expect(monitor.records.map(({ epoch }) => epoch)).toEqual([1, 2]);
    for (const { examplesPerSecond, millisecondsPerStep, slowMillisecondsPerStep } of monitor.records) {
      expect(examplesPerSecond).toBeGreaterThan(0);
      expect(millisecondsPerStep).toBeGreaterThan(0);
      expect(slowMillisecondsPerStep).toBeGreaterThanOrEqual(millisecondsPerStep);
    }
  });

  test("functions as a callback", async () => {
    let epochs = 0;
    await scripted({ a: [0, 0] }, [callbacks.lambdaCallback({ endEpoch: () => void epochs++ })]);
    expect(epochs).toBe(2);
    const failing = callbacks.lambdaCallback({
      begin() {
        throw new Error("no");
      },
    });
    await expect(scripted({ a: [0] }, [failing])).rejects.toThrow(/^lambda: no \(begin/);
  });
});
