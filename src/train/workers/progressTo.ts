import { now } from "#platform";
import type { Callback } from "../callback.ts";

/** How far a training is, as `fit` tells it. */
export interface TrainingProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch, and in all. */
  readonly step: number;
  readonly totalSteps: number;
  /** Steps in an epoch, where that is known. */
  readonly stepsPerEpoch: number | undefined;
  /** Of this epoch so far, by name; when it is over with those of validation, under `val_`. */
  readonly means: Readonly<Record<string, number>>;
  /** Since the last report that had a new step; an epoch's end may have none. */
  readonly stepsPerSecond: number;
  /** The epoch is over. */
  readonly epochIsOver: boolean;
}

/** A callback of `fit` that reports about ten times a second, and after every epoch. */
export function progressTo(report: (progress: TrainingProgress) => void): Callback {
  let [lastTime, lastSteps, stepsPerSecond] = [now(), 0, 0];
  const tell = (
    { epoch, epochs, step, totalSteps, stepsPerEpoch, means }: Parameters<NonNullable<Callback["tick"]>>[0],
    epochIsOver: boolean,
  ): void => {
    if (totalSteps > lastSteps) {
      const time = now();
      stepsPerSecond = (1000 * (totalSteps - lastSteps)) / Math.max(time - lastTime, 1e-3);
      [lastTime, lastSteps] = [time, totalSteps];
    }
    report({ epoch, epochs, step, totalSteps, stepsPerEpoch, means: { ...means }, stepsPerSecond, epochIsOver });
  };
  return {
    name: "progressTo",
    begin({ totalSteps }) {
      [lastTime, lastSteps] = [now(), totalSteps];
    },
    tick: (run) => tell(run, false),
    endEpoch: (run) => tell(run, true),
  };
}
