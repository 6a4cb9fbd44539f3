/** What takes part in training without being part of it: saving, stopping early, logging, watching. */
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A training run, as its callbacks see it. */
export interface Run {
  readonly model: Module;
  readonly optimizer: RunOptimizer;
  /** How many epochs were asked for. */
  readonly epochs: number;
  /** Steps in an epoch, where the data has a length. */
  readonly stepsPerEpoch: number | undefined;
  /** The epoch that runs, from 1. */
  readonly epoch: number;
  /** Steps done in this epoch. */
  readonly step: number;
  /** Steps done since training began, in earlier processes too. */
  readonly totalSteps: number;
  /** Loss and metrics by name: of this epoch so far, as last collected; after validation with those under `val_`. */
  readonly means: Readonly<Record<string, number>>;
  /** Brings `means` up to date: waits for all steps so far. */
  collect(): Promise<void>;
  /** Ends training after the current step, and says why; the epoch's callbacks are still called. */
  stop(reason: string): void;
  /** Shows a line without spoiling the line of progress. */
  log(line: string): void;
}

/** What callbacks may do to an optimizer. */
export interface RunOptimizer {
  lr: number;
}

/** An epoch that is over: means by name, those of validation as `val_loss` and so on, and how it went. */
export interface EpochSummary {
  /** From 1. */
  readonly epoch: number;
  readonly means: Readonly<Record<string, number>>;
  /** Validation included. */
  readonly seconds: number;
  readonly examplesPerSecond: number;
  /** The optimizer's learning rate at the end of the epoch. */
  readonly lr: number;
}

/** A step while it is traced: its gradients are there, the update has not been made. */
export interface TracedStep {
  readonly model: Module;
  readonly loss: Tensor;
  readonly outputs: unknown;
}

/**
 * Looks into the traced step itself: gradients, activations, weights. Steps that are looked into are a program of their own, so the
 * others pay nothing.
 */
export interface Watch {
  /** From one look to the next, in steps. */
  readonly every: number;
  /** Called while the step is traced, before the update. Returns what to see. Parameters have their gradients in `grad`. */
  trace(step: TracedStep): Readonly<Record<string, Tensor>>;
  /** Called after each step that was looked into. */
  see(values: Readonly<Record<string, Tensor>>, run: Run): void | PromiseLike<void>;
}

/**
 * Takes part in training. All methods are optional, may be asynchronous and are awaited, in the order of the callbacks; what one throws ends
 * training with an error that names the callback.
 */
export interface Callback {
  /** Names it in errors and in checkpoints: `earlyStopping`. */
  readonly name: string;
  readonly watch?: Watch | undefined;
  begin?(run: Run): void | PromiseLike<void>;
  beginEpoch?(run: Run): void | PromiseLike<void>;
  /** After every step. `run.means` are as old as the last `collect`. */
  endStep?(run: Run): void | PromiseLike<void>;
  /** After validation. */
  endEpoch?(run: Run, summary: EpochSummary): void | PromiseLike<void>;
  /** Once, when training is over; `error` where it failed. */
  end?(run: Run, error?: unknown): void | PromiseLike<void>;
  /** Plain JSON that a checkpoint keeps, so that a resumed run goes on where this one was. */
  state?(): unknown;
  restore?(state: unknown): void;
}
