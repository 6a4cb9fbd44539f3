/** Where the batches of training come from, whatever form the data has. */
import type { TypedArray } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { Dataset } from "../data/dataset.ts";
import { hostArray, isHostArray, isTypedArray, type HostArray } from "../data/hostArray.ts";
import type { IndexedSource } from "../data/indexed.ts";
import type { DatasetState } from "../data/iteration.ts";
import { isPromise } from "../data/ordered.ts";
import { slices, type Sliceable } from "../data/slices.ts";
import { startWaiting } from "../data/waiting.ts";
import { loadNodes } from "../tensor/evaluate.ts";
import { Tensor } from "../tensor/tensor.ts";
import { tensorsIn } from "../tensor/tree.ts";
import { batchOf, type Batch, type Batches } from "./model.ts";

/** Arrays, or tuples or objects of them, all with one row for each example. */
type Rows<T> = T | HostArray | TypedArray;

/** All examples at once: inputs, targets and, where given, what each example counts. */
export type Examples<X, Y> = readonly [inputs: Rows<X>, targets: Rows<Y>, weights?: Rows<Tensor> | undefined];

/**
 * What `fit` and `evaluate` take: examples, which they batch; or batches, as a dataset, an array, anything that can be iterated over
 * again, or a function that makes an iterator for an epoch, counted from 0 (a generator function).
 */
export type Data<X, Y> =
  | Examples<X, Y>
  | Batches<X, Y>
  | ((epoch: number) => Iterable<Batch<X, Y>> | AsyncIterable<Batch<X, Y>>);

/** How examples become batches; batches stay as they are. */
export interface FeedOptions {
  /** 32 by default, as in Keras. */
  readonly batchSize?: number | undefined;
  /** Whether every epoch has an order of its own, and whose seed decides: by default that of `manualSeed`. */
  readonly shuffle: boolean | { readonly seed: number };
}

/** Gives batches one after the other, epoch after epoch, and knows where it is. */
export class Feed<X, Y> {
  readonly #operation: string;
  readonly #source: Batches<X, Y>;
  #iterator: Iterator<Batch<X, Y>> | AsyncIterator<Batch<X, Y>> | undefined;
  /** The pass through the data, as its dataset counts, and the batches taken from it. */
  #place: DatasetState = { epoch: -1, position: 0 };
  #isOver = true;
  /** Where the next pass shall start. */
  #next: DatasetState | undefined;
  /** Milliseconds that were waited for batches while the device computed nothing. */
  waited = 0;
  /** Batches yet to be passed over in a pass that cannot seek. */
  #ahead = 0;

  constructor(operation: string, data: Data<X, Y>, options: FeedOptions) {
    this.#operation = operation;
    this.#source = isExamples(data)
      ? batched(operation, data, options)
      : typeof data === "function"
        ? (Dataset.from(data) as Batches<X, Y>)
        : // A DataLoader is read as the dataset that it is made of, which can be gone on with.
          "dataset" in data && data.dataset instanceof Dataset
          ? (data.dataset as Batches<X, Y>)
          : data;
  }

  /** Batches in a pass; undefined where that is not known or there is no end. */
  get length(): number | undefined {
    return Number.isFinite(this.#source.length) ? this.#source.length : undefined;
  }

  /** Batches that were taken from the pass that runs. */
  get taken(): number {
    return this.#place.position;
  }

  /** Starts the next pass, or goes on with one that was restored. */
  start(): void {
    this.close();
    const source = this.#source;
    const place = this.#next;
    this.#next = undefined;
    this.#isOver = false;
    if (source instanceof Dataset) {
      if (place) source.restore(place);
      this.#iterator = source[Symbol.asyncIterator]() as AsyncIterator<Batch<X, Y>>;
      this.#place = source.state();
      return;
    }
    this.#place = place ?? { epoch: this.#place.epoch + 1, position: 0 };
    const { position } = this.#place;
    if (Array.isArray(source)) {
      const batches = source as readonly Batch<X, Y>[];
      this.#iterator = (position === 0 ? batches : batches.slice(position))[Symbol.iterator]();
      return;
    }
    this.#ahead = position;
    this.#iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** The next batch of the pass, undefined after the last. A promise only where the data takes time. */
  next(): Batch<X, Y> | undefined | Promise<Batch<X, Y> | undefined> {
    if (this.#isOver) return undefined;
    if (this.#ahead > 0) return this.#passOver();
    if (!this.#iterator) return undefined;
    const waited = startWaiting();
    const result = this.#iterator.next();
    if (!isPromise(result)) return this.#took(result);
    return result.then((later) => {
      this.waited += waited();
      return this.#took(later);
    });
  }

  async #passOver(): Promise<Batch<X, Y> | undefined> {
    for (; this.#ahead > 0; this.#ahead--) if ((await this.#iterator!.next()).done) this.#ahead = 1;
    return this.next();
  }

  #took({ done, value }: IteratorResult<Batch<X, Y>, unknown>): Batch<X, Y> | undefined {
    const { epoch, position } = this.#place;
    if (done) {
      this.#iterator = undefined;
      this.#isOver = true;
      return undefined;
    }
    this.#place = { epoch, position: position + 1 };
    return batchOf(this.#operation, value as Batch<X, Y>);
  }

  /** A batch of the pass that runs once more, where the data can be read again at any place. */
  async again(index: number): Promise<Batch<X, Y> | undefined> {
    const source = this.#source;
    if (Array.isArray(source)) return source[index] as Batch<X, Y> | undefined;
    if (!(source instanceof Dataset)) return undefined;
    for await (const batch of (source as Dataset<Batch<X, Y>>).epoch(this.#place.epoch, index)) return batch;
    return undefined;
  }

  /** Where the next batch comes from, as plain JSON. */
  state(): DatasetState {
    const { epoch, position } = this.#place;
    return this.#isOver ? { epoch: epoch + 1, position: 0 } : { epoch, position };
  }

  /** Lets `start` go on where another feed of the same data was: datasets and arrays seek, everything else is read up to there. */
  restore(state: DatasetState): void {
    this.#next = state;
  }

  /** Leaves the pass: its iterator may hold a file open. */
  close(): void {
    const left = this.#iterator?.return?.();
    if (isPromise(left)) left.then(undefined, () => undefined);
    this.#iterator = undefined;
  }
}

/** True for examples. An array whose first element is an array (of tensors) holds batches. */
export function isExamples<X, Y>(data: Data<X, Y>): data is Examples<X, Y> {
  if (!Array.isArray(data) || data.length < 2 || data.length > 3) return false;
  const parts = data as readonly unknown[];
  return parts.some((part) => isArray(part)) || parts.every((part) => !Array.isArray(part) && typeof part === "object");
}

function isArray(value: unknown): value is Tensor | HostArray | TypedArray {
  return value instanceof Tensor || isHostArray(value) || isTypedArray(value);
}

/**
 * To be awaited before examples are fed or split, where it returns a promise: brings tensors to the host from a device that answers later.
 * Batches are used where they are.
 */
export function readyExamples(data: unknown): void | Promise<void> {
  if (Array.isArray(data) && isExamples(data as Data<unknown, unknown>))
    return loadNodes(tensorsIn(data).map(({ node }) => node));
}

/**
 * Splits examples in two: all but the last share, and the last share, as Keras's `validation_split`.
 * @throws ArgumentError for data that is no pair of arrays, and for a share that leaves one side empty.
 */
export function splitExamples<X, Y>(data: Data<X, Y>, share: number): readonly [Examples<X, Y>, Examples<X, Y>] {
  if (!isExamples(data))
    throw new ArgumentError(
      "fit: validationSplit wants the examples themselves, [inputs, targets]; of batches give some as validation, such as dataset.take(10) and dataset.skip(10)",
    );
  const parts = rowsOf("fit", data);
  const kept = Math.floor(parts.length * (1 - share));
  if (!(share > 0 && share < 1) || kept === 0 || kept === parts.length)
    throw new ArgumentError(
      `fit: validationSplit must lie between 0 and 1 and leave examples on both sides, got ${share} of ${parts.length} examples`,
    );
  const cut = (from: number, to: number): Examples<X, Y> =>
    data.map((part) => mapArrays(part, (array) => rowsBetween(array, from, to))) as unknown as Examples<X, Y>;
  return [cut(0, kept), cut(kept, parts.length)];
}

function rowsBetween(array: Tensor | HostArray | TypedArray, from: number, to: number): unknown {
  if (isTypedArray(array)) return array.subarray(from, to);
  const { dtype, shape } = array;
  const data = array instanceof Tensor ? array.dataSync() : array.data;
  const size = data.length / shape[0]!;
  return { dtype, shape: [to - from, ...shape.slice(1)], data: data.subarray(from * size, to * size) };
}

/** Examples as rows of all their arrays. */
function rowsOf(operation: string, parts: Examples<unknown, unknown>): IndexedSource<unknown> {
  const sources = parts
    .filter((part) => part !== undefined)
    .map((part) => slices(mapArrays(part, hosted) as Sliceable) as IndexedSource<unknown>);
  const length = sources[0]!.length;
  const other = sources.find((source) => source.length !== length);
  if (other)
    throw new ShapeError(
      `${operation}: there are ${length} inputs and ${other.length} targets or weights; give one of each for every example`,
    );
  return {
    length,
    get: (index) => sources.map((source) => source.get(index)),
    stacked: (indices) => sources.map((source) => source.stacked!(indices)),
  };
}

function batched<X, Y>(
  operation: string,
  data: Examples<X, Y>,
  { batchSize = 32, shuffle }: FeedOptions,
): Batches<X, Y> {
  const examples = Dataset.from(rowsOf(operation, data));
  const ordered = shuffle === false ? examples : examples.shuffle(shuffle === true ? {} : shuffle);
  return ordered.batch(batchSize) as Batches<X, Y>;
}

/** Typed arrays as arrays with a shape. */
function hosted(array: Tensor | HostArray | TypedArray): unknown {
  return isTypedArray(array) ? hostArray(array) : array;
}

function mapArrays(value: unknown, replace: (array: Tensor | HostArray | TypedArray) => unknown): unknown {
  if (isArray(value)) return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapArrays(item, replace));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapArrays(item, replace)]));
}
