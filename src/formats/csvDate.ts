/** Dates as text: ISO 8601 in its common forms. */

const DATE =
  /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?)?$/;

/**
 * Milliseconds since 1970 for `2024-12`, `2024-12-31` and `2024-12-31T23:59:59.5+01:00` (or a space for the T), UTC where no zone is
 * named; undefined for other texts and days that do not exist.
 */
export function dateOf(text: string): number | undefined {
  const found = DATE.exec(text);
  if (found === null) return undefined;
  const [, year, month, day = "1", hour = "0", minute = "0", second = "0", fraction = "0", zone = "Z"] = found;
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(time);
  // Date.UTC takes 31 February for 3 March, and years below 100 for those of 1900.
  const same =
    date.getUTCFullYear() === Number(year) &&
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    date.getUTCHours() === Number(hour) &&
    date.getUTCMinutes() === Number(minute) &&
    Number(second) < 60;
  if (!same) return undefined;
  const offset =
    zone === "Z" ? 0 : (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * (zone[0] === "-" ? -1 : 1);
  return time + Math.floor(Number(`0.${fraction}`) * 1000) - offset * 60_000;
}

/** `2024-12-31`, with `T23:59:59.500Z` behind it where the time is not midnight (UTC). */
export function dateText(time: number): string {
  if (!Number.isFinite(time)) return "";
  const text = new Date(time).toISOString();
  return time % 86_400_000 === 0 ? text.slice(0, 10) : text;
}
