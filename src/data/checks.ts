/** What steps over data check of their options, with the operation's name in the message. */
import { ArgumentError } from "../core/errors.ts";

/** Throws ArgumentError unless the value lies in [low, high]. */
export function checkWithin(operation: string, what: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  const wanted =
    high === Infinity ? `a number of ${low} or more` : low === -Infinity ? `at most ${high}` : `in [${low}, ${high}]`;
  throw new ArgumentError(`${operation}: ${what} must be ${wanted}, got ${value}`);
}

/** Throws ArgumentError unless the value is a number above 0. */
export function checkPositive(operation: string, what: string, value: number): void {
  if (!(value > 0 && value < Infinity))
    throw new ArgumentError(`${operation}: ${what} must be a number above 0, got ${value}`);
}
