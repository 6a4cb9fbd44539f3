import { filePath } from "../../core/filePath.ts";
import { knownOptions } from "../../core/knownOptions.ts";
import { ArgumentError, FormatError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { saveModel } from "../../formats/model.ts";
import type { Callback, Run } from "../callback.ts";
import { monitored, type MonitorOptions } from "./monitored.ts";

export interface ModelCheckpointOptions extends MonitorOptions {
  /** Saves only epochs that are better than all before; false by default. */
  readonly saveBestOnly?: boolean | undefined;
  /** With `saveBestOnly`, what there is to beat; anything by default. */
  readonly initial?: number | undefined;
  /** Saves after every so many epochs, 1 by default. */
  readonly everyEpochs?: number | undefined;
}

/**
 * Saves the model after epochs as a .safetensors file that PyTorch reads too: Keras's ModelCheckpoint. A model of `myelin/layers` is saved
 * as its `save` does. To go on with training later, give
 * `fit` a `checkpoint`, which keeps the optimizer and all else.
 *
 * @param path with numbers of the epoch in braces: `models/{epoch:02d}-{val_loss:.2f}.safetensors`. Folders that are missing are made.
 * @throws ArgumentError for intervals that make no sense; in training, where there is no such number. PlatformError when a file cannot be
 * written.
 * @example callbacks.modelCheckpoint("best_model.safetensors", { saveBestOnly: true, monitor: "val_loss" })
 */
export function modelCheckpoint(path: string, options: ModelCheckpointOptions = {}): Callback {
  filePath("modelCheckpoint", path, "best.safetensors");
  knownOptions("modelCheckpoint", options, {
    saveBestOnly: true,
    initial: true,
    everyEpochs: true,
    monitor: true,
    mode: true,
  });
  const { saveBestOnly = false, everyEpochs = 1 } = options;
  wholeNumber("modelCheckpoint", "everyEpochs", everyEpochs, 1);
  const number = monitored(options);
  let best = options.initial ?? number.worst;
  return {
    name: "modelCheckpoint",
    begin() {
      best = options.initial ?? number.worst;
    },
    async endEpoch(run, { epoch, means }) {
      if (epoch % everyEpochs !== 0) return;
      if (saveBestOnly) {
        const value = number.in(means);
        if (!number.better(value, best)) return;
        best = value;
      }
      const file = filledIn(path, { epoch, ...means });
      const { model } = run as { readonly model: Run["model"] & { save?(path: string): Promise<void> } };
      // A model that knows how it is made saves that too.
      await (model.save ? model.save(file) : saveModel(model, file));
    },
    state: () => ({ best }),
    restore(state) {
      const saved = state as { best?: unknown };
      if (typeof saved.best !== "number") throw new FormatError("modelCheckpoint: the state must have the number best");
      ({ best } = saved as { best: number });
    },
  };
}

/**
 * A text with numbers in the place of their names: `{loss}`, `{epoch:02d}` with zeros before, `{loss:.3f}` with digits after the point.
 * @throws ArgumentError for names and forms that there are not.
 */
export function filledIn(template: string, numbers: Readonly<Record<string, number>>): string {
  return template.replace(/\{([^{}:]+)(?::([^{}]*))?\}/g, (_, name: string, form: string | undefined) => {
    const value = numbers[name];
    if (value === undefined)
      throw new ArgumentError(`"${template}" wants ${name}, and there is only ${Object.keys(numbers).join(", ")}`);
    const [, width, digits] = /^(?:0(\d+)d|\.(\d+)f)$/.exec(form ?? "") ?? [];
    if (width !== undefined) return String(Math.round(value)).padStart(Number(width), "0");
    if (digits !== undefined) return value.toFixed(Number(digits));
    if (form === undefined || form === "d") return String(value);
    throw new ArgumentError(`"${template}" has the form "${form}"; there are 02d and .3f, with any numbers`);
  });
}
