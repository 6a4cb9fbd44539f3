import { ArgumentError } from "../../core/errors.ts";
import type { Callback } from "../callback.ts";
import type { Trial } from "./trial.ts";

/**
 * Reports a mean to a trial after every epoch, and ends training where the study gives the trial up.
 * @param by the name of the mean, "val_loss" by default.
 * @throws ArgumentError, in the first epoch, when there is no such mean.
 */
export function pruning(trial: Trial, by: string = "val_loss"): Callback {
  return {
    name: "pruning",
    async endEpoch(run, { epoch, means }) {
      const value = means[by];
      if (value === undefined)
        throw new ArgumentError(`there is no mean called ${by}, but ${Object.keys(means).join(", ")}`);
      await trial.report(epoch, value);
      if (trial.shouldPrune()) run.stop(`trial ${trial.number} is given up`);
    },
  };
}
