/** Learning rates that follow a plan. */
import { ArgumentError } from "../../core/errors.ts";

/** The rate at an epoch (or step), from a group's own rate. Epochs may have fractions. */
export type Schedule = (base: number, epoch: number) => number;

/** Throws ArgumentError for a number below the least. */
export function atLeast(schedule: string, name: string, value: number, least: number): void {
  if (!(value >= least)) throw new ArgumentError(`${schedule}: ${name} must be ${least} or more, got ${value}`);
}

/** Throws ArgumentError unless the numbers rise. */
export function rising(schedule: string, name: string, values: readonly number[]): void {
  if (values.some((value, i) => i > 0 && !(value > values[i - 1]!)))
    throw new ArgumentError(`${schedule}: ${name} must rise, got ${values.join(", ")}`);
}
