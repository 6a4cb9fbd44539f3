/** Which trials to give up early. */
import { knownOptions } from "../../core/knownOptions.ts";
import { ArgumentError } from "../../core/errors.ts";

/** A trial as a pruner sees it: what it reported, by step; smaller is better. */
export interface Course {
  readonly number: number;
  readonly reports: ReadonlyMap<number, number>;
}

export interface Pruner {
  readonly name: string;
  /** Whether a trial is given up after what it has just reported, for a step. @param others all others of the study, running ones too. */
  prune(trial: Course, step: number, others: readonly Course[]): boolean;
}

export interface HalvingOptions {
  /** Steps that every trial has, 1 by default. */
  readonly min?: number | undefined;
  /** One of so many goes on at each rung, 3 by default. Rungs are at min, min · reduction, min · reduction² … steps. */
  readonly reduction?: number | undefined;
}

/**
 * Successive halving, asynchronously (ASHA, Li et al. 2018): a trial that comes to a rung goes on only where it is among the best
 * third of all that came there so far.
 */
export function successiveHalving(options: HalvingOptions = {}): Pruner {
  knownOptions("successiveHalving", options, { min: true, reduction: true });
  const { min = 1, reduction = 3 } = options;
  check("successiveHalving", min, reduction);
  return {
    name: "successiveHalving",
    prune: (trial, step, others) => isRung(step, min, reduction) && !goesOn(trial, step, others, reduction),
  };
}

export interface HyperbandOptions extends HalvingOptions {
  /** Steps of a trial that is not given up. */
  readonly max: number;
}

/**
 * Hyperband (Li et al. 2016): successive halving several times side by side, with first rungs at min, min · reduction … up to
 * max, because nobody knows how soon good trials can be told. Trials take turns, more of them where the first rung is early.
 */
export function hyperband(options: HyperbandOptions): Pruner {
  knownOptions("hyperband", options, { min: true, max: true, reduction: true });
  const { min = 1, max, reduction = 3 } = options;
  check("hyperband", min, reduction);
  if (!(Number.isInteger(max) && max >= min))
    throw new ArgumentError(`hyperband: max must be a whole number of ${min} or more, got ${max}`);
  // Counted, because logarithms round.
  let brackets = 1;
  while (min * reduction ** brackets <= max) brackets++;
  const turns = Array.from({ length: brackets }, (_, bracket) => {
    const rungs = brackets - 1 - bracket;
    return new Array<number>(Math.ceil((brackets * reduction ** rungs) / (rungs + 1))).fill(bracket);
  }).flat();
  // Spread, so that a study of few trials has some of each. 7919 is a prime: every place comes once.
  const bracketOf = (number: number): number => turns[(number * 7919) % turns.length]!;
  return {
    name: "hyperband",
    prune(trial, step, others) {
      const bracket = bracketOf(trial.number);
      if (!isRung(step, min * reduction ** bracket, reduction)) return false;
      const own = others.filter(({ number }) => bracketOf(number) === bracket);
      return !goesOn(trial, step, own, reduction);
    },
  };
}

/** Gives up what is worse than the median of the others at the same step, once there are some and after some steps. */
export function median({
  trials = 5,
  steps = 0,
}: { readonly trials?: number | undefined; readonly steps?: number | undefined } = {}): Pruner {
  return {
    name: "median",
    prune(trial, step, others) {
      const there = valuesAt(others, step);
      if (step <= steps || there.length < trials) return false;
      const best = Math.min(...trial.reports.values());
      const sorted = there.sort((a, b) => a - b);
      const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
      return !(best <= middle);
    },
  };
}

function check(name: string, min: number, reduction: number): void {
  if (!(Number.isInteger(min) && min >= 1 && Number.isInteger(reduction) && reduction >= 2))
    throw new ArgumentError(
      `${name}: wants min of 1 and reduction of 2 or more, whole numbers, got ${min} and ${reduction}`,
    );
}

function isRung(step: number, first: number, reduction: number): boolean {
  for (let rung = first; rung <= step; rung *= reduction) if (rung === step) return true;
  return false;
}

const valuesAt = (trials: readonly Course[], step: number): number[] =>
  trials.flatMap(({ reports }) => {
    const value = reports.get(step);
    return value === undefined || Number.isNaN(value) ? [] : [value];
  });

/** Whether a trial is among the best at a rung. The first to come always is. */
function goesOn(trial: Course, step: number, others: readonly Course[], reduction: number): boolean {
  const own = trial.reports.get(step)!;
  if (Number.isNaN(own)) return false;
  const all = [...valuesAt(others, step), own].sort((a, b) => a - b);
  return own <= all[Math.max(0, Math.floor(all.length / reduction) - 1)]!;
}
