import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawnDigits, manualSeed, tensor, type Tensor } from "myelin";
import {
  callbacks,
  input,
  layers,
  loadModel,
  Model,
  model,
  optimizers,
  sequential,
  type TrainingBatch,
} from "myelin/layers";

manualSeed(1);
const { images, labels } = drawnDigits({ count: 1_200, seed: 1 });
const x = tensor(images, [1_200, 28, 28, 1]);
const y = tensor(Int32Array.from(labels), [1_200]);

const digits = sequential([
  layers.rescaling({ scale: 1 / 255, inputShape: [28, 28, 1] }),
  layers.conv2d({ filters: 8, kernelSize: 3, activation: "relu" }),
  layers.maxPooling2d({ poolSize: 2 }),
  layers.flatten(),
  layers.dense({ units: 10, activation: "softmax" }),
]);
digits.compile({
  optimizer: optimizers.adam({ learningRate: 3e-3 }),
  loss: "sparseCategoricalCrossentropy",
  metrics: ["accuracy"],
});
digits.summary();
const { history } = await digits.fit(x, y, {
  epochs: 4,
  batchSize: 32,
  validationSplit: 0.2,
  callbacks: [callbacks.earlyStopping({ monitor: "val_loss", patience: 2, restoreBestWeights: true })],
});
console.log(`validation accuracy ${(100 * history["val_accuracy"]!.at(-1)!).toFixed(1)} %`);

const path = join(await mkdtemp(join(tmpdir(), "myelin-keras-")), "digits.safetensors");
await digits.save(path);
const again = await loadModel(path);
console.log(`loaded: loss ${(await again.evaluate(x, y, { verbose: 0 }))["loss"]!.toFixed(4)}`);

// The functional API: two outputs on shared features.
const pixels = input({ shape: [28, 28, 1] });
const features = layers.flatten().apply(layers.rescaling({ scale: 1 / 255 }).apply(pixels));
const hidden = layers.dense({ units: 32, activation: "relu" }).apply(features);
const both = model({
  inputs: pixels,
  outputs: [
    layers.dense({ units: 10, activation: "softmax", name: "digit" }).apply(hidden),
    layers.dense({ units: 1, activation: "sigmoid", name: "even" }).apply(hidden),
  ],
});
both.compile({
  optimizer: "adam",
  loss: { digit: "sparseCategoricalCrossentropy", even: "binaryCrossentropy" },
  lossWeights: { digit: 1, even: 0.5 },
});
const even = y.mod(2).eq(0).float();
await both.fit(x, { digit: y, even }, { epochs: 1, verbose: 0 });

// A model of your own, and a step of your own.
class Autoencoder extends Model {
  encoder = layers.dense({ units: 32, activation: "relu" });
  decoder = layers.dense({ units: 784, activation: "sigmoid" });

  call(flat: Tensor): Tensor {
    return this.decoder.apply(this.encoder.apply<Tensor>(flat));
  }

  override trainStep([inputs, targets]: TrainingBatch): Record<string, Tensor> {
    const loss = this.computeLoss(targets, this.apply<Tensor>(inputs, { training: true }));
    this.optimizer.zeroGrad();
    loss.backward();
    this.optimizer.step();
    return { loss };
  }
}
const autoencoder = new Autoencoder();
autoencoder.compile({ optimizer: "adam", loss: "mse" });
const flat = x.reshape([1_200, 784]).float().div(255);
const curve = await autoencoder.fit(flat, flat, {
  epochs: 2,
  verbose: 0,
  callbacks: { onEpochEnd: (epoch, logs) => console.log(`epoch ${epoch}: ${logs["loss"]!.toFixed(4)}`) },
});
console.log(`reconstruction ${curve.history["loss"]!.at(-1)!.toFixed(4)}`);
