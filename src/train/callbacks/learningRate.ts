/** Callbacks that set learning rates. */
import { knownOptions } from "../../core/knownOptions.ts";
import { ArgumentError } from "../../core/errors.ts";
import {
  REDUCE_ON_PLATEAU,
  ReduceOnPlateau,
  type PlateauState,
  type ReduceOnPlateauOptions,
} from "../../optim/schedules/plateau.ts";
import type { Scheduled } from "../../optim/schedules/scheduler.ts";
import type { Callback } from "../callback.ts";
import { monitored, type MonitorOptions } from "./monitored.ts";

/**
 * Sets the learning rate of each epoch before it begins, and records it as `lr` in the history: Keras's LearningRateScheduler. For
 * rates that change within epochs give `fit` a `scheduler`.
 * @param schedule called with the epoch, counted from 0 as in Keras, and the rate so far.
 * @example callbacks.learningRateScheduler((epoch) => 1e-3 * 0.5 ** Math.floor(epoch / 5))
 */
export function learningRateScheduler(schedule: (epoch: number, lr: number) => number): Callback {
  return {
    name: "learningRateScheduler",
    beginEpoch(run) {
      const lr = schedule(run.epoch - 1, run.optimizer.lr);
      if (!(lr >= 0 && lr < Infinity))
        throw new ArgumentError(`the schedule must give a number of 0 or more, got ${lr} for epoch ${run.epoch - 1}`);
      run.optimizer.lr = lr;
    },
    endEpoch: (run, { lr }) => run.record("lr", lr),
  };
}

/**
 * Reduces learning rates when a number has stopped improving, as `optim.ReduceOnPlateau` does, and records them as `lr` in the history:
 * Keras's ReduceLROnPlateau. The defaults are PyTorch's.
 * @throws ArgumentError for options that make no sense; in training, where there is no such number, or the optimizer has no groups.
 * @example callbacks.reduceOnPlateau({ monitor: "val_loss", factor: 0.2, patience: 5, minLr: 1e-5 })
 */
export function reduceOnPlateau(options: ReduceOnPlateauOptions & MonitorOptions = {}): Callback {
  knownOptions("reduceOnPlateau", options, { ...REDUCE_ON_PLATEAU, monitor: true });
  const number = monitored(options);
  const mode = number.worst === Infinity ? "min" : "max";
  let plateau: ReduceOnPlateau | undefined;
  return {
    name: "reduceOnPlateau",
    begin({ optimizer }) {
      if (!("groups" in optimizer))
        throw new ArgumentError("the optimizer has no groups, whose rates could be set; use one of optim");
      plateau = new ReduceOnPlateau(optimizer as Scheduled, { ...options, mode });
    },
    endEpoch(run, { epoch, means, lr }) {
      run.record("lr", lr);
      if (plateau!.step(number.in(means)))
        run.log(`epoch ${epoch}: ${number.name} is on a plateau; the learning rate is ${run.optimizer.lr} now`);
    },
    state: () => plateau!.stateDict(),
    restore: (state) => plateau!.loadStateDict(state as PlateauState),
  };
}
