import { ordered } from "../ordered.ts";
import { WorkerPool } from "../workerPool.ts";
import { Meter } from "./meter.ts";
import { streamStage, worked, type Stage, type Stream } from "./stage.ts";
import { Window } from "./window.ts";

/**
 * A module's function applied to every element in threads, which start with the first pass and stay for the next: starting them takes as long
 * as hundreds of elements.
 */
export function moduleMapStage<T, U>(input: Stage<T>, module: string, name: string, threads: number): Stage<U> {
  const about = `${module.split("/").pop()!}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  const text = { name: "map", about, inputs: [input] };
  const meter = new Meter();
  // Elements wait before the threads, so that these have work while this one is busy.
  const window = new Window(4 * threads, 64 * threads);
  let kept: WorkerPool | undefined;
  const stage = streamStage(
    text,
    input.length,
    async function* (epoch, from): Stream<U> {
      const pool = kept && takeBack(kept) ? kept : start();
      // Another pass that runs at the same time starts its own.
      kept = undefined;
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
        kept = keep(pool);
      }
    },
    { meter, window },
  );
  const start = (): WorkerPool => {
    const pool = new WorkerPool(module, name, threads);
    endings.register(stage, pool);
    return pool;
  };
  return stage;
}

/** Threads between two passes: those of training and of validation. Each costs memory, so that there are no more. */
const KEPT = 2;
const idle: WorkerPool[] = [];
/** Of datasets that are gone nobody takes them back. */
const endings = /* @__PURE__ */ new FinalizationRegistry<WorkerPool>((pool) => {
  if (takeBack(pool)) pool.stop();
});

/** Lets threads wait for their stage's next pass, or ends them where something is under way in them. */
function keep(pool: WorkerPool): WorkerPool | undefined {
  if (!pool.isIdle) {
    pool.stop();
    return undefined;
  }
  idle.push(pool);
  if (idle.length > KEPT) idle.shift()!.stop();
  return pool;
}

/** False where they have ended. */
function takeBack(pool: WorkerPool): boolean {
  const at = idle.indexOf(pool);
  if (at >= 0) idle.splice(at, 1);
  return at >= 0 && pool.isIdle;
}
