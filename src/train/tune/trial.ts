import { ArgumentError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Values } from "./space.ts";

/** One point that is tried. */
export interface Trial {
  /** From 0. */
  readonly number: number;
  /**
   * Says how good the trial is after a step, for pruners. Await it: then `shouldPrune` knows, and the study's file has it.
   * @param step such as the epoch, from 1.
   */
  report(step: number, value: number): Promise<void>;
  /** Whether to give up, by the last report. The trial's value is then what it reported last, whatever the objective returns. */
  shouldPrune(): boolean;
}

/** How a trial ended: it ran through, was given up, or threw something or gave no number. */
export type Ending = "complete" | "pruned" | "failed";

/** A trial of a study, as its file and its tables have it. */
export interface TrialResult<P = Values> {
  readonly number: number;
  readonly params: P;
  readonly state: Ending | "running";
  /** What the objective gave, or was reported last; undefined while it runs and where it failed. */
  readonly value: number | undefined;
  /** What was reported, by step. */
  readonly reports: ReadonlyMap<number, number>;
  readonly seconds: number | undefined;
  /** What it threw. */
  readonly error: string | undefined;
}

/** A result while it is made. */
export class TrialRecord implements TrialResult {
  readonly number: number;
  readonly params: Values;
  state: Ending | "running" = "running";
  value: number | undefined;
  reports: Map<number, number> = new Map();
  seconds: number | undefined;
  error: string | undefined;
  /** A pruner has given it up. */
  givenUp = false;

  constructor(number: number, params: Values) {
    this.number = number;
    this.params = params;
  }

  /** Starts over, because the process that ran it is gone. */
  restart(): void {
    this.reports = new Map();
    this.givenUp = false;
  }

  note(step: number, value: number): void {
    wholeNumber("trial.report", "step", step, 0);
    if (typeof value !== "number") throw new ArgumentError(`trial.report: value must be a number, got ${typeof value}`);
    this.reports.set(step, value);
  }

  end(state: Ending, value: number | undefined, seconds: number, error?: string): void {
    this.state = state;
    this.value = value;
    this.seconds = seconds;
    this.error = error;
  }

  /** The last report; undefined where there is none. */
  get last(): number | undefined {
    return [...this.reports.values()].at(-1);
  }
}
