import { HostRandom } from "../core/random.ts";
import { isPromise, ordered, range } from "./ordered.ts";

/** Elements that can be had by their position. */
export interface IndexedSource<T> {
  readonly length: number;
  /** The element at a position from 0 to `length` − 1; it may take time. */
  get(index: number): T | PromiseLike<T>;
}

/** Where an element stands: the epoch, counted from 0, and its position in it. */
export interface Place {
  readonly epoch: number;
  readonly index: number;
}

/**
 * A step of a pipeline that keeps random access: nothing is computed before an element is asked for, so that `skip`
 * skips the work too and `shuffle` is exact wherever it stands.
 */
export interface IndexedStage<T> {
  readonly length: number;
  /** How many elements may be under way at a time. */
  readonly parallel: number;
  /** The elements of an epoch, counted from 0. */
  open(epoch: number): (index: number) => T | PromiseLike<T>;
}

export function indexedSource<T>({ length, get }: IndexedSource<T>): IndexedStage<T> {
  return { length, parallel: 1, open: () => get };
}

export function mapIndexed<T, U>(
  stage: IndexedStage<T>,
  f: (value: T, place: Place) => U | PromiseLike<U>,
  parallel: number,
): IndexedStage<U> {
  return {
    length: stage.length,
    parallel: Math.max(stage.parallel, parallel),
    open: (epoch) => {
      const get = stage.open(epoch);
      return (index) => {
        const value = get(index);
        const place = { epoch, index };
        return isPromise(value) ? value.then((result) => f(result, place)) : f(value, place);
      };
    },
  };
}

/** @param stream which of the seed's random sequences an epoch uses. */
export function shuffleIndexed<T>(
  stage: IndexedStage<T>,
  seed: number,
  stream: (epoch: number) => number,
): IndexedStage<T> {
  return {
    ...stage,
    open: (epoch) => {
      const get = stage.open(epoch);
      const order = new HostRandom(seed, stream(epoch)).permutation(stage.length);
      return (index) => get(order[index]!);
    },
  };
}

/** The elements from `start` to before `end`. */
export function cutIndexed<T>(stage: IndexedStage<T>, start: number, end: number): IndexedStage<T> {
  return {
    ...stage,
    length: Math.max(0, end - start),
    open: (epoch) => {
      const get = stage.open(epoch);
      return (index) => get(start + index);
    },
  };
}

export function batchIndexed<T, U>(
  stage: IndexedStage<T>,
  size: number,
  dropLast: boolean,
  collate: (elements: T[]) => U | PromiseLike<U>,
): IndexedStage<U> {
  return {
    length: dropLast ? Math.floor(stage.length / size) : Math.ceil(stage.length / size),
    // The elements of one batch are under way together already.
    parallel: 1,
    open: (epoch) => {
      const get = stage.open(epoch);
      return (index) => {
        const elements = gather(get, index * size, Math.min((index + 1) * size, stage.length), stage.parallel);
        return isPromise(elements) ? elements.then(collate) : collate(elements);
      };
    },
  };
}

/** The elements from `start` to before `end`, at once where none of them takes time. */
function gather<T>(
  get: (index: number) => T | PromiseLike<T>,
  start: number,
  end: number,
  parallel: number,
): T[] | Promise<T[]> {
  const elements: T[] = [];
  for (let index = start; index < end; index++) {
    const value = get(index);
    if (isPromise(value)) return gatherLater(elements, value, get, index, end, parallel);
    elements.push(value);
  }
  return elements;
}

async function gatherLater<T>(
  elements: T[],
  started: PromiseLike<T>,
  get: (index: number) => T | PromiseLike<T>,
  start: number,
  end: number,
  parallel: number,
): Promise<T[]> {
  const rest = ordered(range(start, end), (index) => (index === start ? started : get(index)), parallel);
  for await (const value of rest) elements.push(value);
  return elements;
}
