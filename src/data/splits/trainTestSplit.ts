import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { HostRandom, hostSeed } from "../../core/random.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { isHostArray, type HostArray } from "../hostArray.ts";
import { leakageOf } from "./dated.ts";
import { countOf, select, type Examples, type Part } from "./select.ts";

/** Two parts of the same data. */
export interface Split<T> {
  readonly train: T;
  readonly test: T;
}

/** A class or a group for each example. */
export type Labels = Tensor | HostArray | ArrayLike<unknown>;

/** How data is split in two. */
export interface SplitOptions {
  /** A share below 1, rounded up to whole examples, or how many. 0.25 by default. */
  readonly testSize?: number | undefined;
  /** That of `manualSeed` by default. */
  readonly seed?: number | undefined;
  /** The class of each example: both parts get the same shares of all. */
  readonly stratify?: Labels | undefined;
  /** The group of each example, such as a patient: no group is in both parts. The test size is then one of groups. */
  readonly groups?: Labels | undefined;
  /** The last examples are for testing, none is moved. False by default. */
  readonly chronological?: boolean | undefined;
  /** Is told where a random split of dated rows would test on the past; `console.warn` by default. */
  readonly warn?: ((message: string) => void) | undefined;
}

/** The labels as a list of as many as there are examples. */
export function labelsOf(operation: string, labels: Labels, count: number): readonly unknown[] {
  const list: readonly unknown[] = Array.from(
    labels instanceof Tensor ? labels.dataSync() : isHostArray(labels) ? labels.data : labels,
  );
  if (list.length === count) return list;
  throw new ShapeError(`${operation}: ${count} examples have ${list.length} labels; give one for each`);
}

/** The positions of each label, labels in the order in which they first come. */
export function positionsByLabel(labels: readonly unknown[]): Map<unknown, number[]> {
  const positions = new Map<unknown, number[]>();
  labels.forEach((label, at) => {
    const known = positions.get(label);
    if (known) known.push(at);
    else positions.set(label, [at]);
  });
  return positions;
}

/** How many of `count` are for testing. */
function sizeOf(testSize: number, count: number, what: string): number {
  const size = testSize < 1 ? Math.ceil(testSize * count - 1e-9) : testSize;
  if (!(Number.isInteger(size) && size > 0 && size < count))
    throw new ArgumentError(
      `trainTestSplit: a test size of ${testSize} leaves no ${what} on one side of ${count}; give a share such as 0.2, or a smaller number`,
    );
  return size;
}

/**
 * Splits data into a part to train on and one to test on: at random, or with the same shares of classes, by groups, or by time.
 * The same seed gives the same parts.
 *
 * @param data how many examples, a tensor, an array, a dataset, or an object of those: see {@link Examples}.
 * @returns parts of the same kind; of a count, positions.
 * @throws ArgumentError for a size that leaves a part empty, ShapeError for labels that are not as many as examples.
 *
 * @example
 * const { train, test } = splits.trainTestSplit({ x: images, y: labels }, { testSize: 0.1, seed: 42, stratify: labels });
 * train.x.shape; // [63000, 784] of [70000, 784]
 */
export function trainTestSplit<const D extends Examples>(data: D, options: SplitOptions = {}): Split<Part<D>> {
  const { testSize = 0.25, seed = hostSeed(), stratify, groups, chronological = false, warn = console.warn } = options;
  if ([stratify !== undefined, groups !== undefined, chronological].filter(Boolean).length > 1)
    throw new ArgumentError("trainTestSplit: stratify, groups and chronological exclude one another; give one of them");
  const count = countOf("trainTestSplit", data);
  const parts = (train: Iterable<number>, test: Iterable<number>): Split<Part<D>> => ({
    train: select(data, Uint32Array.from(train)),
    test: select(data, Uint32Array.from(test)),
  });
  if (chronological) {
    const kept = count - sizeOf(testSize, count, "example");
    const all = Array.from({ length: count }, (_, at) => at);
    return parts(all.slice(0, kept), all.slice(kept));
  }
  const leakage = leakageOf("trainTestSplit", data);
  if (leakage !== undefined) warn(leakage);
  const random = new HostRandom(seed);
  if (groups !== undefined) {
    const members = [...positionsByLabel(labelsOf("trainTestSplit", groups, count)).values()];
    const size = sizeOf(testSize, members.length, "group");
    const tested = new Set(random.permutation(members.length).subarray(0, size));
    const of = (test: boolean): number[] =>
      members
        .filter((_, at) => tested.has(at) === test)
        .flat()
        .sort((a, b) => a - b);
    return parts(random.shuffle(of(false)), random.shuffle(of(true)));
  }
  const size = sizeOf(testSize, count, "example");
  if (stratify !== undefined) {
    const classes = [...positionsByLabel(labelsOf("trainTestSplit", stratify, count)).values()];
    const sizes = sharesOf(
      classes.map((members) => members.length),
      size,
      random,
    );
    const shuffled = classes.map((members) => random.shuffle(members));
    const train = shuffled.flatMap((members, at) => members.slice(sizes[at]));
    const test = shuffled.flatMap((members, at) => members.slice(0, sizes[at]));
    return parts(random.shuffle(train), random.shuffle(test));
  }
  const order = random.permutation(count);
  return parts(order.subarray(size), order.subarray(0, size));
}

/** `size` shared out in proportion to counts; what is left over goes to the largest remainders, of equal ones at random. */
function sharesOf(counts: readonly number[], size: number, random: HostRandom): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const exact = counts.map((count) => (count * size) / total);
  const sizes = exact.map(Math.floor);
  const order = Array.from(random.permutation(counts.length)).sort(
    (a, b) => exact[b]! - sizes[b]! - (exact[a]! - sizes[a]!),
  );
  const left = size - sizes.reduce((sum, own) => sum + own, 0);
  for (const at of order.slice(0, left)) sizes[at]!++;
  return sizes;
}
