import { HostRandom, hostSeed } from "../../core/random.ts";
import type { Sampler } from "./sampler.ts";

/**
 * All elements in a random order, another one in every epoch, in which every class is spread evenly: each stretch of it, such as a batch,
 * has of each class its share, give or take one or two elements.
 */
export class StratifiedSampler implements Sampler {
  readonly length: number;
  readonly #classes: readonly Uint32Array[];
  readonly #seed: number;

  /** @param labels the class of each element, numbers or texts. */
  constructor(labels: ArrayLike<number | string>, { seed = hostSeed() }: { seed?: number } = {}) {
    const classes = new Map<number | string, number[]>();
    for (let index = 0; index < labels.length; index++) {
      const members = classes.get(labels[index]!);
      if (members) members.push(index);
      else classes.set(labels[index]!, [index]);
    }
    this.#classes = Array.from(classes.values(), (members) => Uint32Array.from(members));
    this.length = labels.length;
    this.#seed = seed;
    new HostRandom(seed);
  }

  indices(epoch: number): Uint32Array {
    const random = new HostRandom(this.#seed, epoch);
    // A class of n divides the epoch into n parts and puts one element somewhere in each.
    const places = new Float64Array(this.length);
    for (const members of this.#classes) {
      const order = random.shuffle(members.slice());
      order.forEach((index, part) => (places[index] = (part + random.uniform()) / order.length));
    }
    return Uint32Array.from(places.keys()).sort((a, b) => places[a]! - places[b]! || a - b);
  }
}
