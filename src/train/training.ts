/** A training run: what `fit` does, step by step. */
import { now, onInterrupt, turn } from "#platform";
import { ArgumentError } from "../core/errors.ts";
import { isPromise } from "../data/ordered.ts";
import { readyRandomState } from "../tensor/random.ts";
import { roomToRun } from "../tensor/engine.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { EpochSummary, Run } from "./callback.ts";
import { Callbacks, type CallbackStates } from "./callbackList.ts";
import type { Parts, Stateful } from "./checkpoints/index.ts";
import { blameData } from "./diagnosis.ts";
import { examplesIn, inMode, type Batch, type Model } from "./model.ts";
import type { Updates } from "./step.ts";
import type { RunState, TrainingParts } from "./trainingParts.ts";

/** Between looks at sums, display and signals, in milliseconds: often enough for an eye, too rare to cost anything. */
const TICK = 100;

const INTERRUPTED = "interrupted";

export class Training<X, Y, O> implements Run {
  readonly #parts: TrainingParts<X, Y, O>;
  readonly #callbacks: Callbacks;
  readonly stepsPerEpoch: number | undefined;
  readonly history: Record<string, number[]> = {};
  epoch: number;
  step = 0;
  totalSteps = 0;
  means: Readonly<Record<string, number>> = {};
  stopReason: string | undefined;
  /** Of the scheduler, when training began. */
  #firstTime: number;
  #toldOfLoss = false;
  /** Epochs may be shorter than a tick. */
  #lastTick = now();
  /** Between the beginning of an epoch and its end. */
  #within = false;
  /** The next epoch was begun before the checkpoint that this run goes on from. */
  #goesOn = false;
  #started = false;
  /** Numbers that callbacks give to the epoch. */
  #recorded: Record<string, number> = {};
  #lastBatch: Batch<X, Y> | undefined;
  /** What callbacks are given once they have begun. */
  #kept: CallbackStates = [];
  #begun = false;

  constructor(parts: TrainingParts<X, Y, O>) {
    this.#parts = parts;
    this.#callbacks = new Callbacks(parts.callbacks, this);
    this.epoch = parts.initialEpoch;
    const { length } = parts.feed;
    this.stepsPerEpoch =
      parts.stepsPerEpoch ?? (length === undefined ? undefined : Math.ceil(length / parts.accumulate));
    this.#firstTime = parts.scheduler?.epoch ?? 0;
  }

  get model(): Model<X, O> {
    return this.#parts.model;
  }

  get optimizer(): Updates {
    return this.#parts.optimizer;
  }

  get epochs(): number {
    return this.#parts.epochs;
  }

  get examples(): number {
    return this.#parts.meter.examples;
  }

  stop(reason: string): void {
    this.stopReason ??= reason;
  }

  record(name: string, value: number): void {
    if (typeof value !== "number")
      throw new ArgumentError(
        `record: "${name}" must be a number, got ${value === null ? "null" : `a value of type ${typeof value}`}. Of a tensor, read it first: await x.item()`,
      );
    if (this.#within) this.#recorded[name] = value;
    else {
      this.means = { ...this.means, [name]: value };
      (this.history[name] ??= []).push(value);
    }
  }

  recompute(): Tensor {
    if (!this.#lastBatch) throw new ArgumentError("recompute: no step was made yet");
    return this.#parts.lossOf(this.#lastBatch);
  }

  log(line: string): void {
    this.#parts.progress?.log(line);
  }

  async collect(): Promise<void> {
    const { meter, feed } = this.#parts;
    if (!(await meter.collect())) return;
    this.means = meter.means();
    if (meter.firstBad === undefined || this.#toldOfLoss) return;
    this.#toldOfLoss = true;
    const where = `batch ${meter.firstBad + 1} of epoch ${this.epoch}`;
    await blameData("fit", meter.firstBad, where, feed, meter);
    const warning = `the loss is not finite from ${where} on; callbacks.nanWatch() names the layer where that begins, callbacks.terminateOnNaN() ends training`;
    // Whoever wants no progress displayed still wants to know this.
    if (this.#parts.progress) this.log(warning);
    else console.warn(`myelin: fit: ${warning}`);
  }

  /** Trains until all epochs are over, or somebody asks for an end. */
  async run(): Promise<void> {
    const { interrupts } = this.#parts;
    const release = interrupts ? onInterrupt(() => this.stop(INTERRUPTED)) : () => undefined;
    const { checkpoint } = this.#parts;
    let failure: unknown;
    try {
      await checkpoint?.open(this, this.#checkpointed());
      await this.#callbacks.begin();
      this.#begun = true;
      this.#callbacks.restore(this.#kept);
      while (this.epoch < this.epochs && this.stopReason === undefined && (await this.#runEpoch()));
    } catch (error) {
      failure = error;
    }
    release();
    this.#parts.feed.close();
    this.#lastBatch = undefined;
    try {
      const failedToEnd = await this.#callbacks.end(failure);
      failure ??= failedToEnd;
      // Who draws weights next wants it at once.
      if (failure === undefined) await readyRandomState();
    } finally {
      await checkpoint?.close(failure);
    }
    if (failure) throw failure;
    if (this.stopReason !== undefined) this.log(`training stopped ${this.#farewell()}`);
  }

  #farewell(): string {
    const { checkpoint } = this.#parts;
    const where = this.#within ? `after step ${this.step} of epoch ${this.epoch}` : `after epoch ${this.epoch}`;
    const advice = checkpoint
      ? `; the same call with resume: true goes on from there, saved in "${checkpoint.folder}"`
      : this.stopReason === INTERRUPTED
        ? '; with checkpoint: { folder: "run" } it could go on from there'
        : "";
    return `${where}: ${this.stopReason}${advice}`;
  }

  /** What a checkpoint keeps. */
  #checkpointed(): Parts {
    const { model, optimizer, scheduler, scaler } = this.#parts;
    if (!("stateDict" in optimizer))
      throw new ArgumentError("fit: checkpoint wants an optimizer with stateDict and loadStateDict");
    const keepsTime = scheduler && "stateDict" in scheduler;
    return {
      model,
      optimizer: optimizer as unknown as Stateful,
      ...(keepsTime ? { scheduler: scheduler as unknown as Stateful } : {}),
      ...(scaler ? { scaler } : {}),
      run: this,
    };
  }

  /** Where the run is, for a checkpoint. Everything must have been collected. */
  state(): RunState {
    const { feed, meter } = this.#parts;
    return {
      epoch: this.epoch,
      step: this.#within ? this.step : 0,
      totalSteps: this.totalSteps,
      firstTime: this.#firstTime,
      data: feed.state(),
      sums: meter.state(),
      history: Object.fromEntries(Object.entries(this.history).map(([name, values]) => [name, [...values]])),
      callbacks: this.#begun ? this.#callbacks.state() : this.#kept,
    };
  }

  /** Goes on where `state` was asked for, with callbacks as soon as they have begun. */
  restore({ epoch, step, totalSteps, firstTime, data, sums, history, callbacks }: RunState): void {
    const { feed, meter } = this.#parts;
    this.#goesOn = step > 0;
    this.epoch = step > 0 ? epoch - 1 : epoch;
    this.step = step;
    this.totalSteps = totalSteps;
    this.#firstTime = firstTime;
    feed.restore(data);
    meter.restore(sums);
    for (const [name, values] of Object.entries(history)) this.history[name] = [...values];
    this.#kept = callbacks;
  }

  /** Runs an epoch. False where it was cut short. */
  async #runEpoch(): Promise<boolean> {
    const { meter, model, feed, validate, validation, validationFreq, signal } = this.#parts;
    const begin = now();
    this.epoch++;
    if (!this.#goesOn) {
      this.step = 0;
      meter.reset();
    }
    this.#recorded = {};
    this.means = this.#goesOn ? meter.means() : {};
    this.#goesOn = false;
    const examplesBefore = meter.examples;
    const waitedBefore = feed.waited;
    this.#within = true;
    const whole = await inMode(model, true, async () => {
      await this.#callbacks.beginEpoch();
      return this.#steps();
    });
    await this.collect();
    if (!whole) return false;
    const examplesPerSecond = (1000 * (meter.examples - examplesBefore)) / (now() - begin);
    const stalled = (feed.waited - waitedBefore) / (now() - begin);
    const { lr } = this.optimizer;
    const { scheduler, initialEpoch } = this.#parts;
    if (scheduler) scheduler.epoch = this.#firstTime + this.epoch - initialEpoch;
    const means: Record<string, number> = { ...this.means };
    const validated =
      validate && this.epoch % validationFreq === 0
        ? Object.entries(await this.#callbacks.validation(() => validate(validation!, signal)))
        : [];
    for (const [name, value] of validated) means[`val_${name}`] = value;
    Object.assign(means, this.#recorded);
    this.means = means;
    this.#within = false;
    for (const [name, value] of Object.entries(means)) (this.history[name] ??= []).push(value);
    const summary: EpochSummary = {
      epoch: this.epoch,
      means,
      seconds: (now() - begin) / 1000,
      examplesPerSecond,
      stalled,
      lr,
    };
    await this.#callbacks.endEpoch(summary);
    await this.#parts.checkpoint?.endEpoch(this);
    return true;
  }

  /** The steps of an epoch. False where somebody asked for an end before the last. */
  async #steps(): Promise<boolean> {
    const { feed, signal, steps, checkpoint } = this.#parts;
    const counted = this.#parts.stepsPerEpoch;
    if (counted === undefined || !this.#started) feed.start();
    this.#started = true;
    for (;;) {
      const gathered = this.#gather();
      const batches = isPromise(gathered) ? await gathered : gathered;
      if (batches.length === 0) {
        if (feed.taken === 0)
          throw new ArgumentError(
            this.totalSteps === 0
              ? "fit: the data has no batches; it is empty, or a filter has left nothing of it"
              : "fit: the data has no batches in this epoch; give a dataset or an array, which can be read again",
          );
        if (counted === undefined) return true;
        feed.start();
        continue;
      }
      signal?.throwIfAborted();
      const done = this.#runStep(batches);
      if (isPromise(done)) await done;
      const room = roomToRun();
      if (room) await room;
      if (checkpoint?.isDue(this.totalSteps)) await checkpoint.save(this);
      if (now() - this.#lastTick >= TICK) await this.#tick();
      if (steps !== undefined && this.totalSteps >= steps) this.stop(`${steps} steps are done`);
      if (this.step === counted) return true;
      if (this.stopReason !== undefined) return false;
    }
  }

  /** The batches of the next step, fewer at the end of the data. */
  #gather(): readonly Batch<X, Y>[] | Promise<readonly Batch<X, Y>[]> {
    const { feed, accumulate } = this.#parts;
    if (accumulate === 1) {
      const batch = feed.next();
      if (isPromise(batch)) return batch.then((later) => (later ? [later] : []));
      return batch ? [batch] : [];
    }
    return (async () => {
      const batches: Batch<X, Y>[] = [];
      while (batches.length < accumulate) {
        const batch = await feed.next();
        if (!batch) break;
        batches.push(batch);
      }
      return batches;
    })();
  }

  #runStep(batches: readonly Batch<X, Y>[]): void | Promise<void> {
    const { meter, scheduler, step, initialEpoch } = this.#parts;
    const { stepsPerEpoch } = this;
    if (scheduler) {
      const share = stepsPerEpoch === undefined ? 0 : this.step / stepsPerEpoch;
      scheduler.epoch = this.#firstTime + this.epoch - 1 - initialEpoch + share;
    }
    const due = this.#callbacks.due(this.totalSteps + 1);
    const sizes = batches.map(([inputs]) => examplesIn("fit", inputs));
    const seen = step(batches, due);
    this.#lastBatch = batches.at(-1);
    for (const size of sizes) meter.count(size);
    this.step++;
    this.totalSteps++;
    const seeing = due.length > 0 ? this.#callbacks.see(due, seen) : undefined;
    return seeing ? seeing.then(() => this.#callbacks.endStep()) : this.#callbacks.endStep();
  }

  async #tick(): Promise<void> {
    this.#lastTick = now();
    await this.collect();
    await this.#callbacks.tick();
    // Lets timers, signals and the page have their turn. A timer would wait for seconds and minutes in a tab that is hidden.
    await turn();
  }
}
