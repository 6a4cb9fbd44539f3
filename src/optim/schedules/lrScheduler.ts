/** Schedulers by the names, options and defaults of `torch.optim.lr_scheduler`, over the schedules of this folder. */
import { knownOptions } from "../../core/knownOptions.ts";
import { ArgumentError } from "../../core/errors.ts";
import { chain, multiplicative, sequence } from "./compose.ts";
import { cosineAnnealing, warmRestarts } from "./cosine.ts";
import { cyclical, oneCycle, oneCycleMomentum, type Anneal, type CyclicalMode } from "./cycle.ts";
import { constantWarmup, exponentialDecay, linearWarmup, multiStepDecay, polynomialDecay, stepDecay } from "./decay.ts";
import type { Schedule } from "./schedule.ts";
import { perGroup, Scheduler, type PerGroup, type Scheduled } from "./scheduler.ts";

export { ReduceOnPlateau as ReduceLROnPlateau, type ReduceOnPlateauOptions } from "./plateau.ts";

type Factor = (epoch: number) => number;

const each = <T, U>(given: PerGroup<T>, make: (value: T) => U): PerGroup<U> =>
  Array.isArray(given) ? (given as readonly T[]).map(make) : make(given as T);

/** The initial rate times `lrLambda(epoch)`; a list has one function for each group. */
export class LambdaLR extends Scheduler {
  constructor(optimizer: Scheduled, options: { readonly lrLambda: PerGroup<Factor> }) {
    knownOptions("LambdaLR", options, { lrLambda: true });
    const { lrLambda } = options;
    super(
      optimizer,
      each(
        lrLambda,
        (factor: Factor): Schedule =>
          (base, epoch) =>
            base * factor(epoch),
      ),
    );
  }
}

/** The last rate times `lrLambda(epoch)`. */
export class MultiplicativeLR extends Scheduler {
  constructor(optimizer: Scheduled, options: { readonly lrLambda: PerGroup<Factor> }) {
    knownOptions("MultiplicativeLR", options, { lrLambda: true });
    const { lrLambda } = options;
    super(optimizer, each(lrLambda, multiplicative));
  }
}

/** Times `gamma` (0.1 by default) every `stepSize` epochs. */
export class StepLR extends Scheduler {
  constructor(optimizer: Scheduled, options: { readonly stepSize: number; readonly gamma?: number }) {
    knownOptions("StepLR", options, { stepSize: true, gamma: true });
    const { stepSize, gamma = 0.1 } = options;
    super(optimizer, stepDecay({ every: stepSize, factor: gamma }));
  }
}

/** Times `gamma` (0.1 by default) at each milestone. */
export class MultiStepLR extends Scheduler {
  constructor(optimizer: Scheduled, options: { readonly milestones: readonly number[]; readonly gamma?: number }) {
    knownOptions("MultiStepLR", options, { milestones: true, gamma: true });
    const { milestones, gamma = 0.1 } = options;
    super(optimizer, multiStepDecay({ milestones, factor: gamma }));
  }
}

/** Times `factor` (1/3 by default) before `totalIters` (5 by default). */
export class ConstantLR extends Scheduler {
  constructor(optimizer: Scheduled, options: { readonly factor?: number; readonly totalIters?: number } = {}) {
    knownOptions("ConstantLR", options, { factor: true, totalIters: true });
    const { factor = 1 / 3, totalIters = 5 } = options;
    super(optimizer, constantWarmup({ length: totalIters, factor }));
  }
}

/** In a straight line from `startFactor` (1/3 by default) to `endFactor` (1 by default) over `totalIters` (5 by default). */
export class LinearLR extends Scheduler {
  constructor(
    optimizer: Scheduled,
    options: { readonly startFactor?: number; readonly endFactor?: number; readonly totalIters?: number } = {},
  ) {
    knownOptions("LinearLR", options, { startFactor: true, endFactor: true, totalIters: true });
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
    super(optimizer, linearWarmup({ length: totalIters, start: startFactor, end: endFactor }));
  }
}

/** Times `gamma` every epoch. */
export class ExponentialLR extends Scheduler {
  constructor(optimizer: Scheduled, options: { readonly gamma: number }) {
    knownOptions("ExponentialLR", options, { gamma: true });
    const { gamma } = options;
    super(optimizer, exponentialDecay({ factor: gamma }));
  }
}

/** Down to 0 over `totalIters` (5 by default) along (1 − epoch / totalIters)^power; `power` is 1 by default. */
export class PolynomialLR extends Scheduler {
  constructor(optimizer: Scheduled, options: { readonly totalIters?: number; readonly power?: number } = {}) {
    knownOptions("PolynomialLR", options, { totalIters: true, power: true });
    const { totalIters = 5, power = 1 } = options;
    super(optimizer, polynomialDecay({ length: totalIters, power }));
  }
}

/** Half a cosine down to `etaMin` (0 by default) at epoch `TMax`, and back. */
export class CosineAnnealingLR extends Scheduler {
  constructor(optimizer: Scheduled, options: { readonly TMax: number; readonly etaMin?: number }) {
    knownOptions("CosineAnnealingLR", options, { TMax: true, etaMin: true });
    const { TMax, etaMin = 0 } = options;
    super(optimizer, cosineAnnealing({ length: TMax, minimum: etaMin }));
  }
}

/** Cosines down to `etaMin` (0 by default), the first over `T0` epochs, each `TMult` (1 by default) times as long as the last. */
export class CosineAnnealingWarmRestarts extends Scheduler {
  constructor(
    optimizer: Scheduled,
    options: { readonly T0: number; readonly TMult?: number; readonly etaMin?: number },
  ) {
    knownOptions("CosineAnnealingWarmRestarts", options, { T0: true, TMult: true, etaMin: true });
    const { T0, TMult = 1, etaMin = 0 } = options;
    super(optimizer, warmRestarts({ length: T0, growth: TMult, minimum: etaMin }));
  }
}

export interface CyclicLROptions {
  /** The rate at the bottom, for all groups or a list. */
  readonly baseLr: PerGroup<number>;
  /** The rate at the top. */
  readonly maxLr: PerGroup<number>;
  /** 2000 by default. */
  readonly stepSizeUp?: number;
  /** As many as up by default. */
  readonly stepSizeDown?: number;
  readonly mode?: CyclicalMode;
  readonly gamma?: number;
  readonly scaleFn?: (at: number) => number;
  readonly scaleMode?: "cycle" | "iterations";
  /** Moves momentum against the rate, true by default. */
  readonly cycleMomentum?: boolean;
  /** 0.8 by default. */
  readonly baseMomentum?: PerGroup<number>;
  /** 0.9 by default. */
  readonly maxMomentum?: PerGroup<number>;
}

/** In straight lines between two rates, with momentum the other way. */
export class CyclicLR extends Scheduler {
  constructor(optimizer: Scheduled, options: CyclicLROptions) {
    knownOptions("CyclicLR", options, {
      baseLr: true,
      maxLr: true,
      stepSizeUp: true,
      stepSizeDown: true,
      mode: true,
      gamma: true,
      scaleFn: true,
      scaleMode: true,
      cycleMomentum: true,
      baseMomentum: true,
      maxMomentum: true,
    });
    const { baseLr, maxLr, baseMomentum = 0.8, maxMomentum = 0.9, cycleMomentum = true } = options;
    const { stepSizeUp: rise, stepSizeDown: fall, mode, gamma, scaleFn: scale, scaleMode } = options;
    const count = optimizer.groups.length;
    const between = (from: PerGroup<number>, to: PerGroup<number>): Schedule[] => {
      const tops = perGroup("CyclicLR", to, count);
      return perGroup("CyclicLR", from, count).map((bottom, i): Schedule => {
        const schedule = cyclical({ maximum: tops[i]!, rise, fall, mode, gamma, scale, scaleMode });
        return (_, epoch) => schedule(bottom, epoch);
      });
    };
    super(optimizer, between(baseLr, maxLr), cycleMomentum ? between(maxMomentum, baseMomentum) : undefined);
  }
}

export interface OneCycleLROptions {
  /** The rate at the top, for all groups or a list. */
  readonly maxLr: PerGroup<number>;
  /** Steps of the whole; or `epochs` and `stepsPerEpoch`. */
  readonly totalSteps?: number;
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  /** The share of steps before the top, 0.3 by default. */
  readonly pctStart?: number;
  readonly annealStrategy?: Anneal;
  /** Moves momentum against the rate, true by default. */
  readonly cycleMomentum?: boolean;
  /** 0.85 by default. */
  readonly baseMomentum?: PerGroup<number>;
  /** 0.95 by default. */
  readonly maxMomentum?: PerGroup<number>;
  /** The start is `maxLr` by this, 25 by default. */
  readonly divFactor?: number;
  /** The end is the start by this, 1e4 by default. */
  readonly finalDivFactor?: number;
  readonly threePhase?: boolean;
}

/** One rise and one fall, a step at a time. Throws ArgumentError when it is stepped more than `totalSteps` times. */
export class OneCycleLR extends Scheduler {
  constructor(optimizer: Scheduled, options: OneCycleLROptions) {
    knownOptions("OneCycleLR", options, {
      maxLr: true,
      totalSteps: true,
      epochs: true,
      stepsPerEpoch: true,
      pctStart: true,
      annealStrategy: true,
      cycleMomentum: true,
      baseMomentum: true,
      maxMomentum: true,
      divFactor: true,
      finalDivFactor: true,
      threePhase: true,
    });
    const { maxLr, epochs = NaN, stepsPerEpoch = NaN, totalSteps = epochs * stepsPerEpoch, pctStart = 0.3 } = options;
    const { cycleMomentum = true, baseMomentum = 0.85, maxMomentum = 0.95, annealStrategy: anneal } = options;
    const { divFactor, finalDivFactor, threePhase } = options;
    if (!(Number.isInteger(totalSteps) && totalSteps > 0))
      throw new ArgumentError(`OneCycleLR: wants totalSteps, or epochs and stepsPerEpoch, as whole numbers above 0`);
    // Of n steps the first is at 0 and the last at n − 1.
    const shape = { length: totalSteps - 1, peak: pctStart * totalSteps - 1, anneal, threePhase };
    const tops = perGroup("OneCycleLR", maxLr, optimizer.groups.length);
    const [high, low] = [maxMomentum, baseMomentum].map((m) => perGroup("OneCycleLR", m, optimizer.groups.length));
    super(
      optimizer,
      tops.map((maximum) => oneCycle({ ...shape, maximum, divFactor, finalDivFactor })),
      cycleMomentum ? tops.map((_, i) => oneCycleMomentum({ ...shape, maximum: high![i], base: low![i] })) : undefined,
    );
  }
}

/** Schedules of several schedulers for each group. */
const transposed = (optimizer: Scheduled, schedulers: readonly Scheduler[]): Schedule[][] =>
  optimizer.groups.map((_, i) => schedulers.map(({ schedules }) => schedules[i]!));

/** One scheduler after another, from the milestones on; each counts from where it begins. */
export class SequentialLR extends Scheduler {
  constructor(
    optimizer: Scheduled,
    options: { readonly schedulers: readonly Scheduler[]; readonly milestones: readonly number[] },
  ) {
    knownOptions("SequentialLR", options, { schedulers: true, milestones: true });
    const { schedulers, milestones } = options;
    super(
      optimizer,
      transposed(optimizer, schedulers).map((schedules) => sequence(schedules, milestones)),
    );
  }
}

/** All schedulers at once: their factors multiply. */
export class ChainedScheduler extends Scheduler {
  constructor(schedulers: readonly Scheduler[]) {
    const [first] = schedulers;
    if (!first) throw new ArgumentError("ChainedScheduler: wants schedulers, got none");
    super(
      first.optimizer,
      transposed(first.optimizer, schedulers).map((schedules) => chain(...schedules)),
    );
  }
}
