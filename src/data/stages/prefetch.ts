import { now, turn } from "#platform";
import { deviceIdle } from "../../tensor/engine.ts";
import { Meter } from "./meter.ts";
import { streamStage, type Stage, type Stream } from "./stage.ts";
import type { Window } from "./window.ts";

/** Of the time that the reader takes for an element, so much is given to events where the queue is not full. */
const SHARE = 0.02;

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
      /** The source has no more. */
      let over = false;
      let given = now();
      const fill = (): void => {
        while (waiting.length < window.size) {
          const next = source.next();
          // A failure is reported when its turn comes; until then it must not count as unhandled.
          next.then(
            ({ done }) => {
              ready++;
              over ||= done === true;
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
          const asked = now();
          const idle = deviceIdle();
          if (idle) {
            // The reader could do nothing with the next element yet but block this thread, in which threads and files are heard.
            await idle;
            // Nobody waits for data as long as the device computes.
            meter.waited -= now() - asked;
          } else {
            // While the reader computes in this thread, threads and files can tell nothing. A small part of its time goes to hearing them out.
            const until = asked + SHARE * (asked - given);
            while (ready < window.size && !over) {
              await turn();
              if (now() >= until) break;
            }
          }
          meter.asked++;
          meter.ready += ready;
          if (ready === 0) window.wasEmpty();
          const result = await waiting.shift()!;
          ready--;
          if (result.done) return;
          // Before the reader gets to work, so that a full window is under way meanwhile.
          fill();
          given = now();
          yield result.value;
        }
      } finally {
        await source.return();
      }
    },
    { meter, window },
  );
}
