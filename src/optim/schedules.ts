/** Learning rates that follow a plan. */
import { ArgumentError } from "../core/errors.ts";
import type { Optimizer } from "./optimizer.ts";

/** The rate at an epoch (or step), from a group's own rate. */
export type Schedule = (base: number, epoch: number) => number;

const atLeast = (schedule: string, name: string, value: number, least: number): void => {
  if (!(value >= least)) throw new ArgumentError(`${schedule}: ${name} must be ${least} or more, got ${value}`);
};

/** Multiplied by `factor` (0.1 by default) every `every` epochs: PyTorch's StepLR. */
export function stepDecay({ every, factor = 0.1 }: { readonly every: number; readonly factor?: number }): Schedule {
  atLeast("stepDecay", "every", every, 1);
  return (base, epoch) => base * factor ** Math.floor(epoch / every);
}

/** base · factor^(epoch / length): Keras's ExponentialDecay, and PyTorch's ExponentialLR where length is 1. */
export function exponentialDecay({
  factor,
  length = 1,
}: {
  readonly factor: number;
  readonly length?: number;
}): Schedule {
  return (base, epoch) => base * factor ** (epoch / length);
}

/** Half a cosine from the base down to `minimum` (0 by default) at epoch `length`, and back: Loshchilov and Hutter 2017. */
export function cosineAnnealing({
  length,
  minimum = 0,
}: {
  readonly length: number;
  readonly minimum?: number;
}): Schedule {
  atLeast("cosineAnnealing", "length", length, 1);
  return (base, epoch) => minimum + ((base - minimum) * (1 + Math.cos((Math.PI * epoch) / length))) / 2;
}

/** In a straight line from base · `start` (0 by default: the first epoch does not learn) to the base at epoch `length`. */
export function linearWarmup({ length, start = 0 }: { readonly length: number; readonly start?: number }): Schedule {
  atLeast("linearWarmup", "length", length, 1);
  return (base, epoch) => base * (start + (1 - start) * Math.min(1, epoch / length));
}

/** One schedule after another; each counts epochs from the milestone where it begins. */
export function sequence(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  if (schedules.length !== milestones.length + 1)
    throw new ArgumentError(
      `sequence: ${schedules.length} schedules need ${schedules.length - 1} milestones, got ${milestones.length}`,
    );
  return (base, epoch) => {
    const past = milestones.filter((milestone) => epoch >= milestone);
    return schedules[past.length]!(base, epoch - (past.at(-1) ?? 0));
  };
}

/**
 * Sets the learning rates of an optimizer's groups at each epoch. They begin with epoch 0; every `step` is one more.
 * @example const scheduler = new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs }));
 */
export class Scheduler {
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Rates that the groups had at first. */
  readonly bases: readonly number[];
  #epoch: number = 0;

  constructor(optimizer: Optimizer, schedule: Schedule) {
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.bases = optimizer.groups.map((group) => group.lr);
    this.epoch = 0;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Goes to an epoch: after a checkpoint, for instance. */
  set epoch(epoch: number) {
    this.#epoch = epoch;
    this.optimizer.groups.forEach((group, i) => (group.lr = this.schedule(this.bases[i]!, epoch)));
  }

  step(): void {
    this.epoch++;
  }
}
