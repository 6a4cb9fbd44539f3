/**
 * A folder of images, one folder for each class, becomes a classifier: `node build/examples/images.js [folder] [--epochs 30]`. Trains with
 * augmentation on small images first and larger ones then, measures on images that it was not trained on, saves the model with its
 * preprocessing, and uses what it saved.
 *
 * Without a folder it takes the photos of clothing in ../shared/data where they are, and pictures that it draws elsewhere. Reads images
 * through the package sharp: `npm install sharp`.
 */
import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import {
  accuracy,
  files,
  fit,
  generators,
  hostArray,
  loadModel,
  losses,
  manualSeed,
  nn,
  optim,
  predict,
  preprocessing,
  saveModel,
  splits,
  stackHostArrays,
  toTensor,
  transforms,
  type Dataset,
  type HostArray,
  type Tensor,
} from "myelin";

type Photos = Dataset<readonly [image: HostArray, label: HostArray]>;

/** Three convolutions and a pool of 4 × 4 places: takes images of any size. */
class Classifier extends nn.Module {
  features: nn.Module & { forward(x: Tensor): Tensor };
  pool: nn.AdaptiveAvgPool2d = new nn.AdaptiveAvgPool2d(4);
  dropout: nn.Dropout = new nn.Dropout(0.5);
  head: nn.Linear;

  constructor(classes: number) {
    super();
    const block = (from: number, to: number): nn.Module & { forward(x: Tensor): Tensor } =>
      nn.sequential(new nn.Conv2d(from, to, 3, { stride: 2, padding: 1 }), new nn.BatchNorm2d(to), new nn.ReLU());
    this.features = nn.sequential(block(3, 16), block(16, 32), block(32, 64));
    this.head = new nn.Linear(64 * 4 * 4, classes);
  }

  /** Scores of the classes, [n, classes], for images f32 [n, 3, rows, columns]. */
  forward(images: Tensor): Tensor {
    const places: Tensor = this.pool.forward(this.features.forward(images)).flatten(1);
    return this.head.forward(this.dropout.forward(places));
  }
}

/** What happens to images: another size in each third of training; by chance while training, and not elsewhere. */
function prepareImages(sizes: readonly number[], epochs: number, seed: number): transforms.ImagePipeline {
  const at = (size: number): transforms.ImagePipeline =>
    transforms.pipeline(
      [
        transforms.randomResizedCrop(size, { scale: [0.5, 1] }),
        transforms.randomHorizontalFlip(),
        transforms.colorJitter({ brightness: 0.3, contrast: 0.3, saturation: 0.3 }),
        transforms.normalize({ ...transforms.IMAGENET, channelsFirst: true }),
      ],
      { seed },
    );
  return transforms.progressive(
    sizes.map((size) => ({ epochs: Math.max(1, Math.floor(epochs / sizes.length)), pipeline: at(size) })),
  );
}

/** Four classes of pictures that are drawn, in a temporary folder. */
async function drawFolder(count: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "myelin-images-"));
  const [side, seed] = [48, 1];
  for (const { x, y, names } of [
    { ...generators.faces({ count, seed, size: side }), names: ["sad", "smiling"] },
    { ...generators.cars({ count, seed, size: side }), names: ["lorry", "car"] },
  ]) {
    for (const name of names) await mkdir(join(folder, name), { recursive: true });
    for (let at = 0; at < count; at++) {
      const image = hostArray(x.data.slice(at * side * side, (at + 1) * side * side), [side, side]);
      const bytes = await files.encodeImage(image, "png");
      await writeFile(join(folder, names[y.data[at]!]!, `${at}.png`), bytes);
    }
  }
  return folder;
}

interface Source {
  readonly classes: readonly string[];
  readonly train: Photos;
  readonly test: Photos;
}

/** The images of a folder: its `train` and `test` where it has these, otherwise a fifth of each class is for testing. */
async function readFolder(folder: string, side: number): Promise<Source> {
  const options = { size: [side, side] as const, fit: "cover" as const };
  // Decoded once, in the first epoch, and kept.
  if (existsSync(join(folder, "train"))) {
    const [train, test] = await Promise.all(
      ["train", "test"].map((part) => files.imageFolder(join(folder, part), options)),
    );
    return { classes: train!.classes, train: train!.dataset.cache(), test: test!.dataset.cache() };
  }
  const { classes, dataset, files: list } = await files.imageFolder(folder, options);
  const stratify = list.map(({ label }) => label);
  const { train, test } = splits.trainTestSplit(dataset, { testSize: 0.2, seed: 1, stratify });
  return { classes, train: train.cache(), test: test.cache() };
}

/** The share of the commonest class: what a guess without looking has right. */
function commonest(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / labels.length;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** What the program does with its folder. */
export interface ImagesOptions {
  readonly folder?: string | undefined;
  readonly epochs?: number | undefined;
  /** Sides of the images, smallest first. */
  readonly sizes?: readonly number[] | undefined;
  /** Where the model is saved, `images.safetensors` by default. */
  readonly model?: string | undefined;
  /** How many pictures of each kind to draw where there is no folder. */
  readonly drawn?: number | undefined;
}

/** The program. Returns the accuracy on images that it was not trained on. */
export async function main(options: ImagesOptions, print: (line: string) => void = console.log): Promise<number> {
  const { epochs = 30, sizes = [32, 48, 64], model: path = "images.safetensors", drawn = 150 } = options;
  manualSeed(1);
  const known = [process.env["MYELIN_DATA"], "../shared/data"].map((place) => join(place ?? "", "images/clothing"));
  const found = options.folder ?? known.find((place) => existsSync(place));
  const folder = found ?? (await drawFolder(drawn));
  try {
    const largest = Math.max(...sizes);
    const { classes, train, test } = await readFolder(folder, largest + (largest >> 2));
    print(found ? `images: ${found}` : "images: drawn ones, because there is no folder of photos");
    const prepare = prepareImages(sizes, epochs, 1);
    const evaluated = test.map(([image, label]) => [prepare.evaluate(image), label] as const).cache();
    const labels = (await evaluated.toArray()).map(([, { data }]) => data[0]!);
    print(`${train.length} to train on, ${test.length} to test; classes ${classes.join(", ")}`);

    const model = new Classifier(classes.length);
    const size = (epoch: number): number =>
      sizes[Math.min(sizes.length - 1, Math.floor((epoch - 1) / Math.max(1, Math.floor(epochs / sizes.length))))]!;
    const seconds = new Map<number, number[]>();
    const optimizer = new optim.AdamW(model.parameters(), { lr: 0.003, weightDecay: 0.05 });
    const batches = train
      .shuffle({ seed: 1 })
      .map(([image, label], place) => [prepare.train(image, place), label] as const)
      .batch(24)
      .prefetch();
    const history = await fit(model, batches, {
      optimizer,
      scheduler: new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs })),
      loss: losses.crossEntropy,
      metrics: { accuracy },
      epochs,
      validation: evaluated.batch(32),
      display: false,
      onEpoch: ({ epoch, loss, accuracy: right, val_accuracy, seconds: own }) => {
        seconds.set(size(epoch), [...(seconds.get(size(epoch)) ?? []), own]);
        if (epoch === 1 || epoch % 5 === 0 || epoch === epochs)
          print(
            `epoch ${epoch}/${epochs}  ${size(epoch)} pixels  loss ${loss.toFixed(3)}  accuracy ${percent(right)}  of test images ${percent(val_accuracy!)}`,
          );
      },
    });
    for (const [side, own] of seconds) {
      // The first epoch of a size compiles; the first of all decodes, too.
      const rest = own.length > 1 ? own.slice(1) : own;
      print(`${side} pixels: ${(rest.reduce((sum, one) => sum + one, 0) / rest.length).toFixed(2)} s an epoch`);
    }

    await saveModel(model, path, { preprocessing: prepare as transforms.ImagePipeline });
    // As another program would: everything but the class comes from the file.
    const again = new Classifier(classes.length);
    const loaded = await loadModel(again, path);
    const use = preprocessing.fromJSON(loaded.preprocessing) as transforms.ImagePipeline;
    const pictures = (await test.toArray()).map(([image]) => use.evaluate(image));
    const scores = await predict(again, toTensor(stackHostArrays(pictures)));
    const answers = [...(await scores.argmax(-1).data())];
    const right = answers.filter((answer, at) => answer === labels[at]).length / labels.length;
    print(
      `loaded from ${path}: ${percent(right)} of ${labels.length} test images, ${percent(commonest(labels))} by always guessing one class`,
    );
    print(`at the end of training it was ${percent(history.val_accuracy!.at(-1)!)}`);
    return right;
  } finally {
    if (found === undefined) await rm(folder, { recursive: true });
  }
}

// Not when a test imports this file. The real path, because that is what a module's URL says.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const { values, positionals } = parseArgs({ options: { epochs: { type: "string" } }, allowPositionals: true });
  await main({ folder: positionals[0], epochs: values.epochs === undefined ? undefined : Number(values.epochs) });
}
