/** A generator for the host's own choices: shuffles, splits, drawn data. Tensors have their own counter-based random. */
import { ArgumentError } from "./errors.ts";

/** Weyl increment: 2^32 divided by the golden ratio, odd, so that a 32-bit counter visits every value. */
const GOLDEN = 0x9e3779b9;
const TWO_32 = 0x1_0000_0000;

/** A bijection of 32-bit words in which every input bit moves every output bit (multipliers of `lowbias32`). */
function mix(word: number): number {
  word ^= word >>> 16;
  word = Math.imul(word, 0x21f0aaad);
  word ^= word >>> 15;
  word = Math.imul(word, 0x735a2d97);
  return word ^ (word >>> 15);
}

let seed = 0;

/** The seed of choices that name none of their own: shuffles and splits. 0 until `manualSeed` sets it. */
export function hostSeed(): number {
  return seed;
}

/** Sets the seed of choices that name none of their own, from here on. */
export function setHostSeed(value: number): void {
  seed = value;
}

/**
 * Random numbers from a counter: draw `i` depends on the seed, the stream and `i` only, so a run repeats exactly and
 * can be resumed by setting `counter`. A stream has 2^32 draws; distinct streams of one seed are unrelated, which lets
 * item `k` of a data set use stream `k` and come out the same whoever draws it first.
 *
 * Bits, uniforms, integers and shuffles are equal on every machine. Normals use `Math.log` and `Math.cos` and may differ
 * in the last place between JavaScript engines.
 *
 * @example
 * const random = new HostRandom(42);
 * random.integer(10);             // 0 … 9
 * random.shuffle([1, 2, 3, 4]);   // in place
 */
export class HostRandom {
  /** How many 32-bit words were drawn. Save it and set it again to resume. */
  counter = 0;
  readonly #outer: number;
  readonly #inner: number;

  /**
   * @param seed any whole number up to 2^53 on either side of 0.
   * @param stream which of the seed's 2^32 independent sequences, 0 by default.
   * @throws ArgumentError for a seed that is not such a number.
   */
  constructor(seed: number, stream: number = 0) {
    if (!Number.isSafeInteger(seed))
      throw new ArgumentError(`HostRandom: the seed must be a whole number within ±2^53, got ${seed}. Try 42`);
    const high = Math.floor(seed / TWO_32);
    // Two keys that differ in both rounds: with one key, two seeds would be shifted copies of one sequence.
    this.#outer = mix(mix((seed | 0) + GOLDEN) ^ mix(high - GOLDEN));
    this.#inner = mix(mix((stream | 0) ^ this.#outer) + Math.imul(this.#outer, GOLDEN) + 1);
  }

  /** A 32-bit word as a whole number from 0 to 2^32 − 1. */
  bits(): number {
    const step = Math.imul(this.counter++, GOLDEN);
    return mix(mix(step + this.#inner) ^ this.#outer) >>> 0;
  }

  /** A number in [low, high), [0, 1) by default, on a grid of 2^32 steps. */
  uniform(low: number = 0, high: number = 1): number {
    return low + (high - low) * (this.bits() / TWO_32);
  }

  /** A normal number, mean 0 and standard deviation 1 by default. Two draws each (Box–Muller), so `counter` tells all. */
  normal(mean: number = 0, deviation: number = 1): number {
    const radius = Math.sqrt(-2 * Math.log((this.bits() + 1) / TWO_32));
    return mean + deviation * radius * Math.cos((2 * Math.PI * this.bits()) / TWO_32);
  }

  /**
   * A whole number from 0 to `count` − 1, every one equally likely.
   * @param count from 1 to 2^32.
   * @throws ArgumentError for any other count.
   */
  integer(count: number): number {
    if (!(Number.isInteger(count) && count >= 1 && count <= TWO_32))
      throw new ArgumentError(`HostRandom.integer: the count must be a whole number from 1 to 2^32, got ${count}`);
    // The last, incomplete round of words is drawn again: a plain remainder would favour small numbers.
    const limit = TWO_32 - (TWO_32 % count);
    let word = this.bits();
    while (word >= limit) word = this.bits();
    return word % count;
  }

  /** One of the entries, every one equally likely. */
  pick<T>(entries: ArrayLike<T>): T {
    return entries[this.integer(entries.length)] as T;
  }

  /** Puts the entries into random order, in place (Fisher–Yates), and returns the same array. */
  shuffle<A extends { readonly length: number; [index: number]: unknown }>(array: A): A {
    const entries: { [index: number]: unknown } = array;
    for (let last = array.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const entry = entries[last];
      entries[last] = entries[other];
      entries[other] = entry;
    }
    return array;
  }

  /** The numbers 0 … `length` − 1 in random order. */
  permutation(length: number): Uint32Array {
    const order = new Uint32Array(length);
    for (let index = 0; index < length; index++) order[index] = index;
    return this.shuffle(order);
  }
}
