/** Where initial values come from: functions of the shape and a generator. */
import { ArgumentError } from "../../core/errors.ts";
import type { HostRandom } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Initial values for a shape, one call an element, in row-major order. */
export type Initializer = (shape: Shape, random: HostRandom) => () => number;

/**
 * Initializers do not know what they are for: PyTorch's `xavier_uniform_(weight)`, written here, would change nothing and say nothing.
 * @throws ArgumentError for a tensor where an option, or the shape, is wanted.
 */
export function refuseTensor(name: string, given: unknown): void {
  if (given instanceof Tensor)
    throw new ArgumentError(
      `init.${name}: got a tensor; it makes an initializer. Use nn.init.assign(weight, nn.init.${name}…)`,
    );
}

/** Uniform in [low, high); one number means ± that number. */
export function uniform(low: number, high?: number): Initializer {
  refuseTensor("uniform", low);
  const [from, to] = high === undefined ? [-low, low] : [low, high];
  return (_, random) => () => random.uniform(from, to);
}

/** Normal, mean 0 and standard deviation 1 by default. */
export function normal(mean: number = 0, deviation: number = 1): Initializer {
  refuseTensor("normal", mean);
  return (_, random) => () => random.normal(mean, deviation);
}

/**
 * Normal within [low, high], by default two standard deviations around the mean: PyTorch's bounds for its default mean and
 * deviation, and Keras's for all. Throws ArgumentError for bounds that enclose nothing.
 */
export function truncatedNormal(
  mean: number = 0,
  deviation: number = 1,
  low: number = mean - 2 * deviation,
  high: number = mean + 2 * deviation,
): Initializer {
  refuseTensor("truncatedNormal", mean);
  if (!(low < high && deviation > 0))
    throw new ArgumentError(
      `init.truncatedNormal: wants low < high and a deviation above 0, got ${low}, ${high} and ${deviation}`,
    );
  const [from, to] = [(low - mean) / deviation, (high - mean) / deviation];
  const next = from < 0.5 && to > -0.5 && to - from > 1 ? rejected : slid;
  return (_, random) => () => mean + deviation * next(random, from, to);
}

/** Drawn again until within bounds: for bounds that hold much of the normal. */
function rejected(random: HostRandom, low: number, high: number): number {
  let unit = random.normal();
  while (!(unit >= low && unit <= high)) unit = random.normal();
  return unit;
}

/** Uniform within bounds, taken as often as the density there is to the highest: for narrow bounds and for tails. */
function slid(random: HostRandom, low: number, high: number): number {
  const highest = Math.min(Math.max(0, low), high);
  // Eight deviations beyond the highest density there is nothing left to draw.
  const [from, to] = [Math.max(low, highest - 8), Math.min(high, highest + 8)];
  for (;;) {
    const unit = random.uniform(from, to);
    if (random.uniform() <= Math.exp((highest * highest - unit * unit) / 2)) return unit;
  }
}

/** The same number everywhere. */
/* @__NO_SIDE_EFFECTS__ */
export function constant(value: number): Initializer {
  return (shape) => {
    refuseTensor("constant", shape);
    return () => value;
  };
}

export const zeros: Initializer = constant(0);
export const ones: Initializer = constant(1);
