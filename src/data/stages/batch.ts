import { isPromise, ordered, range } from "../ordered.ts";
import type { Stacked } from "../stack.ts";
import { Meter } from "./meter.ts";
import {
  indexedStage,
  isIndexed,
  streamStage,
  withOrder,
  worked,
  type IndexedStage,
  type Stage,
  type StageText,
  type Stream,
} from "./stage.ts";
import { fixed, type Window } from "./window.ts";

/** How a batch is made of elements. */
export interface Collation<T, U> {
  readonly collate: (elements: T[]) => U | PromiseLike<U>;
  /** What is left to do with elements that lie on top of each other already. */
  readonly fromStacked?: ((stacked: Stacked<T>) => U) | undefined;
}

/** Lists of `size` elements, and a last, shorter one unless it is dropped, made into batches. */
export function batchStage<T, U>(
  input: Stage<T>,
  size: number,
  dropLast: boolean,
  { collate, fromStacked }: Collation<T, U>,
  name: string = "batch",
): Stage<U> {
  const text = { name, about: `${size}`, inputs: [input] };
  const meter = new Meter();
  const length = input.length === undefined ? undefined : (dropLast ? Math.floor : Math.ceil)(input.length / size);
  const made = (epoch: number, index: number, elements: T[]): U | PromiseLike<U> =>
    worked(text, meter, { epoch, index }, () => collate(elements));
  const open = async function* (epoch: number, from: number): Stream<U> {
    let index = from;
    let elements: T[] = [];
    for await (const element of input.open(epoch, from * size)) {
      elements.push(element);
      if (elements.length < size) continue;
      yield await made(epoch, index++, elements);
      elements = [];
    }
    if (elements.length > 0 && !dropLast) yield await made(epoch, index, elements);
  };
  if (!isIndexed(input)) return streamStage(text, length, open, { meter });

  const positions = (index: number): number[] => [...range(index * size, Math.min((index + 1) * size, input.length))];
  const stage = positionsStage(input, text, length!, () => positions, { collate, fromStacked }, meter);
  // Read in order, elements of the next batch are under way while the last of this one are waited for.
  return input.parallel.most > 1 ? withOrder(stage, open) : stage;
}

/**
 * Batches of the elements at certain positions.
 * @param positions for an epoch, those of each batch.
 */
export function positionsStage<T, U>(
  input: IndexedStage<T>,
  text: StageText,
  length: number,
  positions: (epoch: number) => (index: number) => ArrayLike<number>,
  { collate, fromStacked }: Collation<T, U>,
  meter: Meter = new Meter(),
): IndexedStage<U> {
  const at: IndexedStage<U>["at"] = (epoch) => {
    const { get, stacked } = input.at(epoch);
    const listOf = positions(epoch);
    if (stacked && fromStacked)
      return {
        get: (index) => worked(text, meter, { epoch, index }, () => fromStacked(stacked(listOf(index)))),
      };
    return {
      get: (index) => {
        const made = (elements: T[]): U | PromiseLike<U> =>
          worked(text, meter, { epoch, index }, () => collate(elements));
        const elements = gather(get, listOf(index), input.parallel);
        return isPromise(elements) ? elements.then(made) : made(elements);
      },
    };
  };
  // The elements of one batch are under way together already.
  return indexedStage(text, length, at, { meter, parallel: fixed(1) });
}

/** The elements at these positions, at once where none of them takes time. */
export function gather<T>(
  get: (index: number) => T | PromiseLike<T>,
  positions: ArrayLike<number>,
  parallel: Window,
): T[] | Promise<T[]> {
  const elements: T[] = [];
  for (let at = 0; at < positions.length; at++) {
    const element = get(positions[at]!);
    if (isPromise(element)) return gatherLater(elements, element, get, positions, at, parallel);
    elements.push(element);
  }
  return elements;
}

async function gatherLater<T>(
  elements: T[],
  started: PromiseLike<T>,
  get: (index: number) => T | PromiseLike<T>,
  positions: ArrayLike<number>,
  start: number,
  parallel: Window,
): Promise<T[]> {
  const rest = ordered(
    range(start, positions.length),
    (at) => (at === start ? started : get(positions[at]!)),
    parallel,
  );
  for await (const element of rest) elements.push(element);
  return elements;
}
