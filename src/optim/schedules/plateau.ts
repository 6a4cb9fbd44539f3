import { knownOptions, type KnownOptions } from "../../core/knownOptions.ts";
import { ArgumentError, FormatError } from "../../core/errors.ts";
import { perGroup, type Scheduled } from "./scheduler.ts";

export interface ReduceOnPlateauOptions {
  /** Whether smaller ("min", the default) or larger numbers are better. */
  readonly mode?: "min" | "max" | undefined;
  /** Rates are multiplied by this, 0.1 by default. */
  readonly factor?: number | undefined;
  /** How many epochs without improvement are borne, 10 by default. */
  readonly patience?: number | undefined;
  /** What counts as an improvement, 1e-4 by default. */
  readonly threshold?: number | undefined;
  /** Whether the threshold is a share of the best ("rel", the default) or a distance from it. */
  readonly thresholdMode?: "rel" | "abs" | undefined;
  /** Epochs after a reduction that do not count, 0 by default. */
  readonly cooldown?: number | undefined;
  /** No rate goes below this, 0 by default; a list has one for each group. */
  readonly minLr?: number | readonly number[] | undefined;
  /** Smaller changes are not made, 1e-8 by default. */
  readonly eps?: number | undefined;
}

/** All of them, so that a misspelt one is told of. */
export const REDUCE_ON_PLATEAU: KnownOptions<ReduceOnPlateauOptions> = {
  mode: true,
  factor: true,
  patience: true,
  threshold: true,
  thresholdMode: true,
  cooldown: true,
  minLr: true,
  eps: true,
};

/** State by PyTorch's names. */
export interface PlateauState {
  readonly best: number;
  readonly num_bad_epochs: number;
  readonly cooldown_counter: number;
  readonly last_epoch: number;
}

/**
 * Reduces learning rates when a metric has stopped improving: PyTorch's and Keras's ReduceLROnPlateau.
 * @example
 * const scheduler = new optim.ReduceOnPlateau(optimizer, { patience: 3 });
 * scheduler.step(validationLoss); // after every epoch
 */
export class ReduceOnPlateau {
  readonly optimizer: Scheduled;
  readonly #options: Required<{ [K in keyof ReduceOnPlateauOptions]: NonNullable<ReduceOnPlateauOptions[K]> }>;
  readonly #least: readonly number[];
  #best: number;
  #bad: number = 0;
  #cooldown: number = 0;
  #epoch: number = 0;

  /** @throws ArgumentError for a factor of 1 or more, unknown modes, and a list of another length. */
  constructor(optimizer: Scheduled, options: ReduceOnPlateauOptions = {}) {
    knownOptions("ReduceOnPlateau", options, REDUCE_ON_PLATEAU);
    const { mode = "min", factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = "rel" } = options;
    const { cooldown = 0, minLr = 0, eps = 1e-8 } = options;
    if (!(factor < 1)) throw new ArgumentError(`ReduceOnPlateau: factor must be below 1, got ${factor}`);
    if (mode !== "min" && mode !== "max")
      throw new ArgumentError(`ReduceOnPlateau: mode must be "min" or "max", got "${mode as string}"`);
    if (thresholdMode !== "rel" && thresholdMode !== "abs")
      throw new ArgumentError(
        `ReduceOnPlateau: thresholdMode must be "rel" or "abs", got "${thresholdMode as string}"`,
      );
    this.optimizer = optimizer;
    this.#options = { mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps };
    this.#least = perGroup("ReduceOnPlateau", minLr, optimizer.groups.length);
    this.#best = mode === "min" ? Infinity : -Infinity;
  }

  /** The best metric so far. */
  get best(): number {
    return this.#best;
  }

  /** The rates of all groups now. */
  get lastLr(): readonly number[] {
    return this.optimizer.groups.map((group) => group.lr);
  }

  /** Takes note of an epoch's metric. Returns whether rates were reduced. */
  step(metric: number): boolean {
    const { patience, cooldown } = this.#options;
    this.#epoch++;
    if (this.#isBetter(metric)) [this.#best, this.#bad] = [metric, 0];
    else this.#bad++;
    if (this.#cooldown > 0) [this.#cooldown, this.#bad] = [this.#cooldown - 1, 0];
    if (this.#bad <= patience) return false;
    [this.#cooldown, this.#bad] = [cooldown, 0];
    return this.#reduce();
  }

  #isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    const sign = mode === "min" ? -1 : 1;
    const bar = thresholdMode === "rel" ? this.#best * (1 + sign * threshold) : this.#best + sign * threshold;
    return mode === "min" ? metric < bar : metric > bar;
  }

  #reduce(): boolean {
    const { factor, eps } = this.#options;
    const changed = this.optimizer.groups.map((group, i) => {
      const next = Math.max(group.lr * factor, this.#least[i]!);
      if (!(group.lr - next > eps)) return false;
      group.lr = next;
      return true;
    });
    return changed.includes(true);
  }

  stateDict(): PlateauState {
    const [best, bad, cooldown, epoch] = [this.#best, this.#bad, this.#cooldown, this.#epoch];
    return { best, num_bad_epochs: bad, cooldown_counter: cooldown, last_epoch: epoch };
  }

  /** Goes on where `stateDict` was taken; rates are part of the optimizer's state. Throws FormatError where a number is missing. */
  loadStateDict(state: PlateauState): void {
    const { best, num_bad_epochs: bad, cooldown_counter: cooldown, last_epoch: epoch } = state;
    if ([best, bad, cooldown, epoch].some((value) => typeof value !== "number"))
      throw new FormatError(
        "ReduceOnPlateau: the state must have the numbers best, num_bad_epochs, cooldown_counter and last_epoch",
      );
    [this.#best, this.#bad, this.#cooldown, this.#epoch] = [best, bad, cooldown, epoch];
  }
}
