import { isPromise } from "../ordered.ts";
import { indexedStage, isIndexed, streamStage, type IndexedStage, type Stage, type Stream } from "./stage.ts";
import { wider } from "./window.ts";

/**
 * Elements of several stages side by side; ends with the shortest.
 * @param join makes an element of theirs.
 */
export function zipStage<T>(inputs: readonly Stage<unknown>[], join: (parts: unknown[]) => T): Stage<T> {
  const text = { name: "zip", inputs };
  if (inputs.every((input): input is IndexedStage<unknown> => isIndexed(input)))
    return indexedStage(
      text,
      Math.min(...inputs.map(({ length }) => length)),
      (epoch) => {
        const readers = inputs.map((input) => input.at(epoch));
        return {
          get: (index) => {
            const parts = readers.map(({ get }) => get(index));
            return parts.some(isPromise) ? Promise.all(parts).then(join) : join(parts);
          },
        };
      },
      { parallel: inputs.map(({ parallel }) => parallel).reduce(wider) },
    );
  const lengths = inputs.map(({ length }) => length);
  return streamStage(
    text,
    lengths.includes(0)
      ? 0
      : lengths.includes(undefined)
        ? undefined
        : Math.min(...lengths.map((length) => length ?? Infinity)),
    async function* (epoch, from): Stream<T> {
      const streams = inputs.map((input) => input.open(epoch, from));
      try {
        for (;;) {
          const results = await Promise.all(streams.map((stream) => stream.next()));
          if (results.some(({ done }) => done)) return;
          yield join(results.map(({ value }) => value as unknown));
        }
      } finally {
        await Promise.all(streams.map((stream) => stream.return()));
      }
    },
  );
}
