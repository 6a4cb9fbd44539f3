import { indexedStage, isIndexed, streamStage, type IndexedStage, type Stage, type Stream } from "./stage.ts";
import { wider } from "./window.ts";

/** The elements of one stage after those of the other. */
export function concatStage<T>(inputs: readonly Stage<T>[]): Stage<T> {
  const text = { name: "concat", inputs };
  const length = inputs.reduce<number | undefined>(
    (sum, input) => (sum === undefined || input.length === undefined ? undefined : sum + input.length),
    0,
  );
  if (inputs.every((input): input is IndexedStage<T> => isIndexed(input)))
    return indexedStage(
      text,
      length!,
      (epoch) => {
        const readers = inputs.map((input) => input.at(epoch));
        return {
          get: (index) => {
            let [which, at] = [0, index];
            while (at >= inputs[which]!.length) at -= inputs[which++]!.length;
            return readers[which]!.get(at);
          },
        };
      },
      { parallel: inputs.map(({ parallel }) => parallel).reduce(wider) },
    );
  return streamStage(text, length, async function* (epoch, from): Stream<T> {
    let toSkip = from;
    for (const input of inputs) {
      if (input.length !== undefined && input.length <= toSkip) {
        toSkip -= input.length;
        continue;
      }
      // Where a length is unknown, it is counted while elements are dropped.
      const seeks = input.length !== undefined;
      for await (const element of input.open(epoch, seeks ? toSkip : 0)) {
        if (!seeks && toSkip > 0) toSkip--;
        else yield element;
      }
      if (seeks) toSkip = 0;
    }
  });
}
