import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { Dataset } from "../data/dataset.ts";
import { drawnDigits } from "../data/digits.ts";
import { slices } from "../data/slices.ts";
import { saveTensors } from "../formats/model.ts";
import * as nn from "../nn/index.ts";
import * as nnLosses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { randn, tensor, zeros } from "../tensor/create.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Accuracy } from "../train/metrics/streamingClasses.ts";
import {
  callbacks,
  cloneModel,
  constraints,
  initializers,
  input,
  Layer,
  layers,
  loadModel,
  losses,
  Model,
  model as functional,
  modelFromJSON,
  optimizers,
  registerClass,
  regularizers,
  resetNames,
  sequential,
  type LayerOptions,
  type Logs,
  type Sequential,
  type TrainingBatch,
} from "./index.ts";

const quiet = { verbose: 0 } as const;
const ints = (values: readonly number[]): Tensor => tensor(Int32Array.from(values), [values.length]);

/** Points of three clouds, and which cloud each is of. */
function clouds(count: number = 90): readonly [Tensor, Tensor] {
  manualSeed(5);
  const labels = Array.from({ length: count }, (_, i) => i % 3);
  const centres = tensor(
    Float32Array.from(labels.flatMap((label) => [2 * Math.cos(2 * label), 2 * Math.sin(2 * label)])),
    [count, 2],
  );
  return [centres.add(randn([count, 2]).mul(0.3)), ints(labels)];
}

function small(): Sequential {
  manualSeed(1);
  return sequential([
    layers.dense({ units: 8, activation: "relu", inputShape: [2] }),
    layers.dense({ units: 3, activation: "softmax" }),
  ]);
}

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "myelin-layers-"));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("compile, fit, evaluate, predict", () => {
  test("[P1] [AF8] fit and evaluate before compile say what to do; unknown names list the known", async () => {
    const [x, y] = clouds();
    await expect(small().fit(x, y)).rejects.toThrow(/fit: Sequential\(\w+\) is not compiled. Call model.compile/);
    await expect(small().evaluate(x, y)).rejects.toThrow(/is not compiled/);
    expect(() => small().optimizer).toThrow(/is not compiled/);
    expect(() => small().compile({ optimizer: "adem" as "adam", loss: "mse" })).toThrow(/none named "adem".*adamw/);
    expect(() => small().compile({ loss: "crossentropy" as "mse" })).toThrow(/none named "crossentropy"/);
    expect(() => small().compile({ loss: "mse", metrics: ["akkuracy" as "accuracy"] })).toThrow(
      /none named "akkuracy"/,
    );
  });

  test("[P2] [P25] batches of 32 by default, one mean for each epoch, and validation", async () => {
    const [x, y] = clouds(70);
    const model = small().compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
    const steps: number[] = [];
    const { history, epoch } = await model.fit(x, y, {
      epochs: 3,
      validationData: [x, y],
      callbacks: { onBatchEnd: (batch) => steps.push(batch) },
      ...quiet,
    });
    expect(epoch).toEqual([0, 1, 2]);
    expect(Object.keys(history)).toEqual(["loss", "accuracy", "val_loss", "val_accuracy"]);
    for (const values of Object.values(history)) expect(values).toHaveLength(3);
    expect(steps).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
    const later = await model.fit(x, y, { epochs: 5, initialEpoch: 3, ...quiet });
    expect(later.epoch).toEqual([3, 4]);
  });

  test("[P2] the last part of the examples is validated on, before any shuffling", async () => {
    const [x, y] = clouds(50);
    const model = small().compile({
      optimizer: optimizers.sgd({ learningRate: 0 }),
      loss: "sparse_categorical_crossentropy",
    });
    const { history } = await model.fit(x, y, { validationSplit: 0.2, ...quiet });
    const last = await model.evaluate(x.narrow(0, 40, 10), y.narrow(0, 40, 10));
    expect(history["val_loss"]![0]).toBeCloseTo(last["loss"]!, 6);
  });

  test("[P2] data as nested arrays, datasets, generators of batches; so many steps of it", async () => {
    const [x, y] = clouds(40);
    const compiled = (): Sequential =>
      small().compile({ optimizer: "sgd", loss: "sparse_categorical_crossentropy" }) as Sequential;
    const rows = x.toArraySync() as number[][];
    const plain = { shuffle: false, batchSize: 10, ...quiet } as const;
    const wanted = (await compiled().fit(x, y, plain)).history;
    expect((await compiled().fit(rows, [...y.dataSync()], plain)).history).toEqual(wanted);
    const dataset = Dataset.from(slices([x, y])).batch(10);
    expect((await compiled().fit(dataset, quiet)).history).toEqual(wanted);
    async function* batches(): AsyncGenerator<readonly [Tensor, Tensor]> {
      for (let i = 0; i < 4; i++) yield [x.narrow(0, 10 * i, 10), y.narrow(0, 10 * i, 10)];
    }
    expect((await compiled().fit(batches, quiet)).history).toEqual(wanted);
    const two = compiled();
    await two.fit(dataset, { stepsPerEpoch: 2, validationData: dataset, validationSteps: 1, ...quiet });
    const same = compiled();
    await same.fit(x.narrow(0, 0, 20), y.narrow(0, 0, 20), plain);
    expect(two.getWeights().map((w) => [...w.dataSync()])).toEqual(same.getWeights().map((w) => [...w.dataSync()]));
    expect(await two.evaluate(x, y, { steps: 2, batchSize: 10 })).toEqual(
      await two.evaluate(x.narrow(0, 0, 20), y.narrow(0, 0, 20), { batchSize: 10 }),
    );
  });

  test("[P4] [P5] evaluate is the mean over examples, predict what the layers give", async () => {
    const [x, y] = clouds(70);
    const model = small().compile({ loss: "sparse_categorical_crossentropy", metrics: ["accuracy", new Accuracy()] });
    const found = await model.evaluate(x, y);
    const outputs = await model.predict(x);
    expect(outputs.shape).toEqual([70, 3]);
    const probabilities = outputs.toArraySync() as number[][];
    const labels = [...y.dataSync()];
    const mean = labels.reduce((sum, label, i) => sum - Math.log(probabilities[i]![label]!), 0) / 70;
    expect(found["loss"]).toBeCloseTo(mean, 5);
    const right = labels.filter((label, i) => probabilities[i]!.indexOf(Math.max(...probabilities[i]!)) === label);
    expect(found["accuracy"]).toBe(right.length / 70);
    expect(found["accuracy_1"]).toBe(right.length / 70);
    expect(model.predictOnBatch(x).dataSync()).toEqual((await model.predict(x, { batchSize: 70 })).dataSync());
  });

  test("[P6] twenty steps on one batch make its loss smaller; testOnBatch changes nothing", async () => {
    const [x, y] = clouds();
    const model = small().compile({
      optimizer: "adam",
      loss: "sparse_categorical_crossentropy",
      metrics: ["accuracy"],
    });
    const first = await model.trainOnBatch(x, y);
    for (let i = 0; i < 19; i++) await model.trainOnBatch(x, y);
    const last = await model.testOnBatch(x, y);
    expect(last["loss"]).toBeLessThan(first["loss"]!);
    expect(await model.testOnBatch(x, y)).toEqual(last);
    expect(await model.evaluate(x, y, { batchSize: 90 })).toEqual(last);
  });

  test("[P11] dropout is off where training is false, and on in fit alone", () => {
    const drop = layers.dropout({ rate: 0.5 });
    const x = randn([4, 50]);
    expect(drop.apply(x).dataSync()).toEqual(x.dataSync());
    expect(drop.apply(x, { training: false }).dataSync()).toEqual(x.dataSync());
    const dropped = drop.apply(x, { training: true }).dataSync();
    expect(dropped.filter((value) => value === 0).length).toBeGreaterThan(40);
    expect(drop.training).toBe(false);
  });

  test("weights of classes and examples multiply losses, in training only; weighted metrics", async () => {
    const [x, y] = clouds(30);
    const options = {
      optimizer: optimizers.sgd({ learningRate: 0 }),
      loss: "sparse_categorical_crossentropy",
    } as const;
    const plain = small().compile({ ...options, weightedMetrics: ["accuracy"] });
    const only = await plain.fit(x, y, { classWeight: { 1: 0, 2: 0 }, validationData: [x, y], ...quiet });
    const zero = y.eq(0).float();
    const same = await plain.fit(x, y, { sampleWeight: zero, ...quiet });
    expect(only.history["loss"]![0]).toBeCloseTo(same.history["loss"]![0]!, 6);
    const all = await plain.evaluate(x, y);
    expect(only.history["val_loss"]![0]).toBeCloseTo(all["loss"]!, 6);
    const ofZero = await plain.evaluate(x.gather(ints([0, 3, 6])), ints([0, 0, 0]));
    expect(Number.isFinite(ofZero["accuracy"])).toBe(true);
    const weighted = await plain.evaluate(x, y, { sampleWeight: zero });
    const classOnly = x.gather(ints(Array.from({ length: 10 }, (_, i) => 3 * i)));
    const exact = await plain.evaluate(classOnly, ints(new Array<number>(10).fill(0)));
    expect(weighted["accuracy"]).toBeCloseTo(exact["accuracy"]!, 6);
  });

  test("[P20] [P21] the recipe of three steps: specify, compile with Adam(1e-3), fit", async () => {
    manualSeed(3);
    const model = sequential([
      layers.dense({ units: 25, activation: "sigmoid", inputShape: [400] }),
      layers.dense({ units: 15, activation: "sigmoid" }),
      layers.dense({ units: 1, activation: "sigmoid" }),
    ]);
    const adam = optimizers.adam({ learningRate: 1e-3 });
    expect(adam.learningRate).toBe(0.001);
    model.compile({ loss: losses.binaryCrossentropy(), optimizer: adam, metrics: ["accuracy"] });
    expect(model.optimizer.learningRate).toBe(0.001);
    const x = randn([64, 400]);
    const y = x.narrow(1, 0, 1).gt(0).float();
    const { history } = await model.fit(x, y, { epochs: 100, ...quiet });
    expect(history["loss"]).toHaveLength(100);
    expect(history["loss"]!.at(-1)).toBeLessThan(history["loss"]![0]!);
    expect(model.optimizer.inner).toBeInstanceOf(optim.Adam);
  });

  test("[P22] digits 0 and 1: 25, 15 and 1 sigmoid units, ten epochs", async () => {
    manualSeed(4);
    const { images, labels } = drawnDigits({ count: 600, seed: 1 });
    const chosen = [...labels].flatMap((label, i) => (label < 2 ? [i] : []));
    const all = tensor(
      Float32Array.from(images, (v) => v / 255),
      [600, 784],
    );
    const [x, y] = [all.gather(ints(chosen)), ints(chosen.map((i) => labels[i]!))];
    const model = sequential([
      layers.dense({ units: 25, activation: "sigmoid" }),
      layers.dense({ units: 15, activation: "sigmoid" }),
      layers.dense({ units: 1, activation: "sigmoid" }),
    ]);
    model.compile({ loss: "binary_crossentropy", optimizer: "adam", metrics: ["accuracy"] });
    const { history } = await model.fit(x, y, { epochs: 10, ...quiet });
    expect(history["loss"]!.at(-1)).toBeLessThan(history["loss"]![0]!);
  });

  test("a callback of Keras's kind has the model and may stop training; one of the engine restores the best weights", async () => {
    const [x, y] = clouds();
    const model = small().compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
    const seen: Logs[] = [];
    class Stop {
      model: Model | undefined;
      onEpochEnd(epoch: number, logs: Logs): void {
        seen.push(logs);
        if (epoch === 1) this.model!.stopTraining = true;
      }
    }
    const { history } = await model.fit(x, y, { epochs: 9, callbacks: [new Stop()], ...quiet });
    expect(history["loss"]).toHaveLength(2);
    expect(seen[1]!["loss"]).toBe(history["loss"]![1]);
    const best = model.getWeights().map((w) => [...w.dataSync()]);
    model.optimizer.learningRate = 5;
    const stopping = callbacks.earlyStopping({ monitor: "loss", patience: 1, restoreBestWeights: true });
    const rates = callbacks.reduceLROnPlateau({ monitor: "loss", patience: 0 });
    await model.fit(x, y, { epochs: 9, callbacks: [stopping, rates], ...quiet });
    expect(model.getWeights().map((w) => [...w.dataSync()])).not.toEqual(best);
    await expect(model.fit(x, y, { callbacks: [{}], ...quiet })).rejects.toThrow(/a callback needs a name/);
  });

  test("penalties are part of the loss, constraints hold after every step", async () => {
    const [x, y] = clouds();
    manualSeed(1);
    const model = sequential([
      layers.dense({
        units: 4,
        inputShape: [2],
        kernelRegularizer: regularizers.l2(0.1),
        biasRegularizer: "l1",
        activityRegularizer: regularizers.l1(0.01),
        kernelConstraint: constraints.maxNorm({ maxValue: 0.5 }),
        biasInitializer: initializers.constant({ value: 2 }),
      }),
      layers.dense({ units: 3, activation: "softmax", kernelConstraint: "nonNeg" }),
    ]);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: "sparse_categorical_crossentropy" });
    const { loss } = await model.evaluate(x, y, { batchSize: 90 });
    const [kernel, bias] = model.getWeights() as [Tensor, Tensor];
    const data = nnLosses.sparseCategoricalCrossEntropy(await model.predict(x), y).itemSync();
    const activity = model.layers[0]!.apply<Tensor>(x).abs().sum().itemSync() * (0.01 / 90);
    const l2 = 0.1 * kernel.square().sum().itemSync();
    const l1 = 0.01 * bias.abs().sum().itemSync();
    expect(bias.dataSync()[0]).toBe(2);
    expect(loss).toBeCloseTo(data + activity + l2 + l1, 4);
    await model.fit(x, y, { epochs: 3, ...quiet });
    const [after, , second] = model.getWeights() as [Tensor, Tensor, Tensor];
    const norms = [...after.square().sum(0).sqrt().dataSync()];
    expect(Math.max(...norms)).toBeLessThan(0.5 + 1e-5);
    expect(Math.min(...second.dataSync())).toBeGreaterThanOrEqual(0);
  });
});

describe("models", () => {
  test("[P7] the functional API equals sequential with the same weights; several inputs and outputs, shared layers, nesting", async () => {
    const chain = small();
    const x = input({ shape: [2], name: "x" });
    const hidden = layers.dense({ units: 8, activation: "relu" }).apply(x);
    const graph = functional({ inputs: x, outputs: layers.dense({ units: 3, activation: "softmax" }).apply(hidden) });
    graph.setWeights(chain.getWeights());
    const [points] = clouds();
    expect(graph.predictOnBatch(points).dataSync()).toEqual(chain.predictOnBatch(points).dataSync());
    expect(graph.predictOnBatch({ x: points } as never).dataSync()).toEqual(chain.predictOnBatch(points).dataSync());

    const [a, b] = [input({ shape: [4], name: "a" }), input({ shape: [4], name: "b" })];
    const shared = layers.dense({ units: 3, activation: "tanh" });
    const both = layers.concatenate().apply([shared.apply(a), shared.apply(b)]);
    const inner = sequential([layers.dense({ units: 5, inputShape: [6] })]);
    const sum = layers.dense({ units: 1, name: "sum" }).apply(inner.apply(both));
    const kind = layers.dense({ units: 2, activation: "softmax", name: "kind" }).apply(both);
    const twin = functional({ inputs: [a, b], outputs: [sum, kind] });
    expect(twin.weights).toHaveLength(8);
    expect(twin.layers.filter((layer) => layer === shared)).toHaveLength(1);
    twin.compile({
      optimizer: "adam",
      loss: { sum: "mse", kind: "sparse_categorical_crossentropy" },
      lossWeights: { sum: 0.5, kind: 2 },
      metrics: { kind: ["accuracy"] },
    });
    manualSeed(2);
    const [u, v] = [randn([20, 4]), randn([20, 4])];
    const y = { sum: u.sum(1), kind: ints(Array.from({ length: 20 }, (_, i) => i % 2)) };
    const { history } = await twin.fit({ a: u, b: v }, y, { epochs: 2, batchSize: 20, ...quiet });
    expect(Object.keys(history)).toEqual(["loss", "sum_loss", "kind_loss", "kind_accuracy"]);
    expect(history["loss"]![0]).toBeCloseTo(0.5 * history["sum_loss"]![0]! + 2 * history["kind_loss"]![0]!, 4);
    const [first, second] = await twin.predict<Tensor[]>([u, v], { batchSize: 7 });
    expect([first!.shape, second!.shape]).toEqual([
      [20, 1],
      [20, 2],
    ]);
    const weighted = await twin.evaluate([u, v], [y.sum, y.kind], { sampleWeight: [zeros([20]), zeros([20])] });
    expect(weighted["loss"]).toBe(0);
    const cut = functional({ inputs: twin.inputs, outputs: twin.getLayer("sum").input });
    expect(cut.predictOnBatch([u, v]).shape).toEqual([20, 5]);
    expect(() => functional({ inputs: a, outputs: sum })).toThrow(/depend on SymbolicTensor\(b, \[null, 4\]\)/);
  });

  test("an input that was stated takes its shape alone, with or without a last axis of 1", async () => {
    const recurrent = sequential([layers.lstm({ units: 2, inputShape: [12, 1] }), layers.dense({ units: 1 })]);
    for (const shape of [[2, 5, 1], [2, 12, 2], [2, 2], [2]])
      await expect(recurrent.predict(zeros(shape)), `${shape}`).rejects.toThrow(
        `wants [null, 12, 1], got [${shape.join(", ")}]`,
      );
    const series = randn([2, 12, 1]);
    const whole = (await recurrent.predict(series)) as Tensor;
    const short = (await recurrent.predict(series.squeeze(-1))) as Tensor;
    expect(await short.data()).toEqual(await whole.data());

    const x = input({ shape: [null, 4], name: "steps" });
    const net = functional({ inputs: x, outputs: layers.dense({ units: 2 }).apply(x) });
    expect(net.apply<Tensor>(zeros([3, 7, 4])).shape).toEqual([3, 7, 2]);
    expect(() => net.apply(zeros([3, 7, 5]))).toThrow(/its input "steps" wants \[null, null, 4\], got \[3, 7, 5\]/);

    // The first regression of Keras's guides: numbers in, numbers out.
    const line = sequential([layers.dense({ units: 1, inputShape: [1] })]);
    line.compile({ optimizer: optimizers.adam({ learningRate: 0.1 }), loss: "meanSquaredError" });
    const { history } = await line.fit(tensor([0, 1, 2, 3]), tensor([1, 3, 5, 7]), { epochs: 60, ...quiet });
    expect(history["loss"]!.at(-1)).toBeLessThan(0.5 * history["loss"]![0]!);

    // Where it was only seen, later ones may be longer.
    const open = sequential([layers.lstm({ units: 2 })]);
    expect(open.apply<Tensor>(zeros([1, 3, 4])).shape).toEqual([1, 2]);
    expect(open.apply<Tensor>(zeros([1, 9, 4])).shape).toEqual([1, 2]);
  });

  test("what a layer makes of another's outputs is a tensor to the type checker", () => {
    const [first, second] = [layers.dense({ units: 3 }), layers.dense({ units: 2 })];
    const result: Tensor = second.apply(first.apply(zeros([4, 5])));
    expect(result.shape).toEqual([4, 2]);
  });

  test("[N2] an input is a place of shape (null, 784)", () => {
    expect(input({ shape: [784] }).shape).toEqual([null, 784]);
    expect(layers.conv1d({ filters: 2, kernelSize: 3, strides: 2 }).apply(input({ shape: [null, 4] })).shape).toEqual([
      null,
      null,
      2,
    ]);
    expect(layers.lstm({ units: 3 }).computeOutputShape([null, 9, 4])).toEqual([null, 3]);
  });

  test("[P8] [P9] 784, 128, 10: 101,770 parameters; kernel [784, 128] and bias [128]", () => {
    resetNames();
    const model = sequential([
      layers.dense({ units: 128, activation: "relu", inputShape: [784] }),
      layers.dense({ units: 10, activation: "softmax" }),
    ]);
    expect(model.countParams()).toBe(101_770);
    expect(model.layers[0]!.getWeights().map(({ shape }) => shape)).toEqual([[784, 128], [128]]);
    const print = vi.fn();
    expect(model.summary(print)).toBe(
      [
        'Model: "sequential"',
        "┌─────────────────┬──────────────┬─────────┐",
        "│ Layer (type)    │ Output Shape │ Param # │",
        "├─────────────────┼──────────────┼─────────┤",
        "│ dense (Dense)   │ (None, 128)  │ 100,480 │",
        "├─────────────────┼──────────────┼─────────┤",
        "│ dense_1 (Dense) │ (None, 10)   │   1,290 │",
        "└─────────────────┴──────────────┴─────────┘",
        " Total params: 101,770 (397.54 KB)",
        " Trainable params: 101,770 (397.54 KB)",
        " Non-trainable params: 0 (0.00 B)",
      ].join("\n"),
    );
    expect(print).toHaveBeenCalledTimes(1);
    expect(() => model.setWeights([zeros([2, 2])])).toThrow(/wants 4 tensors \(kernel, bias, kernel, bias\), got 1/);
    expect(() => model.layers[0]!.setWeights([zeros([128, 784]), zeros([128])])).toThrow(/kernel is \[784, 128\]/);
  });

  test("[P23] [P24] 2,175 parameters for 64, 25, 15, 10, and 109,386 for 784, 128, 64, 10", () => {
    const build = (hidden: "relu" | "elu" | "swish", sizes: readonly number[], inputs: number): Sequential =>
      sequential(
        sizes.map((units, i) =>
          layers.dense({
            units,
            activation: i === sizes.length - 1 ? "softmax" : hidden,
            ...(i === 0 ? { inputShape: [inputs] } : {}),
          }),
        ),
      );
    // 64·25 + 25 + 25·15 + 15 + 15·10 + 10
    expect(build("relu", [25, 15, 10], 64).countParams()).toBe(2175);
    for (const hidden of ["relu", "elu", "swish"] as const)
      expect(build(hidden, [128, 64, 10], 784).countParams()).toBe(109_386);
  });

  test("[P10] frozen layers do not change, and take part again when they are not frozen any more", async () => {
    const [x, y] = clouds();
    const model = small();
    model.layers[0]!.trainable = false;
    model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
    const values = (): number[][] => model.getWeights().map((w) => [...w.dataSync()]);
    const before = values();
    await model.fit(x, y, quiet);
    const [kernel, bias, ...others] = values();
    expect([kernel, bias]).toEqual(before.slice(0, 2));
    expect(others).not.toEqual(before.slice(2));
    expect(model.trainableWeights).toHaveLength(2);
    model.trainable = true;
    await model.trainOnBatch(x, y);
    expect(values()[0]).not.toEqual(kernel);
    model.trainable = false;
    expect(model.trainableWeights).toEqual([]);
  });

  test("a frozen batch norm behaves as in inference", async () => {
    const norm = layers.batchNormalization({ inputShape: [2] });
    const model = sequential([norm, layers.dense({ units: 1 })]).compile({ loss: "mse" });
    const [x] = clouds();
    norm.trainable = false;
    await model.fit(x, zeros([90, 1]), quiet);
    expect([...norm.getWeights()[2]!.dataSync()]).toEqual([0, 0]);
    norm.trainable = true;
    await model.fit(x, zeros([90, 1]), quiet);
    expect([...norm.getWeights()[2]!.dataSync()]).not.toEqual([0, 0]);
  });

  test("a subclass with call; its own trainStep is traced, measured and validated", async () => {
    class Net extends Model {
      hidden = layers.dense({ units: 16, activation: "relu" });
      out = layers.dense({ units: 3 });
      steps = 0;
      call(x: Tensor): Tensor {
        return this.out.apply(this.hidden.apply<Tensor>(x));
      }
    }
    class Clipped extends Net {
      override trainStep([x, y]: TrainingBatch): Record<string, Tensor> {
        this.steps++;
        const outputs = this.apply<Tensor>(x, { training: true });
        const loss = this.computeLoss(y, outputs);
        this.optimizer.zeroGrad();
        loss.backward();
        const norm = optim.clipGradNorm(this.parameters(), 1);
        this.optimizer.step();
        return { loss, norm };
      }
    }
    const [x, y] = clouds();
    const compiled = { optimizer: "adam", loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) } as const;
    const net = new Clipped();
    net.compile({ ...compiled, metrics: ["accuracy"] });
    const { history } = await net.fit(x, y, { epochs: 20, validationData: [x, y], shuffle: false, ...quiet });
    expect(Object.keys(history)).toEqual(["loss", "norm", "val_loss", "val_accuracy"]);
    expect(history["loss"]!.at(-1)).toBeLessThan(history["loss"]![0]!);
    expect(history["norm"]![0]).toBeGreaterThan(0);
    expect(net.steps).toBeLessThan(10);
    const plain = new Net();
    plain.compile({ ...compiled, optimizer: optimizers.adam({ globalClipnorm: 1 }) });
    const start = new Clipped();
    start.compile(compiled);
    for (const model of [plain, start]) model.buildOn(x);
    start.setWeights(plain.getWeights());
    const curves = await Promise.all(
      [plain, start].map((model) => model.fit(x, y, { epochs: 3, shuffle: false, ...quiet })),
    );
    expect(curves[1]!.history["loss"]).toEqual(curves[0]!.history["loss"]);
  });

  test("masks leave steps out, in recurrent layers and in the loss", async () => {
    const model = sequential([
      layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true }),
      layers.gru({ units: 4, returnSequences: true }),
      layers.dense({ units: 1 }),
    ]);
    model.compile({ loss: "mse" });
    const ids = tensor(Int32Array.of(1, 2, 3, 0, 0, 4, 5, 0, 0, 0), [2, 5]);
    const target = zeros([2, 5, 1]);
    const { loss } = await model.evaluate(ids, target);
    const outputs = (await model.predict(ids)).dataSync();
    const counted = [0, 1, 2, 5, 6].map((i) => outputs[i]! ** 2);
    expect(loss).toBeCloseTo(counted.reduce((a, b) => a + b) / 5, 6);
    const last = sequential([layers.masking({ maskValue: 0 }), layers.lstm({ units: 2 })]);
    const steps = randn([1, 3, 2]);
    const padded = steps.pad([
      [0, 0],
      [0, 2],
      [0, 0],
    ]);
    const short = last.predictOnBatch(steps).dataSync();
    last
      .predictOnBatch(padded)
      .dataSync()
      .forEach((value, i) => expect(value).toBeCloseTo(short[i]!, 6));
  });

  test("a stateful layer goes on where the last batch ended", () => {
    const layer = layers.lstm({ units: 3, stateful: true, returnSequences: true, batchInputShape: [2, null, 2] });
    const x = randn([2, 6, 2]);
    const model = sequential([layer]);
    const whole = model.predictOnBatch(x).dataSync();
    layer.resetStates();
    const halves = [0, 3].map((from) => model.predictOnBatch(x.narrow(1, from, 3)).toArraySync() as number[][][]);
    const joined = halves[0]!.map((row, i) => [...row, ...halves[1]![i]!]).flat(2);
    joined.forEach((value, i) => expect(value).toBeCloseTo(whole[i]!, 6));
  });

  test("encoder and decoder: a state given to another layer", () => {
    const [source, target] = [input({ shape: [4, 3] }), input({ shape: [5, 2] })];
    const [, h, c] = layers.lstm({ units: 6, returnState: true }).apply<never[]>(source) as never[];
    const decoded = layers.lstm({ units: 6, returnSequences: true }).apply(target, { initialState: [h, c] });
    const model = functional({ inputs: [source, target], outputs: decoded });
    expect(model.predictOnBatch([randn([2, 4, 3]), randn([2, 5, 2])]).shape).toEqual([2, 5, 6]);
    const copy = modelFromJSON(JSON.stringify(model));
    copy.setWeights(model.getWeights());
    const [x, y] = [randn([2, 4, 3]), randn([2, 5, 2])];
    expect(copy.predictOnBatch([x, y]).dataSync()).toEqual(model.predictOnBatch([x, y]).dataSync());
  });
});

describe("saving", () => {
  class Scale extends Layer<LayerOptions & { readonly factor: number }> {
    static override readonly className = "TestScale";
    override build(): void {
      this.addWeight("gain", [1], { initializer: "ones", regularizer: "l2" });
    }
    call(x: Tensor): Tensor {
      return x.mul(this.weight("gain")).mul(this.options.factor);
    }
  }

  test("[P26] [Z5] a saved model evaluates the same when it is made again from its file, and trains on the same", () =>
    inFolder(async (folder) => {
      registerClass(Scale);
      const [x, y] = clouds();
      manualSeed(1);
      const model = sequential([
        layers.dense({
          units: 8,
          activation: "hardSigmoid",
          inputShape: [2],
          kernelRegularizer: regularizers.l2(1e-3),
        }),
        new Scale({ factor: 2 }),
        layers.batchNormalization(),
        layers.reshape({ targetShape: [4, 2] }),
        layers.bidirectional({ layer: layers.gru({ units: 3 }) }),
        layers.dense({ units: 3, activation: "softmax" }),
      ]);
      model.compile({
        optimizer: optimizers.adam({ learningRate: 0.01 }),
        loss: "sparse_categorical_crossentropy",
        metrics: ["accuracy"],
      });
      await model.fit(x, y, { epochs: 2, ...quiet });
      const path = join(folder, "model.safetensors");
      await model.save(path);
      const again = await loadModel(path);
      expect(await again.evaluate(x, y)).toEqual(await model.evaluate(x, y));
      expect(again.optimizer.learningRate).toBeCloseTo(0.01, 6);
      const curves = [];
      for (const one of [model, again]) curves.push(await one.fit(x, y, { epochs: 2, shuffle: false, ...quiet }));
      expect(curves[1]!.history).toEqual(curves[0]!.history);
      expect(again.summary(() => undefined)).toBe(model.summary(() => undefined));
    }));

  test("what cannot be saved or loaded says why", () =>
    inFolder(async (folder) => {
      const model = small();
      await expect(model.save(join(folder, "model.h5"))).rejects.toThrow(
        /files of Keras \(.h5\) are not supported yet/,
      );
      await expect(loadModel("model.keras")).rejects.toThrow(
        /files of Keras \(.keras\) are not supported yet.*model.safetensors/,
      );
      const weights = join(folder, "weights.safetensors");
      await saveTensors(model.stateDict(), weights);
      await expect(loadModel(weights)).rejects.toThrow(/weights and no model/);
      const own = sequential([layers.lambda({ function: (x: Tensor) => x.square() })]);
      expect(() => JSON.stringify(own)).toThrow(/is a function, which cannot be saved/);
      expect(() => modelFromJSON('{"className":"Dense","config":{"units":2}}')).toThrow(/is of a layer \(Dense\)/);
      expect(() =>
        modelFromJSON('{"className":"Sequential","config":{"layers":[{"className":"Nope","config":{}}]}}'),
      ).toThrow(/no layer is called "Nope"/);
      expect(() => modelFromJSON('{"className":"Sequential","config":{"layers":7}}')).toThrow(/no list/);
      expect(() => registerClass(class Unnamed extends Scale {})).toThrow(/needs a name that files can have/);
    }));

  test("a copy has weights of its own, and the same layers", () => {
    const model = small();
    const copy = cloneModel(model);
    expect(copy.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(copy.getWeights()[0]!.dataSync()).not.toEqual(model.getWeights()[0]!.dataSync());
    const x = input({ shape: [3] });
    const shared = layers.dense({ units: 3 });
    const graph = functional({
      inputs: x,
      outputs: layers.add().apply([shared.apply(x), shared.apply(shared.apply(x))]),
    });
    const twin = cloneModel(graph);
    expect(twin.weights).toHaveLength(2);
    twin.setWeights(graph.getWeights());
    const input3 = randn([2, 3]);
    expect(twin.predictOnBatch(input3).dataSync()).toEqual(graph.predictOnBatch(input3).dataSync());
  });
});

describe("two faces, one engine", () => {
  test("[N37] both names make the same operation", () => {
    manualSeed(6);
    const image = randn([2, 3, 8, 8]);
    const last = image.permute([0, 2, 3, 1]);
    const pairs: readonly (readonly [nn.Module, Layer, Tensor, Tensor])[] = [
      [new nn.Linear(4, 3), layers.dense({ units: 3 }), randn([2, 4]), randn([2, 4])],
      [new nn.Conv2d(3, 4, 3), layers.conv2d({ filters: 4, kernelSize: 3 }), image, last],
      [new nn.MaxPool2d(2), layers.maxPooling2d(), image, last],
      [new nn.Dropout(0.5).eval(), layers.dropout({ rate: 0.5 }), image, last],
      [new nn.ReLU(), layers.reLU(), image, last],
      [new nn.BatchNorm1d(4, { eps: 1e-3 }).eval(), layers.batchNormalization(), randn([2, 4]), randn([2, 4])],
    ];
    for (const [module, layer, x, given] of pairs) {
      const same = x.rank === 4 ? given : x;
      layer.buildFor([null, ...same.shape.slice(1)]);
      const [, inside] = layer.modules();
      if (inside) inside.loadStateDict(module.stateDict());
      const wanted = Reflect.apply(module.forward, module, [x]) as Tensor;
      const got = layer.apply<Tensor>(same);
      const turned = (x.rank === 4 ? got.permute([0, 3, 1, 2]) : got) as Tensor;
      const values = [...turned.dataSync()];
      wanted.dataSync().forEach((value, i) => expect(values[i], `${layer}`).toBeCloseTo(value, 5));
    }
  });

  test("[N38] the ten rows of the table of layers", () => {
    const rows: readonly (readonly [Layer, readonly number[]])[] = [
      [layers.dense({ units: 64, activation: "relu" }), [2, 5]],
      [layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu" }), [2, 8, 8, 3]],
      [layers.maxPooling2d({ poolSize: 2 }), [2, 8, 8, 3]],
      [layers.dropout({ rate: 0.5 }), [2, 5]],
      [layers.batchNormalization(), [2, 5]],
      [layers.flatten(), [2, 4, 4, 3]],
      [layers.embedding({ inputDim: 10, outputDim: 4 }), [2, 5]],
      [layers.lstm({ units: 4 }), [2, 5, 3]],
      [layers.gru({ units: 4 }), [2, 5, 3]],
      [layers.multiHeadAttention({ numHeads: 2, keyDim: 4 }), [2, 5, 6]],
    ];
    for (const [layer, shape] of rows) expect(layer.apply<Tensor>(zeros([...shape])).shape[0]).toBe(2);
  });

  test("[P1] [P12] the same weights and rates give the same losses by PyTorch's habits and by Keras's", async () => {
    const [x, y] = clouds(80);
    manualSeed(9);
    const keras = small();
    const torch = nn.sequential(new nn.Linear(2, 8), nn.relu, new nn.Linear(8, 3), nn.softmax);
    const [a, b, c, d] = keras.getWeights() as [Tensor, Tensor, Tensor, Tensor];
    torch.loadStateDict({ "0.weight": a.T, "0.bias": b, "2.weight": c.T, "2.bias": d });
    const wanted: number[] = [];
    const optimizer = new optim.Adam(torch.parameters(), { lr: 0.01, eps: 1e-7 });
    for (let epoch = 0; epoch < 3; epoch++) {
      let sum = 0;
      for await (const [inputs, labels] of Dataset.from(slices([x, y])).batch(32)) {
        const loss = nnLosses.sparseCategoricalCrossEntropy(torch.forward(inputs), labels);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        sum += loss.itemSync() * inputs.shape[0]!;
      }
      wanted.push(sum / 80);
    }
    keras.compile({
      optimizer: (parameters) => new optim.Adam(parameters, { lr: 0.01, eps: 1e-7 }) as never,
      loss: "sparse_categorical_crossentropy",
    });
    const { history } = await keras.fit(x, y, { epochs: 3, shuffle: false, ...quiet });
    history["loss"]!.forEach((loss, i) => expect(loss).toBeCloseTo(wanted[i]!, 6));
    const after = torch.stateDict();
    [after["0.weight"]!.T, after["0.bias"]!, after["2.weight"]!.T, after["2.bias"]!].forEach((value, i) =>
      expect(keras.getWeights()[i]!.sub(value).abs().max().itemSync()).toBeLessThan(1e-6),
    );
  });

  test("[AK22] examples in rows against a kernel [in, units] and in columns against [units, in]", () => {
    const layer = layers.dense({ units: 3, activation: "sigmoid" });
    const x = randn([5, 4]);
    const rows = layer.apply<Tensor>(x);
    const [kernel, bias] = layer.getWeights() as [Tensor, Tensor];
    const columns = kernel.T.matmul(x.T)
      .add(bias.reshape([3, 1]))
      .sigmoid();
    expect(columns.shape).toEqual([3, 5]);
    const turned = columns.T.contiguous().dataSync();
    rows.dataSync().forEach((value, i) => expect(value).toBeCloseTo(turned[i]!, 6));
  });
});

describe("lints", () => {
  test("[AF14] a softmax whose loss takes logits, and logits whose loss takes probabilities, are told of once", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    try {
      const ending = (activation?: "softmax" | "sigmoid"): Sequential =>
        sequential([layers.dense({ units: 3, inputShape: [2], ...(activation ? { activation } : {}) })]);
      ending("softmax").compile({ loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
      expect(warn.mock.calls.at(-1)![0]).toMatch(/ends with softmax and the loss says fromLogits: true/);
      ending().compile({ loss: "sparse_categorical_crossentropy" });
      expect(warn.mock.calls.at(-1)![0]).toMatch(
        /gives logits and sparse_categorical_crossentropy takes them for probabilities/,
      );
      ending().compile({ loss: "binaryCrossentropy" });
      expect(warn).toHaveBeenCalledTimes(3);
      ending("softmax").compile({ loss: "categorical_crossentropy" });
      ending().compile({ loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
      ending().compile({ loss: "mse" });
      ending("sigmoid").compile({ loss: "bce" });
      expect(warn).toHaveBeenCalledTimes(3);
    } finally {
      warn.mockRestore();
    }
  });
});
