import { turn } from "#platform";
import { Meter } from "./meter.ts";
import { streamStage, type Stage, type Stream } from "./stage.ts";
import type { Window } from "./window.ts";

/** Keeps the next elements under way while the reader works on one. */
export function prefetchStage<T>(input: Stage<T>, window: Window): Stage<T> {
  const meter = new Meter();
  return streamStage(
    { name: "prefetch", inputs: [input] },
    input.length,
    async function* (epoch, from): Stream<T> {
      const source = input.open(epoch, from);
      /** Asked for and not given yet; the first `ready` of them have come, because streams answer in order. */
      const waiting: Promise<IteratorResult<T, void>>[] = [];
      let ready = 0;
      const fill = (): void => {
        while (waiting.length < window.size) {
          const next = source.next();
          // A failure is reported when its turn comes; until then it must not count as unhandled.
          next.then(
            () => {
              ready++;
              if (ready === window.size) window.wasFull();
            },
            () => ready++,
          );
          waiting.push(next);
        }
      };
      try {
        fill();
        for (;;) {
          // A reader that is never kept waiting would never let in what threads and files have ready.
          if (ready < window.size) await turn();
          meter.asked++;
          meter.ready += ready;
          if (ready === 0) window.wasEmpty();
          const result = await waiting.shift()!;
          ready--;
          if (result.done) return;
          // Before the reader gets to work, so that a full window is under way meanwhile.
          fill();
          yield result.value;
        }
      } finally {
        await source.return();
      }
    },
    { meter, window },
  );
}
