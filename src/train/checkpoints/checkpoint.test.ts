import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { ArgumentError } from "../../core/errors.ts";
import { hostSeed } from "../../core/random.ts";
import { VERSION } from "../../core/version.ts";
import { loadModel, loadTensors, saveModel } from "../../formats/model.ts";
import * as optim from "../../optim/index.ts";
import { tensor } from "../../tensor/create.ts";
import { randomState } from "../../tensor/random.ts";
import { Checkpoint, load, save } from "./checkpoint.ts";
import { Net, Run } from "./run.testing.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-checkpoint-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Something whose state is JSON. */
const jsonPart = (value: unknown): { state(): unknown; restore(state: unknown): void } => ({
  state: () => value,
  restore: (state) => void (value = state),
});

describe("checkpoints", () => {
  test("the version is the package's", () => expect(VERSION).toBe(manifest.version));

  test("[AE5] [I21] ten steps are five, a checkpoint, and five more in another run: the same bits, dropout included", async () => {
    const path = join(folder, "run");
    const whole = new Run(1);
    const losses10 = whole.train(10);
    const first = new Run(1);
    const begin = first.train(5);
    await save(path, first.parts, { epoch: 5 });
    const second = new Run(77);
    second.train(2);
    const { epoch } = await load(path, second.parts);
    expect(epoch).toBe(5);
    expect(hostSeed()).toBe(1);
    expect([...begin, ...second.train(5)]).toEqual(losses10);
    expect(second.values()).toEqual(whole.values());
    expect(second.scheduler.epoch).toBe(10);
  });

  test("[Z8] [Z3] a checkpoint keeps model, optimizer, epoch, loss, hyperparameters and time, and what wrote it", async () => {
    const path = join(folder, "model_v3");
    const run = new Run(2);
    const [loss] = run.train(1);
    const fields = { epoch: 3, loss: loss!, hyperparameters: { lr: 0.01, layers: [4, 6, 2] } };
    await save(path, run.parts, fields);
    const { timestamp, ...loaded } = await load(path, run.parts);
    expect(loaded).toEqual(fields);
    expect(timestamp).toBe(new Date(timestamp).toISOString());
    expect(Math.abs(Date.parse(timestamp) - Date.now())).toBeLessThan(60_000);
    const read = await Checkpoint.read(path);
    expect(read.parts).toEqual(["model", "optimizer", "scheduler"]);
    expect([read.myelin, read.device.name, read.device.tier]).toEqual([VERSION, "wasm", "wasm"]);
    expect((await readdir(path)).sort()).toEqual(["manifest.json", "model.safetensors", "optimizer.safetensors"]);
    // The model alone is a file that any program of PyTorch reads, the optimizer's names are PyTorch's too.
    const other = new Net();
    await loadModel(other, join(path, "model.safetensors"));
    expect(other.fc1.weight.dataSync()).toEqual(run.model.fc1.weight.dataSync());
    expect(Object.keys(await loadTensors(join(path, "optimizer.safetensors")))).toContain("state.0.exp_avg_sq");
  });

  test("what is saved is the state of the call, whatever happens while it is written", async () => {
    const path = join(folder, "moment");
    const run = new Run(3);
    run.train(2);
    const before = run.values();
    const saving = save(path, run.parts);
    run.train(3);
    await saving;
    await load(path, run.parts);
    expect(run.values()).toEqual(before);
  });

  test("state of any shape comes back: numbers that JSON cannot say, tensors anywhere, names that collide", async () => {
    const path = join(folder, "state");
    const [a, b] = [tensor([1, 2]), tensor([3])];
    const state = {
      best: Infinity,
      worst: -Infinity,
      none: NaN,
      zero: -0,
      list: [1, null, "x", { deep: a }],
      "a.b": a,
      a: { b },
      missing: undefined,
    };
    await save(path, { own: jsonPart(state) });
    const read = (await Checkpoint.read(path)).state("own") as typeof state;
    const { list, a: inner, "a.b": flat, ...plain } = read;
    expect(plain).toStrictEqual({ best: Infinity, worst: -Infinity, none: NaN, zero: -0 });
    expect(list.slice(0, 3)).toEqual([1, null, "x"]);
    expect((list[3] as { deep: typeof a }).deep.dataSync()).toEqual(a.dataSync());
    expect([flat.dataSync(), inner.b.dataSync()]).toEqual([a.dataSync(), b.dataSync()]);
  });

  const refused: [string, Parameters<typeof save>[1], Parameters<typeof save>[2], RegExp][] = [
    ["a function", { own: jsonPart({ f: [() => 1] }) }, {}, /the state of own holds a function at "f.0"; give plain/],
    ["a Map", { own: jsonPart(new Map()) }, {}, /the state of own holds a Map at ""/],
    ["a name with a path in it", { "../x": jsonPart(1) }, {}, /a part is named "..\/x"; use a word/],
    ["a key of its own", { own: jsonPart({ $tensor: "x" }) }, {}, /has the key \$tensor or \$number; rename it/],
    ["tensors in fields", {}, { loss: tensor(1) }, /fields hold tensors; give their numbers/],
  ];
  test.each(refused)("%s is refused before anything is written", async (_name, parts, fields, message) => {
    const path = join(folder, "refused");
    await expect(save(path, parts, fields)).rejects.toThrow(message);
    await expect(save(path, parts, fields)).rejects.toThrow(ArgumentError);
    expect(await readdir(folder)).not.toContain("refused");
  });

  test("an older one of the same name is replaced, and loads under its old name when the replacing was cut short", async () => {
    const path = join(folder, "again");
    const run = new Run(4);
    await save(path, run.parts, { epoch: 1 });
    await save(path, run.parts, { epoch: 2 });
    expect((await load(path, run.parts)).epoch).toBe(2);
    expect((await readdir(folder)).filter((name) => name.startsWith("again"))).toEqual(["again"]);
    const { rename } = await import("node:fs/promises");
    await rename(path, `${path}.old`);
    expect((await load(path, run.parts)).epoch).toBe(2);
    await save(path, run.parts, { epoch: 3 });
    expect((await load(path, run.parts)).epoch).toBe(3);
  });

  /** Changes the manifest's text. */
  const edit =
    (from: string | RegExp, to: string) =>
    async (path: string): Promise<void> => {
      const text = await readFile(join(path, "manifest.json"), "utf8");
      expect(text).toMatch(from);
      await writeFile(join(path, "manifest.json"), text.replace(from, to));
    };
  const spoilt: [string, (path: string) => Promise<void>, RegExp][] = [
    [
      "cut off",
      (path) => truncate(join(path, "model.safetensors"), 300),
      /bad": checkpoint: model.safetensors has 300 by/,
    ],
    [
      "changed in one byte",
      async (path) => {
        const bytes = await readFile(join(path, "model.safetensors"));
        bytes[bytes.length - 3]! ^= 1;
        await writeFile(join(path, "model.safetensors"), bytes);
      },
      /model.safetensors has \d+ bytes that are not the \d+ that were written/,
    ],
    ["of another model", (path) => save(path, new Run(5, 7).parts), /bad": loadStateDict: shapes differ: fc1.weight/],
    [
      "of another optimizer",
      async (path) => {
        const { model, scheduler } = new Run(5);
        await save(path, { model, scheduler, optimizer: new optim.SGD(model.parameters(), { momentum: 0.9 }) });
      },
      /optimizer: the state of parameter 0 has no exp_avg/,
    ],
    ["edited", edit('"base_lrs"', '"base_lr"'), /the manifest was changed after it was written/],
    ["not JSON", edit("{", "<"), /bad": checkpoint: the manifest is not valid JSON/],
    ["something else's", edit('"myelin checkpoint"', '"cake"'), /the manifest of something else/],
    ["a later form", edit('"version": 1', '"version": 2'), /a later Myelin wrote it/],
    ["reaching out", edit('"model.safetensors"', '"../model.safetensors"'), /changed after it was written/],
    ["a model's file alone", (path) => rm(join(path, "manifest.json")), /reading .*it does not exist/],
    ["without its tensors", (path) => rm(join(path, "model.safetensors")), /reading .*it does not exist/],
  ];
  test.each(spoilt)("[Z13] one that is %s changes nothing", async (_name, spoil, message) => {
    const path = join(folder, "bad");
    await save(path, new Run(5).parts);
    await spoil(path);
    const run = new Run(6);
    run.train(2);
    const before = run.values();
    const state = randomState();
    const loading = load(path, run.parts);
    await expect(loading).rejects.toThrow(message);
    await loading.catch((error: Error) => expect(["FormatError", "ShapeError", "PlatformError"]).toContain(error.name));
    expect(run.values()).toEqual(before);
    expect(randomState()).toEqual(state);
    expect(run.scheduler.epoch).toBe(2);
  });

  test("a part that it does not have, and a file of the wrong kind, are told", async () => {
    const path = join(folder, "parts");
    const run = new Run(7);
    await save(path, { model: run.model });
    await expect(load(path, run.parts)).rejects.toThrow(/"[^"]*parts" has model, but no optimizer/);
    await saveModel(run.model, join(folder, "file.safetensors"));
    await expect(load(join(folder, "file.safetensors"), run.parts)).rejects.toThrow(/a folder was wanted|not exist/);
  });
});
