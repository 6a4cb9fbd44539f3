import { ArgumentError, FormatError } from "../../core/errors.ts";
import type { Schedule } from "./schedule.ts";

/** What is scheduled: an optimizer, or a wrapper of one. */
export interface Scheduled {
  readonly groups: readonly {
    lr: number;
    momentum: number | undefined;
    /** The rate before the first scheduler came. */
    initialLr: number | undefined;
  }[];
}

/** State of a scheduler by PyTorch's names. */
export interface SchedulerState {
  readonly last_epoch: number;
  readonly base_lrs: readonly number[];
}

/** One schedule for all groups, or one for each. */
export type PerGroup<T> = T | readonly T[];

/** One entry for each group. Throws ArgumentError for a list of another length. */
export function perGroup<T>(name: string, given: PerGroup<T>, groups: number): readonly T[] {
  const list = Array.isArray(given) ? (given as readonly T[]) : new Array<T>(groups).fill(given as T);
  if (list.length !== groups)
    throw new ArgumentError(`${name}: the optimizer has ${groups} groups, got a list of ${list.length}`);
  return list;
}

/**
 * Sets the learning rates of an optimizer's groups at each epoch. They begin with epoch 0; every `step` is one more.
 * Schedules start from the rates that the groups had before the first scheduler came, as in PyTorch.
 * @example const scheduler = new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs }));
 */
export class Scheduler {
  readonly optimizer: Scheduled;
  /** One for each group. */
  readonly schedules: readonly Schedule[];
  readonly #momenta: readonly Schedule[] | undefined;
  #bases: readonly number[];
  readonly #baseMomenta: readonly number[];
  #epoch: number = 0;

  /**
   * @param schedule for all groups, or a list with one for each; any function of base and epoch will do.
   * @param momentum a schedule for momentum (or the first of Adam's betas); it does not move by default.
   * @throws ArgumentError for a list of another length, and for momentum where the optimizer has none.
   */
  constructor(optimizer: Scheduled, schedule: PerGroup<Schedule>, momentum?: PerGroup<Schedule>) {
    const { groups } = optimizer;
    this.optimizer = optimizer;
    this.schedules = perGroup("Scheduler", schedule, groups.length);
    this.#momenta = momentum && perGroup("Scheduler", momentum, groups.length);
    this.#bases = groups.map((group) => (group.initialLr ??= group.lr));
    this.#baseMomenta = groups.map((group) => group.momentum ?? 0);
    this.epoch = 0;
  }

  /** Rates that the groups had at first. */
  get bases(): readonly number[] {
    return this.#bases;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Goes to an epoch: after a checkpoint, for instance. */
  set epoch(epoch: number) {
    const rates = this.schedules.map((schedule, i) => schedule(this.#bases[i]!, epoch));
    const momenta = this.#momenta?.map((schedule, i) => schedule(this.#baseMomenta[i]!, epoch));
    this.optimizer.groups.forEach((group, i) => {
      group.lr = rates[i]!;
      if (momenta) group.momentum = momenta[i]!;
    });
    this.#epoch = epoch;
  }

  step(): void {
    this.epoch++;
  }

  /** The rates of all groups now (PyTorch's `get_last_lr`). */
  get lastLr(): readonly number[] {
    return this.optimizer.groups.map((group) => group.lr);
  }

  /** The epoch and the bases. Schedules are functions and come from the program. */
  stateDict(): SchedulerState {
    return { last_epoch: this.#epoch, base_lrs: [...this.#bases] };
  }

  /** Goes on where `stateDict` was taken. Throws FormatError for the state of another number of groups. */
  loadStateDict({ last_epoch: epoch, base_lrs: bases }: SchedulerState): void {
    if (!Array.isArray(bases) || bases.length !== this.#bases.length || typeof epoch !== "number")
      throw new FormatError(
        `Scheduler: the state must have last_epoch and ${this.#bases.length} base_lrs, one for each group`,
      );
    this.#bases = [...bases];
    this.optimizer.groups.forEach((group, i) => (group.initialLr = bases[i]));
    this.epoch = epoch;
  }
}
