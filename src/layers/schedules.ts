/** Learning rates over steps, by Keras's names and options: for `optimizers.adam({ learningRate: schedules.… })`. */
import { cosineDecay as cosine, warmRestarts } from "../optim/schedules/cosine.ts";
import {
  exponentialDecay as exponential,
  inverseTimeDecay as inverse,
  piecewiseConstant,
  polynomialDecay as polynomial,
} from "../optim/schedules/decay.ts";
import { described, lookUp, type Described } from "./described.ts";

interface Falling {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
}

interface ByRate extends Falling {
  readonly decayRate: number;
  /** Falls at whole multiples of `decaySteps` only, false by default. */
  readonly staircase?: boolean | undefined;
}

interface Cosine extends Falling {
  /** The floor as a share of the initial rate, 0 by default. */
  readonly alpha?: number | undefined;
}

interface Warm extends Cosine {
  readonly warmupTarget?: number | undefined;
  readonly warmupSteps?: number | undefined;
}

interface Restarting extends Omit<Cosine, "decaySteps"> {
  readonly firstDecaySteps: number;
  /** 2 by default. */
  readonly tMul?: number | undefined;
  /** 1 by default. */
  readonly mMul?: number | undefined;
}

interface Polynomial extends Falling {
  /** 1e-4 by default. */
  readonly endLearningRate?: number | undefined;
  /** 1 by default. */
  readonly power?: number | undefined;
  readonly cycle?: boolean | undefined;
}

interface Pieces {
  readonly boundaries: readonly number[];
  readonly values: readonly number[];
}

type Rate = (step: number) => number;

const MAKERS: Readonly<Record<string, (config: never) => Rate>> = {
  ExponentialDecay: ({ initialLearningRate, decaySteps: length, decayRate: factor, staircase }: ByRate) => {
    const schedule = exponential({ factor, length, staircase: staircase ?? false });
    return (step) => schedule(initialLearningRate, step);
  },
  InverseTimeDecay: ({ initialLearningRate, decaySteps: length, decayRate: rate, staircase }: ByRate) => {
    const schedule = inverse({ rate, length, staircase: staircase ?? false });
    return (step) => schedule(initialLearningRate, step);
  },
  CosineDecay: ({
    initialLearningRate,
    decaySteps: length,
    alpha = 0,
    warmupTarget: target,
    warmupSteps = 0,
  }: Warm) => {
    const warmup = target === undefined ? {} : { warmup: { target, length: warmupSteps } };
    const schedule = cosine({ length, alpha, ...warmup });
    return (step) => schedule(initialLearningRate, step);
  },
  CosineDecayRestarts: ({ initialLearningRate, firstDecaySteps: length, alpha, tMul = 2, mMul = 1 }: Restarting) => {
    const schedule = warmRestarts({ length, growth: tMul, decay: mMul, alpha: alpha ?? 0 });
    return (step) => schedule(initialLearningRate, step);
  },
  PolynomialDecay: (config: Polynomial) => {
    const {
      initialLearningRate,
      decaySteps: length,
      endLearningRate: minimum = 1e-4,
      power = 1,
      cycle = false,
    } = config;
    const schedule = polynomial({ length, minimum, power, cycle });
    return (step) => schedule(initialLearningRate, step);
  },
  PiecewiseConstantDecay: (config: Pieces) => {
    const schedule = piecewiseConstant(config);
    return (step) => schedule(0, step);
  },
};

/** The rate at a step, counted from 0. Throws ArgumentError for a schedule that does not exist. */
export function rateOf({ className, config }: Described): Rate {
  return lookUp("schedule", MAKERS, className)(config as never);
}

/** initial · decayRate^(step / decaySteps). */
export function exponentialDecay(options: ByRate): Described {
  return described("ExponentialDecay", options);
}
/** initial / (1 + decayRate · step / decaySteps). */
export function inverseTimeDecay(options: ByRate): Described {
  return described("InverseTimeDecay", options);
}
/** Half a cosine down to `alpha` times the initial rate, after a warm-up where there is one. */
export function cosineDecay(options: Warm): Described {
  return described("CosineDecay", options);
}
/** Cosines one after another, each longer. */
export function cosineDecayRestarts(options: Restarting): Described {
  return described("CosineDecayRestarts", options);
}
/** Along (1 − step / decaySteps)^power down to `endLearningRate`. */
export function polynomialDecay(options: Polynomial): Described {
  return described("PolynomialDecay", options);
}
/** `values[i]` up to and with step `boundaries[i]`, the last one after. */
export function piecewiseConstantDecay(options: Pieces): Described {
  return described("PiecewiseConstantDecay", options);
}
