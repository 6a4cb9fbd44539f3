import { knownOptions } from "../../core/knownOptions.ts";
import { isFloat } from "../../core/dtype.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { stack } from "../../tensor/functions.ts";
import type { Callback } from "../callback.ts";

/** What a module returned in one step. */
export interface ActivationStatistic {
  readonly epoch: number;
  /** Steps since training began. */
  readonly step: number;
  /** Path of the module. */
  readonly layer: string;
  readonly mean: number;
  /** Divided by the number of elements. */
  readonly variance: number;
  /** The share of elements that are exactly 0: what a ReLU cuts off. */
  readonly zeros: number;
}

/**
 * Mean, variance and share of zeros of what each module returns, in every so many steps (50 by default). For all of an epoch see
 * `nn.ActivationStatistics`. Functions in `sequential` are no modules: `new nn.ReLU()` is seen, `nn.relu` is not.
 */
export function activationStatistics(options: { readonly every?: number } = {}): Callback & {
  readonly records: readonly ActivationStatistic[];
} {
  knownOptions("activationStatistics", options, { every: true });
  const { every = 50 } = options;
  wholeNumber("activationStatistics", "every", every, 1);
  const records: ActivationStatistic[] = [];
  return {
    name: "activationStatistics",
    records,
    watch: {
      every,
      trace: ({ activations }) =>
        Object.fromEntries(
          [...activations]
            .filter(([, values]) => isFloat(values.dtype) && values.size > 0)
            .map(([path, values]) => {
              const x = values.float();
              const mean = x.mean();
              return [path, stack([mean, x.sub(mean).square().mean(), x.eq(0).float().mean()])];
            }),
        ),
      async see(values, { epoch, totalSteps: step }) {
        for (const [layer, value] of Object.entries(values)) {
          const [mean, variance, zeros] = (await value.data()) as unknown as [number, number, number];
          records.push({ epoch, step, layer, mean, variance, zeros });
        }
      },
    },
  };
}
