import { knownOptions } from "../../core/knownOptions.ts";
import type { Histogram } from "../../core/histogram.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Run, Watch } from "../callback.ts";
import { looksInto, type Kind } from "./looks.ts";

/** Histograms by name: `weights/fc1.weight` and `gradients/fc1.weight` by parameter, `activations/fc1` by module. */
export type Histograms = Readonly<Record<string, Histogram>>;

export interface HistogramOptions {
  /** From one look to the next, in steps; 100 by default. */
  readonly every?: number | undefined;
  /** All three by default. */
  readonly of?: readonly Kind[] | undefined;
}

/**
 * Histograms of a model's weights (before the update), gradients and activations, for a callback of one's own. They are counted on the
 * device, in the traced step itself, in bins as wide as the numbers are large.
 *
 * @param see called with the histograms of each step that was looked into.
 * @throws ArgumentError for an interval that is no whole number of 1 or more.
 *
 * @example
 * callbacks: [{ name: "widths", watch: callbacks.histogramWatch({ of: ["weights"] }, (seen) => plot(seen["weights/fc1.weight"])) }]
 */
export function histogramWatch(
  options: HistogramOptions,
  see: (histograms: Histograms, run: Run) => void | PromiseLike<void>,
): Watch {
  knownOptions("histogramWatch", options, { every: true, of: true });
  const { every = 100, of = ["weights", "gradients", "activations"] } = options;
  wholeNumber("histogramWatch", "every", every, 1);
  const looks = looksInto({ kinds: of, histograms: of });
  return {
    every,
    trace: (step) => looks.trace(step),
    async see(values, run) {
      const look = await looks.read(values);
      const histograms: Record<string, Histogram> = {};
      for (const kind of of) for (const [path, { histogram }] of look[kind]) histograms[`${kind}/${path}`] = histogram!;
      await see(histograms, run);
    },
  };
}
