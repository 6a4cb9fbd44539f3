/** Rates that go up and down. */
import { knownOptions } from "../../core/knownOptions.ts";
import { ArgumentError } from "../../core/errors.ts";
import { atLeast, type Schedule } from "./schedule.ts";

/** Triangles of one height, halved at each cycle, or falling by a factor at each step. */
export type CyclicalMode = "triangular" | "triangular2" | "expRange";

export interface CyclicalOptions {
  /** The rate at the top; the base is that at the bottom. */
  readonly maximum: number;
  /** Epochs (or steps) from bottom to top, 2000 by default. */
  readonly rise?: number | undefined;
  /** From top to bottom, as many as up by default; 0 is a saw. */
  readonly fall?: number | undefined;
  /** "triangular" by default. */
  readonly mode?: CyclicalMode | undefined;
  /** The factor of "expRange", 1 by default. */
  readonly gamma?: number | undefined;
  /** The share of the height, in place of `mode`: of the cycle (from 1), or of the epoch. */
  readonly scale?: ((at: number) => number) | undefined;
  /** What `scale` is given, "cycle" by default. */
  readonly scaleMode?: "cycle" | "iterations" | undefined;
}

/** The share of the height that a mode gives to a cycle (from 1) and an epoch. */
function sharer({ mode = "triangular", gamma = 1, scale, scaleMode = "cycle" }: CyclicalOptions) {
  if (scale) return (cycle: number, epoch: number) => scale(scaleMode === "cycle" ? cycle : epoch);
  switch (mode) {
    case "triangular":
      return () => 1;
    case "triangular2":
      return (cycle: number) => 2 ** (1 - cycle);
    case "expRange":
      return (_: number, epoch: number) => gamma ** epoch;
    default:
      throw new ArgumentError(
        `cyclical: mode must be "triangular", "triangular2" or "expRange", got "${mode as string}"`,
      );
  }
}

/**
 * In straight lines from the base to `maximum` and back, again and again: Smith 2017, PyTorch's CyclicLR. Momentum goes the
 * other way with a base above the `maximum`.
 */
export function cyclical(options: CyclicalOptions): Schedule {
  knownOptions("cyclical", options, {
    maximum: true,
    rise: true,
    fall: true,
    mode: true,
    gamma: true,
    scale: true,
    scaleMode: true,
  });
  const { maximum, rise = 2000, fall = rise } = options;
  atLeast("cyclical", "rise", rise, Number.MIN_VALUE);
  atLeast("cyclical", "fall", fall, 0);
  const share = sharer(options);
  const [length, top] = [rise + fall, rise / (rise + fall)];
  return (base, epoch) => {
    const cycle = Math.floor(1 + epoch / length);
    const at = 1 + epoch / length - cycle;
    const height = at <= top ? at / top : (at - 1) / (top - 1);
    return base + (maximum - base) * height * share(cycle, epoch);
  };
}

/** How a rate goes from one number to the next: along half a cosine, or in a straight line. */
export type Anneal = "cos" | "linear";

type Point = readonly [epoch: number, value: number];

/** Through points in turn; the last value stays. */
function through(points: readonly Point[], anneal: Anneal): (epoch: number) => number {
  return (given) => {
    const epoch = Math.min(given, points.at(-1)![0]);
    const piece = points.findIndex(([end], i) => i > 0 && epoch <= end);
    const [last, next] = points.slice(piece - 1, piece + 1);
    const share = (epoch - last![0]) / (next![0] - last![0]);
    return anneal === "linear"
      ? last![1] + (next![1] - last![1]) * share
      : next![1] + ((last![1] - next![1]) / 2) * (1 + Math.cos(Math.PI * share));
  };
}

export interface OneCycleShape {
  /** Epochs (or steps) of the whole. */
  readonly length: number;
  /** When the top is reached, 0.3 · length by default. */
  readonly peak?: number | undefined;
  /** "cos" by default. */
  readonly anneal?: Anneal | undefined;
  /** Comes down as it went up, then falls to the end; false by default. */
  readonly threePhase?: boolean | undefined;
}

export interface OneCycleOptions extends OneCycleShape {
  /** The rate at the top; the base is ignored. */
  readonly maximum: number;
  /** The start is `maximum` by this, 25 by default. */
  readonly divFactor?: number | undefined;
  /** The end is the start by this, 1e4 by default. */
  readonly finalDivFactor?: number | undefined;
}

/** A value that starts, turns, (comes back,) and ends. Throws ArgumentError more than one epoch past the end. */
function arch(name: string, shape: OneCycleShape, [start, top, end]: readonly [number, number, number]): Schedule {
  const { length, peak = 0.3 * length, anneal = "cos", threePhase = false } = shape;
  if (!(peak > 0 && (threePhase ? 2 : 1) * peak < length))
    throw new ArgumentError(
      `${name}: the peak must lie within the length${threePhase ? ", twice" : ""}, got ${peak} of ${length}`,
    );
  const back: readonly Point[] = threePhase ? [[2 * peak, start]] : [];
  const value = through([[0, start], [peak, top], ...back, [length, end]], anneal);
  return (_, epoch) => {
    // One step is allowed after the last, since loops step their scheduler at the end. (PyTorch overshoots there.)
    if (epoch > length + 1)
      throw new ArgumentError(`${name}: is over after ${length}, got ${epoch}. Make it as long as the training`);
    return value(epoch);
  };
}

/**
 * From maximum / divFactor up to `maximum`, then down to a ten-thousandth of the start: Smith and Topin 2018, PyTorch's
 * OneCycleLR, in epochs or in steps.
 * @throws ArgumentError when it is asked for more than one epoch past its end.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  knownOptions("oneCycle", options, {
    length: true,
    peak: true,
    anneal: true,
    threePhase: true,
    maximum: true,
    divFactor: true,
    finalDivFactor: true,
  });
  const { maximum, divFactor = 25, finalDivFactor = 1e4 } = options;
  const start = maximum / divFactor;
  return arch("oneCycle", options, [start, maximum, start / finalDivFactor]);
}

/** Momentum along one cycle: from `maximum` (0.95 by default) to `base` (0.85 by default) at the peak, and back. */
export function oneCycleMomentum(
  options: OneCycleShape & { readonly base?: number | undefined; readonly maximum?: number | undefined },
): Schedule {
  knownOptions("oneCycleMomentum", options, {
    length: true,
    peak: true,
    anneal: true,
    threePhase: true,
    base: true,
    maximum: true,
  });
  const { base = 0.85, maximum = 0.95, ...shape } = options;
  return arch("oneCycleMomentum", shape, [maximum, base, maximum]);
}
