import { knownOptions } from "../core/knownOptions.ts";
import { hostSeed } from "../core/random.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Dataset, type BatchOptions, type DatasetSource } from "./dataset.ts";
import type { Place } from "./indexed.ts";
import type { DatasetState } from "./iteration.ts";
import type { BatchSamplerLike, Sampler } from "./samplers/sampler.ts";
import type { Stacked } from "./stack.ts";
import type { PipelineStats } from "./stages/describe.ts";
import type { Count } from "./stages/window.ts";
import { wholeNumber } from "../core/wholeNumber.ts";

/** How a {@link DataLoader} loads; the names are PyTorch's. */
export interface DataLoaderOptions<T, V, B> {
  /** How many elements make a batch, 1 by default. */
  readonly batchSize?: number;
  /** Another random order in every epoch; false by default. */
  readonly shuffle?: boolean;
  /** The order of elements, in place of `shuffle`: one of `samplers`, or a list of positions. */
  readonly sampler?: Sampler | ArrayLike<number>;
  /** Which elements are read together, in place of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  readonly batchSampler?: BatchSamplerLike;
  /**
   * How many elements are under way at a time. With a `transform` that is a module, so many threads; otherwise so many promises of `get`
   * and `transform`. 0, the default, is one after the other and, for a module, a thread for each processor.
   */
  readonly workers?: number;
  /** What to do with each element: a function, or the address of a module that exports one, which then runs in threads, see `Dataset.map`. */
  readonly transform?: ((element: T, place: Place) => V | PromiseLike<V>) | URL;
  /** Makes a batch of a list of elements; stacks them into tensors by default. */
  readonly collate?: BatchOptions<V, B>["collate"];
  /** Leave out a last batch with fewer elements; false by default. */
  readonly dropLast?: boolean;
  /** Decides what `shuffle` does, together with the epoch; that of `manualSeed` by default. */
  readonly seed?: number;
  /** How many batches to keep ready; `"auto"` with workers, none (0) without, by default. */
  readonly prefetch?: Count;
}

/**
 * Batches of a dataset, with PyTorch's habits: a `Dataset` put together from options. The dataset is an object with `length` and
 * `get(index)`, PyTorch's `__len__` and `__getitem__`, an array, a {@link Dataset}, or anything to go through, which has an order of its
 * own and can be neither sampled nor shuffled here.
 *
 * Every `for await` is an epoch. There is no pinned memory: devices are reached from ordinary memory here.
 *
 * @example
 * class Scaled {
 *   length = labels.length;
 *   get(i: number) { return [scale(images[i]), labels[i]] as const; }
 * }
 * const loader = new DataLoader(new Scaled(), { batchSize: 64, shuffle: true });
 * for await (const [x, y] of loader) step(x, y);
 */
export class DataLoader<T, V = T, B = Stacked<V, Tensor>> implements AsyncIterable<B> {
  /** What it is made of. */
  readonly dataset: Dataset<B>;

  /** @throws ArgumentError for options that exclude each other, and for sampling what has no random access. */
  constructor(source: DatasetSource<T>, options: DataLoaderOptions<T, V, B> = {}) {
    knownOptions("DataLoader", options, {
      batchSize: true,
      shuffle: true,
      sampler: true,
      batchSampler: true,
      workers: true,
      transform: true,
      collate: true,
      dropLast: true,
      seed: true,
      prefetch: true,
    });
    const { batchSize = 1, shuffle = false, sampler, batchSampler, workers = 0, transform, collate } = options;
    const { dropLast = false, seed = hostSeed(), prefetch = workers > 0 ? "auto" : 0 } = options;
    wholeNumber("DataLoader", "workers", workers, 0);
    wholeNumber("DataLoader", "batchSize", batchSize, 1);
    if (sampler && shuffle)
      throw new ArgumentError(
        "DataLoader: sampler and shuffle exclude each other; give a sampler that shuffles, or shuffle alone",
      );
    if (batchSampler && (options.batchSize !== undefined || shuffle || sampler || dropLast))
      throw new ArgumentError(
        "DataLoader: batchSampler says all of batchSize, shuffle, sampler and dropLast; leave these out",
      );
    if (batchSampler && transform instanceof URL)
      throw new ArgumentError(
        "DataLoader: a transform in threads gives a stream, which a batchSampler cannot choose from; transform with a function, or use a sampler",
      );

    const elements = Dataset.from(source);
    const made = (ordered: Dataset<T>): Dataset<V> => {
      if (transform instanceof URL) return ordered.map<V>(transform, workers === 0 ? {} : { parallel: workers });
      const parallel = Math.max(1, workers);
      if (transform) return ordered.map(transform, { parallel });
      return (parallel === 1 ? ordered : ordered.map((element) => element, { parallel })) as unknown as Dataset<V>;
    };
    const batching = { dropLast, ...(collate && { collate }) };
    let batches: Dataset<B>;
    if (batchSampler)
      batches = made(elements).batchBy<B>(
        { length: batchSampler.length, of: (epoch) => batchSampler.batches(epoch) },
        batching,
      );
    else {
      const ordered = sampler
        ? elements.select("indices" in sampler ? { length: sampler.length, of: (e) => sampler.indices(e) } : sampler)
        : shuffle
          ? elements.shuffle({ seed })
          : elements;
      batches = made(ordered).batch<B>(batchSize, batching);
    }
    this.dataset = prefetch === 0 ? batches : batches.prefetch(prefetch);
  }

  /** How many batches an epoch has; undefined where that is not known beforehand. */
  get length(): number | undefined {
    return this.dataset.length;
  }

  /** The epoch that the next `for await` runs; see {@link Dataset.nextEpoch}. */
  get nextEpoch(): number {
    return this.dataset.nextEpoch;
  }
  set nextEpoch(epoch: number) {
    this.dataset.nextEpoch = epoch;
  }

  [Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    return this.dataset[Symbol.asyncIterator]();
  }

  /** See {@link Dataset.state}. */
  state(): DatasetState {
    return this.dataset.state();
  }

  /** See {@link Dataset.restore}. */
  restore(state: DatasetState): void {
    this.dataset.restore(state);
  }

  /** See {@link Dataset.stats}. */
  stats(): PipelineStats {
    return this.dataset.stats();
  }

  /** See {@link Dataset.describe}. */
  describe(): string {
    return this.dataset.describe();
  }
}
