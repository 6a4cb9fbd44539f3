/** Of what a training run is made, and what a checkpoint keeps of it. */
import type { DatasetState } from "../data/iteration.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Callback } from "./callback.ts";
import type { CallbackStates } from "./callbackList.ts";
import type { Checkpointing } from "./checkpointing.ts";
import type { Stateful } from "./checkpoints/index.ts";
import type { Evaluator } from "./evaluate.ts";
import type { Data, Feed } from "./feed.ts";
import type { Meter, MeterState } from "./meter.ts";
import type { Batch, Model } from "./model.ts";
import type { Progress } from "./progress.ts";
import type { Step, Updates } from "./step.ts";

/** What `fit` needs of a scheduler: a clock in epochs. */
export interface Schedules {
  epoch: number;
}

/** Of what a run is made. */
export interface TrainingParts<X, Y, O> {
  readonly model: Model<X, O>;
  readonly optimizer: Updates;
  readonly feed: Feed<X, Y>;
  readonly meter: Meter<O, Y, string>;
  readonly step: Step<X, Y>;
  /** The loss of a batch, counted nowhere. */
  readonly lossOf: (batch: Batch<X, Y>) => Tensor;
  /** Of f16: a checkpoint keeps its scale. */
  readonly scaler: Stateful | undefined;
  /** Batches in a step. */
  readonly accumulate: number;
  readonly callbacks: readonly Callback[];
  readonly scheduler: Schedules | undefined;
  readonly validate: Evaluator<X, Y, string> | undefined;
  readonly validation: Data<X, Y> | undefined;
  /** From one validation to the next, in epochs. */
  readonly validationFreq: number;
  readonly progress: Progress | undefined;
  readonly signal: AbortSignal | undefined;
  readonly checkpoint: Checkpointing | undefined;
  readonly interrupts: boolean;
  /** The last epoch, and the one before the first. */
  readonly epochs: number;
  readonly initialEpoch: number;
  /** Where an epoch is so many steps, and not a pass through the data. */
  readonly stepsPerEpoch: number | undefined;
  /** Training ends after so many steps. */
  readonly steps: number | undefined;
}

/** Where a run is, as plain JSON (and tensors, where callbacks keep such). */
export interface RunState {
  readonly epoch: number;
  /** Steps done of the epoch; 0 where it is over. */
  readonly step: number;
  readonly totalSteps: number;
  readonly firstTime: number;
  readonly data: DatasetState;
  readonly sums: MeterState;
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly callbacks: CallbackStates;
}
