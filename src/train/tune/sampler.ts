/** Where to look next. */
import { knownOptions } from "../../core/knownOptions.ts";
import { ArgumentError } from "../../core/errors.ts";
import type { HostRandom } from "../../core/random.ts";
import { activeIn, drawn, pointIn, spreadOf, type Space, type Values } from "./space.ts";

/** A trial that is over, as samplers and pruners see it: smaller losses are better, whatever the study's direction. */
export interface Observation {
  readonly number: number;
  readonly values: Values;
  readonly pruned: boolean;
  /** Infinite where it failed. Of a pruned trial, the last that it reported. */
  readonly loss: number;
  /** What it reported, by step. */
  readonly reports: ReadonlyMap<number, number>;
}

export interface Sampler {
  readonly name: string;
  /** Whether its points come to an end; false by default. */
  readonly ends?: boolean;
  /**
   * The next point; undefined when there are no more.
   * @param random a generator of its own for each trial, so that a study repeats.
   * @param number of the trial, from 0.
   */
  suggest(space: Space, observations: readonly Observation[], random: HostRandom, number: number): Values | undefined;
}

/** Points by chance: hard to beat where few dimensions matter (Bergstra and Bengio 2012). */
export function randomSearch(): Sampler {
  return {
    name: "random",
    suggest: (space, _, random) => pointIn(space, (_name, dimension) => drawn(dimension, random)),
  };
}

/**
 * Every combination, the last dimension first.
 * @param options.points how many values stand for a range, 5 by default: evenly spread over its scale; one number for all, or
 * by name.
 */
export function gridSearch(options: GridOptions = {}): Sampler {
  knownOptions("gridSearch", options, { points: true });
  const { points = 5 } = options;
  let known: { readonly space: Space; readonly count: number } | undefined;
  return {
    name: "grid",
    ends: true,
    suggest(space, _, __, number) {
      // Counting goes through all combinations where there are conditions.
      if (known?.space !== space) known = { space, count: gridSize(space, { points }) };
      return number < known.count ? combination(space, points, number) : undefined;
    },
  };
}

export interface GridOptions {
  readonly points?: number | Readonly<Record<string, number>> | undefined;
}

type Points = number | Readonly<Record<string, number>>;

function spreads(space: Space, points: Points): readonly (readonly [name: string, values: Values[string][]])[] {
  return Object.entries(space).map(([name, dimension]) => {
    const count = typeof points === "number" ? points : (points[name] ?? 5);
    if (!(Number.isInteger(count) && count >= 1))
      throw new ArgumentError(`gridSearch: points must be whole numbers of 1 or more, got ${count}`);
    return [name, [...spreadOf(dimension.kind === "when" ? dimension.dimension : dimension, count)]];
  });
}

/** How many combinations a grid has. */
export function gridSize(space: Space, { points = 5 }: GridOptions = {}): number {
  const all = spreads(space, points);
  if (Object.values(space).every(({ kind }) => kind !== "when"))
    return all.reduce((product, [, values]) => product * values.length, 1);
  return countFrom(space, all, 0, {});
}

/** Combinations of the dimensions from one on, after what was chosen before. */
function countFrom(space: Space, all: ReturnType<typeof spreads>, at: number, point: Values): number {
  const entry = all[at];
  if (!entry) return 1;
  const [name, values] = entry;
  if (!activeIn(space[name]!, point)) return countFrom(space, all, at + 1, point);
  return values.reduce<number>((sum, value) => sum + countFrom(space, all, at + 1, { ...point, [name]: value }), 0);
}

function combination(space: Space, points: Points, number: number): Values {
  const all = spreads(space, points);
  let left = number;
  const point: Record<string, Values[string]> = {};
  for (const [at, [name, values]] of all.entries()) {
    if (!activeIn(space[name]!, point)) continue;
    for (const value of values) {
      const below = countFrom(space, all, at + 1, { ...point, [name]: value });
      if (left < below) {
        point[name] = value;
        break;
      }
      left -= below;
    }
  }
  return point;
}
