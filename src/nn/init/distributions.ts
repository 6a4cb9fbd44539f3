/** Where initial values come from: functions of the shape and a generator. */
import type { HostRandom } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";

/** Initial values for a shape, one call an element, in row-major order. */
export type Initializer = (shape: Shape, random: HostRandom) => () => number;

/** Uniform in [low, high); one number means ± that number. */
export function uniform(low: number, high?: number): Initializer {
  const [from, to] = high === undefined ? [-low, low] : [low, high];
  return (_, random) => () => random.uniform(from, to);
}

/** Normal, mean 0 and standard deviation 1 by default. */
export function normal(mean: number = 0, deviation: number = 1): Initializer {
  return (_, random) => () => random.normal(mean, deviation);
}

/** Normal, drawn again until within `limit` standard deviations of the mean (2 by default). */
export function truncatedNormal(mean: number = 0, deviation: number = 1, limit: number = 2): Initializer {
  return (_, random) => () => {
    let unit = random.normal();
    while (Math.abs(unit) > limit) unit = random.normal();
    return mean + deviation * unit;
  };
}

/** The same number everywhere. */
export function constant(value: number): Initializer {
  return () => () => value;
}

export const zeros: Initializer = constant(0);
export const ones: Initializer = constant(1);
