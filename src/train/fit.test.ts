import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { Dataset } from "../data/dataset.ts";
import { drawnDigits } from "../data/digits.ts";
import { imageDataset } from "../data/labelledImages.ts";
import { slices } from "../data/slices.ts";
import type { WasmDevice } from "../device/wasm/device.ts";
import { loadModel, saveModel } from "../formats/model.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { arange, linspace, tensor } from "../tensor/create.ts";
import { deviceNamed } from "../tensor/engine.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { evaluate } from "./evaluate.ts";
import { fit } from "./fit.ts";
import { accuracy } from "./metrics.ts";
import { predict } from "./predict.ts";

const quiet = { display: false } as const;
const corners = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const xor = Dataset.from(slices([corners, tensor([0, 1, 1, 0])]));

/** y = 2x₁ − x₂ + 1 at eleven points. */
function line(): Dataset<[Tensor, Tensor]> {
  const x = Float32Array.from({ length: 22 }, (_, at) => Math.sin(at));
  const y = Float32Array.from({ length: 11 }, (_, at) => 2 * x[2 * at]! - x[2 * at + 1]! + 1);
  return Dataset.from(slices([tensor(x, [11, 2]), tensor(y, [11, 1])])).batch(4);
}

describe("what fit learns", () => {
  test("[F5] [AJ3] a single neuron gets three of XOR's corners at best, two layers all four", async () => {
    const side = Array.from({ length: 47 }, (_, at) => (at - 23) / 4);
    let best = 0;
    for (const w1 of side)
      for (const w2 of side)
        for (const b of side) best = Math.max(best, +(b <= 0) + +(w2 + b > 0) + +(w1 + b > 0) + +(w1 + w2 + b <= 0));
    expect(best).toBe(3);

    manualSeed(2);
    const model = nn.sequential(new nn.Linear(2, 2), nn.tanh, new nn.Linear(2, 1));
    const right = (outputs: Tensor, targets: Tensor): Tensor => outputs.gt(0).eq(targets.gt(0.5)).float().mean();
    const { right: history } = await fit(model, xor.map(([x, y]) => [x, [...y.data]] as const).batch(4), {
      optimizer: new optim.Adam(model.parameters(), { lr: 0.1 }),
      loss: losses.binaryCrossEntropyWithLogits,
      metrics: { right },
      epochs: 150,
      ...quiet,
    });
    expect(history.at(-1)).toBe(1);
  });

  test("[F28] one hidden layer of 64 tanh units fits the sine to a mean square below 0.001", async () => {
    manualSeed(1);
    const x = linspace(-Math.PI, Math.PI, 256).reshape([256, 1]);
    const data = Dataset.from(slices([x, x.sin()]))
      .shuffle()
      .batch(64);
    const model = nn.sequential(new nn.Linear(1, 64), nn.tanh, new nn.Linear(64, 1));
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
    const scheduler = new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: 150 }));
    await fit(model, data, { optimizer, scheduler, loss: losses.mse, epochs: 150, ...quiet });
    const { loss } = await evaluate(model, data, { loss: losses.mse });
    expect(loss).toBeLessThan(1e-3);
  });

  test("[P26] drawn digits, and a saved model that evaluates and predicts the same", async () => {
    manualSeed(3);
    const folder = await mkdtemp(join(tmpdir(), "myelin-fit-"));
    try {
      const build = (): nn.Module & { forward(x: Tensor): Tensor } =>
        nn.sequential(
          new nn.Flatten(),
          (x: Tensor) => x.float().div(255),
          new nn.Linear(784, 32),
          nn.relu,
          new nn.Linear(32, 10),
        );
      const [train, unseen] = [drawnDigits({ count: 600, seed: 1 }), drawnDigits({ count: 200, seed: 2 })];
      const model = build();
      await fit(model, imageDataset(train).shuffle().batch(32), {
        optimizer: new optim.AdamW(model.parameters(), { lr: 3e-3 }),
        loss: losses.crossEntropy,
        epochs: 6,
        ...quiet,
      });
      const batches = imageDataset(unseen).batch(64);
      const found = await evaluate(model, batches, { loss: losses.crossEntropy, metrics: { accuracy } });
      expect(found.accuracy).toBeGreaterThan(0.75);

      const path = join(folder, "digits.safetensors");
      await saveModel(model, path);
      const again = build();
      await loadModel(again, path);
      expect(await evaluate(again, batches, { loss: losses.crossEntropy, metrics: { accuracy } })).toEqual(found);
      const images = batches.map(([x]) => x);
      expect((await predict(again, images)).dataSync()).toEqual((await predict(model, images)).dataSync());
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("what fit does", () => {
  test("[P12] [P15] the same as a loop written by hand, to the bit, the last batch being smaller", async () => {
    const make = (): nn.Linear => (manualSeed(4), new nn.Linear(2, 1));
    const [model, plain] = [make(), make()];
    const { loss } = await fit(model, line(), {
      optimizer: new optim.Adam(model.parameters(), { lr: 0.001 }),
      loss: losses.mse,
      epochs: 3,
      ...quiet,
    });
    const optimizer = new optim.Adam(plain.parameters(), { lr: 0.001 });
    const expected: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      let sum = 0;
      for await (const [x, y] of line()) {
        const value = losses.mse(plain.forward(x), y);
        optimizer.zeroGrad();
        value.backward();
        optimizer.step();
        sum += (await value.item()) * x.shape[0]!;
      }
      expected.push(sum / 11);
    }
    expect(model.weight.dataSync()).toEqual(plain.weight.dataSync());
    expect(model.bias!.dataSync()).toEqual(plain.bias!.dataSync());
    for (const [epoch, value] of expected.entries()) expect(loss[epoch]).toBeCloseTo(value, 5);
    expect(loss[2]).toBeLessThan(loss[0]!);
    expect(model.weight.grad).toBeNull();
  });

  test("[P3] [P25] [S16] the history names loss, accuracy, val_loss and val_accuracy, one number for each of 10 epochs", async () => {
    const model = nn.sequential(new nn.Linear(4, 3));
    const x = Float32Array.from({ length: 4 * 96 }, (_, at) => Math.sin(at * at));
    const labels = Int32Array.from({ length: 96 }, (_, at) => at % 3);
    const data = Dataset.from(slices([tensor(x, [96, 4]), tensor(labels)]));
    const reports: number[] = [];
    const history = await fit(model, data.take(64).shuffle().batch(32), {
      optimizer: new optim.Adam(model.parameters()),
      loss: losses.crossEntropy,
      metrics: { accuracy },
      epochs: 10,
      validation: data.skip(64).batch(32),
      onEpoch: ({ epoch, accuracy: right, val_loss, seconds, examplesPerSecond }) => {
        expect([right, val_loss, seconds, examplesPerSecond].every((value) => value !== undefined && value >= 0)).toBe(
          true,
        );
        reports.push(epoch);
      },
      ...quiet,
    });
    expectTypeOf(history.accuracy).toEqualTypeOf<number[]>();
    expectTypeOf(history.val_accuracy).toEqualTypeOf<number[] | undefined>();
    expect(Object.keys(history).sort()).toEqual(["accuracy", "loss", "val_accuracy", "val_loss"]);
    expect(Object.values(history).map((values) => values.length)).toEqual([10, 10, 10, 10]);
    expect(reports).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(history.val_loss!.at(-1)).toBe(
      (await evaluate(model, data.skip(64).batch(32), { loss: losses.crossEntropy })).loss,
    );
  });

  test("training mode while it trains, evaluation mode while it validates, and afterwards as before", async () => {
    const seen: boolean[] = [];
    class Spy extends nn.Module {
      inner = new nn.Linear(2, 1);
      frozen = new nn.Dropout(0.5).eval();
      forward(x: Tensor): Tensor {
        seen.push(this.training, this.frozen.training);
        return this.inner.forward(x);
      }
    }
    const model = new Spy();
    const options = { optimizer: new optim.SGD(model.parameters()), loss: losses.mse, validation: line(), ...quiet };
    await fit(model, line(), options);
    expect(new Set(seen.slice(0, 2))).toEqual(new Set([true]));
    expect(new Set(seen.slice(-2))).toEqual(new Set([false]));
    expect([model.training, model.inner.training, model.frozen.training]).toEqual([true, true, false]);
    await expect(evaluate(model, [[corners, corners]] as [Tensor, Tensor][], { loss: losses.mse })).rejects.toThrow(
      ShapeError,
    );
    expect([model.training, model.frozen.training]).toEqual([true, false]);
  });

  test("a scheduler runs on a clock of epochs, and goes on in the next call", async () => {
    const model = new nn.Linear(2, 1);
    const times: number[] = [];
    const scheduler = {
      set epoch(time: number) {
        times.push(time);
      },
      get epoch(): number {
        return times.at(-1) ?? 0;
      },
    };
    const options = { optimizer: new optim.SGD(model.parameters()), scheduler, loss: losses.mse, epochs: 2, ...quiet };
    await fit(model, line(), options);
    await fit(model, await line().toArray(), { ...options, epochs: 1 });
    const thirds = (epoch: number): number[] => [epoch, epoch + 1 / 3, epoch + 2 / 3, epoch + 1];
    expect(times.map((time) => time.toFixed(3))).toEqual([0, 1, 2].flatMap(thirds).map((time) => time.toFixed(3)));
  });

  test("ends when onEpoch says false", async () => {
    const model = new nn.Linear(2, 1);
    const options = { optimizer: new optim.SGD(model.parameters()), loss: losses.mse, epochs: 9, ...quiet };
    const { loss } = await fit(model, line(), { ...options, onEpoch: async ({ epoch }) => epoch < 2 });
    expect(loss.length).toBe(2);
  });

  test("ends with a signal's reason, and the model keeps what it has learnt", async () => {
    const model = new nn.Linear(2, 1);
    const before = [...model.weight.dataSync()];
    const stop = new AbortController();
    let batches = 0;
    const data = line().map((batch) => {
      if (++batches === 3) stop.abort(new Error("enough"));
      return batch;
    });
    const options = { optimizer: new optim.SGD(model.parameters()), loss: losses.mse, signal: stop.signal, ...quiet };
    await expect(fit(model, data, options)).rejects.toThrow("enough");
    expect([...model.weight.dataSync()]).not.toEqual(before);
    await expect(evaluate(model, line(), { loss: losses.mse, signal: stop.signal })).rejects.toThrow("enough");
  });

  test("leaves the thread to timers and to whoever wants it, however short its epochs are", async () => {
    const model = new nn.Linear(2, 1);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("a timer had its turn")), 20);
    const options = { optimizer: new optim.SGD(model.parameters()), loss: losses.mse, signal: stop.signal, ...quiet };
    await expect(fit(model, await line().toArray(), { ...options, epochs: 1e9 })).rejects.toThrow(
      "a timer had its turn",
    );
  });

  test("models of several inputs take tuples or objects", async () => {
    class Two extends nn.Module {
      a = new nn.Linear(2, 1);
      b = new nn.Linear(1, 1);
      forward({ point, again }: { point: Tensor; again: Tensor }): Tensor {
        return this.a.forward(point).add(this.b.forward(again));
      }
    }
    const model = new Two();
    const data = line().map(([x, y]) => [{ point: x, again: y }, y] as const);
    const { loss } = await fit(model, data, {
      optimizer: new optim.SGD(model.parameters(), { lr: 0.05 }),
      loss: losses.mse,
      epochs: 3,
      ...quiet,
    });
    expect(loss[2]).toBeLessThan(loss[0]!);
  });
});

describe("what fit compiles", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("other batch sizes, a smaller last batch among them, need no new kernel", async () => {
    let modules = 0;
    const { Module } = WebAssembly;
    class Counted extends Module {
      constructor(bytes: BufferSource) {
        super(bytes);
        modules++;
      }
    }
    vi.stubGlobal("WebAssembly", Object.assign(Object.create(WebAssembly), { Module: Counted }));
    const model = nn.sequential(new nn.Linear(6, 5), nn.relu, new nn.Linear(5, 3));
    const x = Float32Array.from({ length: 6 * 50 }, (_, at) => Math.cos(at));
    const labels = Int32Array.from({ length: 50 }, (_, at) => at % 3);
    const data = Dataset.from(slices([tensor(x, [50, 6]), tensor(labels)]));
    const options = {
      optimizer: new optim.AdamW(model.parameters()),
      loss: losses.crossEntropy,
      metrics: { accuracy },
    };
    await fit(model, data.batch(16), { ...options, validation: data.batch(16), ...quiet });
    expect(modules).toBeGreaterThan(0);
    modules = 0;
    for (const size of [25, 50, 12])
      await fit(model, data.batch(size), { ...options, validation: data.batch(9), ...quiet });
    expect(modules).toBe(0);
  });
});

describe("what fit traces", () => {
  test("each mode once: epochs with validation trace no more than the first of them", async () => {
    let traced = 0;
    class Counting extends nn.Module {
      inner = nn.sequential(new nn.Dropout(0.5), new nn.Linear(2, 1));
      forward(x: Tensor): Tensor {
        traced++;
        return this.inner.forward(x);
      }
    }
    const model = new Counting();
    const options = { optimizer: new optim.SGD(model.parameters()), loss: losses.mse, ...quiet };
    const seen: number[] = [];
    const onEpoch = (): void => void seen.push(traced);
    await fit(model, line(), { ...options, epochs: 6, validation: line(), onEpoch });
    expect(seen.slice(2)).toEqual(Array(4).fill(seen[1]));
  });
});

describe("what fit leaves behind", () => {
  test("nothing: training and evaluating again and again keeps the device's memory level", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const device = deviceNamed("wasm") as WasmDevice;
    const model = nn.sequential(new nn.Linear(100, 8), nn.relu, new nn.Linear(8, 3));
    const data = Dataset.from(slices([tensor(new Float32Array(6400), [64, 100]), tensor(new Uint8Array(64))])).batch(
      32,
    );
    const options = { optimizer: new optim.Adam(model.parameters()), loss: losses.crossEntropy };
    const used: number[] = [];
    for (let round = 0; round < 12; round++) {
      await fit(model, data, { ...options, ...quiet });
      await evaluate(model, data, options);
      // The lines of what was traced become text in a task of their own, and what was collected is freed in one.
      await new Promise((resolve) => setTimeout(resolve, 5));
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
      used.push(device.bytesInUse);
    }
    // Two batches of 12,800 bytes in a round would show.
    expect(Math.max(...used.slice(-4)) - Math.min(...used.slice(2, 6))).toBeLessThan(20_000);
  });
});

describe("what fit shows", () => {
  test("a line for every epoch where there is no terminal", async () => {
    const lines: string[] = [];
    const model = new nn.Linear(2, 1);
    const options = { optimizer: new optim.SGD(model.parameters()), loss: losses.mse, epochs: 2, validation: line() };
    const terminal = { columns: undefined, write: (text: string) => void lines.push(text) };
    await fit(model, line(), { ...options, display: terminal });
    expect(lines.length).toBe(2);
    expect(lines[1]).toMatch(
      /^epoch 2\/2  loss \d\.\d+  val_loss \d\.\d+  [\d,]+ examples\/s(  \d+ % waiting for data)?  \d:\d\d\n$/,
    );
  });

  test("one line that is written over on a terminal, and left when an error ends training", async () => {
    const written: string[] = [];
    const model = new nn.Linear(2, 1);
    const data = Dataset.from(async function* () {
      const [batch] = await line().toArray();
      yield batch!;
      await new Promise((resolve) => setTimeout(resolve, 120));
      yield batch!;
      throw new Error("no more");
    });
    const options = { optimizer: new optim.SGD(model.parameters()), loss: losses.mse };
    const terminal = { columns: 60, write: (text: string) => void written.push(text) };
    await expect(fit(model, data, { ...options, display: terminal })).rejects.toThrow("no more");
    expect(written.at(-1)).toBe("\n");
    for (const text of written.slice(0, -1)) {
      expect(text.startsWith("\repoch 1/1 ") && text.endsWith("\u001b[K")).toBe(true);
      expect(text.length).toBeLessThan(60 + "\r\u001b[K".length);
    }
    expect(written.length).toBeGreaterThan(1);
  });
});

describe("fit and bad input", () => {
  const model = new nn.Linear(2, 1);
  const optimizer = new optim.SGD(model.parameters());
  const run = (data: unknown, more: object = {}): Promise<unknown> =>
    fit(model, data as Dataset<[Tensor, Tensor]>, { optimizer, loss: losses.mse, ...quiet, ...more });
  const mistakes: [string, () => Promise<unknown>, RegExp][] = [
    ["no batches", () => run([]), /^fit: the data has no batches; it is empty, or a filter has left nothing of it/],
    [
      "nothing left for a second epoch",
      () => run(line().take(2)[Symbol.asyncIterator](), { epochs: 2 }),
      /^fit: the data has no batches in this epoch; give a dataset or an array/,
    ],
    ["no pairs", () => run([corners]), /^fit: every batch must be a pair \[inputs, targets\] or a triple.*, got a/],
    ["four of them", () => run([[corners, corners, corners, corners]]), /got a list of 4; pair them/],
    ["arrays that were not batched", () => run(xor), /^fit: batches of tensors were wanted.*dataset\.batch\(32\)/],
    ["half an epoch", () => run(line(), { epochs: 0.5 }), /^fit: epochs must be a whole number of 1 or more, got 0\.5/],
    [
      "a loss for each example",
      () => run(line(), { loss: (a: Tensor) => a }),
      /^fit: loss must be one number for a batch, got \[4, 1\]/,
    ],
    ["validation without batches", () => run(line(), { validation: [] }), /^evaluate: the data has no batches/],
    ["predictions of nothing", () => predict(model, []), /^predict: the data has no batches/],
  ];
  test.each(mistakes)("%s", async (_name, act, message) => {
    await expect(act()).rejects.toThrow(message);
    await act().catch((error: unknown) => expect([ArgumentError, ShapeError]).toContain((error as Error).constructor));
    expect(model.training).toBe(true);
  });
});

describe("evaluate and predict", () => {
  test("[P4] [P16] loss and accuracy are what counting by hand gives, the last batch being smaller", async () => {
    manualSeed(5);
    const model = nn.sequential(new nn.Linear(2, 3), new nn.Dropout(0.9));
    const [x, labels] = [linspace(-1, 1, 22).reshape([11, 2]), Uint8Array.from({ length: 11 }, (_, at) => at % 3)];
    const data = Dataset.from(slices([x, tensor(labels)])).batch(4);
    const found = await evaluate(model, data, { loss: losses.crossEntropy, metrics: { accuracy } });
    const scores = (await predict(model, x)).toArraySync() as number[][];
    let [loss, right] = [0, 0];
    for (const [at, row] of scores.entries()) {
      loss += Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0)) - row[labels[at]!]!;
      if (row.indexOf(Math.max(...row)) === labels[at]) right++;
    }
    expect(found.loss).toBeCloseTo(loss / 11, 5);
    expect(found.accuracy).toBeCloseTo(right / 11, 6);
  });

  test("means are over examples, however they are batched", async () => {
    const model = new nn.Linear(2, 1);
    const all = Dataset.from(
      slices([tensor(new Float32Array(22).fill(0.5), [11, 2]), arange(11).float().reshape([11, 1])]),
    );
    const scores = { loss: losses.mse, metrics: { l1: losses.l1 } };
    const [whole, parts] = [await evaluate(model, all.batch(11), scores), await evaluate(model, all.batch(4), scores)];
    expect(parts.loss).toBeCloseTo(whole.loss, 4);
    expect(parts.l1).toBeCloseTo(whole.l1, 5);
    const outputs = await predict(
      model,
      all.batch(4).map(([x]) => x),
    );
    expect(outputs.shape).toEqual([11, 1]);
    expect(outputs.dataSync()).toEqual(
      (await predict(model, tensor(new Float32Array(22).fill(0.5), [11, 2]))).dataSync(),
    );
    expect(outputs.requiresGrad).toBe(false);
  });
});
