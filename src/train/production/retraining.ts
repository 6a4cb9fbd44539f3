import { ArgumentError } from "../../core/errors.ts";

/** A line of the table: what it costs to train again so often, and what it is good for. */
export interface RetrainingRow {
  /** Days from one training to the next. */
  readonly interval: number;
  /** Mean absolute error over all days. */
  readonly error: number;
  readonly trainings: number;
}

/**
 * Goes through days that have been, as if models had been trained again every so many days, and says what error each interval would have had.
 * @param options.days how many days to go through, from day `warmup` on.
 * @param options.warmup the first day that is predicted; days before are only trained on.
 * @param options.intervals in days, such as [1, 7, 30].
 * @param options.train makes a model that knows all days before `day`.
 * @param options.predict what a model says about a day.
 * @param options.actual what came true.
 */
export async function retrainingTable<M>({
  days,
  warmup,
  intervals,
  train,
  predict,
  actual,
}: {
  readonly days: number;
  readonly warmup: number;
  readonly intervals: readonly number[];
  readonly train: (day: number) => M | PromiseLike<M>;
  readonly predict: (model: M, day: number) => number | PromiseLike<number>;
  readonly actual: (day: number) => number;
}): Promise<RetrainingRow[]> {
  const rows: RetrainingRow[] = [];
  for (const interval of intervals) {
    if (!Number.isSafeInteger(interval) || interval < 1)
      throw new ArgumentError(`retrainingTable: intervals are whole numbers of days of 1 or more, got ${interval}`);
    let model = await train(warmup);
    let [sum, trainings] = [0, 1];
    for (let day = warmup; day < warmup + days; day++) {
      if (day > warmup && (day - warmup) % interval === 0) {
        model = await train(day);
        trainings++;
      }
      sum += Math.abs((await predict(model, day)) - actual(day));
    }
    rows.push({ interval, error: sum / days, trainings });
  }
  return rows;
}
