/** Callbacks with methods of Keras, as callbacks of the engine. */
import { ArgumentError } from "../core/errors.ts";
import type { Callback, Run } from "../train/callback.ts";
import type { Model } from "./model.ts";

/** Loss and metrics by name. */
export type Logs = Readonly<Record<string, number>>;

type Awaited<T> = T | PromiseLike<T>;

/**
 * A callback in the manner of Keras and tfjs: a class, or an object of functions. Epochs and batches count from 0. `model` is set before
 * training; `this.model.stopTraining = true` ends it.
 *
 * @example await model.fit(x, y, { callbacks: { onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) } });
 */
export interface KerasCallback {
  model?: Model | undefined;
  onTrainBegin?(logs: Logs): Awaited<unknown>;
  onTrainEnd?(logs: Logs): Awaited<unknown>;
  onEpochBegin?(epoch: number, logs: Logs): Awaited<unknown>;
  onEpochEnd?(epoch: number, logs: Logs): Awaited<unknown>;
  /** Waits for the batch: training is slower with it. */
  onBatchEnd?(batch: number, logs: Logs): Awaited<unknown>;
  /** What Keras calls `onBatchEnd`. */
  onTrainBatchEnd?(batch: number, logs: Logs): Awaited<unknown>;
}

export type CallbackLike = Callback | KerasCallback;

const METHODS = ["onTrainBegin", "onTrainEnd", "onEpochBegin", "onEpochEnd", "onBatchEnd", "onTrainBatchEnd"] as const;

function isKeras(callback: CallbackLike): callback is KerasCallback {
  return METHODS.some((method) => typeof (callback as KerasCallback)[method] === "function");
}

/** The engine's callback that does the same. Throws ArgumentError for something that is neither. */
export function engineCallback(callback: CallbackLike, model: Model): Callback {
  if (!isKeras(callback)) {
    if (typeof callback.name === "string") return callback;
    throw new ArgumentError(
      `fit: a callback needs a name and methods such as endEpoch, or methods of Keras such as ${METHODS.join(", ")}`,
    );
  }
  const name = Object.getPrototypeOf(callback) === Object.prototype ? "callback" : callback.constructor.name;
  callback.model = model;
  return {
    name,
    begin: async () => void (await callback.onTrainBegin?.({})),
    beginEpoch: async (run) => void (await callback.onEpochBegin?.(run.epoch - 1, {})),
    ...(callback.onBatchEnd || callback.onTrainBatchEnd
      ? {
          endStep: async (run: Run): Promise<void> => {
            await run.collect();
            await callback.onBatchEnd?.(run.step - 1, run.means);
            await callback.onTrainBatchEnd?.(run.step - 1, run.means);
          },
        }
      : {}),
    endEpoch: async (run, { epoch, means, lr }) =>
      void (await callback.onEpochEnd?.(epoch - 1, { ...means, learning_rate: lr })),
    end: async (run) => void (await callback.onTrainEnd?.(run.means)),
  };
}

/** Ends training when `model.stopTraining` says so. */
export function stopping(model: Model): Callback {
  const look = (run: Run): void => {
    if (model.stopTraining) run.stop("model.stopTraining was set");
  };
  return { name: "stopTraining", endStep: look, endEpoch: look };
}
