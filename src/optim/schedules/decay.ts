/** Rates that fall, and the warm-up before. */
import { knownOptions } from "../../core/knownOptions.ts";
import { ArgumentError } from "../../core/errors.ts";
import { atLeast, rising, type Schedule } from "./schedule.ts";

/** Multiplied by `factor` (0.1 by default) every `every` epochs: PyTorch's StepLR. */
export function stepDecay(options: { readonly every: number; readonly factor?: number }): Schedule {
  knownOptions("stepDecay", options, { every: true, factor: true });
  const { every, factor = 0.1 } = options;
  atLeast("stepDecay", "every", every, 1);
  return (base, epoch) => base * factor ** Math.floor(epoch / every);
}

/** Multiplied by `factor` (0.1 by default) at each milestone; one that comes twice counts twice: PyTorch's MultiStepLR. */
export function multiStepDecay(options: {
  readonly milestones: readonly number[];
  readonly factor?: number;
}): Schedule {
  knownOptions("multiStepDecay", options, { milestones: true, factor: true });
  const { milestones, factor = 0.1 } = options;
  return (base, epoch) => base * factor ** milestones.filter((milestone) => epoch >= milestone).length;
}

/** `values[i]` up to and with `boundaries[i]`, the last one after: Keras's PiecewiseConstantDecay. The base is ignored. */
export function piecewiseConstant(options: {
  readonly boundaries: readonly number[];
  readonly values: readonly number[];
}): Schedule {
  knownOptions("piecewiseConstant", options, { boundaries: true, values: true });
  const { boundaries, values } = options;
  rising("piecewiseConstant", "boundaries", boundaries);
  if (values.length !== boundaries.length + 1)
    throw new ArgumentError(
      `piecewiseConstant: ${boundaries.length} boundaries need ${boundaries.length + 1} values, got ${values.length}`,
    );
  return (_, epoch) => values[boundaries.filter((boundary) => epoch > boundary).length]!;
}

/** How far something has come, in whole steps where it goes by stairs. */
const progress = (epoch: number, length: number, staircase: boolean): number =>
  staircase ? Math.floor(epoch / length) : epoch / length;

interface TimeOptions {
  /** Epochs for one application of the factor or rate, 1 by default. */
  readonly length?: number;
  /** Falls at whole multiples of `length` only, false by default. */
  readonly staircase?: boolean;
}

/** base · factor^(epoch / length): Keras's ExponentialDecay, and PyTorch's ExponentialLR where length is 1. */
export function exponentialDecay(options: TimeOptions & { readonly factor: number }): Schedule {
  knownOptions("exponentialDecay", options, { factor: true, length: true, staircase: true });
  const { factor, length = 1, staircase = false } = options;
  atLeast("exponentialDecay", "length", length, Number.MIN_VALUE);
  return (base, epoch) => base * factor ** progress(epoch, length, staircase);
}

/** base / (1 + rate · epoch / length): Keras's InverseTimeDecay. */
export function inverseTimeDecay(options: TimeOptions & { readonly rate: number }): Schedule {
  knownOptions("inverseTimeDecay", options, { rate: true, length: true, staircase: true });
  const { rate, length = 1, staircase = false } = options;
  atLeast("inverseTimeDecay", "length", length, Number.MIN_VALUE);
  return (base, epoch) => base / (1 + rate * progress(epoch, length, staircase));
}

/**
 * From the base down to `minimum` (0 by default) at epoch `length`, along (1 − epoch / length)^power, and there it stays:
 * PyTorch's PolynomialLR. With `cycle` the length doubles, triples … instead: Keras's PolynomialDecay (where `minimum` is
 * 1e-4 by default). `power` is 1 by default.
 */
export function polynomialDecay(options: {
  readonly length: number;
  readonly minimum?: number;
  readonly power?: number;
  readonly cycle?: boolean;
}): Schedule {
  knownOptions("polynomialDecay", options, { length: true, minimum: true, power: true, cycle: true });
  const { length, minimum = 0, power = 1, cycle = false } = options;
  atLeast("polynomialDecay", "length", length, Number.MIN_VALUE);
  return (base, epoch) => {
    const end = cycle ? length * Math.max(1, Math.ceil(epoch / length)) : length;
    return minimum + (base - minimum) * (1 - Math.min(1, epoch / end)) ** power;
  };
}

/**
 * In a straight line from base · `start` (0 by default: the first epoch does not learn) to base · `end` (1 by default) at
 * epoch `length`, and there it stays. PyTorch's LinearLR, where `start` is 1/3 by default.
 */
export function linearWarmup(options: {
  readonly length: number;
  readonly start?: number;
  readonly end?: number;
}): Schedule {
  knownOptions("linearWarmup", options, { length: true, start: true, end: true });
  const { length, start = 0, end = 1 } = options;
  atLeast("linearWarmup", "length", length, 1);
  return (base, epoch) => base * (start + (end - start) * Math.min(1, epoch / length));
}

/** base · `factor` (1/3 by default) before epoch `length`, then the base: PyTorch's ConstantLR. */
export function constantWarmup(options: { readonly length: number; readonly factor?: number }): Schedule {
  knownOptions("constantWarmup", options, { length: true, factor: true });
  const { length, factor = 1 / 3 } = options;
  atLeast("constantWarmup", "length", length, 0);
  return (base, epoch) => (epoch < length ? base * factor : base);
}

/**
 * The rate for another batch size: as many times larger as the batch (Goyal et al. 2017), to be reached by a warm-up.
 * @example linearScaling({ lr: 0.1, batchSize: 1024 }) // 0.4: the rate is for batches of 256
 */
export function linearScaling(options: {
  readonly lr: number;
  readonly batchSize: number;
  readonly referenceBatchSize?: number;
}): number {
  knownOptions("linearScaling", options, { lr: true, batchSize: true, referenceBatchSize: true });
  const { lr, batchSize, referenceBatchSize = 256 } = options;
  atLeast("linearScaling", "batchSize", batchSize, 1);
  atLeast("linearScaling", "referenceBatchSize", referenceBatchSize, 1);
  return (lr * batchSize) / referenceBatchSize;
}
