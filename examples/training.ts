/**
 * What training offers, piece by piece: files become a dataset, images are changed by chance, callbacks watch, a folder keeps
 * checkpoints, a search tries rates. docs/training.md shows its pieces.
 *
 *     node build/examples/training.js [folder]
 */
import { realpathSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  accuracy,
  callbacks,
  checkpoints,
  DataLoader,
  drawnDigits,
  evaluate,
  files,
  fit,
  generators,
  imageDataset,
  jit,
  losses,
  manualSeed,
  memory,
  nn,
  optim,
  preprocessing,
  splits,
  transforms,
  tune,
  type Tensor,
} from "myelin";

class Net extends nn.Module {
  fc1 = new nn.Linear(784, 64);
  fc2 = new nn.Linear(64, 10);
  forward(images: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(images.flatten(1)).relu());
  }
}

/** Trains in a folder, which gets the logs and checkpoints. Returns the accuracy of each part. */
export async function main(
  folder: string,
  count = 2000,
  print: (line: string) => void = console.log,
): Promise<Record<string, number>> {
  await mkdir(folder, { recursive: true });
  manualSeed(1);

  // Images: changed by chance while training, and not elsewhere.
  const augment = transforms.pipeline(
    [transforms.randomRotation(10), transforms.randomShift(2), transforms.normalize({ mean: 0.13, std: 0.31 })],
    { seed: 1 },
  );
  const digits = imageDataset(drawnDigits({ count, seed: 1 }));
  const { train, test } = splits.trainTestSplit(digits, { testSize: 0.2, seed: 1 });
  const batches = train
    .map(([image, label], place) => [augment.train(image, place), label] as const)
    .shuffle({ seed: 1 })
    .batch(64)
    .prefetch();
  const validation = test
    .map(([image, label]) => [augment.evaluate(image), label] as const)
    .batch(200)
    .cache();

  const model = new Net();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-3 });
  const options = { optimizer, loss: losses.crossEntropy, metrics: { accuracy }, validation, display: false } as const;

  // What watches.
  const history = await fit(model, batches, {
    ...options,
    epochs: 8,
    clip: 1,
    callbacks: [
      callbacks.earlyStopping({ monitor: "val_loss", patience: 3, restoreBestWeights: true }),
      callbacks.reduceOnPlateau({ monitor: "val_loss", factor: 0.5, patience: 2 }),
      callbacks.modelCheckpoint(join(folder, "best.safetensors"), { saveBestOnly: true, monitor: "val_loss" }),
      callbacks.csvLogger(join(folder, "log.csv")),
      callbacks.tensorBoard({ folder: join(folder, "tensorboard"), histogramEvery: 50 }),
      callbacks.report(join(folder, "run.html")),
      callbacks.nanWatch(),
      { name: "mine", endEpoch: (run, { epoch, means }) => print(`epoch ${epoch} of ${run.epochs}: ${means["loss"]}`) },
    ],
  });

  // Killed or not, the same call goes on where its newest checkpoint is.
  const checkpoint = { folder: join(folder, "checkpoints"), everySteps: 10, keepLast: 2, by: "val_loss" };
  await fit(model, batches, { ...options, epochs: 2, checkpoint, resume: true });
  const newest = await checkpoints.latest(checkpoint.folder);
  newest!.restore({ model, optimizer });

  // PyTorch's habits: a loader, a loop.
  const plain = train.map(([image, label]) => [augment.evaluate(image), label] as const);
  const loader = new DataLoader(plain, { batchSize: 32, shuffle: true });
  const step = jit((x: Tensor, y: Tensor) => {
    optimizer.zeroGrad();
    const loss = losses.crossEntropy(model.forward(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  });
  for await (const [x, y] of loader) step(x, y);

  // A table: read, split, scaled by what the training part has.
  await files.writeCsv(join(folder, "roasts.csv"), roasts());
  const table = await files.readTable(join(folder, "roasts.csv"));
  const parts = splits.trainTestSplit(
    { x: table.without("good").toTensor(), y: table.toTensor(["good"]) },
    { testSize: 0.25, seed: 1 },
  );
  const scaler = new preprocessing.StandardScaler();
  const inputs = scaler.fitTransform(parts.train.x);

  // How much memory a step will take, and which batch fits.
  print(String(memory.estimateMemory(model, { input: [784], batch: 64, optimizer })));
  const { batch } = memory.findBatchSize(model, [784], { optimizer, budget: 16e6 });

  // A search, in a file from which it goes on.
  const study = await tune.study(
    { lr: tune.logUniform(1e-3, 1), units: tune.int(4, 32) },
    { sampler: tune.tpe(), pruner: tune.median(), file: join(folder, "study.jsonl"), seed: 1 },
  );
  const best = await study.run(
    async ({ lr, units }, trial) => {
      const network = nn.sequential(new nn.Linear(2, units), nn.relu, new nn.Linear(units, 1));
      const { loss } = await fit(network, [inputs, parts.train.y], {
        optimizer: new optim.Adam(network.parameters(), { lr }),
        loss: losses.binaryCrossEntropyWithLogits,
        epochs: 10,
        callbacks: [tune.pruning(trial, "loss")],
        display: false,
      });
      return loss.at(-1)!;
    },
    { trials: 8 },
  );
  study.close();

  const { accuracy: right } = await evaluate(model, validation, options);
  return { best: Math.max(...history.val_accuracy!), right, batch, searched: best.value };
}

/** Roasts of coffee as columns. */
function roasts(): Record<string, readonly number[]> {
  const { x, y } = generators.coffee({ count: 200, seed: 1 });
  const column = (at: number): number[] => Array.from({ length: 200 }, (_, row) => x.data[2 * row + at]!);
  return { temperature: column(0), minutes: column(1), good: [...y.data] };
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href)
  console.log(await main(process.argv[2] ?? "training-run"));
