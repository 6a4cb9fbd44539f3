/** Made-up points, as scikit-learn makes them; its numbers are other ones. */
import { ArgumentError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import { checkWithin } from "../checks.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** Examples and what is to be said about them. */
export interface Examples {
  /** f32 [n, features]. */
  readonly x: HostArray;
  /** Classes, i32 [n], or numbers, f32 [n]. */
  readonly y: HostArray;
}

/** How many, how noisy, and which. */
export interface PointOptions {
  /** 100 by default. */
  readonly count?: number | undefined;
  /** Deviation of normal noise added to each coordinate; 0 by default. */
  readonly noise?: number | undefined;
  /** 0 by default. */
  readonly seed?: number | undefined;
}

/** Rows in random order, as arrays. */
export function examplesOf(
  points: readonly (readonly number[])[],
  labels: readonly number[],
  random: HostRandom,
  whole = true,
): Examples {
  const order = random.permutation(points.length);
  const features = points[0]?.length ?? 0;
  const x = new Float32Array(points.length * features);
  const y = whole ? new Int32Array(points.length) : new Float32Array(points.length);
  order.forEach((from, to) => {
    x.set(points[from]!, to * features);
    y[to] = labels[from]!;
  });
  return { x: hostArray(x, [points.length, features]), y: hostArray(y) };
}

function planar(
  operation: string,
  { count = 100, noise = 0, seed = 0 }: PointOptions,
  classes: number,
  place: (label: number, share: number, random: HostRandom) => readonly [x: number, y: number],
): Examples {
  wholeNumber(operation, "count", count, 0);
  checkWithin(operation, "noise", noise, 0, Infinity);
  const random = new HostRandom(seed);
  const points: number[][] = [];
  const labels: number[] = [];
  for (let label = 0; label < classes; label++) {
    const size = Math.floor(count / classes) + (label < count % classes ? 1 : 0);
    for (let at = 0; at < size; at++) {
      const [x, y] = place(label, size > 1 ? at / (size - 1) : 0, random);
      points.push(noise > 0 ? [random.normal(x, noise), random.normal(y, noise)] : [x, y]);
      labels.push(label);
    }
  }
  return examplesOf(points, labels, random);
}

/**
 * Two half circles of radius 1 that reach into one another: class 0 above, class 1 below.
 *
 * @example
 * const { x, y } = generators.moons({ count: 200, noise: 0.1, seed: 1 });
 * const train = Dataset.from(slices([x, y])).shuffle().batch(32);
 */
export function moons(options: PointOptions = {}): Examples {
  return planar("moons", options, 2, (label, share) => {
    const angle = Math.PI * share;
    return label === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
  });
}

/**
 * Two circles about the origin: class 0 of radius 1, class 1 within, of radius `factor`.
 * @param options.factor between 0 and 1, 0.8 by default.
 */
export function circles({ factor = 0.8, ...options }: PointOptions & { readonly factor?: number } = {}): Examples {
  if (!(factor >= 0 && factor < 1)) throw new ArgumentError(`circles: factor must lie in [0, 1), got ${factor}`);
  const { count = 100 } = options;
  return planar("circles", options, 2, (label, share) => {
    // The last point must not stand where the first one does.
    const size = Math.max(1, Math.floor(count / 2));
    const angle = (2 * Math.PI * share * (size - 1)) / size;
    const radius = label === 0 ? 1 : factor;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/**
 * Arms that wind around the origin, a class each.
 * @param options.classes how many arms, 2 by default.
 * @param options.turns how often an arm goes around, 1 by default.
 */
export function spirals({
  classes = 2,
  turns = 1,
  ...options
}: PointOptions & { readonly classes?: number; readonly turns?: number } = {}): Examples {
  wholeNumber("spirals", "classes", classes, 1);
  return planar("spirals", options, classes, (label, share) => {
    const angle = 2 * Math.PI * (turns * share + label / classes);
    return [share * Math.cos(angle), share * Math.sin(angle)];
  });
}

/** How blobs lie. */
export interface BlobOptions extends Omit<PointOptions, "noise"> {
  /** How many, or where their middles are; 3 by default, at random places from −10 to 10. */
  readonly centers?: number | readonly (readonly number[])[] | undefined;
  /** 2 by default; that of the centers where these are given. */
  readonly features?: number | undefined;
  /** Deviation around a middle, 1 by default. */
  readonly deviation?: number | undefined;
}

/** Clouds of points around middles, a class each. */
export function blobs(options: BlobOptions = {}): Examples {
  const { count = 100, seed = 0, centers = 3, features = 2, deviation = 1 } = options;
  wholeNumber("blobs", "count", count, 0);
  wholeNumber("blobs", "features", features, 1);
  checkWithin("blobs", "deviation", deviation, 0, Infinity);
  const random = new HostRandom(seed);
  if (typeof centers === "number") wholeNumber("blobs", "centers", centers, 1);
  const middles =
    typeof centers === "number"
      ? Array.from({ length: centers }, () => Array.from({ length: features }, () => random.uniform(-10, 10)))
      : centers;
  if (middles.length === 0 || middles.some((middle) => middle.length !== middles[0]!.length))
    throw new ArgumentError("blobs: centers must be points with equally many numbers, and at least one");
  const labels = Array.from({ length: count }, (_, at) => at % middles.length);
  const points = labels.map((label) => middles[label]!.map((value) => random.normal(value, deviation)));
  return examplesOf(points, labels, random);
}

/** What a made-up classification is like. */
export interface ClassificationOptions extends Omit<PointOptions, "noise"> {
  /** 20 by default. */
  readonly features?: number | undefined;
  /** How many of them say anything about the class, 2 by default; they come first. */
  readonly informative?: number | undefined;
  /** 2 by default. */
  readonly classes?: number | undefined;
  /** How far middles of classes lie from the origin in each informative feature, 1 by default. */
  readonly separation?: number | undefined;
  /** The share of labels that are drawn at random, 0.01 by default. */
  readonly flip?: number | undefined;
}

/**
 * Classes around corners of a cube in the informative features, stretched and turned; the other features are noise. What
 * `make_classification` is for.
 * @throws ArgumentError for more classes than corners.
 */
export function classification(options: ClassificationOptions = {}): Examples {
  const { count = 100, seed = 0, features = 20, informative = 2, classes = 2, separation = 1, flip = 0.01 } = options;
  wholeNumber("classification", "count", count, 0);
  wholeNumber("classification", "informative", informative, 1);
  wholeNumber("classification", "features", features, informative);
  wholeNumber("classification", "classes", classes, 1);
  checkWithin("classification", "flip", flip, 0, 1);
  if (classes > 2 ** Math.min(31, informative))
    throw new ArgumentError(
      `classification: ${informative} informative features have ${2 ** informative} corners for ${classes} classes; ask for more features`,
    );
  const random = new HostRandom(seed);
  // Corners in an order in which the first two are opposite: one feature at least tells any two classes apart.
  const corner = (label: number, feature: number): number => {
    const bits = label % 2 === 0 ? label >> 1 : ~(label >> 1);
    return (bits >> Math.min(feature, 30)) & 1 ? separation : -separation;
  };
  const mixing = Array.from({ length: classes }, () =>
    Array.from({ length: informative }, () => Array.from({ length: informative }, () => random.uniform(-1, 1))),
  );
  const points: number[][] = [];
  const labels: number[] = [];
  for (let at = 0; at < count; at++) {
    const label = at % classes;
    const own = Array.from({ length: informative }, () => random.normal());
    const point = mixing[label]!.map((row, feature) =>
      row.reduce((sum, weight, from) => sum + weight * own[from]!, corner(label, feature)),
    );
    while (point.length < features) point.push(random.normal());
    points.push(point);
    labels.push(random.uniform() < flip ? random.integer(classes) : label);
  }
  return examplesOf(points, labels, random);
}

/** What a made-up regression is like. */
export interface RegressionOptions extends PointOptions {
  /** 100 by default. */
  readonly features?: number | undefined;
  /** How many of them the target depends on, 10 by default (or all, where there are fewer); they come first. */
  readonly informative?: number | undefined;
  /** Added to every target, 0 by default. */
  readonly bias?: number | undefined;
}

/** Normal features and a target that is linear in some of them, with noise of the given deviation: y = x·w + bias. */
export function regression(options: RegressionOptions = {}): Examples & { readonly coefficients: Float64Array } {
  const { count = 100, noise = 0, seed = 0, features = 100, bias = 0 } = options;
  const { informative = Math.min(10, features) } = options;
  wholeNumber("regression", "count", count, 0);
  wholeNumber("regression", "informative", informative, 0);
  wholeNumber("regression", "features", features, Math.max(1, informative));
  checkWithin("regression", "noise", noise, 0, Infinity);
  const random = new HostRandom(seed);
  const coefficients = Float64Array.from({ length: features }, (_, at) =>
    at < informative ? random.uniform(0, 100) : 0,
  );
  const points = Array.from({ length: count }, () => Array.from({ length: features }, () => random.normal()));
  const targets = points.map((point) =>
    point.reduce((sum, value, at) => sum + value * coefficients[at]!, bias + (noise > 0 ? random.normal(0, noise) : 0)),
  );
  return { ...examplesOf(points, targets, random, false), coefficients };
}

const CORNERS = [0, 0, 0, 1, 1, 0, 1, 1];

/** The four rows of a logical function of two: x f32 [4, 2], y f32 [4, 1]. */
function truth(y: readonly number[]): Examples {
  return { x: hostArray(Float32Array.from(CORNERS), [4, 2]), y: hostArray(Float32Array.from(y), [4, 1]) };
}

/** Exclusive or: [[0, 0], [0, 1], [1, 0], [1, 1]] and [0, 1, 1, 0], y f32 [4, 1]. No line tells its classes apart. */
export function xor(): Examples {
  return truth([0, 1, 1, 0]);
}

/** And: [[0, 0], [0, 1], [1, 0], [1, 1]] and [0, 0, 0, 1], y f32 [4, 1]. */
export function and(): Examples {
  return truth([0, 0, 0, 1]);
}
