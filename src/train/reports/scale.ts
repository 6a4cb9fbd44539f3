/** From numbers to places in a picture. */

/** An axis of a chart. */
export interface Axis {
  readonly label?: string | undefined;
  /** Powers of ten are equally far apart; what is not above 0 is left out. */
  readonly log?: boolean | undefined;
  /** Where the axis begins and ends; at the smallest and largest number, rounded, by default. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Names of the places 0, 1, 2 … instead of numbers. */
  readonly names?: readonly string[] | undefined;
}

/** An axis with places. */
export interface Scale {
  /** The place of a number between 0 (the beginning) and 1; NaN where it has none. */
  place(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
}

/** As many ticks as fit well, about. */
const WANTED = 6;

/** The scale of an axis for some numbers. */
export function scaleOf({ log = false, from, to, names }: Axis, values: readonly number[]): Scale {
  if (names) return places(names);
  const usable = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  const low = from ?? usable.reduce((a, b) => Math.min(a, b), Infinity);
  const high = to ?? usable.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(low <= high)) return log ? logarithmic(1, 10) : linear(0, 1, false, false);
  return log ? logarithmic(low, high) : linear(low, high, from === undefined, to === undefined);
}

function places(names: readonly string[]): Scale {
  // Names stand in a chart that has room for all ticks; of many, some are written.
  const every = Math.ceil(names.length / 24);
  const ticks = names.flatMap((text, value) => (value % every === 0 ? [{ value, text }] : []));
  return { place: (value) => (value + 0.5) / names.length, ticks };
}

function linear(low: number, high: number, roundLow: boolean, roundHigh: boolean): Scale {
  const some = high > low ? high - low : Math.abs(low) || 1;
  const step = niceStep(some / WANTED);
  const begin = roundLow ? Math.floor(low / step + 1e-9) * step : low;
  const end = roundHigh ? Math.ceil(high / step - 1e-9) * step : high;
  // One number alone stands in the middle.
  if (end <= begin) return linear(begin - step, begin + step, false, false);
  const ticks: { value: number; text: string }[] = [];
  for (let at = Math.ceil(begin / step - 1e-9); at * step <= end + step * 1e-9; at++)
    ticks.push({ value: at * step, text: textOf(at * step, step) });
  return { place: (value) => (value - begin) / (end - begin), ticks };
}

/** 1, 2 or 5 times a power of ten, not below a number. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

function logarithmic(low: number, high: number): Scale {
  const begin = Math.floor(Math.log10(low) + 1e-9);
  const end = Math.max(begin + 1, Math.ceil(Math.log10(high) - 1e-9));
  const every = Math.ceil((end - begin) / (WANTED + 2));
  const ticks: { value: number; text: string }[] = [];
  for (let power = begin; power <= end; power += every)
    ticks.push({ value: 10 ** power, text: textOf(10 ** power, 10 ** power) });
  return { place: (value) => (value > 0 ? (Math.log10(value) - begin) / (end - begin) : NaN), ticks };
}

/** A number as short as its neighbours on an axis allow. */
function textOf(value: number, step: number): string {
  if (value === 0 || Math.abs(value) < step * 1e-6) return "0";
  const size = Math.abs(value);
  const text =
    size >= 1e6 || size < 1e-3
      ? value
          .toExponential(Math.max(0, Math.floor(Math.log10(size)) - Math.floor(Math.log10(step) + 1e-9)))
          .replace("e+", "e")
      : value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return text.replace("-", "−").replace("e-", "e−");
}
