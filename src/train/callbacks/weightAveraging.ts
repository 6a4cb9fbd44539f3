import { knownOptions } from "../../core/knownOptions.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { StateDict } from "../../nn/stateDict.ts";
import type { WeightAverage } from "../../optim/weightAverage.ts";
import { updateBatchNorm } from "../batchNorm.ts";
import type { Callback } from "../callback.ts";

export interface WeightAveragingOptions {
  /** The first epoch whose weights count, 1 by default. SWA wants the last quarter of all. */
  readonly from?: number | undefined;
  /** Whether weights count after every step or every epoch: "step" by default for a moving average, "epoch" for a mean of all. */
  readonly every?: "step" | "epoch" | undefined;
  /** Batches for {@link updateBatchNorm} once the average is in the model. None by default: for models without batch norm. */
  readonly batches?: Parameters<typeof updateBatchNorm>[1] | undefined;
  /** Whether the model has the average when training is over; true by default. */
  readonly keep?: boolean | undefined;
}

/**
 * Averages weights while training goes on with its own: the average is what is validated, and what the model has in the end.
 *
 * @example
 * const average = new optim.WeightAverage(model, { decay: 0.999 });
 * await fit(model, train, { …, callbacks: [callbacks.weightAveraging(average)] });
 */
export function weightAveraging(average: WeightAverage, options: WeightAveragingOptions = {}): Callback {
  knownOptions("weightAveraging", options, { from: true, every: true, batches: true, keep: true });
  const { from = 1, every = average.decay === undefined ? "epoch" : "step", batches, keep = true } = options;
  wholeNumber("weightAveraging", "from", from, 1);
  let begun = average.count > 0;
  const update = (): void => {
    average.update();
    begun = true;
  };
  return {
    name: "weightAveraging",
    endStep(run) {
      if (every === "step" && run.epoch >= from) update();
    },
    beginValidation(run) {
      // The epoch that ends now counts.
      if (every === "epoch" && run.epoch >= from) update();
      if (begun) average.swap();
    },
    endValidation() {
      if (average.swapped) average.swap();
    },
    endEpoch(run, { means }) {
      const validated = Object.keys(means).some((name) => name.startsWith("val_"));
      if (every === "epoch" && !validated && run.epoch >= from) update();
    },
    async end(run, error) {
      if (error !== undefined || !keep || !begun) return;
      average.swap();
      if (batches) await updateBatchNorm(run.model, batches);
    },
    state: () => average.stateDict(),
    restore(state) {
      average.loadStateDict(state as StateDict);
      begun = average.count > 0;
    },
  };
}
