/** What takes part in training without being part of it: saving, stopping early, logging, watching. */
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A training run, as its callbacks see it. */
export interface Run {
  readonly model: Module;
  readonly optimizer: RunOptimizer;
  /** The number of the last epoch that was asked for. */
  readonly epochs: number;
  /** Steps in an epoch, where that is known. */
  readonly stepsPerEpoch: number | undefined;
  /** The epoch that runs, from 1; before the first, the one before it. */
  readonly epoch: number;
  /** Steps done in this epoch. A step is an update of the parameters: one batch or, with `accumulate`, several. */
  readonly step: number;
  /** Steps done since training began, in earlier processes too where this run goes on from a checkpoint. */
  readonly totalSteps: number;
  /** Examples trained on in this epoch. */
  readonly examples: number;
  /**
   * Loss and metrics by name: of this epoch so far, as last collected (about ten times a second, and at the end of the epoch); after
   * validation with those under `val_`.
   */
  readonly means: Readonly<Record<string, number>>;
  /** Means of the epochs that are over, by name. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** Why training ends after the current step; undefined while nobody asked for that. */
  readonly stopReason: string | undefined;
  /** Brings `means` up to date: waits for all steps so far. */
  collect(): Promise<void>;
  /** Adds a number to the means and the history of this epoch: during it, or in `endEpoch`. */
  record(name: string, value: number): void;
  /**
   * Computes the loss of the last batch again, outside of traces and as a graph that nothing was read from: after a step that was not accepted,
   * with the same parameters and random numbers. To find faults; the random numbers go on.
   */
  recompute(): Tensor;
  /**
   * Ends training after the current step, and says why; the first reason counts. Asked for within an epoch, it cuts the epoch short: there
   * is no validation and no `endEpoch` for it. `end` is called in any case.
   */
  stop(reason: string): void;
  /** Shows a line without spoiling the line of progress; nothing where `fit` was told to display nothing. */
  log(line: string): void;
}

/** What callbacks may do to an optimizer. */
export interface RunOptimizer {
  /** Learning rate of the first group; setting it sets that of all, and compiles nothing. */
  lr: number;
}

/** An epoch that is over: means by name, those of validation as `val_loss` and so on, and how it went. */
export interface EpochSummary {
  /** From 1. */
  readonly epoch: number;
  readonly means: Readonly<Record<string, number>>;
  /** Validation included. */
  readonly seconds: number;
  /** While training. */
  readonly examplesPerSecond: number;
  /** The share of training time, from 0 to 1, in which steps waited for data; `dataset.stats()` says for which of its stages. */
  readonly stalled?: number | undefined;
  /** The optimizer's learning rate in the last step of the epoch. */
  readonly lr: number;
}

/** A step while it is traced: its gradients are there, the update has not been made. */
export interface TracedStep {
  readonly model: Module;
  /** The loss of the batch: one number. With `accumulate`, of the last batch of the step. */
  readonly loss: Tensor;
  readonly outputs: unknown;
  /**
   * What the modules returned that return one tensor, by path, in the order in which they returned; the model itself is "". What a module
   * returned in a second call has " (2)" after its path.
   */
  readonly activations: ReadonlyMap<string, Tensor>;
}

/**
 * Looks into the traced step itself: gradients, activations, weights. Steps that are looked into are a program of their own, so the
 * others pay nothing.
 */
export interface Watch {
  /** From one look to the next, in steps; the steps whose number since training began is divisible by it are looked into. */
  readonly every: number;
  /**
   * Called while the step is traced, without gradients being recorded. Returns what to see. Parameters have their gradients in `grad`:
   * those of the whole step, before clipping; null where the parameter takes no part.
   */
  trace(step: TracedStep): Readonly<Record<string, Tensor>>;
  /**
   * Names one of the traced values, a bool of one element: where it is false the step changes nothing, neither parameters nor the
   * optimizer's state nor random numbers. `see` is called all the same.
   */
  readonly accept?: string | undefined;
  /**
   * Called last while the step is traced, with what `trace` has returned: may assign it to state of the watch's own, whatever becomes of a step
   * that is not accepted. Then `see` is called without values, and nothing is read of the device in that step.
   */
  keep?(values: Readonly<Record<string, Tensor>>): void;
  /** Called after each step that was looked into, before `endStep`. The values can be read. */
  see(values: Readonly<Record<string, Tensor>>, run: Run): void | PromiseLike<void>;
}

/**
 * Takes part in training. All methods are optional, may be asynchronous and are awaited, in the order of the callbacks; what one throws ends
 * training with a `CallbackError` that names the callback and has what was thrown as its cause.
 */
export interface Callback {
  /** Names it in errors and in checkpoints: `earlyStopping`. */
  readonly name: string;
  readonly watch?: Watch | undefined;
  /** Before the first step. */
  begin?(run: Run): void | PromiseLike<void>;
  /** Before the first step of an epoch. The model is in training mode; a part of it may be given another one here. */
  beginEpoch?(run: Run): void | PromiseLike<void>;
  /** After every step. `run.means` are as old as the last `collect`. */
  endStep?(run: Run): void | PromiseLike<void>;
  /** About ten times a second while an epoch runs, right after `run.means` was brought up to date. */
  tick?(run: Run): void | PromiseLike<void>;
  /** Before the model is run on the validation data, where there are such: for weights that are evaluated in place of those that are trained. */
  beginValidation?(run: Run): void | PromiseLike<void>;
  endValidation?(run: Run): void | PromiseLike<void>;
  /** After validation. */
  endEpoch?(run: Run, summary: EpochSummary): void | PromiseLike<void>;
  /** Once, when training is over; `error` where it failed. Called for all callbacks, whatever others throw. */
  end?(run: Run, error?: unknown): void | PromiseLike<void>;
  /** What a checkpoint keeps, so that a resumed run goes on where this one was: plain JSON, with tensors in it where needed. */
  state?(): unknown;
  /** Called after `begin` in a run that goes on from a checkpoint, with what `state` gave there. */
  restore?(state: unknown): void;
}
