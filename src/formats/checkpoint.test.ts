import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError, ShapeError } from "../core/errors.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { tensor } from "../tensor/create.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed, randomState } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { loadTensors, saveModel, saveTensors } from "./model.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-checkpoint-"));
});
afterAll(() => rm(folder, { recursive: true }));

class Net extends nn.Module {
  fc1: nn.Linear;
  drop = new nn.Dropout(0.3);
  fc2: nn.Linear;

  constructor(width = 6) {
    super();
    this.fc1 = new nn.Linear(4, width);
    this.fc2 = new nn.Linear(width, 2);
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.drop.forward(this.fc1.forward(x).relu()) as Tensor) as Tensor;
  }
}

class Run {
  model: Net;
  optimizer: optim.AdamW;
  step: (x: Tensor, y: Tensor) => Tensor;

  constructor(seed: number, width?: number) {
    manualSeed(seed);
    this.model = new Net(width);
    this.optimizer = new optim.AdamW(this.model.parameters(), { lr: 0.01 });
    this.step = jit((x: Tensor, y: Tensor) => {
      const loss = losses.crossEntropy(this.model.forward(x), y);
      this.optimizer.zeroGrad();
      loss.backward();
      this.optimizer.step();
      return loss;
    });
  }

  train(steps: number): number[] {
    const x = tensor(
      Float32Array.from({ length: 32 }, (_, at) => Math.sin(at)),
      [8, 4],
    );
    const y = tensor(Int32Array.from({ length: 8 }, (_, at) => at % 2));
    return Array.from({ length: steps }, () => this.step(x, y).itemSync());
  }

  values(): number[] {
    const moments = Object.values(this.optimizer.stateDict().state).flatMap((parts) => Object.values(parts));
    return [...Object.values(this.model.stateDict()), ...moments].flatMap((value) => [...value.dataSync()]);
  }
}

describe("checkpoints", () => {
  test("[AE5] [I21] ten steps are five, a file, and five more in another run: the same bits, dropout included", async () => {
    const path = join(folder, "run.safetensors");
    const whole = new Run(1);
    const losses10 = whole.train(10);
    const first = new Run(1);
    const begin = first.train(5);
    await saveCheckpoint(path, first, { epoch: 5 });
    const second = new Run(77);
    second.train(2);
    const { epoch } = await loadCheckpoint(path, second);
    expect(epoch).toBe(5);
    expect([...begin, ...second.train(5)]).toEqual(losses10);
    expect(second.values()).toEqual(whole.values());
  });

  test("[Z8] a checkpoint keeps model, optimizer, epoch, loss, hyperparameters and time", async () => {
    const path = join(folder, "model_v3.safetensors");
    const run = new Run(2);
    const [loss] = run.train(1);
    const fields = { epoch: 3, loss: loss!, hyperparameters: { lr: 0.01, layers: [4, 6, 2] } };
    await saveCheckpoint(path, run, fields);
    const { timestamp, ...loaded } = await loadCheckpoint(path, run);
    expect(loaded).toEqual(fields);
    expect(Math.abs(Date.parse(String(timestamp)) - Date.now())).toBeLessThan(60_000);
    const names = Object.keys(await loadTensors(path));
    expect(names).toContain("model_state_dict.fc1.weight");
    expect(names).toContain("optimizer_state_dict.0.exp_avg_sq");
  });

  const spoilt: [string, (path: string) => Promise<void>, RegExp][] = [
    ["cut off", (path) => truncate(path, 900), /"[^"]*bad.*": safetensors: .*cut off/],
    [
      "a model's file",
      (path) => saveModel(new Net(), path),
      /this is no checkpoint; load a model's file with loadModel/,
    ],
    ["of another model", (path) => saveCheckpoint(path, new Run(5, 7)), /shapes differ: fc1.weight/],
    [
      "of another optimizer",
      async (path) => {
        const { model } = new Run(5);
        await saveCheckpoint(path, { model, optimizer: new optim.SGD(model.parameters(), { momentum: 0.9 }) });
      },
      /optimizer: the state of parameter 0 has no exp_avg/,
    ],
    [
      "without its groups",
      (path) =>
        saveTensors({ random_state: tensor(Uint32Array.of(1, 2)) }, path, {
          format: "myelin checkpoint",
          fields: "{}",
          optimizer_param_groups: "[3]",
        }),
      /metadata is damaged/,
    ],
    [
      "without its fields",
      (path) => saveTensors({ random_state: tensor(Uint32Array.of(1, 2)) }, path, { format: "myelin checkpoint" }),
      /the checkpoint's fields is not valid JSON/,
    ],
  ];
  test.each(spoilt)("a file that is %s changes nothing", async (_name, spoil, message) => {
    const path = join(folder, "bad.safetensors");
    await saveCheckpoint(path, new Run(5));
    await spoil(path);
    const run = new Run(6);
    run.train(2);
    const before = run.values();
    const state = randomState();
    const loading = loadCheckpoint(path, run);
    await expect(loading).rejects.toThrow(message);
    await loading.catch((error: unknown) => expect([FormatError, ShapeError]).toContain((error as Error).constructor));
    expect(run.values()).toEqual(before);
    expect(randomState()).toEqual(state);
  });
});
