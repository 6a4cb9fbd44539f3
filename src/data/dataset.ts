import { knownOptions } from "../core/knownOptions.ts";
import { threadCount } from "#platform";
import { ArgumentError } from "../core/errors.ts";
import { HostRandom, hostSeed } from "../core/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { collate as tensorsOf, ownedTensor } from "./collate.ts";
import { DiskCache } from "./diskCache.ts";
import { checkCount, checkPositions, checkShares, noRandomAccess } from "./datasetChecks.ts";
import type {
  DatasetSource,
  ShuffleOptions,
  MapOptions,
  ModuleMapOptions,
  BatchOptions,
  CacheOptions,
  BucketOptions,
  HostBatchOptions,
} from "./datasetOptions.ts";
import type { IndexedSource, Place } from "./indexed.ts";
import { Iteration, type DatasetState, type Flow } from "./iteration.ts";
import { slices, type Slice, type Sliceable } from "./slices.ts";
import { mapArrays, stack, type Stacked } from "./stack.ts";
import { pad, type PadOptions } from "./pad.ts";
import { batchStage, positionsStage, type Collation } from "./stages/batch.ts";
import { bucketStage } from "./stages/bucket.ts";
import { memoryCacheStage } from "./stages/cache.ts";
import { concatStage } from "./stages/concat.ts";
import { shardStage, skipStage, takeStage } from "./stages/cut.ts";
import { describe, pipelineStats, type PipelineStats } from "./stages/describe.ts";
import { diskCacheStage } from "./stages/diskCache.ts";
import { filterStage } from "./stages/filter.ts";
import { flatMapStage, type Elements } from "./stages/flatMap.ts";
import { interleaveStage, type InterleaveOptions } from "./stages/interleave.ts";
import { mapStage } from "./stages/map.ts";
import { moduleMapStage } from "./stages/moduleMap.ts";
import { orderStage } from "./stages/order.ts";
import { prefetchStage } from "./stages/prefetch.ts";
import { repeatStage } from "./stages/repeat.ts";
import { resampleStage, type ResampleOptions } from "./stages/resample.ts";
import { sampleStage } from "./stages/sample.ts";
import { shuffleStage } from "./stages/shuffle.ts";
import { indexedSource, seekableSource, streamSource } from "./stages/source.ts";
import { isIndexed, type Stage } from "./stages/stage.ts";
import { fixed, parallelism, queueLength, type Count } from "./stages/window.ts";
import { windowStage, type WindowOptions } from "./stages/windows.ts";
import { zipStage } from "./stages/zip.ts";
import { wholeNumber } from "../core/wholeNumber.ts";

export type * from "./datasetOptions.ts";

/** What is in a dataset. */
export type ElementOf<D> = D extends Dataset<infer T> ? T : never;

/** What is beside each other in the elements of `Dataset.zip`. */
export type Zipped<D> = { -readonly [K in keyof D]: ElementOf<D[K]> };

/**
 * A sequence of examples and what to do with them before they reach a model. Every method returns a new dataset and
 * computes nothing; elements are made while they are iterated over.
 *
 * Every iteration is an epoch, numbered from 0; the same epoch of the same pipeline gives the same elements in the same
 * order, on every machine. `state` says where one is, in the middle of an epoch too, and `restore` goes on from there.
 *
 * @example
 * const train = Dataset.from(slices([images, labels])).shuffle({ seed: 42 }).batch(64).prefetch();
 * for (let epoch = 0; epoch < 10; epoch++) for await (const [x, y] of train) step(x, y);
 */
export class Dataset<T> implements AsyncIterable<T> {
  readonly #stage: Stage<T>;
  readonly #flow: Flow = { elements: 0, total: 0, stalled: 0 };
  #next: DatasetState = { epoch: 0, position: 0 };
  /** The iteration that was started last. */
  #latest: Iteration<T> | undefined;

  private constructor(stage: Stage<T>) {
    this.#stage = stage;
  }

  /**
   * A dataset of
   * - an array or typed array, or an object with `length` and `get(index)` (whose result may be a promise): `slices` makes
   *   one of large arrays; these can be shuffled exactly
   * - anything that can be iterated over again and again, or a function that makes an iterator for an epoch, such as a
   *   generator function: a stream
   * - an object with `open(epoch, from)`: a stream that need not be read from its start
   * - another dataset, which then has an epoch count of its own.
   * @throws ArgumentError for an iterator that can be used only once.
   */
  static from<T>(source: DatasetSource<T>): Dataset<T> {
    if (source instanceof Dataset) return new Dataset(source.#stage as Stage<T>);
    if (typeof source === "function") return Dataset.generator(source);
    if ("open" in source) {
      if (source.length !== undefined && source.length !== Infinity)
        wholeNumber("Dataset.from", "length", source.length, 0);
      return new Dataset(seekableSource("source", source));
    }
    if ("length" in source) {
      wholeNumber("Dataset.from", "length", source.length, 0);
      return new Dataset(
        "get" in source
          ? indexedSource("source", source)
          : indexedSource("array", { length: source.length, get: (index) => source[index]! }),
      );
    }
    if (!(Symbol.asyncIterator in source || Symbol.iterator in source))
      throw new ArgumentError(
        `Dataset.from: an array, something to iterate over or a function that makes it was wanted, got an object with ${Object.keys(source).join(", ") || "nothing in it"}; for rows of arrays or tensors use Dataset.fromTensorSlices`,
      );
    // An iterator that returns itself is used up after one epoch; the second would silently be empty.
    const again = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    if ((again as unknown) === source)
      throw new ArgumentError(
        "Dataset.from: an iterator can be read only once, and a dataset is read in every epoch; give the function that makes it, as in Dataset.from(() => lines(file))",
      );
    return new Dataset(streamSource("iterable", () => source));
  }

  /**
   * A dataset of what a generator function gives, a stream.
   * @param generate called for every epoch and told its number. It must give the same for the same number, and something new at every
   * call: an iterator that was used up gives an error.
   * @param options.length how many elements an epoch has, where that is known.
   */
  static generator<T>(
    generate: (epoch: number) => Iterable<T> | AsyncIterable<T>,
    { length }: { length?: number } = {},
  ): Dataset<T> {
    if (length !== undefined && length !== Infinity) wholeNumber("Dataset.generator", "length", length, 0);
    const used = new WeakSet<object>();
    const open = (epoch: number): Iterable<T> | AsyncIterable<T> => {
      const elements = generate(epoch);
      const once = "next" in elements;
      if (once && used.has(elements))
        throw new ArgumentError(
          "Dataset.generator: the function gave an iterator that had been used; make a new one at every call, as in Dataset.generator(() => lines(file))",
        );
      if (once) used.add(elements);
      return elements;
    };
    return new Dataset(streamSource("generator", open, length));
  }

  /** The whole numbers from `start` to before `end` in steps of `step`; `range(n)` are those from 0 to n − 1. */
  static range(end: number): Dataset<number>;
  static range(start: number, end: number, step?: number): Dataset<number>;
  static range(first: number, second?: number, step: number = 1): Dataset<number> {
    const [start, end] = second === undefined ? [0, first] : [first, second];
    if (![start, end, step].every(Number.isFinite) || step === 0)
      throw new ArgumentError(
        `Dataset.range: start, end and step must be finite numbers and the step not 0, got ${start}, ${end} and ${step}; for numbers without end use Dataset.range(n).repeat()`,
      );
    const length = Math.max(0, Math.ceil((end - start) / step));
    return new Dataset(indexedSource("range", { length, get: (index) => start + index * step }));
  }

  /** A dataset of one element: the arrays, tensors or whatever is given, as they are. */
  static fromTensors<T>(element: T): Dataset<T> {
    return new Dataset(indexedSource("tensors", { length: 1, get: () => element }));
  }

  /** A dataset of the rows of arrays or tensors: `Dataset.from(slices(arrays))`, see {@link slices}. */
  static fromTensorSlices<const S extends Sliceable>(arrays: S): Dataset<Slice<S>> {
    return new Dataset(indexedSource("slices", slices(arrays)));
  }

  /**
   * Elements of several datasets side by side, in a tuple or an object like the one given. Ends with the shortest.
   * @example
   * Dataset.zip([images, labels]).batch(32);
   */
  static zip<const D extends readonly Dataset<unknown>[] | { readonly [name: string]: Dataset<unknown> }>(
    datasets: D,
  ): Dataset<Zipped<D>> {
    const list = Array.isArray(datasets) ? (datasets as readonly Dataset<unknown>[]) : Object.values(datasets);
    if (list.length === 0)
      throw new ArgumentError("Dataset.zip: no datasets were given; give a tuple or an object of them");
    const names = Object.keys(datasets);
    const join = (parts: unknown[]): Zipped<D> =>
      (Array.isArray(datasets) ? parts : Object.fromEntries(parts.map((part, at) => [names[at], part]))) as Zipped<D>;
    return new Dataset(
      zipStage(
        list.map((dataset) => dataset.#stage),
        join,
      ),
    );
  }

  /**
   * A mixture of datasets: every element comes from one that is drawn at random.
   * @param options.weights how often each is drawn, on any scale; equally often by default.
   * @param options.seed decides, together with the epoch; that of `manualSeed` by default.
   * @param options.stopOnEmpty end as soon as a dataset that has no more is drawn, so that shares hold to the end; false by default: the
   * others go on.
   */
  static sample<T>(
    datasets: readonly Dataset<T>[],
    {
      weights = datasets.map(() => 1),
      seed = hostSeed(),
      stopOnEmpty = false,
    }: { weights?: readonly number[]; seed?: number; stopOnEmpty?: boolean } = {},
  ): Dataset<T> {
    checkShares("Dataset.sample", "weights", weights);
    if (weights.length !== datasets.length)
      throw new ArgumentError(
        `Dataset.sample: ${weights.length} weights for ${datasets.length} datasets; give one for each`,
      );
    new HostRandom(seed);
    const stages = datasets.map((dataset) => dataset.#stage);
    return new Dataset(sampleStage(stages, weights, seed, stopOnEmpty));
  }

  /** How many elements an epoch has; undefined when that is not known beforehand, Infinity after `repeat()`. */
  get length(): number | undefined {
    return this.#stage.length;
  }

  /** The epoch that the next `for await` runs. Setting it starts there from the beginning. */
  get nextEpoch(): number {
    return this.#next.epoch;
  }
  set nextEpoch(epoch: number) {
    this.restore({ epoch, position: 0 });
  }

  /**
   * Puts the elements into random order, another one in every epoch.
   *
   * Exact wherever every step before it keeps random access: arrays, `map`, `take`, `skip`, `shard`, `zip`, `concat`, `window`,
   * `batch`, `shuffle`; then no buffer is used. Behind other steps it draws from a buffer, whose size must be given.
   *
   * @param options seed and more, or the size of the buffer alone.
   * @throws ArgumentError for a stream without a buffer.
   */
  shuffle(options: ShuffleOptions | number = {}): Dataset<T> {
    const given = typeof options === "number" ? { buffer: options } : options;
    knownOptions("shuffle", given, { seed: true, reshuffle: true, buffer: true });
    const { seed = hostSeed(), reshuffle = true, buffer } = given;
    if (buffer !== undefined) wholeNumber("shuffle", "the buffer", buffer, 1);
    // Made once here, so that a bad seed is found where it is written.
    new HostRandom(seed);
    const stage = shuffleStage(this.#stage, seed, reshuffle, buffer);
    if (!stage)
      throw new ArgumentError(
        "shuffle: these elements come as a stream, which is shuffled through a buffer; give its size, as in shuffle(1000), or shuffle before repeat and prefetch",
      );
    return new Dataset(stage);
  }

  /**
   * Applies a function to every element. It may return a promise.
   * @param f is also told where in the dataset the element stands: what is random should depend on that and a seed only,
   * so that an epoch can be repeated. See {@link Place}.
   * @throws while iterating, what `f` throws, with the stage and the element named: a DataError, or an error of the same type where it is
   * one of Myelin's.
   */
  map<U>(f: (element: T, place: Place) => U | PromiseLike<U>, options?: MapOptions): Dataset<U>;
  /**
   * Applies a function of a module to every element, in threads. Order is kept. Becomes a stream: shuffle before it.
   *
   * The threads are started for the first pass and wait for the next, without keeping a process alive; of two pipelines at most, for threads
   * take memory. Each loads the module; elements and results are copied between threads, but that arrays in results are handed over: the
   * function must return new ones, or copies. Tensors cannot cross.
   *
   * @param module the module's address, `new URL("./augment.js", import.meta.url)`. Its function is called as functions given to `map`
   * are, with the element and its {@link Place}, and may return a promise.
   * @throws while iterating, DataError that names module and element, for what the function throws and for a thread that ends.
   */
  map<U>(module: URL, options?: ModuleMapOptions): Dataset<U>;
  map<U>(f: ((element: T, place: Place) => U | PromiseLike<U>) | URL, options: ModuleMapOptions = {}): Dataset<U> {
    knownOptions("map", options, { parallel: true, export: true });
    const { parallel } = options;
    if (!(f instanceof URL)) return new Dataset(mapStage(this.#stage, f, parallelism("map", parallel ?? 1)));
    if (parallel !== undefined && parallel !== "auto") wholeNumber("map", "parallel", parallel, 1);
    const threads = parallel === undefined || parallel === "auto" ? threadCount() : parallel;
    return new Dataset(moduleMapStage(this.#stage, f.href, options.export ?? "default", threads));
  }

  /** The elements for which a function returns true, or a promise of it. Becomes a stream. */
  filter(keep: (element: T, place: Place) => boolean | PromiseLike<boolean>): Dataset<T> {
    return new Dataset(filterStage(this.#stage, keep));
  }

  /** Several elements, or none, in place of each, those of one after those of the other. Becomes a stream. */
  flatMap<U>(f: (element: T, place: Place) => Elements<U> | PromiseLike<Elements<U>>): Dataset<U> {
    return new Dataset(flatMapStage(this.#stage, opened(f)));
  }

  /** Takes batches apart along the first axes of their arrays, as {@link slices} does. Becomes a stream. */
  unbatch(): Dataset<T extends Sliceable ? Slice<T> : never> {
    return new Dataset(flatMapStage(this.#stage, (batch) => rowsOf(slices(batch as Sliceable)), "unbatch")) as Dataset<
      T extends Sliceable ? Slice<T> : never
    >;
  }

  /**
   * Opens a sequence for every element, such as the lines of a file, and gives elements of several of them in turn: `block` elements
   * of each of `cycle` sequences. Becomes a stream.
   */
  interleave<U>(
    f: (element: T, place: Place) => Elements<U> | PromiseLike<Elements<U>>,
    options: InterleaveOptions = {},
  ): Dataset<U> {
    knownOptions("interleave", options, { cycle: true, block: true });
    wholeNumber("interleave", "cycle", options.cycle ?? 1, 1);
    wholeNumber("interleave", "block", options.block ?? 1, 1);
    return new Dataset(interleaveStage(this.#stage, opened(f), options));
  }

  /**
   * Leaves elements out at random, so that the classes of those that are left have the shares that are wanted. Becomes a stream.
   * @param classOf the class of an element, a whole number from 0 on.
   */
  rejectionResample(classOf: (element: T, place: Place) => number, options: ResampleOptions): Dataset<T> {
    knownOptions("rejectionResample", options, { target: true, initial: true, seed: true });
    checkShares("rejectionResample", "target", options.target);
    if (options.initial !== undefined) {
      checkShares("rejectionResample", "initial", options.initial);
      const missing = options.target.findIndex((share, at) => share > 0 && !(options.initial![at]! > 0));
      if (missing >= 0)
        throw new ArgumentError(
          `rejectionResample: class ${missing} is wanted, and initial has none of it; leave initial out to have shares counted`,
        );
    }
    new HostRandom(options.seed ?? 0);
    return new Dataset(resampleStage(this.#stage, classOf, options));
  }

  /** Pairs of an element's position in the epoch and the element. */
  enumerate(): Dataset<[number, T]> {
    return new Dataset(
      mapStage(this.#stage, (element, { index }): [number, T] => [index, element], fixed(1), "enumerate"),
    );
  }

  /**
   * Groups elements into batches of `size`, as tensors on the current device; the last may be smaller.
   * @throws ArgumentError when the size is not a whole number from 1 on; while iterating, what {@link collate} throws.
   */
  batch<U = Stacked<T, Tensor>>(size: number, options?: BatchOptions<T, U>): Dataset<U>;
  /** The same as arrays in the host's memory, for what is done to batches before they become tensors. */
  batch(size: number, options: HostBatchOptions): Dataset<Stacked<T>>;
  batch(size: number, options: BatchOptions<T, unknown> | HostBatchOptions = {}): Dataset<unknown> {
    wholeNumber("batch", "the size", size, 1);
    knownOptions("batch", options, { host: true, dropLast: true, collate: true });
    const made = "host" in options ? hostCollation<T>() : collation("collate" in options ? options.collate : undefined);
    return new Dataset(batchStage<T, unknown>(this.#stage, size, options.dropLast ?? false, made));
  }

  /**
   * Batches of the elements at certain positions, which may differ in every epoch: what a batch sampler asks for.
   * @param lists for an epoch, the positions of each batch; always as many lists.
   * @throws ArgumentError for a stream, which has no random access; while iterating, for positions that there are not.
   */
  batchBy<U = Stacked<T, Tensor>>(
    lists: { readonly length: number; of(epoch: number): ArrayLike<ArrayLike<number>> },
    options: BatchOptions<T, U> = {},
  ): Dataset<U> {
    const stage = this.#stage;
    if (!isIndexed(stage)) throw noRandomAccess("batchBy");
    knownOptions("batchBy", options, { dropLast: true, collate: true });
    const { length } = lists;
    wholeNumber("batchBy", "the number of lists", length, 0);
    const positions = (epoch: number): ((index: number) => ArrayLike<number>) => {
      const all = lists.of(epoch);
      checkCount("batchBy", "lists", length, all.length, epoch);
      return (index) => {
        checkPositions("batchBy", all[index]!, stage.length);
        return all[index]!;
      };
    };
    const text = { name: "batchBy", about: `${length} lists`, inputs: [stage] };
    return new Dataset(positionsStage(stage, text, length, positions, collation(options.collate)));
  }

  /**
   * `batch` for elements of different shapes: arrays are padded at the end of every axis, to the largest of the batch or to the shape
   * that is given.
   * @example
   * sentences.paddedBatch(32, { value: padding });              // [32, longest]
   * pairs.paddedBatch(32, { shapes: [[100], [null]] });         // [32, 100] and [32, longest]
   */
  paddedBatch<U = Stacked<T, Tensor>>(size: number, options: BatchOptions<T, U> & PadOptions = {}): Dataset<U> {
    wholeNumber("paddedBatch", "the size", size, 1);
    knownOptions("paddedBatch", options, { dropLast: true, collate: true, shapes: true, value: true });
    const { collate } = collation(options.collate);
    const made = { collate: (elements: T[]): U | PromiseLike<U> => collate(pad(elements, options)) };
    return new Dataset(batchStage(this.#stage, size, options.dropLast ?? false, made, "paddedBatch"));
  }

  /**
   * Padded batches of elements of similar lengths, so that little is padded. Becomes a stream; shuffle before it.
   * @param lengthOf the length of an element.
   * @throws ArgumentError for boundaries that do not rise, or as many sizes as there are not buckets.
   * @example
   * sentences.bucketBySequenceLength((s) => s.length, { boundaries: [10, 20], sizes: [64, 32, 16] });
   */
  bucketBySequenceLength(lengthOf: (element: T) => number, options: BucketOptions): Dataset<Stacked<T, Tensor>> {
    knownOptions("bucketBySequenceLength", options, {
      boundaries: true,
      sizes: true,
      dropLast: true,
      shapes: true,
      value: true,
    });
    const { boundaries, dropLast = false } = options;
    const sizes =
      typeof options.sizes === "number" ? [...boundaries, 0].map(() => options.sizes as number) : options.sizes;
    if (boundaries.some((boundary, at) => !(boundary > (boundaries[at - 1] ?? -Infinity))))
      throw new ArgumentError(`bucketBySequenceLength: the boundaries must rise, got ${boundaries.join(", ")}`);
    if (sizes.length !== boundaries.length + 1)
      throw new ArgumentError(
        `bucketBySequenceLength: ${boundaries.length} boundaries make ${boundaries.length + 1} buckets, got ${sizes.length} sizes; give one for each`,
      );
    for (const size of sizes) wholeNumber("bucketBySequenceLength", "a size", size, 1);
    const collate = (elements: T[]): Stacked<T, Tensor> => tensorsOf(pad(elements, options));
    return new Dataset(bucketStage(this.#stage, lengthOf, boundaries, sizes, dropLast, collate));
  }

  /**
   * Lists of `size` elements that follow each other, a new list every `shift` elements: windows over a series.
   * @example
   * Dataset.range(5).window(3, { shift: 1, dropRemainder: true }); // [0, 1, 2] [1, 2, 3] [2, 3, 4]
   */
  window(size: number, options: WindowOptions = {}): Dataset<T[]> {
    wholeNumber("window", "the size", size, 1);
    knownOptions("window", options, { shift: true, stride: true, dropRemainder: true });
    wholeNumber("window", "shift", options.shift ?? 1, 1);
    wholeNumber("window", "stride", options.stride ?? 1, 1);
    return new Dataset(windowStage(this.#stage, size, options));
  }

  /** These elements, then those of the others. */
  concat(...others: readonly Dataset<T>[]): Dataset<T> {
    return new Dataset(concatStage([this.#stage, ...others.map((other) => other.#stage)]));
  }

  /** The first `count` elements, fewer when there are fewer. */
  take(count: number): Dataset<T> {
    wholeNumber("take", "the count", count, 0);
    return new Dataset(takeStage(this.#stage, count));
  }

  /** All but the first `count` elements. */
  skip(count: number): Dataset<T> {
    wholeNumber("skip", "the count", count, 0);
    return new Dataset(skipStage(this.#stage, count));
  }

  /** Every `count`-th element from position `which` on: the part of one of `count` processes. All parts together are the whole. */
  shard(count: number, which: number): Dataset<T> {
    wholeNumber("shard", "the count", count, 1);
    wholeNumber("shard", "which", which, 0);
    if (which >= count) throw new ArgumentError(`shard: which must be below the count, got ${which} of ${count}`);
    return new Dataset(shardStage(this.#stage, count, which));
  }

  /**
   * The elements at these positions, in this order: a subset, or a sample with repetitions.
   * @param positions whole numbers below the length; a function makes them for every epoch, always as many.
   * @throws ArgumentError for a stream, which has no random access, and for positions that there are not.
   */
  select(positions: ArrayLike<number> | { readonly length: number; of(epoch: number): ArrayLike<number> }): Dataset<T> {
    const stage = this.#stage;
    if (!isIndexed(stage)) throw noRandomAccess("select");
    const count = positions.length;
    const order = (epoch: number): ((index: number) => number) => {
      const list = "of" in positions ? positions.of(epoch) : positions;
      checkCount("select", "positions", count, list.length, epoch);
      checkPositions("select", list, stage.length);
      return (index) => list[index]!;
    };
    // Positions that stay the same are checked where they are written.
    const same = "of" in positions ? undefined : order(0);
    return new Dataset(
      orderStage(stage, { name: "select", about: `${count}` }, count, (epoch) => same ?? order(epoch)),
    );
  }

  /**
   * Keeps the elements, so that those of every epoch after the first are not made again: in memory, or in a file that later processes
   * use, too. Random access stays, so `shuffle` behind it is exact where it was before.
   *
   * The elements of epoch 0 are kept and given in every epoch: put shuffling and what is random behind it. On disk there can be numbers,
   * texts, typed arrays, host arrays and tensors, in tuples and plain objects. A file that was not finished is never used.
   *
   * @throws while iterating, PlatformError where the folder cannot be written; FormatError for a file that is damaged.
   */
  cache(options: CacheOptions = {}): Dataset<T> {
    knownOptions("cache", options, { budget: true, folder: true, key: true });
    if (!("folder" in options)) {
      const { budget = 2 ** 30 } = options;
      if (!(budget >= 0)) throw new ArgumentError(`cache: the budget must be a number of bytes, got ${budget}`);
      return new Dataset(memoryCacheStage(this.#stage, budget));
    }
    const { folder, key } = options;
    if (typeof key !== "string" || key === "")
      throw new ArgumentError('cache: a cache on disk needs a key that names its content, as in { folder, key: "v1" }');
    return new Dataset(diskCacheStage(this.#stage, key, () => new DiskCache<T>(folder, key)));
  }

  /**
   * Goes through the elements `count` times, for ever by default, in one epoch. A `shuffle` before it gives every round an
   * order of its own.
   */
  repeat(count: number = Infinity): Dataset<T> {
    if (count !== Infinity) wholeNumber("repeat", "the count", count, 0);
    return new Dataset(repeatStage(this.#stage, count));
  }

  /**
   * Keeps the next elements under way while the current one is worked on. It helps where making an element waits for
   * something (a file, a worker) and where the work in between is awaited.
   * @param count how many; `"auto"`, the default, begins with 2 and doubles, up to 32, whenever a queue that had been full was found
   * empty. `stats` says how many they are.
   */
  prefetch(count: Count = "auto"): Dataset<T> {
    return new Dataset(prefetchStage(this.#stage, queueLength("prefetch", count)));
  }

  /** The elements of one epoch from a position on, without counting it. */
  epoch(epoch: number, from: number = 0): AsyncGenerator<T, void, undefined> {
    wholeNumber("epoch", "its number", epoch, 0);
    wholeNumber("epoch", "the position", from, 0);
    return this.#stage.open(epoch, from);
  }

  /** The elements of the next epoch; its number goes up by one, even when the iteration is left early. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const { epoch, position } = this.#next;
    this.#next = { epoch: epoch + 1, position: 0 };
    this.#latest = new Iteration(this.#stage.open(epoch, position), { epoch, position }, this.#flow);
    return this.#latest;
  }

  /**
   * Where the iteration that was started last is, as plain JSON. With the epoch's last element its position is the length; once its end
   * was met, it is the beginning of the next epoch.
   */
  state(): DatasetState {
    const { epoch, position } = this.#latest ?? this.#next;
    return { epoch, position };
  }

  /**
   * Lets the next iteration go on where another one was, in this process or an earlier one: it gives what that one had yet to give.
   * Arrays and other sources with random access are not read before that position; streams are, unless they can seek, and so are the
   * inputs of `filter`, `flatMap` and others that only counting tells how far they were.
   *
   * @throws ArgumentError for what `state` has not made.
   */
  restore({ epoch, position }: DatasetState): void {
    wholeNumber("Dataset.restore", "the epoch", epoch, 0);
    wholeNumber("Dataset.restore", "the position", position, 0);
    this.#next = { epoch, position };
    this.#latest = undefined;
  }

  /**
   * What every stage has done since it was made and how long that took, how long the consumer had to wait, and for whom. Its text is a
   * table.
   */
  stats(): PipelineStats {
    return pipelineStats(this.#stage, this.#flow);
  }

  /** The stages in a line of text: `slices (60000 elements) → shuffle (seed 42) → batch (64) → prefetch (auto)`. */
  describe(): string {
    return describe(this.#stage);
  }

  /**
   * All elements of the next epoch as an array.
   * @throws ArgumentError when there is no end to them.
   */
  async toArray(): Promise<T[]> {
    if (this.length === Infinity)
      throw new ArgumentError("toArray: there is no end to these elements; use take(n) first, or repeat(n)");
    const elements: T[] = [];
    for await (const element of this) elements.push(element);
    return elements;
  }
}

/** How `batch` makes batches, with the shorter way where elements lie on top of each other already. */
function collation<T, U>(collate: BatchOptions<T, U>["collate"]): Collation<T, U> {
  if (collate === undefined)
    return {
      collate: tensorsOf as (elements: T[]) => U,
      fromStacked: (stacked) => mapArrays<T, Tensor>(stacked, ownedTensor) as U,
    };
  return { collate };
}

function hostCollation<T>(): Collation<T, Stacked<T>> {
  return { collate: (elements) => stack<T>(elements), fromStacked: (stacked) => stacked };
}

/** Datasets that a function gives are opened at the epoch it is called in: their own counts would depend on how often they were. */
function opened<T, U>(
  f: (element: T, place: Place) => Elements<U> | PromiseLike<Elements<U>>,
): (element: T, place: Place) => Promise<Elements<U>> {
  return async (element, place) => {
    const elements = await f(element, place);
    return elements instanceof Dataset ? (elements as Dataset<U>).epoch(place.epoch) : elements;
  };
}

/** The elements of a source, one after the other. */
function* rowsOf<T>({ length, get }: IndexedSource<T>): Generator<T, void, undefined> {
  for (let index = 0; index < length; index++) yield get(index) as T;
}
