import { ArgumentError } from "../core/errors.ts";
import { knownOptions } from "../core/knownOptions.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import type { Callback } from "./callback.ts";
import { Checkpointing, type CheckpointOptions } from "./checkpointing.ts";
import { evaluator } from "./evaluate.ts";
import { Feed, readyExamples, splitExamples, type Data, type Examples } from "./feed.ts";
import { Meter } from "./meter.ts";
import type { Means, Model, Scores } from "./model.ts";
import { progressCallback, Progress, standardTerminal, type Terminal } from "./progress.ts";
import { stepPrecision, type Precision } from "./precision.ts";
import { scoresOfStep, trainStep, type Clip, type CustomStep, type Updates } from "./step.ts";
import { Training } from "./training.ts";
import type { Schedules } from "./trainingParts.ts";
import { classWeights, weightsOf, type ClassWeight } from "./weights.ts";

/** Means by name; those over the validation data have `val_` before their names, as in Keras. */
export type EpochMeans<M extends string> = Means<M> & Partial<Record<`val_${"loss" | M}`, number>>;

/** An epoch that is over. */
export type EpochReport<M extends string> = EpochMeans<M> & {
  /** From 1. */
  readonly epoch: number;
  /** Validation included. */
  readonly seconds: number;
  /** While training. */
  readonly examplesPerSecond: number;
};

/** Means of every epoch, in order; with the learning rates, where a callback has recorded them. */
export type History<M extends string> = Record<"loss" | M, number[]> &
  Partial<Record<`val_${"loss" | M}` | "lr", number[]>>;

/** Options of `fit`. */
export interface FitOptions<X, Y, O, M extends string> extends Scores<O, Y, M> {
  /** Made for the model's parameters, such as `new optim.AdamW(model.parameters())`. */
  readonly optimizer: Updates;
  /** How often to go through the data: 1 by default, without end where `steps` is given. */
  readonly epochs?: number | undefined;
  /** The epoch to begin after, 0 by default: with 3, the first is epoch 4. */
  readonly initialEpoch?: number | undefined;
  /**
   * Steps in an epoch, where that shall not be one pass through the data: for data without end, or to validate more often. The next epoch
   * goes on where the last has left the data, and the data starts over where it ends.
   */
  readonly stepsPerEpoch?: number | undefined;
  /** Ends training after so many steps, in mid-epoch too. */
  readonly steps?: number | undefined;
  /** Examples in a batch, where examples are given and not batches; 32 by default. Also for validation. */
  readonly batchSize?: number | undefined;
  /**
   * Where examples are given and not batches: whether each epoch has an order of its own (true, the default), of the seed of `manualSeed`
   * or another one.
   */
  readonly shuffle?: boolean | { readonly seed: number } | undefined;
  /** Data to evaluate the model on after every epoch; none by default. */
  readonly validation?: Data<X, Y> | undefined;
  /** From one validation to the next, in epochs (Keras's `validation_freq`): with 2, after epochs 2, 4 and so on. 1 by default. */
  readonly validationFreq?: number | undefined;
  /** Which share of the examples to validate on instead: the last ones, never shuffled. Only where examples are given and not batches. */
  readonly validationSplit?: number | undefined;
  /**
   * What each class counts in the loss, such as `{ 0: 1, 1: 5 }`; classes that are not named count 1. Targets are labels, probabilities, or
   * 0 and 1. Together with weights in the data, both are multiplied. Validation does not know it.
   */
  readonly classWeight?: ClassWeight | undefined;
  /**
   * Batches in a step, 1 by default: gradients of the mean loss over the examples of so many batches, as if they had been one (but for
   * batch norm and the like, which see each alone). At the end of an epoch a step has what is left.
   */
  readonly accumulate?: number | undefined;
  /**
   * "mixed_bfloat16" or "mixed_float16": products of matrices and convolutions in 16 bits, everything else and the parameters in f32; the
   * losses of f16 are scaled (see `autocast` and `optim.GradScaler`). "float32" by default.
   */
  readonly precision?: Precision | undefined;
  /** How gradients are brought to size; a number is the `globalNorm`. Not at all by default. */
  readonly clip?: number | Clip | undefined;
  /**
   * Sets learning rates, such as `new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs }))`. It is told the
   * time before every step: epochs gone by, with a fraction where the data has a length. Constant rates by default.
   */
  readonly scheduler?: Schedules | undefined;
  /** A step of your own in the place of forward pass, gradients and update; see {@link CustomStep}. */
  readonly step?: CustomStep<X, Y> | undefined;
  /** What takes part in training: see `callbacks`, and `Callback` to write one. */
  readonly callbacks?: readonly Callback[] | undefined;
  /**
   * Keeps checkpoints in a folder, from which a later call with `resume` goes on bit for bit, in mid-epoch too. None by default. The last is
   * written when training ends, also by Ctrl-C.
   */
  readonly checkpoint?: CheckpointOptions | undefined;
  /** Whether to go on from the newest checkpoint in the folder, where there is one; false by default. */
  readonly resume?: boolean | undefined;
  /** Called after every epoch; training ends when it returns `false`. */
  readonly onEpoch?:
    | ((report: EpochReport<M>) => boolean | void | undefined | PromiseLike<boolean | void | undefined>)
    | undefined;
  /** A line of progress on standard output (true, the default) or elsewhere; nothing with `false`. */
  readonly display?: boolean | Terminal | undefined;
  /** Ends training after the current step, with the signal's reason as the error; the model keeps what it has learnt. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether Ctrl-C ends training after the current step, in order: callbacks save what they save, and `fit` returns. True by default; a second
   * Ctrl-C ends the process. Without effect in browsers.
   */
  readonly interrupts?: boolean | undefined;
}

/** All options, so that a misspelt one is told of. */
const OPTIONS: Readonly<Record<keyof FitOptions<unknown, unknown, unknown, never>, true>> = {
  loss: true,
  metrics: true,
  optimizer: true,
  epochs: true,
  initialEpoch: true,
  stepsPerEpoch: true,
  steps: true,
  batchSize: true,
  shuffle: true,
  validation: true,
  validationFreq: true,
  validationSplit: true,
  classWeight: true,
  accumulate: true,
  precision: true,
  clip: true,
  scheduler: true,
  step: true,
  callbacks: true,
  checkpoint: true,
  resume: true,
  onEpoch: true,
  display: true,
  signal: true,
  interrupts: true,
};

/**
 * Trains a model: for every batch zeroes gradients, runs the model, its loss and the gradients, and steps the optimizer, as
 * one traced program. Losses are added up on the device and read ten times a second, so that no step waits for the host.
 * A last, smaller batch is one more trace and, but for a handful of examples, no new kernel.
 *
 * All of the model is in training mode meanwhile, and as it was afterwards. Gradients are not kept.
 *
 * @param data examples, `[inputs, targets]` or `[inputs, targets, weights]`: tensors, or tuples or objects of them, one row for each
 * example; or batches of such, read once in every epoch: a dataset, an array, an iterable, or a function that makes one for an epoch, counted
 * from 0.
 * @returns the means of every whole epoch, by the names of the scores.
 * @throws ArgumentError for batches that are no pairs of tensors, an epoch without batches, and options that make no sense; where the loss is
 * not finite (found within a tenth of a second) and the data is to blame: NaN in it, or a label that names no class. ShapeError when a score
 * is not one number; CallbackError when a callback fails; the signal's reason.
 *
 * @example
 * const history = await fit(model, train.batch(64), {
 *   optimizer: new optim.AdamW(model.parameters()),
 *   loss: losses.crossEntropy,
 *   metrics: { accuracy },
 *   epochs: 5,
 *   validation: test.batch(500),
 *   callbacks: [callbacks.earlyStopping({ patience: 3 })],
 * });
 * history.val_accuracy; // [0.95, 0.97, …]
 */
export function fit<X, Y, O, M extends string = never>(
  model: Model<X, O>,
  examples: Examples<NoInfer<X>, Y>,
  options: FitOptions<X, Y, O, M>,
): Promise<History<M>>;
export function fit<X, Y, O, M extends string = never>(
  model: Model<X, O>,
  data: Data<X, Y>,
  options: FitOptions<X, Y, O, M>,
): Promise<History<M>>;
export async function fit<X, Y, O, M extends string = never>(
  model: Model<X, O>,
  data: Data<X, Y>,
  options: FitOptions<X, Y, O, M>,
): Promise<History<M>> {
  knownOptions("fit", options, OPTIONS);
  const { optimizer, loss, metrics, steps, stepsPerEpoch, accumulate = 1, initialEpoch = 0, batchSize } = options;
  const {
    epochs = steps === undefined ? initialEpoch + 1 : Infinity,
    clip,
    classWeight,
    onEpoch,
    display = true,
  } = options;
  if (typeof optimizer?.zeroGrad !== "function")
    throw new ArgumentError(
      `fit: optimizer must be one of optim, such as new optim.AdamW(model.parameters()), got ${String(optimizer)}`,
    );
  if (epochs !== Infinity) wholeNumber("fit", "epochs", epochs, 1);
  wholeNumber("fit", "initialEpoch", initialEpoch, 0);
  wholeNumber("fit", "accumulate", accumulate, 1);
  const { validationFreq = 1 } = options;
  wholeNumber("fit", "validationFreq", validationFreq, 1);
  for (const [name, value] of Object.entries({ steps, stepsPerEpoch, batchSize }))
    if (value !== undefined) wholeNumber("fit", name, value, 1);

  if (options.resume && !options.checkpoint)
    throw new ArgumentError('fit: resume wants to know the folder; give it as checkpoint: { folder: "run" }');

  const { shuffle = true, validationSplit } = options;
  if (validationSplit !== undefined && options.validation !== undefined)
    throw new ArgumentError("fit: got both validation and validationSplit; leave one of them out");
  await readyExamples(data);
  const [train, validation] =
    validationSplit === undefined ? [data, options.validation] : splitExamples(data, validationSplit);
  const feed = new Feed("fit", train, { batchSize, shuffle });

  const scores = { loss, metrics };
  const meter = new Meter<O, Y, string>(
    "fit",
    options.step ? (scoresOfStep(options.step) as Scores<unknown, Y, string> as Scores<O, Y, string>) : scores,
  );
  const ofClasses = classWeight && classWeights("fit", classWeight);
  const callbacks = [...(options.callbacks ?? [])];
  const progress = display === false ? undefined : new Progress(display === true ? standardTerminal : display);
  const precision = stepPrecision(options.precision ?? "float32", model, optimizer);
  const training = new Training<X, Y, O>({
    model,
    optimizer,
    feed,
    meter,
    step: trainStep({
      model,
      optimizer,
      meter,
      clip: typeof clip === "number" ? { globalNorm: clip } : clip,
      precision,
      custom: options.step,
      classWeights: ofClasses,
      watches: callbacks.flatMap(({ watch }) => (watch ? [watch] : [])),
    }),
    lossOf: ([inputs, targets, weights]) =>
      precision.forward(() =>
        meter.loss(model.forward(inputs), targets, weightsOf("fit", targets, weights, ofClasses)),
      ),
    scaler: precision.scaler,
    accumulate,
    callbacks: [
      ...(progress ? [progressCallback(progress)] : []),
      ...callbacks,
      ...(onEpoch ? [reporting(onEpoch)] : []),
    ],
    scheduler: options.scheduler,
    validate: validation && evaluator(model, scores, batchSize),
    validation,
    validationFreq,
    progress,
    signal: options.signal,
    checkpoint: options.checkpoint && new Checkpointing(options.checkpoint, options.resume ?? false),
    interrupts: options.interrupts ?? true,
    epochs,
    initialEpoch,
    stepsPerEpoch,
    steps,
  });
  await training.run();
  return training.history as History<M>;
}

/** `onEpoch` as a callback. */
function reporting<M extends string>(
  onEpoch: NonNullable<FitOptions<unknown, unknown, unknown, M>["onEpoch"]>,
): Callback {
  return {
    name: "onEpoch",
    async endEpoch(run, { epoch, means, seconds, examplesPerSecond }) {
      const report = { ...means, epoch, seconds, examplesPerSecond } as EpochReport<M>;
      if ((await onEpoch(report)) === false) run.stop("onEpoch returned false");
    },
  };
}
