import { knownOptions } from "../../core/knownOptions.ts";
import { FormatError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { StateDict } from "../../nn/stateDict.ts";
import type { Callback, Run } from "../callback.ts";
import { monitored, type MonitorOptions } from "./monitored.ts";

export interface EarlyStoppingOptions extends MonitorOptions {
  /** How many epochs without improvement end training; 0, Keras's default: the first of them does. */
  readonly patience?: number | undefined;
  /** By how much a number must be better to be an improvement, 0 by default. */
  readonly minDelta?: number | undefined;
  /** Patience starts anew only with numbers that are better than this. */
  readonly baseline?: number | undefined;
  /** Whether the model gets back the weights of its best epoch when training ends, stopped or not; false by default. */
  readonly restoreBestWeights?: boolean | undefined;
  /** Epochs before this one do not count, 1 by default. */
  readonly startFromEpoch?: number | undefined;
  /**
   * Which epochs use up patience: those without improvement in a row ("inARow", the default, as in Keras: an improvement starts anew), or
   * all that are worse than the best ("inTotal": patience is never given back, as in many a short snippet).
   */
  readonly counts?: "inARow" | "inTotal" | undefined;
}

interface State {
  readonly best: number;
  readonly bestEpoch: number;
  readonly spent: number;
  readonly weights?: StateDict;
}

/**
 * Ends training when a number has stopped improving: Keras's EarlyStopping.
 * @throws ArgumentError for a patience that is no whole number; in training, where there is no such number.
 * @example callbacks.earlyStopping({ monitor: "val_loss", patience: 3, restoreBestWeights: true })
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  knownOptions("earlyStopping", options, {
    patience: true,
    minDelta: true,
    baseline: true,
    restoreBestWeights: true,
    startFromEpoch: true,
    counts: true,
    monitor: true,
    mode: true,
  });
  const { patience = 0, minDelta = 0, baseline, restoreBestWeights = false, startFromEpoch = 1 } = options;
  const inTotal = options.counts === "inTotal";
  wholeNumber("earlyStopping", "patience", patience, 0);
  const number = monitored(options);
  let best = number.worst;
  let [bestEpoch, spent] = [0, 0];
  let weights: StateDict | undefined;
  const keep = ({ model, epoch }: Run): void => {
    bestEpoch = epoch;
    if (restoreBestWeights) weights = model.stateDict();
  };
  return {
    name: "earlyStopping",
    begin() {
      best = number.worst;
      [bestEpoch, spent] = [0, 0];
      weights = undefined;
    },
    endEpoch(run, { epoch, means }) {
      const value = number.in(means);
      if (epoch < startFromEpoch) return;
      // Whatever comes, there are weights to go back to.
      if (!weights) keep(run);
      const worse = inTotal ? number.better(best, value) : true;
      if (number.better(value, best, minDelta)) {
        best = value;
        keep(run);
        const passesBaseline = baseline === undefined || number.better(value, baseline, minDelta);
        if (passesBaseline && !inTotal) spent = 0;
        if (passesBaseline) return;
      }
      if (worse || Number.isNaN(value)) spent++;
      if (spent >= Math.max(1, patience))
        run.stop(
          `Early stopping at epoch ${epoch}: ${number.name} has not been better than ${best} of epoch ${bestEpoch}`,
        );
    },
    end({ model }) {
      if (weights) model.loadStateDict(weights);
    },
    state: (): State => ({ best, bestEpoch, spent, ...(weights ? { weights } : {}) }),
    restore(state) {
      const saved = state as Partial<State>;
      if (typeof saved.best !== "number" || typeof saved.spent !== "number" || typeof saved.bestEpoch !== "number")
        throw new FormatError("earlyStopping: the state must have the numbers best, bestEpoch and spent");
      ({ best, bestEpoch, spent, weights } = { weights: undefined, ...saved } as Required<State>);
    },
  };
}
