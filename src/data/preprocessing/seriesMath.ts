/** Features of a series of numbers in time, from earlier values only. */
import { ArgumentError } from "../../core/errors.ts";
import { dateOf } from "../../formats/csvDate.ts";
import { STATISTICS, type Statistic } from "../statistics.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** The value `steps` places before each: NaN where there is none. `lag(y, 7)` of the 8th day is the first. */
export function lag(values: ArrayLike<number>, steps: number): Float64Array {
  wholeNumber("lag", "the steps", steps, 1);
  return Float64Array.from({ length: values.length }, (_, at) => (at >= steps ? values[at - steps]! : Number.NaN));
}

/**
 * A statistic of the `size` values before each one, which is not among them: NaN where there are fewer.
 * @throws ArgumentError for an unknown statistic and a size that is no whole number of 1 or more.
 */
export function rolling(values: ArrayLike<number>, size: number, statistic: Statistic = "mean"): Float64Array {
  wholeNumber("rolling", "the size", size, 1);
  if (!Object.hasOwn(STATISTICS, statistic))
    throw new ArgumentError(
      `rolling: ${JSON.stringify(statistic)} is unknown; choose one of ${Object.keys(STATISTICS).join(", ")}`,
    );
  const all = Float64Array.from(values);
  return all.map((_, at) => (at >= size ? STATISTICS[statistic](all.subarray(at - size, at)) : Number.NaN));
}

/** A day as data has it: a Date, a text such as 2024-07-04 or 2024-07-04T10:00Z, or milliseconds since 1970. All in UTC. */
export type Day = Date | string | number;

/** Milliseconds since 1970. @throws ArgumentError for what is no day. */
export function timeOf(operation: string, day: unknown): number {
  const time =
    day instanceof Date
      ? day.getTime()
      : typeof day === "string"
        ? dateOf(day.trim())
        : typeof day === "number"
          ? day
          : undefined;
  if (time !== undefined && Number.isFinite(time)) return time;
  throw new ArgumentError(
    `${operation}: ${JSON.stringify(day)} is no day; give a Date, a text such as 2024-07-04, or milliseconds since 1970`,
  );
}

/** What the calendar says of a day; `dayOfWeek` counts from Monday, 0, as pandas does. */
export type CalendarField =
  | "year"
  | "month"
  | "quarter"
  | "day"
  | "dayOfWeek"
  | "dayOfYear"
  | "hour"
  | "weekend"
  | "holiday";

const DAY = 86_400_000;

/** Number `nth` (from 1; −1 is the last) of a weekday (0 is Sunday) in a month (from 0). */
function nthWeekday(year: number, month: number, weekday: number, nth: number): number {
  if (nth < 0) {
    const last = new Date(Date.UTC(year, month + 1, 0));
    return last.getUTCDate() - ((last.getUTCDay() - weekday + 7) % 7);
  }
  const first = new Date(Date.UTC(year, month, 1)).getUTCDay();
  return 1 + ((weekday - first + 7) % 7) + 7 * (nth - 1);
}

/** True on the eleven federal holidays of the United States, on their own days. */
export function isUnitedStatesHoliday(day: Day): boolean {
  const date = new Date(timeOf("isUnitedStatesHoliday", day));
  const [year, month, at] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const days: Readonly<Record<number, readonly number[]>> = {
    0: [1, nthWeekday(year, 0, 1, 3)],
    1: [nthWeekday(year, 1, 1, 3)],
    4: [nthWeekday(year, 4, 1, -1)],
    5: [19],
    6: [4],
    8: [nthWeekday(year, 8, 1, 1)],
    9: [nthWeekday(year, 9, 1, 2)],
    10: [11, nthWeekday(year, 10, 4, 4)],
    11: [25],
  };
  return days[month]?.includes(at) ?? false;
}

/**
 * What the calendar says of days, as numbers.
 * @param holidays days that count as such; those of the United States by default.
 */
export function calendar(days: readonly Day[], field: CalendarField, holidays?: readonly Day[]): Float64Array {
  const own = holidays && new Set(holidays.map((day) => Math.floor(timeOf("calendar", day) / DAY)));
  return Float64Array.from(days, (day) => {
    const time = timeOf("calendar", day);
    const date = new Date(time);
    switch (field) {
      case "year":
        return date.getUTCFullYear();
      case "month":
        return date.getUTCMonth() + 1;
      case "quarter":
        return Math.floor(date.getUTCMonth() / 3) + 1;
      case "day":
        return date.getUTCDate();
      case "dayOfWeek":
        return (date.getUTCDay() + 6) % 7;
      case "dayOfYear":
        return Math.floor((time - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY) + 1;
      case "hour":
        return date.getUTCHours();
      case "weekend":
        return Number(date.getUTCDay() % 6 === 0);
      case "holiday":
        return Number(own ? own.has(Math.floor(time / DAY)) : isUnitedStatesHoliday(time));
      default:
        throw new ArgumentError(`calendar: ${JSON.stringify(field)} is unknown`);
    }
  });
}

/**
 * Sines and cosines of time, by which a linear model follows seasons: sin 1, cos 1, sin 2, cos 2 … of 2π·order·t / period.
 * @param days their time is counted in days from 1970 on.
 * @param period in days: 7 for weeks, 365.25 for years.
 * @param order how many pairs.
 */
export function fourier(days: readonly Day[], period: number, order: number): Float64Array[] {
  wholeNumber("fourier", "the order", order, 1);
  if (!(period > 0)) throw new ArgumentError(`fourier: the period must be a number of days above 0, got ${period}`);
  const angles = Float64Array.from(days, (day) => (2 * Math.PI * timeOf("fourier", day)) / DAY / period);
  return Array.from({ length: order }, (_, at) => [
    angles.map((angle) => Math.sin((at + 1) * angle)),
    angles.map((angle) => Math.cos((at + 1) * angle)),
  ]).flat();
}
