import type { IndexedSource, SeekableSource } from "../indexed.ts";
import { Meter } from "./meter.ts";
import { fromStart, indexedStage, streamStage, worked, type IndexedStage, type Stage, type Stream } from "./stage.ts";

/** Elements by position. */
export function indexedSource<T>(name: string, source: IndexedSource<T>): IndexedStage<T> {
  const text = { name, about: `${source.length} elements`, inputs: [] };
  const meter = new Meter();
  const at: IndexedStage<T>["at"] = (epoch) => ({
    get: (index) => worked(text, meter, { epoch, index }, () => source.get(index)),
    ...(source.stacked && { stacked: (indices) => meter.many(() => source.stacked!(indices)) }),
  });
  return indexedStage(text, source.length, at, { meter });
}

/** Elements one after the other, made anew for every epoch. */
export function streamSource<T>(
  name: string,
  open: (epoch: number) => Iterable<T> | AsyncIterable<T>,
  length?: number,
): Stage<T> {
  return streamStage({ name, inputs: [] }, length, fromStart(open));
}

/** Elements one after the other, from any position on. */
export function seekableSource<T>(name: string, source: SeekableSource<T>): Stage<T> {
  return streamStage({ name, inputs: [] }, source.length, async function* (epoch, from): Stream<T> {
    yield* source.open(epoch, from);
  });
}
