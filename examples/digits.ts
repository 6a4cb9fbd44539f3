/**
 * Trains a small convolutional network to read handwritten digits: `npm start`. On MNIST where that is at hand, otherwise
 * on digits that the library draws itself.
 */
import { realpathSync } from "node:fs";
import { stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import {
  accuracy,
  confusionMatrix,
  describeDevice,
  drawnDigits,
  findMnist,
  fit,
  formatConfusionMatrix,
  imageDataset,
  loadModel,
  losses,
  manualSeed,
  MyelinError,
  nn,
  optim,
  predict,
  saveModel,
  setDevice,
  tensor,
  transforms,
  type LabelledImages,
  type Tensor,
  type Terminal,
} from "myelin";
import { parseOptions, USAGE, UsageError, type Options } from "./digits/options.ts";
import { drawImage, gallery } from "./digits/pictures.ts";

/** Two convolutions and two dense layers, 56,714 numbers. */
class DigitNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3);
  conv2 = new nn.Conv2d(16, 32, 3);
  fc1 = new nn.Linear(800, 64);
  fc2 = new nn.Linear(64, 10);

  /** Scores of the ten digits, [n, 10], for images of bytes, u8 [n, 28, 28]. */
  forward(images: Tensor): Tensor {
    // Mean and deviation of MNIST's pixels.
    const pixels: Tensor = images.float().div(255).sub(0.1307).div(0.3081).unsqueeze(1);
    const edges: Tensor = this.conv1.forward(pixels).relu().maxPool2d(2);
    const shapes: Tensor = this.conv2.forward(edges).relu().maxPool2d(2);
    return this.fc2.forward(this.fc1.forward(shapes.flatten(1)).relu());
  }
}

const MODEL_FILE = "digits.safetensors";

interface Digits {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  /** Where they are from. */
  readonly source: string;
}

/** MNIST from the folder asked for, or from the usual places, or drawn digits. */
async function findDigits(folder: string | undefined): Promise<Digits> {
  const places = folder === undefined ? [process.env["MYELIN_DATA"], "../shared/data"] : [folder];
  for (const place of places.filter((path) => path !== undefined)) {
    const mnist = (await isFolder(place)) ? await findMnist(place) : undefined;
    if (mnist) return { ...mnist, source: `MNIST (${mnist.files.train.images}, ${mnist.files.test.images})` };
  }
  if (folder !== undefined)
    throw new UsageError(
      `--data "${folder}" has no training and test set of MNIST; put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two t10k files there`,
    );
  return {
    train: drawnDigits({ count: 10_000, seed: 1 }),
    test: drawnDigits({ count: 2_000, seed: 2 }),
    source: "drawn digits, because MNIST is not at hand (see --data)",
  };
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Rises over the first tenth of the training and falls to 0 along half a cosine. */
function warmUpAndCosine(epochs: number): optim.Schedule {
  return (highest, epoch) => {
    const progress = epoch / epochs;
    return progress < 0.1 ? highest * (0.01 + 9.9 * progress) : highest * (0.5 + 0.5 * Math.cos(Math.PI * progress));
  };
}

async function train(
  model: DigitNet,
  images: LabelledImages,
  options: Options,
  display: Terminal | true,
): Promise<void> {
  const { epochs, batchSize, lr, seed } = options;
  const shift = transforms.pipeline([transforms.randomShift(1)], { seed });
  const batches = imageDataset(images)
    .shuffle({ seed })
    .map(([image, label], place) => [shift.train(image, place), label] as const)
    .batch(batchSize);
  const optimizer = new optim.AdamW(model.parameters(), { lr, weightDecay: 0.01 });
  const scheduler = new optim.Scheduler(optimizer, warmUpAndCosine(epochs));
  await fit(model, batches, {
    optimizer,
    scheduler,
    loss: losses.crossEntropy,
    metrics: { accuracy },
    epochs,
    display,
  });
}

/** Scores of all ten digits for every image, [count, 10]. */
function scoresOf(model: DigitNet, images: LabelledImages): Promise<Tensor> {
  return predict(
    model,
    imageDataset(images)
      .batch(500)
      .map(([batch]) => batch),
  );
}

async function run(options: Options, terminal: Terminal | undefined): Promise<void> {
  const print = (text: string): void => (terminal ? terminal.write(`${text}\n`) : console.log(text));
  if (options.threads !== undefined) process.env["MYELIN_THREADS"] = String(options.threads);
  setDevice(options.device);
  manualSeed(options.seed);
  const digits = await findDigits(options.data);
  const thousands = (count: number): string => count.toLocaleString("en-US");
  print(`device: ${describeDevice(options.device)}`);
  print(
    `data: ${digits.source}; ${thousands(digits.train.count)} to train on, ${thousands(digits.test.count)} to test`,
  );

  const model = new DigitNet();
  await train(model, digits.train, options, terminal ?? true);

  const { test } = digits;
  const labels = tensor(test.labels);
  const predictions = (await scoresOf(model, test)).argmax(-1);
  print(`\ntest accuracy ${(100 * (await accuracy(predictions, labels).item())).toFixed(2)} %\n`);
  print(formatConfusionMatrix(await confusionMatrix(labels, predictions, 10)));

  await saveModel(model, MODEL_FILE);
  const again = new DigitNet();
  await loadModel(again, MODEL_FILE);
  print(`\nsaved ${MODEL_FILE}, loaded it into a new model, and asked that for ten test images:\n`);
  const pixels = test.rows * test.columns;
  const ten: LabelledImages = {
    ...test,
    count: 10,
    images: test.images.slice(0, 10 * pixels),
    labels: test.labels.slice(0, 10),
  };
  const chances = (await scoresOf(again, ten)).softmax();
  const best = await chances.max(-1).data();
  const answers = await chances.argmax(-1).data();
  const pictures = Array.from({ length: 10 }, (_, at) => ({
    image: drawImage(test.images.subarray(at * pixels, (at + 1) * pixels), test.rows, test.columns),
    caption: [
      "",
      "",
      String(answers[at]),
      // Two digits: nothing is sure anyway.
      `${Math.min(99, Math.floor(100 * best[at]!))}%`,
      answers[at] === test.labels[at] ? "" : `≠ ${test.labels[at]}`,
    ],
  }));
  print(gallery(pictures));
}

/**
 * The program.
 * @param terminal where it writes, standard output by default.
 * @returns the exit code: 0, or 2 for a command line that makes no sense.
 */
export async function main(args: readonly string[], terminal?: Terminal): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options) await run(options, terminal);
    else if (terminal) terminal.write(`${USAGE}\n`);
    else console.log(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof MyelinError)) throw error;
    const line = error instanceof MyelinError && error.line !== undefined ? `  at ${error.line}` : "";
    console.error(`digits: ${error.message.slice(0, error.message.length - line.length)}`);
    return 2;
  }
}

// Not when a test imports this file. The real path, because that is what a module's URL says.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href)
  process.exitCode = await main(process.argv.slice(2));
