/** Densities of good and of other values: sums of normals around what was seen. */
import type { HostRandom } from "../../core/random.ts";

interface Kernel {
  readonly mean: number;
  readonly deviation: number;
  readonly weight: number;
  /** Share of the normal that lies in the range. */
  readonly mass: number;
}

/** Of the newest so many all count alike; older ones less and less, as in Hyperopt. */
const FULL = 25;

/** What each of so many observations counts, the oldest first. */
export function weightsOf(count: number): number[] {
  const old = count - FULL;
  return Array.from({ length: count }, (_, i) =>
    i >= old ? 1 : old === 1 ? 1 / count : 1 / count + ((1 - 1 / count) * i) / (old - 1),
  );
}

/** A density over [low, high]: normals around the places, cut off at the ends, and a wide one for what nobody has tried. */
export class ParzenRange {
  readonly #kernels: readonly Kernel[];
  readonly #low: number;
  readonly #high: number;

  constructor(places: readonly number[], low: number, high: number) {
    this.#low = low;
    this.#high = high;
    const width = high - low;
    const prior = { mean: (low + high) / 2, weight: 1, deviation: width };
    const weights = weightsOf(places.length);
    const sorted = [...places.map((mean, i) => ({ mean, weight: weights[i]!, deviation: NaN })), prior].sort(
      (a, b) => a.mean - b.mean,
    );
    // As wide as the gap to the farther neighbour, within bounds that narrow as more is known.
    const narrowest = width / Math.min(100, sorted.length + 1);
    const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
    this.#kernels = sorted.map(({ mean, weight, deviation: own }, i) => {
      const [left, right] = [sorted[i - 1]?.mean, sorted[i + 1]?.mean];
      // The first and the last have one neighbour; with hardly any, the range's ends are neighbours too.
      const alone = sorted.length < 3;
      const gap = Math.max(mean - (left ?? (alone ? low : mean)), (right ?? (alone ? high : mean)) - mean);
      const deviation = Number.isNaN(own) ? Math.min(width, Math.max(narrowest, gap)) : own;
      const mass = cumulative((high - mean) / deviation) - cumulative((low - mean) / deviation);
      return { mean, weight: weight / total, deviation, mass };
    });
  }

  draw(random: HostRandom): number {
    let at = random.uniform();
    const kernel = this.#kernels.find(({ weight }) => (at -= weight) < 0) ?? this.#kernels.at(-1)!;
    for (;;) {
      const place = random.normal(kernel.mean, kernel.deviation);
      // At least a third of each normal lies in the range: its mean does, and it is no wider.
      if (place >= this.#low && place <= this.#high) return place;
    }
  }

  logDensity(place: number): number {
    const density = this.#kernels.reduce((sum, { mean, deviation, weight, mass }) => {
      const z = (place - mean) / deviation;
      return sum + (weight * Math.exp((-z * z) / 2)) / (deviation * mass);
    }, 0);
    return Math.log(density / Math.sqrt(2 * Math.PI));
  }
}

/** Chances of options: how often each was seen; every observation says a little for all others too, the less the more there are. */
export class ParzenChoice {
  readonly #chances: readonly number[];

  constructor(positions: readonly number[], options: number) {
    const weights = weightsOf(positions.length);
    const total = weights.reduce((sum, weight) => sum + weight, 0) + 1;
    const others = 1 / (positions.length + 1);
    // One more, which all options share.
    const chances = new Array<number>(options).fill(1 / options / total);
    positions.forEach((position, i) => {
      const share = weights[i]! / total / (1 + options * others);
      for (let option = 0; option < options; option++)
        chances[option]! += share * (others + (option === position ? 1 : 0));
    });
    this.#chances = chances;
  }

  draw(random: HostRandom): number {
    let at = random.uniform();
    const found = this.#chances.findIndex((chance) => (at -= chance) < 0);
    return found < 0 ? this.#chances.length - 1 : found;
  }

  logDensity(position: number): number {
    return Math.log(this.#chances[position]!);
  }
}

/** The share of a standard normal below z, to 1e-7 (Abramowitz and Stegun 7.1.26). */
function cumulative(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const tail =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
  return z > 0 ? 1 - tail / 2 : tail / 2;
}
