import { ordered } from "../ordered.ts";
import { WorkerPool } from "../workerPool.ts";
import { Meter } from "./meter.ts";
import { streamStage, worked, type Stage, type Stream } from "./stage.ts";
import { fixed } from "./window.ts";

/** A module's function applied to every element in threads, which start and end with an iteration. */
export function moduleMapStage<T, U>(input: Stage<T>, module: string, name: string, threads: number): Stage<U> {
  const about = `${module.split("/").pop()!}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  const text = { name: "map", about, inputs: [input] };
  const meter = new Meter();
  // One element in each thread, and one that waits for it.
  const window = fixed(2 * threads);
  return streamStage(
    text,
    input.length,
    async function* (epoch, from): Stream<U> {
      const pool = new WorkerPool(module, name, threads);
      try {
        let index = from;
        yield* ordered(
          input.open(epoch, from),
          (element) => {
            const place = { epoch, index: index++ };
            return worked(text, meter, place, () => pool.run(element, place) as Promise<U>);
          },
          window,
        );
      } finally {
        pool.stop();
      }
    },
    { meter, window },
  );
}
