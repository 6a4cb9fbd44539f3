import { ArgumentError } from "../../core/errors.ts";
import { HostRandom, hostSeed } from "../../core/random.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { lengthOf, type Sampler, type Sized } from "./sampler.ts";

/** How {@link RandomSampler} draws. */
export interface RandomSamplerOptions {
  /** Elements may come more than once in an epoch; false by default. */
  readonly replacement?: boolean;
  /** How many are drawn in an epoch; as many as there are by default. More than there are begin again with all of them. */
  readonly samples?: number;
  /** Decides, together with the epoch; that of `manualSeed` by default. */
  readonly seed?: number;
}

/** Elements in random order, another one in every epoch. */
export class RandomSampler implements Sampler {
  readonly length: number;
  readonly #count: number;
  readonly #replacement: boolean;
  readonly #seed: number;

  /** @throws ArgumentError for an unknown length, and for a number of samples that is no whole one. */
  constructor(dataset: Sized, { replacement = false, samples, seed = hostSeed() }: RandomSamplerOptions = {}) {
    this.#count = lengthOf("RandomSampler", dataset);
    this.length = samples ?? this.#count;
    wholeNumber("RandomSampler", "samples", this.length, 0);
    if (this.#count === 0 && this.length > 0)
      throw new ArgumentError(`RandomSampler: ${this.length} samples of no elements cannot be drawn`);
    this.#replacement = replacement;
    this.#seed = seed;
    new HostRandom(seed);
  }

  indices(epoch: number): Uint32Array {
    const random = new HostRandom(this.#seed, epoch);
    if (this.#replacement) return Uint32Array.from({ length: this.length }, () => random.integer(this.#count));
    const order = new Uint32Array(this.length);
    for (let at = 0; at < this.length; at += this.#count)
      order.set(random.permutation(this.#count).subarray(0, this.length - at), at);
    return order;
  }
}

/** The elements at these positions, in random order, another one in every epoch. */
export class SubsetRandomSampler implements Sampler {
  readonly length: number;
  readonly #positions: ArrayLike<number>;
  readonly #seed: number;

  constructor(positions: ArrayLike<number>, { seed = 0 }: { seed?: number } = {}) {
    this.length = positions.length;
    this.#positions = positions;
    this.#seed = seed;
    new HostRandom(seed);
  }

  indices(epoch: number): number[] {
    return new HostRandom(this.#seed, epoch).shuffle(Array.from(this.#positions));
  }
}
