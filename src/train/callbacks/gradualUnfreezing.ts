import { knownOptions } from "../../core/knownOptions.ts";
import { ArgumentError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Parameter } from "../../tensor/parameter.ts";
import type { Callback } from "../callback.ts";

export interface GradualUnfreezingOptions {
  /** Layers or groups of them, from the input to the head. What is not among them is left alone. */
  readonly layers: readonly { parameters(): Iterable<Parameter> }[];
  /** Epochs from one layer to the next, 1 by default. */
  readonly every?: number | undefined;
  /** How many of the last layers are trained from the start, 1 by default. */
  readonly start?: number | undefined;
}

/**
 * Trains the head first, and one more layer below it every few epochs (Howard and Ruder 2018). The optimizer is made of all
 * parameters: it skips those that are frozen. A run that is resumed goes on at its epoch.
 *
 * @example gradualUnfreezing({ layers: [model.stem, ...model.blocks, model.head], every: 2 })
 * @throws ArgumentError for numbers that make no sense.
 */
export function gradualUnfreezing(options: GradualUnfreezingOptions): Callback {
  knownOptions("gradualUnfreezing", options, { layers: true, every: true, start: true });
  const { layers, every = 1, start = 1 } = options;
  if (layers.length === 0) throw new ArgumentError("gradualUnfreezing: got no layers");
  for (const [name, value] of Object.entries({ every, start })) wholeNumber("gradualUnfreezing", name, value, 1);
  let trained: number | undefined;
  return {
    name: "gradualUnfreezing",
    beginEpoch(run) {
      const now = Math.min(layers.length, start + Math.floor((run.epoch - 1) / every));
      if (now === trained) return;
      for (const [i, layer] of layers.entries())
        for (const { cell } of layer.parameters()) cell.requiresGrad = i >= layers.length - now;
      if (trained !== undefined)
        run.log(`gradualUnfreezing: the last ${now} of ${layers.length} layers are trained now`);
      trained = now;
    },
  };
}
