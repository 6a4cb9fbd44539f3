/** Data split several times, so that every example is tested on once; in scikit-learn's order where nothing is shuffled. */
import { ArgumentError } from "../../core/errors.ts";
import { HostRandom, hostSeed } from "../../core/random.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { leakageOf } from "./dated.ts";
import { countOf, select, type Examples, type Part } from "./select.ts";
import { labelsOf, positionsByLabel, type Labels, type Split } from "./trainTestSplit.ts";

/** How many folds, and in which order. */
export interface FoldOptions {
  /** 5 by default. */
  readonly folds?: number | undefined;
  /** Whether examples come into folds at random; false by default: neighbours stay together. */
  readonly shuffle?: boolean | undefined;
  /** That of `manualSeed` by default. */
  readonly seed?: number | undefined;
  /** Is told where shuffling dated rows would test on the past; `console.warn` by default. */
  readonly warn?: ((message: string) => void) | undefined;
}

function checkFolds(operation: string, folds: number, count: number, what: string): void {
  wholeNumber(operation, "folds", folds, 2);
  if (folds > count)
    throw new ArgumentError(`${operation}: ${count} ${what} do not fill ${folds} folds; ask for fewer`);
}

/** The split of each fold, of which every example has a number. */
function splitsOf<D extends Examples>(data: D, foldOf: ArrayLike<number>, folds: number): Split<Part<D>>[] {
  const all = Array.from({ length: foldOf.length }, (_, at) => at);
  return Array.from({ length: folds }, (_, fold) => ({
    train: select(data, Uint32Array.from(all.filter((at) => foldOf[at] !== fold))),
    test: select(data, Uint32Array.from(all.filter((at) => foldOf[at] === fold))),
  }));
}

function warnOf(operation: string, data: Examples, { shuffle = false, warn = console.warn }: FoldOptions): void {
  const leakage = shuffle ? leakageOf(operation, data) : undefined;
  if (leakage !== undefined) warn(leakage);
}

/**
 * Splits data into folds of equal size, each of which is tested on once while the others are for training.
 * @throws ArgumentError for more folds than examples.
 *
 * @example
 * for (const { train, test } of splits.kFold({ x, y }, { folds: 5, shuffle: true, seed: 1 })) …
 */
export function kFold<const D extends Examples>(data: D, options: FoldOptions = {}): Split<Part<D>>[] {
  const { folds = 5, shuffle = false, seed = hostSeed() } = options;
  const count = countOf("kFold", data);
  checkFolds("kFold", folds, count, "examples");
  warnOf("kFold", data, options);
  const order = shuffle ? new HostRandom(seed).permutation(count) : undefined;
  const foldOf = new Uint32Array(count);
  let at = 0;
  for (let fold = 0; fold < folds; fold++) {
    const size = Math.floor(count / folds) + (fold < count % folds ? 1 : 0);
    for (const end = at + size; at < end; at++) foldOf[order ? order[at]! : at] = fold;
  }
  return splitsOf(data, foldOf, folds);
}

/**
 * Folds with the same shares of classes.
 * @param labels the class of each example.
 * @throws ArgumentError for a class with fewer examples than folds.
 */
export function stratifiedKFold<const D extends Examples>(
  data: D,
  labels: Labels,
  options: FoldOptions = {},
): Split<Part<D>>[] {
  const { folds = 5, shuffle = false, seed = hostSeed() } = options;
  const count = countOf("stratifiedKFold", data);
  const classes = [...positionsByLabel(labelsOf("stratifiedKFold", labels, count))];
  for (const [label, members] of classes)
    checkFolds("stratifiedKFold", folds, members.length, `examples of ${JSON.stringify(label)}`);
  warnOf("stratifiedKFold", data, options);
  const random = new HostRandom(seed);
  // Sorted by class, every `folds`-th example belongs to one fold: so sizes differ by one at most.
  const sorted = classes.flatMap(([, members], at) => members.map(() => at));
  const foldOf = new Uint32Array(count);
  classes.forEach(([, members], own) => {
    const folded = Array.from({ length: folds }, (_, fold) =>
      sorted.filter((at, place) => at === own && place % folds === fold).map(() => fold),
    ).flat();
    if (shuffle) random.shuffle(folded);
    members.forEach((position, at) => (foldOf[position] = folded[at]!));
  });
  return splitsOf(data, foldOf, folds);
}

/**
 * Folds in which no group is on both sides; large groups first, each into the fold with the fewest examples.
 * @param groups the group of each example, such as a patient.
 * @throws ArgumentError for fewer groups than folds.
 */
export function groupKFold<const D extends Examples>(
  data: D,
  groups: Labels,
  { folds = 5 }: Pick<FoldOptions, "folds"> = {},
): Split<Part<D>>[] {
  const count = countOf("groupKFold", data);
  const members = [...positionsByLabel(labelsOf("groupKFold", groups, count)).values()];
  checkFolds("groupKFold", folds, members.length, "groups");
  const sizes = new Float64Array(folds);
  const foldOf = new Uint32Array(count);
  for (const own of members.sort((a, b) => b.length - a.length)) {
    const lightest = sizes.indexOf(Math.min(...sizes));
    sizes[lightest]! += own.length;
    for (const position of own) foldOf[position] = lightest;
  }
  return splitsOf(data, foldOf, folds);
}

/** How a series is split again and again. */
export interface TimeSeriesOptions {
  /** How many splits, 5 by default. */
  readonly splits?: number | undefined;
  /** Examples in each test, ⌊n / (splits + 1)⌋ by default. */
  readonly testSize?: number | undefined;
  /** Examples left out between training and test: as many as a forecast looks ahead. 0 by default. */
  readonly gap?: number | undefined;
  /** Training keeps so many of the latest examples; all by default: it expands. */
  readonly maxTrainSize?: number | undefined;
}

/**
 * Splits in which training is always earlier than the test, and each test follows the one before. Examples must be in the order of
 * time. As scikit-learn's `TimeSeriesSplit`.
 * @throws ArgumentError where examples are too few.
 */
export function timeSeriesSplit<const D extends Examples>(
  data: D,
  { splits = 5, testSize, gap = 0, maxTrainSize = Infinity }: TimeSeriesOptions = {},
): Split<Part<D>>[] {
  wholeNumber("timeSeriesSplit", "splits", splits, 1);
  wholeNumber("timeSeriesSplit", "the gap", gap, 0);
  if (maxTrainSize !== Infinity) wholeNumber("timeSeriesSplit", "maxTrainSize", maxTrainSize, 1);
  const count = countOf("timeSeriesSplit", data);
  const size = testSize ?? Math.floor(count / (splits + 1));
  wholeNumber("timeSeriesSplit", "the test size", size, 1);
  if (count - gap - size * splits <= 0)
    throw new ArgumentError(
      `timeSeriesSplit: ${count} examples are too few for ${splits} tests of ${size} and a gap of ${gap}; ask for fewer splits or smaller tests`,
    );
  return Array.from({ length: splits }, (_, at) => {
    const start = count - (splits - at) * size;
    const end = start - gap;
    return between(data, Math.max(0, end - maxTrainSize), end, start, start + size);
  });
}

/** Windows that move over a series. */
export interface RollingOptions {
  /** Examples to train on. */
  readonly train: number;
  /** Examples to test on. */
  readonly test: number;
  /** How far a window is moved; by the test's size by default, so that tests do not overlap. */
  readonly step?: number | undefined;
  /** Examples left out between training and test; 0 by default. */
  readonly gap?: number | undefined;
}

/**
 * Splits by a window of fixed size that moves over the series: training, gap, test. Examples must be in the order of time.
 * @throws ArgumentError where no window fits.
 */
export function rollingWindow<const D extends Examples>(data: D, options: RollingOptions): Split<Part<D>>[] {
  const { train, test, step = test, gap = 0 } = options;
  for (const [name, value] of Object.entries({ train, test, step })) wholeNumber("rollingWindow", name, value, 1);
  wholeNumber("rollingWindow", "the gap", gap, 0);
  const count = countOf("rollingWindow", data);
  const windows = Math.floor((count - train - gap - test) / step) + 1;
  if (windows < 1)
    throw new ArgumentError(
      `rollingWindow: ${count} examples are fewer than ${train} to train on, a gap of ${gap} and ${test} to test on; ask for less`,
    );
  return Array.from({ length: windows }, (_, at) => {
    const end = at * step + train;
    return between(data, at * step, end, end + gap, end + gap + test);
  });
}

function between<D extends Examples>(data: D, from: number, to: number, start: number, end: number): Split<Part<D>> {
  const range = (first: number, last: number): Uint32Array =>
    Uint32Array.from({ length: last - first }, (_, at) => first + at);
  return { train: select(data, range(from, to)), test: select(data, range(start, end)) };
}
