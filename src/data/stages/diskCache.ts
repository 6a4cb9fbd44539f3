import type { DiskCache } from "../diskCache.ts";
import { isPromise, ordered, range } from "../ordered.ts";
import { indexedStage, isIndexed, streamStage, withOrder, type Reader, type Stage, type Stream } from "./stage.ts";

/**
 * Keeps elements in a file, for this process and others. As in memory, they are those of the input's epoch 0.
 * @param make called once, when the first element is asked for.
 */
export function diskCacheStage<T>(input: Stage<T>, key: string, make: () => DiskCache<T>): Stage<T> {
  const text = { name: "cache", about: `disk, ${key}`, inputs: [input] };
  let made: DiskCache<T> | undefined;
  const loaded = async (): Promise<DiskCache<T>> => {
    made ??= make();
    await made.load();
    return made;
  };

  if (isIndexed(input)) {
    const { length } = input;
    const underWay = new Map<number, Promise<T>>();
    let reader: Reader<T> | undefined;
    const fetched = async (index: number): Promise<T> => {
      const cache = await loaded();
      if (cache.has(index)) return cache.read(index);
      reader ??= input.at(0);
      const element = reader.get(index);
      const value = isPromise(element) ? await element : element;
      await cache.write(index, value, length);
      return value;
    };
    /** An element that is under way is not made again. */
    const get = (index: number): Promise<T> => {
      const known = underWay.get(index);
      if (known) return known;
      const element = fetched(index).finally(() => underWay.delete(index));
      element.catch(() => undefined);
      underWay.set(index, element);
      return element;
    };
    const stage = indexedStage(text, length, () => ({ get }), { parallel: input.parallel });
    // In order they are read in large pieces, as far as they were written in order.
    return withOrder(stage, async function* (_epoch, from): Stream<T> {
      let index = from;
      const cache = await loaded();
      if (cache.length !== undefined)
        for await (const element of cache.readFrom(from)) {
          index++;
          yield element;
        }
      yield* ordered(range(index, length), get, input.parallel);
    });
  }

  return streamStage(text, input.length, async function* (_epoch, from): Stream<T> {
    const cache = await loaded();
    let index = from;
    for await (const element of cache.readFrom(from)) {
      index++;
      yield element;
    }
    if (cache.length !== undefined) return;
    // All before this position are in the file unless the epoch was resumed; then they follow in another one.
    const gapless = index === 0 || cache.has(index - 1);
    for await (const element of input.open(0, index)) {
      if (gapless) await cache.write(index, element, undefined);
      index++;
      yield element;
    }
    if (gapless) await cache.finish();
  });
}
