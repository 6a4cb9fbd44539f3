/** Schedules made of schedules. */
import { ArgumentError } from "../../core/errors.ts";
import { rising, type Schedule } from "./schedule.ts";

/** One schedule after another; each counts epochs from the milestone where it begins. PyTorch's SequentialLR. */
export function sequence(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  if (schedules.length !== milestones.length + 1)
    throw new ArgumentError(
      `sequence: ${schedules.length} schedules need ${schedules.length - 1} milestones, got ${milestones.length}`,
    );
  rising("sequence", "milestones", milestones);
  return (base, epoch) => {
    const past = milestones.filter((milestone) => epoch >= milestone);
    return schedules[past.length]!(base, epoch - (past.at(-1) ?? 0));
  };
}

/**
 * All at once: each takes the rate of the one before it as its base, so that factors multiply. PyTorch's ChainedScheduler,
 * for schedules that multiply the base.
 */
export function chain(...schedules: readonly Schedule[]): Schedule {
  return (base, epoch) => schedules.reduce((rate, schedule) => schedule(rate, epoch), base);
}

/** The product of `factor(1)` … `factor(epoch)`, times the base: PyTorch's MultiplicativeLR. */
export function multiplicative(factor: (epoch: number) => number): Schedule {
  const products = [1];
  return (base, epoch) => {
    while (products.length <= epoch) products.push(products.at(-1)! * factor(products.length));
    return base * products[Math.floor(epoch)]!;
  };
}
