import type { Place } from "../indexed.ts";
import { Meter } from "./meter.ts";
import { failure, fromStart, streamStage, worked, type Stage, type Stream } from "./stage.ts";

/**
 * Batches of elements of similar lengths: each length has its bucket, and a bucket that is full is a batch. What is left at the end
 * makes smaller ones.
 * @param boundaries lengths at which the next bucket begins, rising; one bucket more than boundaries.
 * @param sizes how many elements fill each bucket.
 */
export function bucketStage<T, U>(
  input: Stage<T>,
  lengthOf: (element: T) => number,
  boundaries: readonly number[],
  sizes: readonly number[],
  dropLast: boolean,
  collate: (elements: T[]) => U | PromiseLike<U>,
): Stage<U> {
  const text = { name: "bucketBySequenceLength", about: `boundaries ${boundaries.join(", ")}`, inputs: [input] };
  const meter = new Meter();
  const open = async function* (epoch: number): Stream<U> {
    let [index, batch] = [0, 0];
    const buckets = sizes.map((): T[] => []);
    const made = (elements: T[]): U | PromiseLike<U> =>
      worked(text, meter, { epoch, index: batch++ }, () => collate(elements));
    for await (const element of input.open(epoch, 0)) {
      const which = bucketOf(element, { epoch, index: index++ });
      const elements = buckets[which]!;
      elements.push(element);
      if (elements.length < sizes[which]!) continue;
      buckets[which] = [];
      yield await made(elements);
    }
    if (!dropLast) for (const elements of buckets) if (elements.length > 0) yield await made(elements);
  };
  return streamStage(text, input.length === 0 ? 0 : undefined, fromStart(open), { meter });

  function bucketOf(element: T, place: Place): number {
    try {
      const length = lengthOf(element);
      const at = boundaries.findIndex((boundary) => length < boundary);
      return at >= 0 ? at : boundaries.length;
    } catch (error) {
      throw failure(text, place, error);
    }
  }
}
