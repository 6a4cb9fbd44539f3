/** Which learning rate to take: the range test. */
import { ArgumentError } from "../core/errors.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { store } from "../tensor/assign.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Optimizer } from "./optimizer.ts";
import { RateCurve } from "./rateCurve.ts";

export interface RateFinderOptions {
  /** The first rate, 1e-7 by default. */
  readonly from?: number | undefined;
  /** The last rate, 10 by default. */
  readonly to?: number | undefined;
  /** How many steps lie between them, 100 by default. */
  readonly steps?: number | undefined;
  /** Whether rates are multiplied ("exponential", the default) or added to. */
  readonly spacing?: "exponential" | "linear" | undefined;
  /** The share of each loss in the running mean that is looked at, 0.3 by default; 1 does not smooth. */
  readonly smoothing?: number | undefined;
  /** The test ends where the mean is this many times the best, 5 by default, or no number. */
  readonly divergence?: number | undefined;
  /** Whose buffers (running statistics) are put back too; parameters are in any case. */
  readonly model?: { stateDict(): Record<string, Tensor>; loadStateDict(state: Record<string, Tensor>): unknown };
}

/** What is tested: an optimizer, or a wrapper of one. */
export type Testable = Pick<Optimizer, "groups" | "stateDict" | "loadStateDict">;

/**
 * Trains with a rate that grows from step to step, and notes the losses (Smith 2017): they fall fastest where the rate is
 * good, and rise where it is too large. Parameters, optimizer and rates are as before in the end. All groups get the same
 * rate.
 *
 * @param step one training step: its loss, before the update.
 * @example
 * const curve = await optim.findLearningRate(optimizer, () => trainStep(...batches.next().value));
 * console.log(`${curve}`); // a plot
 * optimizer.lr = curve.suggestion;
 * @throws ArgumentError for rates, steps or shares that make no sense, and where not even three losses were numbers.
 */
export async function findLearningRate(
  optimizer: Testable,
  step: (index: number) => number | Tensor | PromiseLike<number | Tensor>,
  options: RateFinderOptions = {},
): Promise<RateCurve> {
  const { from = 1e-7, to = 10, steps = 100, spacing = "exponential", smoothing = 0.3, divergence = 5 } = options;
  if (!(from > 0 && to > from && to < Infinity))
    throw new ArgumentError(`findLearningRate: rates must rise from above 0, got ${from} to ${to}`);
  wholeNumber("findLearningRate", "steps", steps, 3);
  if (!(smoothing > 0 && smoothing <= 1 && divergence > 1))
    throw new ArgumentError(
      `findLearningRate: wants smoothing in (0, 1] and divergence above 1, got ${smoothing} and ${divergence}`,
    );
  const rateAt = (share: number): number =>
    spacing === "linear" ? from + (to - from) * share : from * (to / from) ** share;

  const restore = remember(optimizer, options.model);
  const [rates, losses, means]: [number[], number[], number[]] = [[], [], []];
  try {
    for (let i = 0; i < steps; i++) {
      const rate = rateAt(i / (steps - 1));
      for (const group of optimizer.groups) group.lr = rate;
      const given = await step(i);
      const loss = typeof given === "number" ? given : await given.item();
      const mean = i === 0 ? loss : smoothing * loss + (1 - smoothing) * means.at(-1)!;
      if (!Number.isFinite(mean)) break;
      rates.push(rate);
      losses.push(loss);
      means.push(mean);
      if (mean > divergence * Math.min(...means)) break;
    }
  } finally {
    restore();
  }
  if (rates.length < 3)
    throw new ArgumentError(`findLearningRate: only ${rates.length} losses were numbers. Start from a smaller rate`);
  return new RateCurve(rates, losses, means);
}

/** Takes note of all that a test changes; returns what puts it back. */
function remember(optimizer: Testable, model: RateFinderOptions["model"]): () => void {
  const state = optimizer.stateDict();
  const rates = optimizer.groups.map((group) => group.lr);
  const cells = optimizer.groups.flatMap((group) => group.slots.map((slot) => slot.parameter));
  const values = cells.map((cell) => cell.read());
  const buffers = model?.stateDict();
  return () => {
    store(cells.map((cell, i) => ({ cell, value: values[i]! })));
    for (const cell of cells) cell.gradient.clear();
    if (buffers) model!.loadStateDict(buffers);
    optimizer.loadStateDict(state);
    optimizer.groups.forEach((group, i) => (group.lr = rates[i]!));
  };
}
