import { isPromise, ordered, range } from "../ordered.ts";
import { Meter } from "./meter.ts";
import {
  indexedStage,
  isIndexed,
  streamStage,
  worked,
  type IndexedStage,
  type Reader,
  type Stage,
  type Stream,
} from "./stage.ts";
import { fixed, type Window } from "./window.ts";

/** How a batch is made of elements. */
export interface Collation<T, U> {
  readonly collate: (elements: T[]) => U | PromiseLike<U>;
  /** What is left to do with elements that lie on top of each other already. */
  readonly fromStacked?: ((stacked: NonNullable<ReturnType<NonNullable<Reader<T>["stacked"]>>>) => U) | undefined;
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

  const at: IndexedStage<U>["at"] = (epoch) => {
    const { get, stacked } = input.at(epoch);
    const positions = (index: number): number[] => [...range(index * size, Math.min((index + 1) * size, input.length))];
    if (stacked && fromStacked)
      return {
        get: (index) => worked(text, meter, { epoch, index }, () => fromStacked(stacked(positions(index))!)),
      };
    return {
      get: (index) => {
        const elements = gather(get, index * size, Math.min((index + 1) * size, input.length), input.parallel);
        return isPromise(elements) ? elements.then((list) => made(epoch, index, list)) : made(epoch, index, elements);
      },
    };
  };
  // The elements of one batch are under way together already.
  const stage = indexedStage(text, length!, at, { meter, parallel: fixed(1) });
  // Read in order, elements of the next batch are under way while the last of this one are waited for.
  return input.parallel.most > 1 ? { ...stage, open } : stage;
}

/** The elements from `start` to before `end`, at once where none of them takes time. */
export function gather<T>(
  get: (index: number) => T | PromiseLike<T>,
  start: number,
  end: number,
  parallel: Window,
): T[] | Promise<T[]> {
  const elements: T[] = [];
  for (let index = start; index < end; index++) {
    const element = get(index);
    if (isPromise(element)) return gatherLater(elements, element, get, index, end, parallel);
    elements.push(element);
  }
  return elements;
}

async function gatherLater<T>(
  elements: T[],
  started: PromiseLike<T>,
  get: (index: number) => T | PromiseLike<T>,
  start: number,
  end: number,
  parallel: Window,
): Promise<T[]> {
  const rest = ordered(range(start, end), (index) => (index === start ? started : get(index)), parallel);
  for await (const element of rest) elements.push(element);
  return elements;
}
