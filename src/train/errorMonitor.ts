import { ArgumentError } from "../core/errors.ts";
import { wholeNumber } from "../core/wholeNumber.ts";

export interface ErrorMonitorOptions {
  /** An error above this is too large: such as 1.5 times the mean absolute error on test data. */
  readonly threshold: number;
  /** How many periods (days) in a row the error must be too large, 3 by default. */
  readonly patience?: number | undefined;
  /** Called once when that is so, to train again; and again only after the error was small in between. */
  readonly onDrift?: ((errors: readonly number[]) => void) | undefined;
}

/**
 * Watches the error of a model in use: data drifts, and models must be trained again.
 * @example
 * const monitor = new ErrorMonitor({ threshold: 1.5 * testError, onDrift: () => retrain() });
 * for (const day of days) monitor.add(day.predictions, day.targets);
 */
export class ErrorMonitor {
  /** Mean absolute errors, one for each period. */
  readonly errors: number[] = [];
  /** How often drift was reported. */
  alerts = 0;
  readonly #threshold: number;
  readonly #patience: number;
  readonly #onDrift: ((errors: readonly number[]) => void) | undefined;
  #tooLarge = 0;

  /** @throws ArgumentError for a threshold that is not above 0, and a patience that is no whole number of 1 or more. */
  constructor({ threshold, patience = 3, onDrift }: ErrorMonitorOptions) {
    if (!(threshold > 0)) throw new ArgumentError(`ErrorMonitor: threshold must be above 0, got ${threshold}`);
    wholeNumber("ErrorMonitor", "patience", patience, 1);
    this.#threshold = threshold;
    this.#patience = patience;
    this.#onDrift = onDrift;
  }

  /**
   * Takes the predictions of a period and what came true. Returns whether drift is reported now.
   * @throws ArgumentError for lists of other lengths, or empty ones.
   */
  add(predictions: ArrayLike<number>, targets: ArrayLike<number>): boolean {
    if (predictions.length !== targets.length || targets.length === 0)
      throw new ArgumentError(
        `ErrorMonitor: as many predictions as targets were wanted, and at least one, got ${predictions.length} and ${targets.length}`,
      );
    let sum = 0;
    for (let at = 0; at < targets.length; at++) sum += Math.abs(predictions[at]! - targets[at]!);
    return this.addError(sum / targets.length);
  }

  /** The same with an error that was measured elsewhere; NaN is too large. */
  addError(error: number): boolean {
    this.errors.push(error);
    this.#tooLarge = error <= this.#threshold ? 0 : this.#tooLarge + 1;
    if (this.#tooLarge !== this.#patience) return false;
    this.alerts++;
    this.#onDrift?.(this.errors.slice(-this.#patience));
    return true;
  }
}
