import type { Stacked } from "./stack.ts";

/** Elements that can be had by their position. */
export interface IndexedSource<T> {
  readonly length: number;
  /** The element at a position from 0 to `length` − 1; it may take time. */
  get(index: number): T | PromiseLike<T>;
  /**
   * Many elements put on top of each other, as {@link stack} would, in new arrays: faster where the elements need not be made one by one. `batch` uses
   * it where it is there and nothing stands between but `shuffle`, `take`, `skip` and `shard`.
   */
  stacked?(indices: ArrayLike<number>): Stacked<T>;
}

/** Elements that come one after the other, from any position on. */
export interface SeekableSource<T> {
  /** Undefined when it is not known beforehand. */
  readonly length?: number | undefined;
  /** The elements of an epoch from position `from` on; both are counted from 0. */
  open(epoch: number, from: number): Iterable<T> | AsyncIterable<T>;
}

/** Where an element stands: the epoch, counted from 0, and its position in it. */
export interface Place {
  readonly epoch: number;
  readonly index: number;
}
