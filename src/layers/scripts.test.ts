// Scripts for Keras, translated line by line, against the curves of the originals: tools/goldens/keras_scripts.py.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { spread } from "../nn/golden.testing.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  input,
  layers,
  losses,
  model as functionalModel,
  optimizers,
  regularizers,
  schedules,
  sequential,
  type Logs,
  type Model,
} from "./index.ts";

type Curves = Readonly<Record<string, readonly number[]>>;

const recorded = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/keras_scripts.json", import.meta.url), "utf8"),
) as { readonly scripts: Readonly<Record<string, Curves>>; readonly optimizers: Readonly<Record<string, Curves>> };

const array = (shape: readonly number[], seed: number, scale: number = 1): Tensor =>
  tensor(
    Float32Array.from(spread(shape, seed), (value) => value * scale),
    [...shape],
  );

function begin<M extends Model>(model: M): M {
  model.setWeights(model.getWeights().map(({ shape }, i) => array(shape, i + 1, 0.3)));
  return model;
}

const classes = (n: number, count: number): Tensor =>
  tensor(
    Int32Array.from({ length: n }, (_, i) => (i * 7) % count),
    [n],
  );

const quiet = { shuffle: false, verbose: 0 } as const;

function expectCurves(got: Curves, wanted: Curves): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, values] of Object.entries(wanted)) {
    expect(got[name], name).toHaveLength(values.length);
    const worst = Math.max(...values.map((value, i) => Math.abs(value - got[name]![i]!)));
    expect(worst, name).toBeLessThan(1e-4);
  }
}

const SCRIPTS: Readonly<Record<string, () => Promise<Curves>>> = {
  async multiclass() {
    const model = sequential([
      layers.dense({ units: 128, activation: "relu", inputShape: [784] }),
      layers.dense({ units: 10, activation: "softmax" }),
    ]);
    model.compile({
      optimizer: optimizers.adam({ learningRate: 0.001 }),
      loss: "sparse_categorical_crossentropy",
      metrics: ["accuracy"],
    });
    begin(model);
    const history = await model.fit(array([64, 784], 101), classes(64, 10), { epochs: 50, batchSize: 64, ...quiet });
    return history.history;
  },
  async minibatches() {
    const model = sequential([
      layers.dense({ units: 128, activation: "relu", inputShape: [784] }),
      layers.dense({ units: 10, activation: "softmax" }),
    ]);
    model.compile({
      optimizer: optimizers.adam({ learningRate: 0.001 }),
      loss: "sparseCategoricalCrossentropy",
      metrics: ["accuracy"],
    });
    begin(model);
    const steps: number[] = [];
    const callbacks = { onTrainBatchEnd: (_: number, logs: Logs) => steps.push(logs["loss"]!) };
    const options = { epochs: 17, batchSize: 32, validationSplit: 0.2, callbacks, ...quiet };
    const { history } = await model.fit(array([100, 784], 101), classes(100, 10), options);
    return { ...history, steps };
  },
  async functional() {
    const inputs = input({ shape: [784] });
    const x = layers.dense({ units: 128, activation: "relu" }).apply(inputs);
    const outputs = layers.dense({ units: 10, activation: "softmax" }).apply(x);
    const model = functionalModel({ inputs, outputs });
    model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
    begin(model);
    return (await model.fit(array([64, 784], 101), classes(64, 10), { epochs: 50, batchSize: 64, ...quiet })).history;
  },
  async binary() {
    const model = sequential([
      layers.dense({ units: 4, activation: "relu", inputShape: [5] }),
      layers.dense({ units: 3, activation: "relu" }),
      layers.dense({ units: 1, activation: "sigmoid" }),
    ]);
    model.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"] });
    begin(model);
    const x = array([80, 5], 101);
    const columns = x.unbind(1) as Tensor[];
    const y = columns[0]!.gt(columns[1]!).float();
    return (await model.fit(x, y, { epochs: 10, batchSize: 16, ...quiet })).history;
  },
  async digits() {
    const model = sequential([
      layers.dense({ units: 25, activation: "sigmoid", inputShape: [400] }),
      layers.dense({ units: 15, activation: "sigmoid" }),
      layers.dense({ units: 1, activation: "sigmoid" }),
    ]);
    model.compile({ loss: losses.binaryCrossentropy(), optimizer: optimizers.adam({ learningRate: 0.001 }) });
    begin(model);
    return (await model.fit(array([40, 400], 101), classes(40, 2), { epochs: 50, batchSize: 40, ...quiet })).history;
  },
  async logits() {
    const model = sequential([
      layers.dense({ units: 128, activation: "relu", kernelRegularizer: regularizers.l2(1e-4), inputShape: [20] }),
      layers.dense({ units: 64, activation: "relu" }),
      layers.dense({ units: 5 }),
    ]);
    model.compile({
      optimizer: optimizers.adam({ learningRate: 0.001, clipnorm: 1 }),
      loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
      metrics: ["accuracy"],
    });
    begin(model);
    const classWeight = { 0: 1, 1: 2, 3: 0.5 };
    const options = { epochs: 50, batchSize: 48, classWeight, ...quiet };
    return (await model.fit(array([48, 20], 101), classes(48, 5), options)).history;
  },
  async images() {
    const model = sequential([
      layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu", inputShape: [8, 8, 1] }),
      layers.batchNormalization(),
      layers.maxPooling2d(),
      layers.flatten(),
      layers.dense({ units: 3, activation: "softmax" }),
    ]);
    model.compile({
      optimizer: optimizers.sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
      loss: "categorical_crossentropy",
      metrics: ["accuracy"],
    });
    const weights = model.getWeights().map(({ shape }, i) => array(shape, i + 1, 0.3));
    weights[5] = weights[5]!.add(1);
    model.setWeights(weights);
    const y = classes(30, 3).oneHot(3).float();
    const history = await model.fit(array([30, 8, 8, 1], 101), y, {
      epochs: 50,
      batchSize: 30,
      sampleWeight: array([30], 102).abs(),
      validationData: [array([6, 8, 8, 1], 103), y.narrow(0, 0, 6)],
      ...quiet,
    });
    return history.history;
  },
  async sequences() {
    const model = sequential([
      layers.embedding({ inputDim: 7, outputDim: 4, maskZero: true, inputLength: 6 }),
      layers.lstm({ units: 5 }),
      layers.dense({ units: 1, activation: "sigmoid" }),
    ]);
    const rate = schedules.exponentialDecay({ initialLearningRate: 0.01, decaySteps: 10, decayRate: 0.9 });
    model.compile({ optimizer: optimizers.rmsprop({ learningRate: rate }), loss: "binary_crossentropy" });
    begin(model);
    const x = tensor(
      Int32Array.from({ length: 24 * 6 }, (_, i) => (i * 5) % 7),
      [24, 6],
    );
    return (await model.fit(x, classes(24, 2), { epochs: 50, batchSize: 24, ...quiet })).history;
  },
  async weighted() {
    const model = sequential([
      layers.dense({ units: 8, activation: "tanh", inputShape: [20] }),
      layers.dense({ units: 3, activation: "softmax" }),
    ]);
    model.compile({
      optimizer: optimizers.sgd({ learningRate: 0.1 }),
      loss: "sparse_categorical_crossentropy",
      metrics: ["accuracy"],
      weightedMetrics: ["accuracy", "sparse_categorical_crossentropy"],
    });
    begin(model);
    const history = await model.fit(array([48, 20], 101), classes(48, 3), {
      epochs: 17,
      batchSize: 16,
      sampleWeight: array([48], 102).abs(),
      validationData: [array([20, 20], 103), classes(20, 3), array([20], 104).abs()],
      ...quiet,
    });
    return history.history;
  },
};

describe("scripts of Keras train to the same curves within 1e-4 for 50 steps", () => {
  test.each(Object.entries(SCRIPTS))("[P2] [P7] %s", async (name, script) => {
    expectCurves(await script(), recorded.scripts[name]!);
  });
});

describe("optimizers by name take the steps of Keras's", () => {
  test.each(Object.entries(recorded.optimizers))("[P1] [AK16] %s", async (name, curves) => {
    const model = sequential([
      layers.dense({ units: 8, activation: "tanh", inputShape: [6] }),
      layers.dense({ units: 2 }),
    ]);
    model.compile({ optimizer: name as "adam", loss: "mse" });
    begin(model);
    const history = await model.fit(array([32, 6], 101), array([32, 2], 102), { epochs: 50, batchSize: 32, ...quiet });
    expectCurves(history.history, curves);
  });
});
