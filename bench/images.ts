/**
 * `node build/bench/images.js FOLDER [--batch 16] [--epochs 4] [--threads 1]`: trains a small convolutional network on a folder of JPEG images
 * that are decoded, cropped, flipped and normalised while it trains, and says how long steps waited for them. Before that it measures sharp
 * alone, the pipeline without a model, and the model on batches that lie in memory: no pipeline can make an epoch shorter than the model
 * needs, nor than all processors need for the work of both.
 */
import { availableParallelism } from "node:os";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { files, fit, losses, nn, optim, type Callback, type Dataset, type HostArray, type Tensor } from "myelin";
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
const cores = availableParallelism();
/** With no threads, the same function is called here. */
const augment = threads > 0 ? new URL("./imagesAugment.js", import.meta.url) : imagesAugment;
const { dataset, classes, files: list } = await files.imageFolder(positionals[0]!, { parallel: "auto" });
/** Four rounds through the folder are an epoch: it is small. */
const ROUNDS = 4;
const pipeline = (): Dataset<[Tensor, Tensor]> =>
  dataset
    .shuffle({ seed: 1 })
    .repeat(ROUNDS)
    .map<readonly [HostArray, HostArray]>(augment as URL, { parallel: Math.max(1, threads) })
    .batch(batch, { dropLast: true })
    .prefetch();

/** Seconds by the clock, and of the processors: all threads. */
interface Times {
  readonly clock: number;
  readonly processors: number;
}
const show = ({ clock, processors }: Times): string => `${clock.toFixed(2)} s (processors ${processors.toFixed(2)} s)`;

function stopwatch(): () => Times {
  const start = performance.now();
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { clock: (performance.now() - start) / 1000, processors: (user + system) / 1e6 };
  };
}

/** The second of two runs. */
async function secondOf(run: () => Promise<void>): Promise<Times> {
  await run();
  const time = stopwatch();
  await run();
  return time();
}

/** An epoch's images decoded by sharp, and nothing else: two at a time for each processor. */
async function decodeAll(): Promise<void> {
  const left = Array.from({ length: ROUNDS }, () => list).flat();
  const decodeOne = async (path: string): Promise<unknown> =>
    sharp(await readFile(path))
      .autoOrient()
      .raw()
      .toBuffer();
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) await decodeOne(next.path);
  };
  await Promise.all(Array.from({ length: 2 * cores }, worker));
}

const makeModel = () =>
  nn.sequential(
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

async function train(
  data: Dataset<[Tensor, Tensor]> | [Tensor, Tensor][],
  times: number,
  watch: Callback,
): Promise<void> {
  const model = makeModel();
  await fit(model, data, {
    optimizer: new optim.Adam(model.parameters(), { lr: 1e-3 }),
    loss: losses.crossEntropy,
    epochs: times,
    display: false,
    callbacks: [watch],
  });
}

console.log(`${list.length} images, ${classes.length} classes; an epoch is ${ROUNDS} rounds, ${cores} processors`);
const ofSharp = await secondOf(decodeAll);
console.log(`sharp alone, an epoch: ${show(ofSharp)}`);

const alone = pipeline();
const inMemory: [Tensor, Tensor][] = [];
const ofData = await secondOf(async () => {
  inMemory.length = 0;
  for await (const one of alone) inMemory.push(one);
});
console.log(`the pipeline without a model: ${show(ofData)}`);

let ofModel: Times = { clock: Infinity, processors: Infinity };
let time = stopwatch();
await train(inMemory, 3, {
  name: "times",
  beginEpoch: () => void (time = stopwatch()),
  endEpoch: () => void (ofModel = time()),
});
console.log(`the model on batches in memory: ${show(ofModel)}`);
const least = Math.max(ofModel.clock, (ofModel.processors + ofData.processors) / cores);
console.log(`so an epoch takes at least ${least.toFixed(2)} s`);

const data = pipeline();
await train(data, epochs, {
  name: "stalls",
  beginEpoch: () => void (time = stopwatch()),
  endEpoch: (_, { epoch, seconds, stalled = 0 }) =>
    console.log(
      `epoch ${epoch}: ${show(time())}, ${(seconds / least).toFixed(2)} of the least; ${(100 * stalled).toFixed(1)} % waiting for data`,
    ),
});
console.log(`${data.stats()}`);
