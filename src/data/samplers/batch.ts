import { wholeNumber } from "../../core/wholeNumber.ts";
import type { BatchSamplerLike, Sampler } from "./sampler.ts";

/** Batches of the positions that another sampler gives. */
export class BatchSampler implements BatchSamplerLike {
  readonly length: number;
  readonly #sampler: Sampler;
  readonly #size: number;

  /** @param dropLast leave out a last batch that is smaller, false by default. */
  constructor(sampler: Sampler, size: number, dropLast: boolean = false) {
    wholeNumber("BatchSampler", "the size", size, 1);
    this.#sampler = sampler;
    this.#size = size;
    this.length = (dropLast ? Math.floor : Math.ceil)(sampler.length / size);
  }

  batches(epoch: number): number[][] {
    const order = Array.from(this.#sampler.indices(epoch));
    return Array.from({ length: this.length }, (_, at) => order.slice(at * this.#size, (at + 1) * this.#size));
  }
}
