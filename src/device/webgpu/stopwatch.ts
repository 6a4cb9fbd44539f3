/** How long a GPU takes: by its own clock where it shows one, else by the host's, from submission to the news that all is done. */
import { now } from "#platform";
import type { OpenedGpu } from "./adapter.ts";
import { Commands } from "./commands.ts";
import { USAGE } from "./pages.ts";

/** Clocks are rounded, to a tenth of a millisecond in browsers: what is shorter than this (milliseconds) is run several times. */
const LEAST_TIME = 2;
const MOST_RUNS = 200;
/** Passes whose beginning and end are noted, and bytes of an instant. */
const PASSES = 32;
const BYTES = 8;

/** Records one run. */
export type Encode = (commands: Commands) => void;

interface Clock {
  readonly instants: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly mapped: GPUBuffer;
}

export class Stopwatch {
  readonly #gpu: GPUDevice;
  readonly #hasClock: boolean;
  #clock: Clock | undefined;

  constructor({ gpu, features }: Pick<OpenedGpu, "gpu" | "features">) {
    this.#gpu = gpu;
    this.#hasClock = features.has("timestamp-query");
  }

  /** Milliseconds of one run, the mean of some where it is short. Nothing else should be computed meanwhile. */
  async time(encode: Encode): Promise<number> {
    const first = await this.#round(encode, 1);
    if (first >= LEAST_TIME) return first;
    return this.#round(encode, Math.min(MOST_RUNS, Math.ceil(LEAST_TIME / Math.max(first, 1e-3))));
  }

  destroy(): void {
    this.#clock?.instants.destroy();
    this.#clock?.resolved.destroy();
    this.#clock?.mapped.destroy();
    this.#clock = undefined;
  }

  async #round(encode: Encode, runs: number): Promise<number> {
    const { queue } = this.#gpu;
    const clock = this.#hasClock ? (this.#clock ??= this.#makeClock()) : undefined;
    const commands = new Commands(this.#gpu, (pass) =>
      clock && pass < PASSES
        ? { querySet: clock.instants, beginningOfPassWriteIndex: 2 * pass, endOfPassWriteIndex: 2 * pass + 1 }
        : undefined,
    );
    for (let run = 0; run < runs; run++) encode(commands);
    const instants = clock && commands.passes <= PASSES ? 2 * commands.passes : 0;
    if (clock && instants) {
      const encoder = commands.between();
      encoder.resolveQuerySet(clock.instants, 0, instants, clock.resolved, 0);
      encoder.copyBufferToBuffer(clock.resolved, 0, clock.mapped, 0, BYTES * instants);
    }
    const begin = now();
    queue.submit([commands.finish()]);
    await queue.onSubmittedWorkDone();
    const byHost = now() - begin;
    const byGpu = clock && instants ? await elapsed(clock.mapped, instants) : undefined;
    // A GPU's clock may be set back at any time; and rounded, the shortest time is none at all.
    const isSound = byGpu !== undefined && byGpu <= byHost + 1 && (runs === 1 ? byGpu >= 0 : byGpu > 0);
    return (isSound ? byGpu : byHost) / runs;
  }

  #makeClock(): Clock {
    const buffer = (usage: number): GPUBuffer =>
      this.#gpu.createBuffer({ label: "times", size: 2 * PASSES * BYTES, usage });
    return {
      instants: this.#gpu.createQuerySet({ type: "timestamp", count: 2 * PASSES }),
      resolved: buffer(USAGE.QUERY_RESOLVE | USAGE.COPY_SRC),
      mapped: buffer(USAGE.MAP_READ | USAGE.COPY_DST),
    };
  }
}

/** Milliseconds between the first instant and the last, which a GPU counts in nanoseconds. */
async function elapsed(mapped: GPUBuffer, instants: number): Promise<number> {
  // GPUMapMode.READ
  await mapped.mapAsync(1);
  const times = new BigInt64Array(mapped.getMappedRange());
  const time = Number(times[instants - 1]! - times[0]!) / 1e6;
  mapped.unmap();
  return time;
}
