import { isFloat } from "../../core/dtype.ts";
import { ArgumentError } from "../../core/errors.ts";
import { concat } from "../../tensor/functions.ts";
import { histogram } from "../../tensor/searching.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Run, TracedStep, Watch } from "../callback.ts";

/** What can be counted: `weights/fc1.weight` and `gradients/fc1.weight` by parameter, `activations/fc1` by module. */
export type HistogramKind = "weights" | "gradients" | "activations";

/** How often values fall into each of some bins of equal width. */
export interface TensorHistogram {
  /** One for each bin; together with `nonFinite` they sum to the number of elements. */
  readonly counts: Float32Array;
  /** One more than counts: from the least value to the greatest. */
  readonly edges: Float32Array;
  /** How many elements are NaN or infinite, and in no bin. */
  readonly nonFinite: number;
}

/** Histograms by name. */
export type Histograms = Readonly<Record<string, TensorHistogram>>;

export interface HistogramOptions {
  /** From one look to the next, in steps; 100 by default. */
  readonly every?: number | undefined;
  /** 30 by default, as many as Keras's callback for TensorBoard writes. */
  readonly bins?: number | undefined;
  /** All three by default. */
  readonly of?: readonly HistogramKind[] | undefined;
}

/**
 * Histograms of a model's weights (before the update), gradients and activations. They are counted on the device, in the traced step itself;
 * what is read is the counts alone.
 *
 * @param see called with the histograms of each step that was looked into, in the order: weights, gradients, activations.
 * @throws ArgumentError for numbers that are no whole numbers of 1 or more.
 */
export function histogramWatch(
  { every = 100, bins = 30, of = ["weights", "gradients", "activations"] }: HistogramOptions,
  see: (histograms: Histograms, run: Run) => void | PromiseLike<void>,
): Watch {
  for (const [name, value] of Object.entries({ every, bins }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ArgumentError(`histogramWatch: ${name} must be a whole number of 1 or more, got ${value}`);
  return {
    every,
    trace: (step) =>
      Object.fromEntries(
        [...counted(step, of)].map(([name, values]) => {
          const finite = values.isFinite();
          const { counts, edges } = histogram(values.where(finite, 0), bins, { weights: finite.cast("f32") });
          // Side by side, so that there is one tensor to read for each.
          return [name, concat([counts, edges.cast("f32"), finite.logicalNot().float().sum().reshape([1])])];
        }),
      ),
    see: async (values, run) => {
      const histograms: Record<string, TensorHistogram> = {};
      for (const [name, value] of Object.entries(values)) {
        const numbers = (await value.data()) as Float32Array;
        const [edges, end] = [numbers.subarray(bins, 2 * bins + 1), numbers[2 * bins + 1]!];
        histograms[name] = { counts: numbers.subarray(0, bins), edges, nonFinite: end };
      }
      await see(histograms, run);
    },
  };
}

function* counted(
  { model, activations }: TracedStep,
  of: readonly HistogramKind[],
): Generator<readonly [name: string, values: Tensor]> {
  const parameters = [...model.namedParameters()];
  if (of.includes("weights")) for (const [path, parameter] of parameters) yield [`weights/${path}`, parameter];
  if (of.includes("gradients")) for (const [path, { grad }] of parameters) if (grad) yield [`gradients/${path}`, grad];
  if (of.includes("activations"))
    for (const [path, values] of activations)
      if (isFloat(values.dtype) && values.size > 0) yield [`activations/${path}`, values];
}
