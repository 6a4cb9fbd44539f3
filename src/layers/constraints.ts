/** Bounds that weights are brought back to after a step, as descriptions that layers save with their options. */
import { described, type Described } from "./described.ts";

interface Axis {
  /** The axes that a norm runs over: 0 by default, the weights into one unit of a dense kernel [in, units]; [0, 1, 2] for a `conv2d`. */
  readonly axis?: number | readonly number[];
}

/** Norms of at most `maxValue`, 2 by default. */
export function maxNorm(options: Axis & { readonly maxValue?: number } = {}): Described {
  return described("MaxNorm", options);
}

/** No number below 0. */
export function nonNeg(): Described {
  return described("NonNeg");
}

/** Norms of 1. */
export function unitNorm(options: Axis = {}): Described {
  return described("UnitNorm", options);
}

/** Norms from `minValue` (0 by default) to `maxValue` (1 by default), approached by a share `rate` (1 by default) at each step. */
export function minMaxNorm(
  options: Axis & { readonly minValue?: number; readonly maxValue?: number; readonly rate?: number } = {},
): Described {
  return described("MinMaxNorm", options);
}
