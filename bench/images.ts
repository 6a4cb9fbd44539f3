/**
 * `node build/bench/images.js FOLDER [--batch 16] [--epochs 4] [--threads 1]`: trains a small convolutional network on a folder of JPEG images
 * that are decoded, cropped, flipped and normalised while it trains, and says how long steps waited for them. The same pipeline without a
 * model says how fast images come at best.
 */
import { parseArgs } from "node:util";
import { files, fit, losses, nn, optim, type Dataset, type HostArray, type Tensor } from "myelin";
import imagesAugment from "./imagesAugment.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "16" },
    epochs: { type: "string", default: "4" },
    threads: { type: "string", default: "1" },
  },
});
const [batch, epochs, threads] = [values.batch, values.epochs, values.threads].map(Number) as [number, number, number];
/** With no threads, the same function is called here. */
const augment = threads > 0 ? new URL("./imagesAugment.js", import.meta.url) : imagesAugment;
const { dataset, classes, files: list } = await files.imageFolder(positionals[0]!, { parallel: "auto" });
/** Four rounds through the folder are an epoch: it is small. */
const pipeline = (): Dataset<[Tensor, Tensor]> =>
  dataset
    .shuffle({ seed: 1 })
    .repeat(4)
    .map<readonly [HostArray, HostArray]>(augment as URL, { parallel: Math.max(1, threads) })
    .batch(batch, { dropLast: true })
    .prefetch();

const alone = pipeline();
for (let epoch = 0; epoch < 2; epoch++) for await (const _ of alone);
console.log(`${list.length} images, ${classes.length} classes; without a model:\n${alone.stats()}\n`);

const model = nn.sequential(
  new nn.Conv2d(3, 32, 3, { padding: 1 }),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Conv2d(32, 64, 3, { padding: 1 }),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Conv2d(64, 64, 3, { padding: 1 }),
  new nn.ReLU(),
  new nn.AdaptiveAvgPool2d(1),
  new nn.Flatten(),
  new nn.Linear(64, classes.length),
);
const data = pipeline();
await fit(model, data, {
  optimizer: new optim.Adam(model.parameters(), { lr: 1e-3 }),
  loss: losses.crossEntropy,
  epochs,
  callbacks: [
    {
      name: "stalls",
      endEpoch: (_, { epoch, seconds, stalled = 0 }) =>
        console.log(`epoch ${epoch}: ${seconds.toFixed(1)} s, ${(100 * stalled).toFixed(1)} % waiting for data`),
    },
  ],
});
console.log(`${data.stats()}`);
