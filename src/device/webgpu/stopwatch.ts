/** How long a GPU takes: by its own clock where it shows one, else by the host's, from submission to the news that all is done. */
import { now } from "#platform";
import type { OpenedGpu } from "./adapter.ts";
import { USAGE } from "./pages.ts";

/** Clocks are rounded, to a tenth of a millisecond in browsers: what is shorter than this (milliseconds) is run several times. */
const LEAST_TIME = 2;
const MOST_RUNS = 200;
/** Two instants of 8 bytes. */
const BYTES = 16;

/** Records one run. `open` begins a pass. */
export type Encode = (open: () => GPUComputePassEncoder) => void;

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
    const encoder = this.#gpu.createCommandEncoder();
    const clock = this.#hasClock ? (this.#clock ??= this.#makeClock()) : undefined;
    let pass: GPUComputePassEncoder | undefined;
    for (let run = 0; run < runs; run++)
      encode(
        () =>
          (pass ??= encoder.beginComputePass(
            clock && {
              timestampWrites: { querySet: clock.instants, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
            },
          )),
      );
    pass?.end();
    if (clock) {
      encoder.resolveQuerySet(clock.instants, 0, 2, clock.resolved, 0);
      encoder.copyBufferToBuffer(clock.resolved, 0, clock.mapped, 0, BYTES);
    }
    const begin = now();
    queue.submit([encoder.finish()]);
    await queue.onSubmittedWorkDone();
    const byHost = now() - begin;
    const byGpu = clock && (await elapsed(clock.mapped));
    // A GPU's clock may be set back at any time; and rounded, the shortest time is none at all.
    const isSound = byGpu !== undefined && byGpu <= byHost + 1 && (runs === 1 ? byGpu >= 0 : byGpu > 0);
    return (isSound ? byGpu : byHost) / runs;
  }

  #makeClock(): Clock {
    const buffer = (usage: number): GPUBuffer => this.#gpu.createBuffer({ label: "times", size: BYTES, usage });
    return {
      instants: this.#gpu.createQuerySet({ type: "timestamp", count: 2 }),
      resolved: buffer(USAGE.QUERY_RESOLVE | USAGE.COPY_SRC),
      mapped: buffer(USAGE.MAP_READ | USAGE.COPY_DST),
    };
  }
}

/** Milliseconds between the two instants, which a GPU counts in nanoseconds. */
async function elapsed(mapped: GPUBuffer): Promise<number> {
  // GPUMapMode.READ
  await mapped.mapAsync(1);
  const [begin, end] = new BigInt64Array(mapped.getMappedRange());
  const time = Number(end! - begin!) / 1e6;
  mapped.unmap();
  return time;
}
