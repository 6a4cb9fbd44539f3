import { lengthOf, type Sampler, type Sized } from "./sampler.ts";

/** All elements in their order. */
export class SequentialSampler implements Sampler {
  readonly length: number;

  constructor(dataset: Sized) {
    this.length = lengthOf("SequentialSampler", dataset);
  }

  indices(): Uint32Array {
    return Uint32Array.from({ length: this.length }, (_, index) => index);
  }
}
