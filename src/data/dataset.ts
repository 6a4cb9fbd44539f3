import { ArgumentError } from "../core/errors.ts";
import { HostRandom } from "../core/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { collate as tensorsOf } from "./collate.ts";
import {
  batchIndexed,
  cutIndexed,
  indexedSource,
  mapIndexed,
  shuffleIndexed,
  type IndexedSource,
  type IndexedStage,
  type Place,
} from "./indexed.ts";
import { ordered, range } from "./ordered.ts";
import type { Stacked } from "./stack.ts";
import { batchStream, prefetchStream, repeatStream, shuffleStream, skipStream, takeStream } from "./stream.ts";

/** What a dataset can be made from: elements by position, or elements one after the other as often as they are asked for. */
export type DatasetSource<T> =
  | ArrayLike<T>
  | IndexedSource<T>
  | Iterable<T>
  | AsyncIterable<T>
  | ((epoch: number) => Iterable<T> | AsyncIterable<T>);

/** A step that gives elements one after the other. */
interface StreamStage<T> {
  /** Undefined when it is not known beforehand. */
  readonly length: number | undefined;
  open(epoch: number): AsyncGenerator<T, void, undefined>;
}

/** How `shuffle` shuffles. */
export interface ShuffleOptions {
  /** Decides the order, together with the epoch. A whole number, 0 by default. */
  readonly seed?: number;
  /** A new order in every epoch; true by default. */
  readonly reshuffle?: boolean;
  /** For streams: how many elements to hold and draw from. Weak where it is small against the whole. */
  readonly buffer?: number;
}

/** How `batch` makes batches. */
export interface BatchOptions<T, U> {
  /** Leave out a last batch with fewer elements; false by default. */
  readonly dropLast?: boolean;
  /** Makes a batch of a list of elements; stacks them into tensors by default, see {@link collate}. */
  readonly collate?: (elements: T[]) => U | PromiseLike<U>;
}

/**
 * A sequence of examples and what to do with them before they reach a model. Every method returns a new dataset and
 * computes nothing; elements are made while they are iterated over.
 *
 * Every iteration is an epoch, numbered from 0; the same epoch of the same pipeline gives the same elements in the same
 * order, on every machine. Set `nextEpoch` to resume.
 *
 * @example
 * const train = Dataset.from(slices([images, labels])).shuffle({ seed: 42 }).batch(64).prefetch();
 * for (let epoch = 0; epoch < 10; epoch++) for await (const [x, y] of train) step(x, y);
 */
export class Dataset<T> implements AsyncIterable<T> {
  /** The epoch that the next `for await` runs. */
  nextEpoch = 0;
  readonly #stage: IndexedStage<T> | StreamStage<T>;

  private constructor(stage: IndexedStage<T> | StreamStage<T>) {
    this.#stage = stage;
  }

  /**
   * A dataset of
   * - an array or typed array, or an object with `length` and `get(index)` (whose result may be a promise): `slices` makes
   *   one of large arrays; these can be shuffled exactly
   * - anything that can be iterated over again and again, or a function that makes an iterator for an epoch, such as a
   *   generator function: a stream
   * - another dataset, which then has an epoch count of its own.
   * @throws ArgumentError for an iterator that can be used only once.
   */
  static from<T>(source: DatasetSource<T>): Dataset<T> {
    if (source instanceof Dataset) return new Dataset(source.#stage as IndexedStage<T> | StreamStage<T>);
    if (typeof source === "function")
      return new Dataset({ length: undefined, open: (epoch) => ordered(source(epoch), (value) => value, 1) });
    if ("length" in source) {
      const indexed = "get" in source ? source : { length: source.length, get: (index: number): T => source[index]! };
      wholeNumber("Dataset.from", "length", indexed.length, 0);
      return new Dataset(indexedSource({ length: indexed.length, get: (index) => indexed.get(index) }));
    }
    // An iterator that returns itself is used up after one epoch; the second would silently be empty.
    const again = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    if ((again as unknown) === source)
      throw new ArgumentError(
        "Dataset.from: an iterator can be read only once, and a dataset is read in every epoch; give the function that makes it, as in Dataset.from(() => lines(file))",
      );
    return new Dataset({ length: undefined, open: () => ordered(source, (value) => value, 1) });
  }

  /** How many elements an epoch has; undefined when that is not known beforehand, Infinity after `repeat()`. */
  get length(): number | undefined {
    return this.#stage.length;
  }

  /**
   * Puts the elements into random order, another one in every epoch.
   *
   * Exact wherever every step before it keeps random access: arrays, `map`, `take`, `skip`, `batch`, `shuffle`; then no
   * buffer is used. Behind streams, `repeat` and `prefetch` it draws from a buffer, whose size must be given.
   *
   * @param options seed and more, or the size of the buffer alone.
   * @throws ArgumentError for a stream without a buffer.
   */
  shuffle(options: ShuffleOptions | number = {}): Dataset<T> {
    const { seed = 0, reshuffle = true, buffer } = typeof options === "number" ? { buffer: options } : options;
    if (buffer !== undefined) wholeNumber("shuffle", "the buffer", buffer, 1);
    const sequence = (epoch: number): number => (reshuffle ? epoch : 0);
    const stage = this.#stage;
    // Made once here, so that a bad seed is found where it is written.
    new HostRandom(seed);
    if (isIndexed(stage)) return new Dataset(shuffleIndexed(stage, seed, sequence));
    if (buffer === undefined)
      throw new ArgumentError(
        "shuffle: these elements come as a stream, which is shuffled through a buffer; give its size, as in shuffle(1000), or shuffle before repeat and prefetch",
      );
    return this.#stream(stage.length, (elements, epoch) =>
      shuffleStream(elements, buffer, new HostRandom(seed, sequence(epoch))),
    );
  }

  /**
   * Applies a function to every element. It may return a promise.
   * @param f is also told where in the dataset the element stands: what is random should depend on that and a seed only,
   * so that an epoch can be repeated. See {@link Place}.
   * @param options.parallel how many elements may be under way at a time, 1 by default; their order is kept.
   */
  map<U>(
    f: (element: T, place: Place) => U | PromiseLike<U>,
    { parallel = 1 }: { parallel?: number } = {},
  ): Dataset<U> {
    wholeNumber("map", "parallel", parallel, 1);
    const stage = this.#stage;
    if (isIndexed(stage)) return new Dataset(mapIndexed(stage, f, parallel));
    return this.#stream(stage.length, (elements, epoch) => {
      let index = 0;
      return ordered(elements, (element) => f(element, { epoch, index: index++ }), parallel);
    });
  }

  /**
   * Groups elements into batches of `size`, as tensors on the current device; the last may be smaller.
   * @throws ArgumentError when the size is not a whole number from 1 on; while iterating, what {@link collate} throws.
   */
  batch<U = Stacked<T, Tensor>>(size: number, options: BatchOptions<T, U> = {}): Dataset<U> {
    wholeNumber("batch", "the size", size, 1);
    const { dropLast = false, collate = tensorsOf as (elements: T[]) => U } = options;
    const stage = this.#stage;
    if (isIndexed(stage)) return new Dataset(batchIndexed(stage, size, dropLast, collate));
    const length = stage.length === undefined ? undefined : (dropLast ? Math.floor : Math.ceil)(stage.length / size);
    return this.#stream(length, (elements) => batchStream(elements, size, dropLast, collate));
  }

  /** The first `count` elements, fewer when there are fewer. */
  take(count: number): Dataset<T> {
    wholeNumber("take", "the count", count, 0);
    const stage = this.#stage;
    if (isIndexed(stage)) return new Dataset(cutIndexed(stage, 0, Math.min(count, stage.length)));
    const length = stage.length === undefined ? undefined : Math.min(count, stage.length);
    return this.#stream(length, (elements) => takeStream(elements, count));
  }

  /** All but the first `count` elements. */
  skip(count: number): Dataset<T> {
    wholeNumber("skip", "the count", count, 0);
    const stage = this.#stage;
    if (isIndexed(stage)) return new Dataset(cutIndexed(stage, count, stage.length));
    const length = stage.length === undefined ? undefined : Math.max(0, stage.length - count);
    return this.#stream(length, (elements) => skipStream(elements, count));
  }

  /**
   * Goes through the elements `count` times, for ever by default, in one epoch. A `shuffle` before it gives every round an
   * order of its own.
   */
  repeat(count: number = Infinity): Dataset<T> {
    if (count !== Infinity) wholeNumber("repeat", "the count", count, 0);
    const { length } = this;
    const rounds = count === Infinity ? 1 : count;
    return new Dataset({
      length: length === 0 || count === 0 ? 0 : length === undefined ? undefined : length * count,
      open: (epoch) => repeatStream((round) => this.epoch(epoch * rounds + round), count),
    });
  }

  /**
   * Keeps the next elements under way while the current one is worked on. It helps where making an element waits for
   * something (a file, a worker) and where the work in between is awaited.
   * @param count how many, 2 by default.
   */
  prefetch(count: number = 2): Dataset<T> {
    wholeNumber("prefetch", "the count", count, 1);
    return new Dataset({ length: this.length, open: (epoch) => prefetchStream(this.epoch(epoch), count) });
  }

  /** The elements of one epoch, without counting it. */
  epoch(epoch: number): AsyncGenerator<T, void, undefined> {
    wholeNumber("epoch", "its number", epoch, 0);
    const stage = this.#stage;
    return isIndexed(stage) ? ordered(range(0, stage.length), stage.open(epoch), stage.parallel) : stage.open(epoch);
  }

  /** The elements of the next epoch; its number goes up by one, even when the iteration is left early. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.epoch(this.nextEpoch++);
  }

  /** All elements of the next epoch as an array. Never returns after `repeat()`. */
  async toArray(): Promise<T[]> {
    const elements: T[] = [];
    for await (const element of this) elements.push(element);
    return elements;
  }

  #stream<U>(
    length: number | undefined,
    step: (elements: AsyncGenerator<T, void, undefined>, epoch: number) => AsyncGenerator<U, void, undefined>,
  ): Dataset<U> {
    return new Dataset({ length, open: (epoch) => step(this.epoch(epoch), epoch) });
  }
}

function isIndexed<T>(stage: IndexedStage<T> | StreamStage<T>): stage is IndexedStage<T> {
  return "parallel" in stage;
}

function wholeNumber(operation: string, what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ArgumentError(`${operation}: ${what} must be a whole number of ${least} or more, got ${value}`);
}
