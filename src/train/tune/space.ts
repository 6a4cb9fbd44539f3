/** What is searched: named choices and ranges. */
import { ArgumentError } from "../../core/errors.ts";
import type { HostRandom } from "../../core/random.ts";
import type { Json } from "../../formats/json.ts";

/** Numbers from `low` to `high`; whole steps from `low` where there is a `step`; on a logarithmic scale where `log` says so. */
export interface Range {
  readonly kind: "range";
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly step: number | undefined;
}

/** One of several values. */
export interface Choice<T extends Json = Json> {
  readonly kind: "choice";
  readonly options: readonly T[];
}

/** Something that matters only where another parameter has certain values. */
export interface When<T> {
  readonly kind: "when";
  readonly name: string;
  readonly values: readonly Json[];
  readonly dimension: Range | Choice;
  readonly "~value"?: T;
}

export type Dimension = Range | Choice | When<unknown>;

/** Dimensions by name. A `when` names one that stands before it. */
export type Space = Readonly<Record<string, Dimension>>;

type ValueOf<D> = D extends Range
  ? number
  : D extends Choice<infer T>
    ? T
    : D extends When<infer T>
      ? T | undefined
      : never;

/** A value for every dimension. Those whose condition does not hold are left out. */
export type Params<S extends Space = Space> = { readonly [K in keyof S]: ValueOf<S[K]> };

/** Values of a point, whatever the space. */
export type Values = Readonly<Record<string, Json | undefined>>;

function range(name: string, low: number, high: number, log: boolean, step: number | undefined): Range {
  if (!(low < high || (low === high && step !== undefined)) || !Number.isFinite(high - low))
    throw new ArgumentError(`${name}: wants two numbers that rise, got ${low} and ${high}`);
  if (log && !(low > 0)) throw new ArgumentError(`${name}: a logarithmic scale begins above 0, got ${low}`);
  return { kind: "range", low, high, log, step };
}

/** Any number from `low` to `high`, all alike. */
export function uniform(low: number, high: number): Range {
  return range("uniform", low, high, false, undefined);
}

/** Any number from `low` to `high`, all orders of magnitude alike: learning rates. */
export function logUniform(low: number, high: number): Range {
  return range("logUniform", low, high, true, undefined);
}

/**
 * A whole number from `low` to `high`, both included.
 * @param options.step only every so many from `low`, 1 by default; `log` for all orders of magnitude alike.
 */
export function int(
  low: number,
  high: number,
  { step = 1, log = false }: { readonly step?: number | undefined; readonly log?: boolean | undefined } = {},
): Range {
  if (![low, high, step].every(Number.isSafeInteger) || step < 1)
    throw new ArgumentError(`int: wants whole numbers and a step of 1 or more, got ${low}, ${high} and ${step}`);
  return range("int", low, low + Math.floor((high - low) / step) * step, log, step);
}

/** One of these: texts, numbers, or anything else that JSON can say. */
export function choice<const T extends Json>(options: readonly T[]): Choice<T> {
  if (options.length === 0) throw new ArgumentError("choice: got no options");
  if (new Set(options.map((option) => JSON.stringify(option))).size < options.length)
    throw new ArgumentError("choice: an option is there twice; remove one");
  return { kind: "choice", options };
}

/**
 * A dimension that is there only where another one, before it in the space, has this value or one of these.
 * @example { optimizer: choice(["sgd", "adam"]), momentum: when("optimizer", "sgd", uniform(0, 0.99)) }
 */
export function when<const D extends Range | Choice>(name: string, values: Json, dimension: D): When<ValueOf<D>> {
  return { kind: "when", name, values: Array.isArray(values) ? values : [values as Json], dimension };
}

const same = (a: Json | undefined, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The dimension that matters for a point so far; undefined where its condition does not hold. */
export function activeIn(dimension: Dimension, point: Values): Range | Choice | undefined {
  if (dimension.kind !== "when") return dimension;
  return dimension.values.some((value) => same(point[dimension.name], value)) ? dimension.dimension : undefined;
}

/** Throws ArgumentError for a condition on something that does not stand before it. */
export function checkSpace(space: Space): void {
  const before = new Set<string>();
  for (const [name, dimension] of Object.entries(space)) {
    if (dimension.kind === "when" && !before.has(dimension.name))
      throw new ArgumentError(
        `space: ${name} depends on ${dimension.name}, which does not stand before it; put it there`,
      );
    before.add(name);
  }
  if (before.size === 0)
    throw new ArgumentError("space: there is nothing to search; name at least one range or choice");
}

/** A point, dimension by dimension. */
export function pointIn(space: Space, value: (name: string, dimension: Range | Choice) => Json): Values {
  const point: Record<string, Json> = {};
  for (const [name, dimension] of Object.entries(space)) {
    const active = activeIn(dimension, point);
    if (active) point[name] = value(name, active);
  }
  return point;
}

/** Where models look at a range: its ends, on a logarithmic scale where it has one; half a step wider where it has steps. */
export function scaleOf({ low, high, log, step = 0 }: Range): { readonly low: number; readonly high: number } {
  const [from, to] = [low - step / 2, high + step / 2];
  return log ? { low: Math.log(Math.max(from, low / 2)), high: Math.log(to) } : { low: from, high: to };
}

/** A place on that scale as a value of the range. */
export function onRange({ low, high, log, step }: Range, place: number): number {
  const value = log ? Math.exp(place) : place;
  const stepped = step === undefined ? value : low + Math.round((value - low) / step) * step;
  return Math.min(high, Math.max(low, stepped));
}

/** A value as a place on that scale. */
export function placeOf({ log }: Range, value: number): number {
  return log ? Math.log(value) : value;
}

/** A value by chance. */
export function drawn(dimension: Range | Choice, random: HostRandom): Json {
  if (dimension.kind === "choice") return random.pick(dimension.options);
  const { low, high } = scaleOf(dimension);
  return onRange(dimension, random.uniform(low, high));
}

/**
 * Values that stand for a dimension: all options; all steps, where there are no more than `points`; so many spread evenly over
 * the scale, both ends among them.
 */
export function spreadOf(dimension: Range | Choice, points: number): readonly Json[] {
  if (dimension.kind === "choice") return dimension.options;
  const { low, high, step } = dimension;
  const all = step === undefined ? Infinity : Math.round((high - low) / step) + 1;
  const count = Math.min(points, all);
  if (count === all) return Array.from({ length: all }, (_, i) => low + i * step!);
  const [from, to] = [placeOf(dimension, low), placeOf(dimension, high)];
  const values = Array.from({ length: count }, (_, i) =>
    onRange(dimension, count === 1 ? (from + to) / 2 : from + ((to - from) * i) / (count - 1)),
  );
  return [...new Set(values)];
}
