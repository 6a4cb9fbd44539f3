import { streamStage, type Stage, type Stream } from "./stage.ts";

/** An epoch of several rounds, each an epoch of the input. */
export function repeatStage<T>(input: Stage<T>, count: number): Stage<T> {
  const { length } = input;
  const rounds = count === Infinity ? 1 : count;
  return streamStage(
    { name: "repeat", about: count === Infinity ? "for ever" : `${count}`, inputs: [input] },
    length === 0 || count === 0 ? 0 : length === undefined ? undefined : length * count,
    async function* (epoch, from): Stream<T> {
      if (length === 0) return;
      let before = length === undefined || length === Infinity ? 0 : Math.floor(from / length);
      let skipped = from - before * (length === Infinity ? 0 : (length ?? 0));
      for (; before < count; before++) {
        // A round whose length nobody knows is counted while it is read.
        const start = length === undefined ? 0 : skipped;
        let empty = start === 0;
        for await (const element of input.open(epoch * rounds + before, start)) {
          empty = false;
          if (length === undefined && skipped > 0) skipped--;
          else yield element;
        }
        // Nothing comes of repeating nothing, but for ever.
        if (empty) return;
        if (length !== undefined) skipped = 0;
      }
    },
  );
}
