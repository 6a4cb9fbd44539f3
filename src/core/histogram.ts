/** How often numbers of each size occur, counted in one pass over them. */
import type { TypedArray } from "./dtype.ts";

/** Counts of numbers between limits, and what else one pass over them tells. NaN and infinities are counted apart and in nothing else. */
export interface Histogram {
  /** Rising; one more than there are counts. */
  readonly limits: readonly number[];
  /** Count `i` is of numbers from limit `i` to limit `i + 1`. They add up to `count`. */
  readonly counts: readonly number[];
  /** Finite numbers. */
  readonly count: number;
  /** NaN and infinities. */
  readonly nonFinite: number;
  /** 0 where there is no finite number, as are the next three. */
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/** Mantissa bits that a bucket fixes: four buckets from one power of two to the next, each 14 to 25 % wide. */
const MANTISSA_BITS = 2;
/** By how much the bits of an f32 are shifted to the right to give its bucket: those of negative numbers are the second half. */
export const BUCKET_SHIFT: number = 23 - MANTISSA_BITS;
const BUCKETS = 256 << MANTISSA_BITS;
/** Those before the highest exponent, which is that of infinities and NaN. */
const FINITE = 255 << MANTISSA_BITS;
/** How many buckets there are. */
export const BUCKET_COUNT: number = 2 * BUCKETS;

/** What besides counts a histogram says; of finite numbers. */
export type Moments = Pick<Histogram, "min" | "max" | "sum" | "sumSquares">;

/**
 * Counts numbers in buckets as wide as the numbers are large, so that weights of 1e-6 and of 10 both show their shape. The bucket of a
 * number is the first bits of its f32. Empty buckets side by side are one.
 */
export function histogramOf(values: TypedArray): Histogram {
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  const bits = new Int32Array(floats.buffer, floats.byteOffset, floats.length);
  const seen = (scratch ??= new Int32Array(BUCKET_COUNT)).fill(0);
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let sumSquares = 0;
  for (let i = 0; i < bits.length; i++) {
    seen[bits[i]! >>> BUCKET_SHIFT]!++;
    const value = floats[i]!;
    // False for NaN and infinities.
    if (value - value !== 0) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
  }
  return histogramFrom(seen, floats.length, { min, max, sum, sumSquares });
}

let scratch: Int32Array | undefined;

/**
 * The histogram of numbers that were counted by bucket.
 * @param size how many they were, finite or not.
 */
export function histogramFrom(seen: ArrayLike<number>, size: number, moments: Moments): Histogram {
  const edge = (edges ??= makeEdges());
  let nonFinite = 0;
  for (let bucket = FINITE; bucket < BUCKETS; bucket++) nonFinite += seen[bucket]! + seen[BUCKETS + bucket]!;
  const count = size - nonFinite;
  const { min, max, sum, sumSquares } = moments;
  const [zeros, negativeZeros] = [seen[0]!, seen[BUCKETS]!];
  // Zeros are far below everything else: between them and that there is nothing to look through.
  let left = count - zeros - negativeZeros;
  const largest = left === 0 ? 0 : bucketOf(Math.max(-min, max));
  let smallest = largest + 1;
  while (left > 0 && smallest > 1) {
    smallest--;
    left -= seen[smallest]! + seen[BUCKETS + smallest]!;
  }
  const drawn = (draft ??= { limits: [], counts: [], used: 0 });
  drawn.used = 0;
  for (let bucket = largest; bucket >= smallest; bucket--)
    add(drawn, seen[BUCKETS + bucket]!, -edge[bucket + 1]!, -edge[bucket]!);
  add(drawn, negativeZeros, -edge[1]!, 0);
  add(drawn, zeros, 0, edge[1]!);
  for (let bucket = smallest; bucket <= largest; bucket++) add(drawn, seen[bucket]!, edge[bucket]!, edge[bucket + 1]!);
  const limits = drawn.limits.slice(0, drawn.used);
  const counts = drawn.counts.slice(0, Math.max(0, drawn.used - 1));
  return { limits, counts, count, nonFinite, min: count ? min : 0, max: count ? max : 0, sum, sumSquares };
}

/** The bucket of a number that is not negative. */
function bucketOf(value: number): number {
  return new Int32Array(Float32Array.of(value).buffer)[0]! >>> BUCKET_SHIFT;
}

/** A histogram in the making, whose arrays serve for the next one too: arrays that grow cost a collector several times what they hold. */
interface Draft {
  readonly limits: number[];
  readonly counts: number[];
  /** How many of the limits are its own; it has one count fewer. */
  used: number;
}

let draft: Draft | undefined;

/** Adds a bucket, unless it is empty. What lies between it and the one before is empty. */
function add(into: Draft, held: number, from: number, to: number): void {
  if (held === 0) return;
  const { limits, counts } = into;
  if (into.used === 0) limits[into.used++] = from;
  else if (limits[into.used - 1] !== from) {
    counts[into.used - 1] = 0;
    limits[into.used++] = from;
  }
  counts[into.used - 1] = held;
  limits[into.used++] = to;
}

let edges: Float64Array | undefined;

/** The smallest numbers of the buckets of positive numbers, and what is above the largest finite one. */
function makeEdges(): Float64Array {
  const bits = Uint32Array.from({ length: BUCKETS }, (_, bucket) => bucket << BUCKET_SHIFT);
  return Float64Array.from(new Float32Array(bits.buffer), (edge) => (edge === Infinity ? 2 ** 128 : edge));
}

/**
 * The same counts between other limits, such as equal ones for drawing: each bucket is shared out as if its numbers lay evenly in it.
 * @param limits rising.
 * @returns one count fewer than limits, with fractions.
 */
export function rebin({ limits: from, counts, min, max }: Histogram, limits: readonly number[]): number[] {
  const into = limits.slice(1).map(() => 0);
  for (const [at, count] of counts.entries()) {
    const low = Math.max(from[at]!, min);
    const high = Math.min(from[at + 1]!, max);
    for (let to = 0; count > 0 && to < into.length; to++) {
      const [left, right] = [limits[to]!, limits[to + 1]!];
      const last = to === into.length - 1;
      const share =
        high > low
          ? Math.max(0, Math.min(high, right) - Math.max(low, left)) / (high - low)
          : low >= left && (low < right || (last && low === right))
            ? 1
            : 0;
      into[to]! += count * share;
    }
  }
  return into;
}
