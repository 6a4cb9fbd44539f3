/** Judging forecasts: errors on folds that never look ahead, and what is left over. */
import { ArgumentError } from "../../core/errors.ts";
import { timeSeriesSplit, type TimeSeriesOptions } from "../../data/splits/folds.ts";
import type { Split } from "../../data/splits/trainTestSplit.ts";
import type { Numbers } from "./arrays.ts";

/**
 * Back-testing: a forecaster is given what is known before each test part and says what comes; one error for each of the splits of
 * `splits.timeSeriesSplit`. With `testSize: 1` the origin rolls.
 * @param forecast from known values, the number of values that are wanted, and their positions in the series, to those values.
 * @param error such as `meanAbsoluteError`.
 * @throws ArgumentError where there are too few values.
 */
export async function backTest(
  values: Numbers,
  forecast: (known: Float64Array, wanted: number, positions: Split<Uint32Array>) => Numbers | Promise<Numbers>,
  error: (labels: Numbers, predictions: Numbers) => number,
  options: TimeSeriesOptions = {},
): Promise<number[]> {
  // Each fold has copies: a forecaster can neither look ahead nor change what later ones are given.
  const at = (positions: Uint32Array): Float64Array => Float64Array.from(positions, (position) => values[position]!);
  const errors: number[] = [];
  for (const positions of timeSeriesSplit(values.length, options)) {
    const truth = at(positions.test);
    errors.push(error(truth, await forecast(at(positions.train), truth.length, positions)));
  }
  return errors;
}

/** Correlations of a series with itself, shifted by 0 to `lags` places. Throws ArgumentError for a series without spread. */
export function autocorrelation(values: Numbers, lags: number): Float64Array {
  const count = values.length;
  if (!Number.isInteger(lags) || lags < 1 || lags >= count)
    throw new ArgumentError(`autocorrelation: lags must be from 1 to ${count - 1}, got ${lags}`);
  const mean = Array.from(values).reduce((sum, v) => sum + v, 0) / count;
  const centred = Float64Array.from(values, (v) => v - mean);
  const result = Float64Array.from({ length: lags + 1 }, (_, lag) => {
    let sum = 0;
    for (let i = lag; i < count; i++) sum += centred[i]! * centred[i - lag]!;
    return sum;
  });
  const whole = result[0]!;
  if (!(whole > 0)) throw new ArgumentError("autocorrelation: all values are the same");
  return result.map((sum) => sum / whole);
}

/** Correlations at lags 0 to `lags` that shorter lags do not explain: Durbin's and Levinson's recursion on `autocorrelation`. */
export function partialAutocorrelation(values: Numbers, lags: number): Float64Array {
  const r = autocorrelation(values, lags);
  const result = Float64Array.of(1, ...new Float64Array(lags));
  let weights: number[] = [];
  for (let lag = 1; lag <= lags; lag++) {
    let [above, below] = [r[lag]!, 1];
    weights.forEach((w, i) => {
      above -= w * r[lag - 1 - i]!;
      below -= w * r[i + 1]!;
    });
    const last = above / below;
    weights = [...weights.map((w, i) => w - last * weights[lag - 2 - i]!), last];
    result[lag] = last;
  }
  return result;
}

export interface Whiteness {
  /** From lag 1 on. */
  readonly autocorrelation: Float64Array;
  readonly partial: Float64Array;
  /** ±1.96 / √n: what 95 % of the lags of white noise stay within. */
  readonly band: number;
  /** The part of the lags of either that stays within. */
  readonly inside: number;
  readonly isWhite: boolean;
}

/**
 * Whether residuals are white noise: about 95 % of their correlations at 1 to `lags` (20 by default) places stay within ±1.96 / √n.
 * Not all of them: with 20 lags fewer than half of the series of white noise would pass that.
 * @param share how many have to, 0.85 by default: 20 lags of white noise fail it in about 1 of 60 series.
 */
export function whiteness(residuals: Numbers, lags: number = 20, share: number = 0.85): Whiteness {
  const [whole, partial] = [
    autocorrelation(residuals, lags).slice(1),
    partialAutocorrelation(residuals, lags).slice(1),
  ];
  const band = 1.96 / Math.sqrt(residuals.length);
  const within = (values: Float64Array): number => values.filter((v) => Math.abs(v) <= band).length / lags;
  const inside = Math.min(within(whole), within(partial));
  return { autocorrelation: whole, partial, band, inside, isWhite: inside >= share };
}
