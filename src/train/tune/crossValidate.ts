import { ArgumentError } from "../../core/errors.ts";

/** Scores of folds. */
export interface CrossValidation {
  /** In the order of the folds. */
  readonly scores: readonly number[];
  readonly mean: number;
  /** Standard deviation over the folds. */
  readonly deviation: number;
}

/**
 * Scores something on one fold after the other, in their order: folds of a time series lie in the order of time, each tested on
 * what comes after what it was trained on.
 * @param score trains on a fold's first part and gives the score on its second.
 * @throws ArgumentError when there are no folds, or a score is no number.
 * @example
 * const folds = splits.timeSeriesSplit(rows, { splits: 5 });
 * const { mean } = await tune.crossValidate(folds, async ({ train, test }) => meanAbsoluteError(await forecast(train), test));
 */
export async function crossValidate<F>(
  folds: Iterable<F>,
  score: (fold: F, index: number) => number | PromiseLike<number>,
): Promise<CrossValidation> {
  const scores: number[] = [];
  for (const fold of folds) {
    const value = await score(fold, scores.length);
    if (!Number.isFinite(value))
      throw new ArgumentError(`crossValidate: the score of fold ${scores.length} is ${value}; give a finite number`);
    scores.push(value);
  }
  if (scores.length === 0) throw new ArgumentError("crossValidate: got no folds");
  const mean = scores.reduce((sum, value) => sum + value, 0) / scores.length;
  const variance = scores.reduce((sum, value) => sum + (value - mean) ** 2, 0) / scores.length;
  return { scores, mean, deviation: Math.sqrt(variance) };
}
