import { now } from "#platform";
import { ArgumentError } from "../core/errors.ts";
import { jit } from "../tensor/jit.ts";
import { evaluator } from "./evaluate.ts";
import { Meter } from "./meter.ts";
import { examplesIn, inMode, pairOf, type Batches, type Means, type Model, type Scores } from "./model.ts";
import { Progress, standardTerminal, type Terminal } from "./progress.ts";

/** What `fit` needs of an optimizer. */
export interface Updates {
  /** Learning rate. */
  lr: number;
  zeroGrad(): void;
  step(): void;
}

/** What `fit` needs of a scheduler: a clock in epochs. */
export interface Schedules {
  epoch: number;
}

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

/** Means of every epoch, in order. */
export type History<M extends string> = Record<"loss" | M, number[]> & Partial<Record<`val_${"loss" | M}`, number[]>>;

/** Options of `fit`. */
export interface FitOptions<X, Y, O, M extends string> extends Scores<O, Y, M> {
  /** Made for the model's parameters, such as `new optim.AdamW(model.parameters())`. */
  readonly optimizer: Updates;
  /** How often to go through the data, 1 by default. */
  readonly epochs?: number | undefined;
  /** Batches to evaluate the model on after every epoch; none by default. */
  readonly validation?: Batches<X, Y> | undefined;
  /**
   * Sets learning rates, such as `new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs }))`. It is told the
   * time before every step: epochs gone by, with a fraction where the data has a length. Constant rates by default.
   */
  readonly scheduler?: Schedules | undefined;
  /** Called after every epoch; training ends when it returns `false`. */
  readonly onEpoch?:
    | ((report: EpochReport<M>) => boolean | void | undefined | PromiseLike<boolean | void | undefined>)
    | undefined;
  /** A line of progress on standard output (true, the default) or elsewhere; nothing with `false`. */
  readonly display?: boolean | Terminal | undefined;
  /** Ends training after the current step, with the signal's reason as the error; the model keeps what it has learnt. */
  readonly signal?: AbortSignal | undefined;
}

/** Between looks at sums, display and signals, in milliseconds: often enough for an eye, too rare to cost anything. */
const TICK = 100;

/**
 * Trains a model: for every batch zeroes gradients, runs the model, its loss and the gradients, and steps the optimizer, as
 * one traced program. Losses are added up on the device and read ten times a second, so that no step waits for the host.
 * A last, smaller batch is one more trace and, but for a handful of examples, no new kernel.
 *
 * All of the model is in training mode meanwhile, and as it was afterwards. Gradients are not kept.
 *
 * @param data batches of inputs and targets; read once in every epoch.
 * @returns the means of every epoch, by the names of the scores.
 * @throws ArgumentError for batches that are no pairs of tensors, an epoch without batches, and epochs that are no whole
 * number; ShapeError when a score is not one number; the signal's reason.
 *
 * @example
 * const history = await fit(model, train.batch(64), {
 *   optimizer: new optim.AdamW(model.parameters()),
 *   loss: losses.crossEntropy,
 *   metrics: { accuracy },
 *   epochs: 5,
 *   validation: test.batch(500),
 * });
 * history.val_accuracy; // [0.95, 0.97, …]
 */
export async function fit<X, Y, O, M extends string = never>(
  model: Model<X, O>,
  data: Batches<X, Y>,
  options: FitOptions<X, Y, O, M>,
): Promise<History<M>> {
  const { optimizer, loss, metrics, epochs = 1, validation, scheduler, onEpoch, display = true, signal } = options;
  if (!Number.isSafeInteger(epochs) || epochs < 1)
    throw new ArgumentError(`fit: epochs must be a whole number of 1 or more, got ${epochs}`);
  const steps = Number.isFinite(data.length) ? data.length : undefined;
  const scores = { loss, metrics };
  const meter = new Meter("fit", scores);
  const validate = validation && evaluator(model, scores);
  const trainStep = jit(function fit(inputs: X, targets: Y): void {
    optimizer.zeroGrad();
    meter.add(model.forward(inputs), targets, examplesIn("fit", inputs)).backward();
    optimizer.step();
    // Gradients that nobody reads need not be stored.
    optimizer.zeroGrad();
  });

  const progress = display === false ? undefined : new Progress(display === true ? standardTerminal : display);
  const history: Partial<Record<string, number[]>> = {};
  const start = now();
  // Goes on where an earlier call of fit has left it.
  const firstEpoch = scheduler?.epoch ?? 0;

  /** Runs an epoch's steps. Returns examples per second. */
  const trainEpoch = async (epoch: number): Promise<number> => {
    const begin = now();
    let [step, lastTick] = [0, begin];
    const rate = (): number => (1000 * meter.examples) / (now() - begin);
    meter.reset();
    for await (const batch of data) {
      signal?.throwIfAborted();
      const [inputs, targets] = pairOf("fit", batch);
      const examples = examplesIn("fit", inputs);
      if (scheduler) scheduler.epoch = firstEpoch + epoch - 1 + (steps === undefined ? 0 : step / steps);
      trainStep(inputs, targets);
      meter.count(examples);
      step++;
      if (now() - lastTick < TICK) continue;
      lastTick = now();
      await meter.collect();
      const over = steps === undefined ? undefined : (epoch - 1 + step / steps) / epochs;
      const secondsLeft = over && ((now() - start) / 1000) * (1 / over - 1);
      progress?.update({ epoch, epochs, step, steps, means: meter.means(), examplesPerSecond: rate(), secondsLeft });
      // Lets timers, signals and the page have their turn.
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (step === 0)
      throw new ArgumentError(
        "fit: the data has no batches in this epoch; give a dataset or an array, which can be read again",
      );
    if (scheduler) scheduler.epoch = firstEpoch + epoch;
    await meter.collect();
    return rate();
  };

  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const begin = now();
      const examplesPerSecond = await inMode(model, true, () => trainEpoch(epoch));
      const means: Record<string, number> = meter.means();
      const validated = validate ? Object.entries(await validate(validation, signal)) : [];
      for (const [name, value] of validated) means[`val_${name}`] = value;
      for (const [name, value] of Object.entries(means)) (history[name] ??= []).push(value);
      const seconds = (now() - begin) / 1000;
      progress?.endEpoch({ epoch, epochs, step: steps ?? 0, steps, means, examplesPerSecond, seconds });
      const report = { ...means, epoch, seconds, examplesPerSecond } as EpochReport<M>;
      if ((await onEpoch?.(report)) === false) break;
    }
  } finally {
    progress?.close();
  }
  return history as History<M>;
}
