import { ArgumentError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { lengthOf, type Sampler, type Sized } from "./sampler.ts";

/** How {@link DistributedSampler} divides. */
export interface DistributedSamplerOptions {
  /** How many processes share the data. */
  readonly replicas: number;
  /** Which of them this one is, from 0. */
  readonly rank: number;
  /** Another order in every epoch, the same in all processes; true by default. */
  readonly shuffle?: boolean;
  /** Decides the order, together with the epoch; 0 by default. The same in all processes. */
  readonly seed?: number;
  /** Where elements cannot be divided evenly, leave the last ones out, rather than give the first ones twice; false by default. */
  readonly dropLast?: boolean;
}

/** The part of one of several processes, as PyTorch divides: every `replicas`-th of the elements in an order that all share. */
export class DistributedSampler implements Sampler {
  readonly length: number;
  readonly #count: number;
  readonly #options: Required<DistributedSamplerOptions>;
  #epoch: number | undefined;

  /** @throws ArgumentError for an unknown length, and a rank that is not below `replicas`. */
  constructor(dataset: Sized, options: DistributedSamplerOptions) {
    const { replicas, rank, shuffle = true, seed = 0, dropLast = false } = options;
    wholeNumber("DistributedSampler", "replicas", replicas, 1);
    wholeNumber("DistributedSampler", "rank", rank, 0);
    if (rank >= replicas)
      throw new ArgumentError(`DistributedSampler: the rank must be below ${replicas}, the replicas, got ${rank}`);
    this.#count = lengthOf("DistributedSampler", dataset);
    this.#options = { replicas, rank, shuffle, seed, dropLast };
    this.length = (dropLast ? Math.floor : Math.ceil)(this.#count / replicas);
    new HostRandom(seed);
  }

  /** Uses the order of this epoch until told otherwise, rather than that of the loader's own count. */
  setEpoch(epoch: number): void {
    wholeNumber("setEpoch", "the epoch", epoch, 0);
    this.#epoch = epoch;
  }

  indices(epoch: number): Uint32Array {
    const { replicas, rank, shuffle, seed } = this.#options;
    const order = shuffle ? new HostRandom(seed, this.#epoch ?? epoch).permutation(this.#count) : undefined;
    return Uint32Array.from({ length: this.length }, (_, at) => {
      const place = (rank + at * replicas) % this.#count;
      return order ? order[place]! : place;
    });
  }
}
