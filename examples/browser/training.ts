/** The worker: it has the data and the model, trains, and says what the model sees in a picture, also while it trains. */
import {
  accuracy,
  ArgumentError,
  availableDevices,
  describeDevice,
  deviceThreads,
  drawnDigits,
  evaluate,
  fit,
  imageDataset,
  jit,
  losses,
  manualSeed,
  noGrad,
  optim,
  parseIdx,
  setDevice,
  synchronize,
  tensor,
  workers,
  type LabelledImages,
  type Tensor,
} from "myelin";
import { DigitNet } from "./net.ts";

const SIDE = 28;
const BATCH = 64;
/** Drawn digits: enough to reach 98 %. */
const [TRAINING, TEST] = [8_000, 1_000];
/** Test images that the page shows. */
const SHOWN = 40;

/** A file that the user has chosen. */
export interface PickedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Setup {
  /** "webgpu" or "wasm". */
  readonly device: string;
  /** Channels of the first convolution. */
  readonly channels: number;
  /** MNIST's IDX files; digits are drawn where there are none. */
  readonly files: readonly PickedFile[];
  /** What a network has learnt already. */
  readonly weights: Weights | undefined;
}

export type Weights = Readonly<Record<string, Tensor>>;

export interface Ready {
  /** What computes, for people. */
  readonly device: string;
  readonly threads: number;
  readonly source: string;
  readonly training: number;
  readonly test: number;
  /** u8 [SHOWN, 28, 28] and their labels: of the test images, unseen in training. */
  readonly pictures: Uint8Array;
  readonly labels: Uint8Array;
}

export type Progress = workers.TrainingProgress & {
  /** From 0 to 1, when an epoch is over. */
  readonly testAccuracy: number | undefined;
  /** Then, too: a GPU that is lost takes its memory with it. */
  readonly weights: Weights | undefined;
};

interface Session {
  readonly model: DigitNet;
  readonly scores: (images: Tensor) => Tensor;
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

let session: Session | undefined;
/** Resolved when training may go on. */
let gate: Promise<void> = Promise.resolve();
let open: () => void = () => undefined;

function current(): Session {
  if (!session) throw new ArgumentError("the page asked before it said with what to train");
  return session;
}

/** Pairs MNIST's files by what is in them. */
async function mnistOf(files: readonly PickedFile[]): Promise<Pick<Session, "train" | "test">> {
  const parts = await Promise.all(
    files.map(async ({ name, bytes }) => ({ isTest: /t10k|test/i.test(name), name, ...(await parseIdx(bytes)) })),
  );
  const part = (isTest: boolean): LabelledImages => {
    const images = parts.find((one) => one.isTest === isTest && one.shape.length === 3);
    const labels = parts.find((one) => one.isTest === isTest && one.shape.length === 1);
    const [count = 0, rows, columns] = images?.shape ?? [];
    if (!images || !labels || rows !== SIDE || columns !== SIDE || labels.shape[0] !== count)
      throw new ArgumentError(
        "MNIST has four files: train-images, train-labels, t10k-images and t10k-labels. Choose all of them at once",
      );
    return { images: images.data as Uint8Array, labels: labels.data as Uint8Array, count, rows, columns };
  };
  return { train: part(false), test: part(true) };
}

async function prepare({ device, channels, files, weights }: Setup): Promise<Ready> {
  if (!availableDevices().includes(device)) throw new ArgumentError(`this page has no device "${device}"`);
  setDevice(device);
  const digits =
    files.length > 0
      ? await mnistOf(files)
      : { train: drawnDigits({ count: TRAINING, seed: 1 }), test: drawnDigits({ count: TEST, seed: 2 }) };
  manualSeed(0);
  const model = new DigitNet(channels);
  if (weights) model.loadStateDict(weights);
  const scores = jit((images: Tensor) => noGrad(() => model.forward(images).softmax(-1)));
  session = { model, scores, ...digits };
  // Whether the device works shows here.
  await synchronize();
  return {
    device: describeDevice(),
    threads: deviceThreads(),
    source: files.length > 0 ? "MNIST" : "drawn digits",
    training: digits.train.count,
    test: digits.test.count,
    pictures: digits.test.images.slice(0, SHOWN * SIDE * SIDE),
    labels: digits.test.labels.slice(0, SHOWN),
  };
}

/** Trains for some epochs, from where the model is, and returns its accuracy on the test images. */
async function train(
  { epochs }: { readonly epochs: number },
  { report, signal }: workers.WorkerCall<Progress>,
): Promise<number> {
  const { model, train: images, test } = current();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-3, weightDecay: 0.01 });
  const scheduler = new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs }));
  const tests = imageDataset(test).batch(250);
  let testAccuracy = 0;
  await fit(model, imageDataset(images).shuffle({ seed: 0 }).batch(BATCH), {
    optimizer,
    scheduler,
    loss: losses.crossEntropy,
    metrics: { accuracy },
    epochs,
    signal,
    display: false,
    callbacks: [
      // While the page wants a pause, the next step waits.
      { name: "pause", endStep: () => gate },
      {
        name: "test",
        async endEpoch(run) {
          ({ accuracy: testAccuracy } = await evaluate(model, tests, {
            loss: losses.crossEntropy,
            metrics: { accuracy },
          }));
          run.record("testAccuracy", testAccuracy);
        },
      },
      workers.progressTo((progress) =>
        report({
          ...progress,
          ...(progress.epochIsOver
            ? { testAccuracy, weights: model.stateDict() }
            : { testAccuracy: undefined, weights: undefined }),
        }),
      ),
    ],
  });
  return testAccuracy;
}

/** Pauses training after its current step, or lets it go on. */
function pause(on: boolean): void {
  open();
  if (on) gate = new Promise((resolve) => (open = resolve));
}

/** Probabilities of the ten digits for pictures, u8 [n, 28, 28]: n times ten numbers. */
async function predict(pictures: Uint8Array): Promise<Float32Array> {
  const images = tensor(pictures, [pictures.length / (SIDE * SIDE), SIDE, SIDE]);
  return (await current().scores(images).data()) as Float32Array;
}

const functions: {
  readonly prepare: typeof prepare;
  readonly train: typeof train;
  readonly pause: typeof pause;
  readonly predict: typeof predict;
} = { prepare, train, pause, predict };

export const offered: typeof functions = workers.expose(functions);
