import { ArgumentError } from "../../core/errors.ts";
import { HostRandom, hostSeed } from "../../core/random.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Sampler } from "./sampler.ts";

/**
 * Elements drawn by weight, such as 1 over the number of elements of a class, which makes rare classes as frequent as others.
 * @example
 * new DataLoader(dataset, { batchSize: 64, sampler: new samplers.WeightedRandomSampler(weights, weights.length) });
 */
export class WeightedRandomSampler implements Sampler {
  readonly length: number;
  readonly #weights: Float64Array;
  readonly #replacement: boolean;
  readonly #seed: number;

  /**
   * @param weights one for each element, 0 or more, on any scale.
   * @param samples how many are drawn in an epoch.
   * @param options.replacement elements may come more than once, true by default.
   * @throws ArgumentError for weights that are negative or all 0, and for more samples than there are without replacement.
   */
  constructor(
    weights: ArrayLike<number>,
    samples: number,
    { replacement = true, seed = hostSeed() }: { replacement?: boolean; seed?: number } = {},
  ) {
    wholeNumber("WeightedRandomSampler", "samples", samples, 0);
    this.#weights = Float64Array.from(weights);
    const bad = this.#weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
    if (bad >= 0)
      throw new ArgumentError(
        `WeightedRandomSampler: weights must be numbers of 0 or more, got ${weights[bad]} for element ${bad}`,
      );
    const possible = this.#weights.filter((weight) => weight > 0).length;
    if (samples > (replacement ? (possible > 0 ? Infinity : 0) : possible))
      throw new ArgumentError(
        `WeightedRandomSampler: ${samples} samples cannot be drawn ${replacement ? "where all weights are 0" : `without replacement where ${possible} weights are above 0`}`,
      );
    this.length = samples;
    this.#replacement = replacement;
    this.#seed = seed;
    new HostRandom(seed);
  }

  indices(epoch: number): Uint32Array {
    const random = new HostRandom(this.#seed, epoch);
    return this.#replacement ? this.#again(random) : this.#once(random);
  }

  #again(random: HostRandom): Uint32Array {
    let sum = 0;
    const sums = this.#weights.map((weight) => (sum += weight));
    return Uint32Array.from({ length: this.length }, () => {
      const mark = random.uniform(0, sum);
      // The first element whose sum is above the mark.
      let [low, high] = [0, sums.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sums[middle]! > mark) high = middle;
        else low = middle + 1;
      }
      return low;
    });
  }

  /** The order of exponential arrival times at these rates is that of drawing one after the other (Efraimidis and Spirakis 2006). */
  #once(random: HostRandom): Uint32Array {
    const arrivals = this.#weights.map((weight) => -Math.log(1 - random.uniform()) / weight);
    const order = Uint32Array.from(arrivals.keys()).filter((index) => this.#weights[index]! > 0);
    return order.sort((a, b) => arrivals[a]! - arrivals[b]!).subarray(0, this.length);
  }
}
