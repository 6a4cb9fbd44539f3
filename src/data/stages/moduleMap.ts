import { ordered } from "../ordered.ts";
import { WorkerPool } from "../workerPool.ts";
import { Meter } from "./meter.ts";
import { streamStage, worked, type Stage, type Stream } from "./stage.ts";
import { Window } from "./window.ts";

/** A module's function applied to every element in threads, which start and end with an iteration. */
export function moduleMapStage<T, U>(input: Stage<T>, module: string, name: string, threads: number): Stage<U> {
  const about = `${module.split("/").pop()!}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  const text = { name: "map", about, inputs: [input] };
  const meter = new Meter();
  // Elements wait before the threads, so that these have work while this one is busy.
  const window = new Window(4 * threads, 64 * threads);
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
