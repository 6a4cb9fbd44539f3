import { ArgumentError } from "./errors.ts";

/** @throws ArgumentError for a number that is no whole one of `least` or more. */
export function wholeNumber(operation: string, what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ArgumentError(`${operation}: ${what} must be a whole number of ${least} or more, got ${value}`);
}
