// Training on a device that cannot be read without waiting, and has no f64: what it learns is what wasm learns.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { drawnDigits } from "../data/digits.ts";
import { imageDataset } from "../data/labelledImages.ts";
import { AsynchronousDevice } from "../device/asynchronous.testing.ts";
import { hasWebGpu } from "../device/webgpu/webgpu.testing.ts";
import * as keras from "../layers/index.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { randint, randn, tensor } from "../tensor/create.ts";
import { registerDevice, setDevice } from "../tensor/engine.ts";
import { manualSeed, randomState } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Callback } from "./callback.ts";
import * as callbacks from "./callbacks/index.ts";
import { evaluate } from "./evaluate.ts";
import { fit, type FitOptions, type History } from "./fit.ts";
import * as metrics from "./metrics/index.ts";
import { accuracy } from "./metrics.ts";
import { predict } from "./predict.ts";

let root: string;
let device: AsynchronousDevice;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "myelin-later-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(() => {
  device = new AsynchronousDevice({ f64: false });
  registerDevice("asynchronous", () => device);
});
afterEach(() => setDevice("wasm"));

type Options = Partial<FitOptions<Tensor, Tensor, Tensor, string>>;
type Classifier = nn.Module & { forward(x: Tensor): Tensor };

const digits = imageDataset(drawnDigits({ count: 96, seed: 1 }));
const pixels = (x: Tensor): Tensor => x.unsqueeze(1).float().div(255);

const convolutional = (): Classifier =>
  nn.sequential(
    pixels,
    new nn.Conv2d(1, 4, 3),
    new nn.ReLU(),
    new nn.MaxPool2d(4),
    new nn.Flatten(),
    new nn.Dropout(0.2),
    new nn.Linear(4 * 6 * 6, 10),
  ) as Classifier;

/** Reads an image's rows one after the other. */
class Recurrent extends nn.Module {
  readonly lstm = new nn.LSTM(28, 12, { batchFirst: true });
  readonly head = new nn.Linear(12, 10);

  forward(x: Tensor): Tensor {
    const [states] = this.lstm.forward(x.float().div(255)) as [Tensor, unknown];
    return this.head.forward((states.unbind(1) as Tensor[]).at(-1)!);
  }
}

async function weightsOf(model: nn.Module): Promise<number[]> {
  return (await Promise.all(model.parameters().map(async (p) => [...(await p.data())]))).flat();
}

interface Trained {
  readonly initial: readonly number[];
  readonly history: History<string>;
  readonly weights: readonly number[];
  readonly random: readonly number[];
}

async function train(
  name: string,
  make: () => Classifier,
  options: (model: Classifier) => Options = () => ({}),
): Promise<Trained> {
  setDevice(name);
  manualSeed(3);
  const model = make();
  const initial = await weightsOf(model);
  const history = await fit<Tensor, Tensor, Tensor, string>(model, digits.batch(16), {
    optimizer: new optim.AdamW(model.parameters(), { lr: 3e-3 }),
    loss: losses.crossEntropy,
    metrics: { accuracy, f1: new metrics.F1({ average: "macro" }) },
    epochs: 2,
    display: false,
    ...options(model),
  });
  return { initial, history, weights: await weightsOf(model), random: [...randomState()] };
}

/**
 * What was learnt is the same, to the bit where the same code computes. Means come of sums in f32 here, in f64 there.
 * @param tolerance relative to the larger of 1 and the number.
 */
function expectSame(actual: Trained, expected: Trained, tolerance: number): void {
  const close = (got: number, value: number, allowed: number): void =>
    expect(Math.abs(got - value)).toBeLessThanOrEqual(allowed * Math.max(1, Math.abs(value)));
  actual.weights.forEach((weight, at) => close(weight, expected.weights[at]!, tolerance));
  expect(actual.random).toEqual(expected.random);
  expect(Object.keys(actual.history)).toEqual(Object.keys(expected.history));
  for (const [score, values] of Object.entries(expected.history))
    values!.forEach((value, epoch) => close(actual.history[score as "loss"][epoch]!, value, tolerance + 1e-6));
}

const cases: readonly { about: string; make: () => Classifier; options?: (model: Classifier) => Options }[] = [
  { about: "a convolutional network", make: convolutional },
  { about: "an LSTM", make: () => new Recurrent() as Classifier },
  {
    about: "validation, schedules, clipping and gathered gradients",
    make: convolutional,
    options(model) {
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
      return {
        optimizer,
        scheduler: new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: 2 })),
        clip: 1,
        accumulate: 2,
        validation: digits.take(32).batch(32),
        callbacks: [callbacks.earlyStopping({ patience: 1 })],
      };
    },
  },
  { about: "scaled losses of f16", make: convolutional, options: () => ({ precision: "mixed_float16" }) },
  {
    about: "averaged weights, and all that looks into steps",
    make: convolutional,
    options: (model) => ({
      validation: digits.take(32).batch(32),
      callbacks: [
        callbacks.weightAveraging(new optim.WeightAverage(model, { decay: 0.9 })),
        callbacks.nanWatch({ every: 2 }),
        callbacks.gradientNorms({ every: 2 }),
        callbacks.deadUnits({ every: 2 }),
        callbacks.activationStatistics({ every: 2 }),
        { name: "histograms", watch: callbacks.histogramWatch({ every: 2 }, () => undefined) },
      ],
    }),
  },
];

/** With MYELIN_FULL=1 the GPU of this machine too, which adds in another order. */
const devices = [
  { name: "asynchronous", tolerance: 0 },
  ...(process.env["MYELIN_FULL"] && hasWebGpu ? [{ name: "webgpu", tolerance: 1e-4 }] : []),
];

describe.each(devices)("fit on $name learns what it learns on wasm", ({ name, tolerance }) => {
  test.each(cases)("$about", async ({ make, options }) => {
    const expected = await train("wasm", make, options);
    expectSame(await train(name, make, options), expected, tolerance);
    expect(expected.weights).not.toEqual(expected.initial);
  });
});

test("steps do not pile up, and no memory is left behind", async () => {
  let after: number[] = [];
  const counting: Callback = { name: "counting", endEpoch: () => void after.push(device.memories) };
  await train("asynchronous", convolutional, () => ({ epochs: 6, callbacks: [counting] }));
  expect(device.mostWaiting).toBeLessThanOrEqual(3);
  expect(after[5]).toBe(after[2]);
});

test("a run that was cut short goes on from its checkpoint as if it had not been", async () => {
  const whole = await train("asynchronous", convolutional, () => ({ precision: "mixed_float16", epochs: 3 }));
  const folder = join(root, "run");
  const stop: Callback = {
    name: "stop",
    endStep: (run) => {
      if (run.totalSteps === 8) run.stop("enough");
    },
  };
  const options = (): Options => ({ precision: "mixed_float16", epochs: 3, checkpoint: { folder } });
  await train("asynchronous", convolutional, () => ({ ...options(), callbacks: [stop] }));
  const resumed = await train("asynchronous", convolutional, () => ({ ...options(), resume: true }));
  expect(resumed.weights).toEqual(whole.weights);
  expect(resumed.history.loss).toEqual(whole.history.loss);
  // And on another device, from the same files.
  const elsewhere = await train("wasm", convolutional, () => ({ ...options(), epochs: 4, resume: true }));
  expect(elsewhere.history.loss.slice(0, 3)).toEqual(whole.history.loss);
});

test("evaluate, predict and metrics", async () => {
  const found = [];
  for (const name of ["wasm", "asynchronous"]) {
    setDevice(name);
    manualSeed(5);
    const model = convolutional();
    const scores = await evaluate(model, digits.batch(20), { loss: losses.crossEntropy });
    const outputs = await predict(
      model,
      digits.batch(20).map(([x]) => x),
    );
    const metric = await new metrics.R2().update(randn([20]), randn([20]));
    found.push({ loss: scores.loss, outputs: [...(await outputs.data())], r2: metric.compute() });
  }
  const [expected, actual] = found;
  expect(actual!.outputs).toEqual(expected!.outputs);
  expect(actual!.loss).toBeCloseTo(expected!.loss, 6);
  expect(actual!.r2).toBeCloseTo(expected!.r2, 5);
});

test("a model of layers: training batch by batch, adapt, saved optimizers", async () => {
  const found = [];
  for (const name of ["wasm", "asynchronous"]) {
    setDevice(name);
    manualSeed(2);
    const normalization = new keras.layers.Normalization({});
    normalization.adapt(
      tensor([
        [1, 2, 3],
        [4, 5, 9],
        [0, 1, 2],
      ]),
    );
    const model = keras.sequential([
      normalization,
      keras.layers.dense({ units: 4, activation: "relu", inputShape: [3] }),
      keras.layers.dense({ units: 1 }),
    ]);
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    const [x, y] = [randn([8, 3]), randint(0, 2, [8, 1]).float()];
    const losing = [];
    for (let i = 0; i < 3; i++) losing.push((await model.trainOnBatch(x, y))["loss"]!);
    found.push(losing);
  }
  const [expected, actual] = found;
  actual!.forEach((loss, at) => expect(loss).toBeCloseTo(expected![at]!, 6));
});
