import { knownOptions } from "../../core/knownOptions.ts";
import type { HostRandom } from "../../core/random.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Json } from "../../formats/json.ts";
import { ParzenChoice, ParzenRange } from "./parzen.ts";
import { randomSearch, type Observation, type Sampler } from "./sampler.ts";
import { onRange, placeOf, pointIn, scaleOf, type Choice, type Range } from "./space.ts";

export interface TpeOptions {
  /** Trials by chance before anything is learnt from them, 10 by default. */
  readonly startup?: number | undefined;
  /** How many values are drawn to take the most promising of, 24 by default. */
  readonly candidates?: number | undefined;
  /** How many of so many trials count as good; a tenth, but no more than 25, by default. */
  readonly good?: ((trials: number) => number) | undefined;
}

/**
 * Tree-structured Parzen estimator (Bergstra et al. 2011, with the defaults of Optuna): for every dimension the densities of the
 * values of good trials and of the others; of some values drawn from the first, the one where it is largest against the second.
 */
export function tpe(options: TpeOptions = {}): Sampler {
  knownOptions("tpe", options, { startup: true, candidates: true, good: true });
  const { startup = 10, candidates = 24, good = (n) => Math.min(Math.ceil(0.1 * n), 25) } = options;
  for (const [name, value] of Object.entries({ startup, candidates })) wholeNumber("tpe", name, value, 1);
  const first = randomSearch();
  return {
    name: "tpe",
    suggest(space, observations, random, number) {
      const known = observations.filter(({ loss }) => !Number.isNaN(loss));
      if (known.length < startup) return first.suggest(space, observations, random, number);
      // What ran to its end comes before what was pruned, whatever that had reached.
      const best = [...known].sort((a, b) => Number(a.pruned) - Number(b.pruned) || a.loss - b.loss);
      const below = new Set(best.slice(0, good(known.length)));
      return pointIn(space, (name, dimension) => {
        const seen = known.filter(({ values }) => values[name] !== undefined);
        const values = (of: readonly Observation[]): Json[] => of.map((one) => one.values[name]!);
        const split = [seen.filter((one) => below.has(one)), seen.filter((one) => !below.has(one))] as const;
        return promising(dimension, values(split[0]), values(split[1]), candidates, random);
      });
    },
  };
}

function promising(
  dimension: Range | Choice,
  good: readonly Json[],
  others: readonly Json[],
  candidates: number,
  random: HostRandom,
): Json {
  if (dimension.kind === "choice") {
    const { options } = dimension;
    const position = new Map(options.map((option, i) => [JSON.stringify(option), i]));
    const density = (values: readonly Json[]): ParzenChoice =>
      new ParzenChoice(
        values.map((value) => position.get(JSON.stringify(value))!),
        options.length,
      );
    return options[best(density(good), density(others), candidates, random)]!;
  }
  const { low, high } = scaleOf(dimension);
  const density = (values: readonly Json[]): ParzenRange =>
    new ParzenRange(
      values.map((value) => placeOf(dimension, value as number)),
      low,
      high,
    );
  return onRange(dimension, best(density(good), density(others), candidates, random));
}

interface Density {
  draw(random: HostRandom): number;
  logDensity(at: number): number;
}

/** Of values drawn from the good ones' density, where it is largest against the others'. */
function best(good: Density, others: Density, candidates: number, random: HostRandom): number {
  const drawn = Array.from({ length: candidates }, () => good.draw(random));
  const gain = drawn.map((value) => good.logDensity(value) - others.logDensity(value));
  return drawn[gain.indexOf(Math.max(...gain))]!;
}
