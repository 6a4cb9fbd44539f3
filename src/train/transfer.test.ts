/** From a model that has learnt something to one that does something else. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { drawnDigits } from "../data/digits.ts";
import { parseIdx } from "../formats/idx.ts";
import { loadModel } from "../formats/model.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { tensor } from "../tensor/create.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as callbacks from "./callbacks/index.ts";
import { Distilled } from "./distilled.ts";
import { evaluate } from "./evaluate.ts";
import { fit } from "./fit.ts";
import { accuracy } from "./metrics.ts";

const folder = process.env["MYELIN_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const weights = `${folder}/models/burn-mnist/mnist.safetensors`;
const missing = !existsSync(weights) || !existsSync(`${folder}/mnist`);

/** The network of a project in Rust, whose weights were stored under PyTorch's names. */
class Pretrained extends nn.Module {
  conv1: nn.Conv2d = new nn.Conv2d(1, 8, 3);
  conv2: nn.Conv2d = new nn.Conv2d(8, 16, 3);
  conv3: nn.Conv2d = new nn.Conv2d(16, 24, 3);
  norm1: nn.BatchNorm2d = new nn.BatchNorm2d(24);
  fc1: nn.Linear = new nn.Linear(11_616, 32);
  fc2: nn.Linear = new nn.Linear(32, 10);
  norm2: nn.Module = new nn.BatchNorm1d(10);

  forward(images: Tensor): Tensor {
    let x: Tensor = images.float().div(255).sub(0.1307).div(0.3081).unsqueeze(1);
    for (const conv of [this.conv1, this.conv2, this.conv3]) x = conv.forward(x).relu();
    x = this.fc1.forward(this.norm1.forward(x).flatten(1)).relu();
    return Reflect.apply(this.norm2.forward, this.norm2, [this.fc2.forward(x)]);
  }
}

describe.skipIf(missing)(`a stored backbone${missing ? ` (no weights in ${folder})` : ""}`, () => {
  let images: Uint8Array;
  let labels: Uint8Array;
  beforeAll(async () => {
    const part = async (name: string): Promise<Uint8Array> =>
      (await parseIdx(await readFile(`${folder}/mnist/t10k-${name}.gz`), name)).data as Uint8Array;
    images = await part("images-idx3-ubyte");
    labels = await part("labels-idx1-ubyte");
  });
  const batch = (from: number, to: number, label: (digit: number) => number): [Tensor, Tensor] => [
    tensor(images.slice(from * 784, to * 784), [to - from, 28, 28]),
    tensor(Int32Array.from(labels.subarray(from, to), label)),
  ];
  const batches = (
    from: number,
    to: number,
    size: number,
    label = (digit: number): number => digit,
  ): [Tensor, Tensor][] =>
    Array.from({ length: Math.floor((to - from) / size) }, (_, i) =>
      batch(from + i * size, from + (i + 1) * size, label),
    );

  test(`[X1] recognises ${process.env["MYELIN_FULL"] ? "99.17 % of MNIST's 10,000" : "MNIST's first 1,000"} digits as it does in PyTorch`, async () => {
    const model = new Pretrained();
    expect(await loadModel(model, weights)).toEqual({ missing: [], unexpected: [] });
    const full = Boolean(process.env["MYELIN_FULL"]);
    const data = batches(0, full ? 10_000 : 1_000, 500);
    const scores = await evaluate(model, data, { loss: losses.crossEntropy, metrics: { accuracy } });
    expect(scores.accuracy).toBeCloseTo(full ? 0.9917 : 0.99, 6);
  });

  test("[X2] feature extraction: everything is frozen but a new head, which alone changes and learns another task", async () => {
    manualSeed(1);
    const model = new Pretrained();
    await loadModel(model, weights);
    model.freeze().eval();
    // Two classes, even and odd.
    model.fc2 = new nn.Linear(model.fc2.inFeatures, 2);
    model.norm2 = new nn.Lambda((x: Tensor) => x);
    const before = model.stateDict();
    const optimizer = new optim.Adam(model.fc2.parameters(), { lr: 1e-2 });
    const parity = (digit: number): number => digit % 2;
    const history = await fit(model, batches(0, 256, 64, parity), {
      optimizer,
      loss: losses.crossEntropy,
      metrics: { accuracy },
      validation: batches(1000, 1200, 100, parity),
      callbacks: [callbacks.frozenNorms()],
      epochs: 3,
      display: false,
    });
    expect(history.val_accuracy!.at(-1)).toBeGreaterThan(0.9);
    const after = model.stateDict();
    const changed = Object.keys(after).filter((name) => `${after[name]!.dataSync()}` !== `${before[name]!.dataSync()}`);
    expect(changed).toEqual(["fc2.weight", "fc2.bias"]);
    expect(model.fc2.inFeatures).toBe(32);
  });

  test("[X3] fine-tuning with rates by depth: the deeper a layer, the less it moves", async () => {
    manualSeed(2);
    const model = new Pretrained();
    await loadModel(model, weights);
    model.fc2 = new nn.Linear(32, 2);
    model.norm2 = new nn.Lambda((x: Tensor) => x);
    const before = model.stateDict();
    const optimizer = new optim.Adam([
      { params: model.fc2.parameters(), lr: 1e-3 },
      { params: model.conv3.parameters(), lr: 1e-4 },
      { params: model.conv1.parameters(), lr: 1e-5 },
    ]);
    await fit(
      model,
      batches(0, 128, 64, (digit) => digit % 2),
      {
        optimizer,
        loss: losses.crossEntropy,
        epochs: 2,
        display: false,
      },
    );
    const after = model.stateDict();
    const moved = ["fc2.weight", "conv3.weight", "conv1.weight", "conv2.weight"].map((name) =>
      after[name]!.sub(before[name]!).abs().mean().itemSync(),
    );
    expect(moved[0]).toBeGreaterThan(2 * moved[1]!);
    expect(moved[1]).toBeGreaterThan(2 * moved[2]!);
    expect(moved[2]).toBeGreaterThan(0);
    expect(moved[3]).toBe(0);
  });
});

test("[X4] [AK11] rates by depth: .001, .0009, .00081; reversed the layer at the input has the smallest", () => {
  const layers = [new nn.Linear(2, 2), new nn.ReLU(), new nn.Linear(2, 2), new nn.Linear(2, 2)];
  const rates = (reverse: boolean): number[] =>
    optim.groupsByDepth(layers, { lr: 1e-3, decay: 0.9, reverse }).map(({ lr }) => Number(lr.toFixed(10)));
  expect(rates(false)).toEqual([0.001, 0.0009, 0.00081]);
  expect(rates(true)).toEqual([0.00081, 0.0009, 0.001]);
});

test("[X5] AdamW for fine-tuning: what was asked for is in the group", () => {
  const optimizer = new optim.AdamW(new nn.Linear(2, 2).parameters(), { lr: 1e-5, weightDecay: 0.01 });
  const [group] = optimizer.stateDict().param_groups;
  expect([group!.lr, group!["weight_decay"]]).toEqual([1e-5, 0.01]);
});

/** Data, and a small model of three layers. */
const digits = drawnDigits({ count: 128, seed: 3 });
const x = tensor(digits.images, [128, 784]).float().div(255);
const y = tensor(Int32Array.from(digits.labels));
const small = (): nn.Sequential<readonly nn.Module[]> =>
  new nn.Sequential([
    new nn.Linear(784, 12),
    new nn.ReLU(),
    new nn.Linear(12, 12),
    new nn.Linear(12, 10),
  ] as readonly nn.Module[]);
const options = { loss: losses.crossEntropy, batchSize: 32, display: false } as const;

describe("gradual unfreezing", () => {
  test("[X6] the head first, one more layer every two epochs: only what is trained then changes", async () => {
    const model = small();
    const layers = [0, 2, 3].map((i) => model.layers[i] as nn.Linear);
    const values = (): string[] => layers.map(({ weight }) => `${weight.dataSync()}`);
    const changes: boolean[][] = [];
    let last = values();
    await fit(model, [x, y], {
      ...options,
      optimizer: new optim.Adam(model.parameters()),
      epochs: 6,
      callbacks: [
        callbacks.gradualUnfreezing({ layers, every: 2 }),
        {
          name: "note",
          endEpoch() {
            const now = values();
            changes.push(now.map((value, i) => value !== last[i]));
            last = now;
          },
        },
      ],
    });
    const [head, two, all] = [
      [false, false, true],
      [false, true, true],
      [true, true, true],
    ];
    expect(changes).toEqual([head, head, two, two, all, all]);
    expect(layers.map(({ weight }) => weight.requiresGrad)).toEqual([true, true, true]);
  });

  test("numbers that make no sense are refused", () => {
    expect(() => callbacks.gradualUnfreezing({ layers: [] })).toThrow(/got no layers/);
    expect(() => callbacks.gradualUnfreezing({ layers: [small()], every: 0.5 })).toThrow(
      /every must be a whole number/,
    );
  });
});

describe("averaged weights in fit", () => {
  test.each([0.8, undefined])(
    "decay %s: validation sees the average, training does not, and it stays in the end",
    async (decay) => {
      const run = async (
        averaged: boolean,
      ): Promise<{
        history: Record<string, number[]>;
        model: nn.Sequential<readonly nn.Module[]>;
        average: optim.WeightAverage;
      }> => {
        manualSeed(4);
        const model = small();
        const average = new optim.WeightAverage(model, { decay });
        const history = await fit(model, [x, y], {
          ...options,
          optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
          epochs: 3,
          validation: [[x, y]],
          callbacks: averaged ? [callbacks.weightAveraging(average)] : [],
        });
        return { history, model, average };
      };
      const [plain, averaged] = [await run(false), await run(true)];
      // Training goes the same way.
      expect(averaged.history["loss"]).toEqual(plain.history["loss"]);
      expect(averaged.history["val_loss"]).not.toEqual(plain.history["val_loss"]);
      expect(averaged.average.count).toBe(decay === undefined ? 3 : 12);
      expect(averaged.average.swapped).toBe(true);
      const { loss } = await evaluate(averaged.model, [[x, y]], { loss: options.loss });
      expect(loss).toBe(averaged.history["val_loss"]!.at(-1));
      averaged.average.swap();
      expect(`${(averaged.model.layers[0] as nn.Linear).weight.dataSync()}`).toBe(
        `${(plain.model.layers[0] as nn.Linear).weight.dataSync()}`,
      );
    },
  );

  test("the average is in checkpoints: a resumed run ends with the same bits", async () => {
    const root = mkdtempSync(join(tmpdir(), "myelin-average-"));
    const run = async (epochs: number, folder: string): Promise<string> => {
      manualSeed(6);
      const model = small();
      const average = new optim.WeightAverage(model, { decay: 0.9 });
      await fit(model, [x, y], {
        ...options,
        optimizer: new optim.Adam(model.parameters()),
        epochs,
        callbacks: [callbacks.weightAveraging(average, { keep: false })],
        checkpoint: { folder: join(root, folder) },
        resume: true,
      });
      return Object.values(average.stateDict())
        .map((value) => `${value.dataSync()}`)
        .join();
    };
    const whole = await run(4, "whole");
    await run(2, "cut");
    expect(await run(4, "cut")).toBe(whole);
    rmSync(root, { recursive: true });
  });

  test("counts from an epoch on, without validation too, and gathers statistics of batch norm anew", async () => {
    const model = new nn.Sequential([
      new nn.Linear(784, 8),
      new nn.BatchNorm1d(8),
      new nn.Linear(8, 10),
    ] as readonly nn.Module[]);
    const average = new optim.WeightAverage(model);
    await fit(model, [x, y], {
      ...options,
      optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
      epochs: 4,
      callbacks: [callbacks.weightAveraging(average, { from: 3, batches: [[x, y]] })],
    });
    expect(average.count).toBe(2);
    const norm = model.layers[1] as nn.BatchNorm1d;
    expect(norm.running!.batches.itemSync()).toBe(1);
    const hidden = (model.layers[0] as nn.Linear).forward(x).mean(0).dataSync();
    norm.running!.mean.dataSync().forEach((value, i) => expect(value).toBeCloseTo(hidden[i]!, 5));
  });
});

describe("distillation", () => {
  test("[H20] a student that sees the teacher's logits comes to say what the teacher says; the teacher stays", async () => {
    manualSeed(5);
    const teacher = small();
    await fit(teacher, [x, y], {
      ...options,
      optimizer: new optim.Adam(teacher.parameters(), { lr: 1e-2 }),
      epochs: 8,
    });
    const before = `${teacher.parameters()[0]!.dataSync()}`;
    const student = new nn.Sequential([new nn.Linear(784, 10)] as readonly nn.Module[]);
    const pair = new Distilled(student, teacher, { temperature: 3, alpha: 0.9 });
    expect([...pair.namedParameters().keys()]).toEqual(["student.0.weight", "student.0.bias"]);
    const history = await fit(pair, [x, y], {
      optimizer: new optim.Adam(student.parameters(), { lr: 5e-3 }),
      loss: pair.loss,
      metrics: { accuracy: pair.of(accuracy) },
      batchSize: 32,
      display: false,
      epochs: 25,
    });
    expect(history.loss.at(-1)).toBeLessThan(history.loss[0]! / 4);
    expect(history.accuracy.at(-1)).toBeGreaterThan(0.9);
    expect(`${teacher.parameters()[0]!.dataSync()}`).toBe(before);
    expect(teacher.training).toBe(false);
    const { student: s, teacher: t } = pair.forward(x);
    expect(s.argmax(-1).eq(t.argmax(-1)).float().mean().itemSync()).toBeGreaterThan(0.9);
  });
});
