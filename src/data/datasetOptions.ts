/** What the methods of `Dataset` take. */
import type { IndexedSource, SeekableSource } from "./indexed.ts";
import type { PadOptions } from "./pad.ts";
import type { Count } from "./stages/window.ts";

/** What a dataset can be made from: elements by position, or elements one after the other as often as they are asked for. */
export type DatasetSource<T> =
  | ArrayLike<T>
  | IndexedSource<T>
  | SeekableSource<T>
  | Iterable<T>
  | AsyncIterable<T>
  | ((epoch: number) => Iterable<T> | AsyncIterable<T>);

/** How `shuffle` shuffles. */
export interface ShuffleOptions {
  /** Decides the order, together with the epoch. A whole number; that of `manualSeed` by default. */
  readonly seed?: number;
  /** A new order in every epoch; true by default. */
  readonly reshuffle?: boolean;
  /** For streams: how many elements to hold and draw from. Weak where it is small against the whole. */
  readonly buffer?: number;
}

/** How `map` goes about it. */
export interface MapOptions {
  /**
   * How many elements may be under way at a time, 1 by default; their order is kept. `"auto"` lets more under way, up to 32, as long
   * as that makes waiting for them shorter.
   */
  readonly parallel?: Count;
}

/** How `map` uses a module. */
export interface ModuleMapOptions {
  /** How many threads; `"auto"`, the default, is one for each processor. */
  readonly parallel?: Count;
  /** The name under which the module exports the function, `"default"` by default. */
  readonly export?: string;
}

/** How `batch` makes batches. */
export interface BatchOptions<T, U> {
  /** Leave out a last batch with fewer elements; false by default. */
  readonly dropLast?: boolean;
  /** Makes a batch of a list of elements; stacks them into tensors by default, see {@link collate}. */
  readonly collate?: (elements: T[]) => U | PromiseLike<U>;
}

/** Where `cache` keeps elements. */
export type CacheOptions =
  | {
      /** Bytes in memory above which a warning is shown, 1 GiB by default. */
      readonly budget?: number;
    }
  | {
      /** Made where it is missing. */
      readonly folder: string;
      /** Names the content, and with it the file: "flowers, 64 pixels, version 2". Whoever changes what the elements are changes it. */
      readonly key: string;
    };

/** How `bucketBySequenceLength` makes batches. */
export interface BucketOptions extends PadOptions {
  /** Lengths at which the next bucket begins, rising: [10, 20] makes buckets for lengths below 10, below 20, and the rest. */
  readonly boundaries: readonly number[];
  /** How many elements make a batch in each bucket, or in all of them. */
  readonly sizes: readonly number[] | number;
  /** Leave out batches that are not full at the end; false by default. */
  readonly dropLast?: boolean;
}

/** How `batch` makes batches in the host's memory. */
export interface HostBatchOptions {
  /** Host arrays in place of tensors. */
  readonly host: true;
  /** Leave out a last batch with fewer elements; false by default. */
  readonly dropLast?: boolean;
}
