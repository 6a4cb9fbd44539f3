/** What a device reaches at best on this machine: what measured times are held against. */
import { now } from "#platform";
import { compile } from "../compiler/compile.ts";
import type { Device, Memory, Runnable } from "../device/device.ts";
import type { Node } from "../graph/node.ts";
import { dot } from "../graph/ops/dot.ts";
import { input } from "../graph/ops/leaf.ts";
import { neg } from "../graph/ops/unary.ts";

export interface MachineLimits {
  /** Thousand million operations in a second: those of a product of two large matrices. */
  readonly gflops: number;
  /** Gigabytes in a second of reading and writing so many bytes: few lie in a cache, many do not. */
  gbps(bytes: number): Promise<number>;
}

/** Rows and columns of the product: doubled, up to the most, while it takes less than so many milliseconds. */
const [SIZE, LARGEST, LEAST] = [512, 4096, 1];
/** Elements that are read and written by turns: the sizes of caches lie between. */
const [FEWEST, MOST] = [2 ** 10, 2 ** 23];
/** A device may run a program in another way from a fixed run on; after so many it does. */
const WARM_UP = 10;
/** A measurement ends after so many milliseconds or runs. */
const [LONGEST, RUNS] = [40, 200];

const known = new WeakMap<Device, Promise<MachineLimits>>();

/** The limits of a device, measured when first asked for: some tens of milliseconds each. */
export function limitsOf(device: Device): Promise<MachineLimits> {
  let limits = known.get(device);
  if (!limits) {
    known.set(device, (limits = measure(device)));
    limits.catch(() => known.delete(device));
  }
  return limits;
}

async function measure(device: Device): Promise<MachineLimits> {
  const copies = new Map<number, number>();
  let [size, time] = [SIZE / 2, 0];
  while (time < LEAST && size < LARGEST) {
    size *= 2;
    time = await best(device, dot(leaf(size, size), leaf(size, size), PRODUCT));
  }
  return {
    gflops: (2 * size ** 3) / time / 1e6,
    async gbps(bytes) {
      const elements = Math.min(MOST, Math.max(FEWEST, 2 ** Math.round(Math.log2(Math.max(1, bytes / 8)))));
      let rate = copies.get(elements);
      if (rate === undefined)
        copies.set(elements, (rate = (8 * elements) / (await best(device, neg(leaf(elements)))) / 1e6));
      return rate;
    },
  };
}

const PRODUCT = { batch: [[], []], contract: [[1], [0]] } as const;
const leaf = (...shape: number[]): Node => input(shape, "f32", { requiresGrad: false });

/** Milliseconds of the fastest of some runs. */
async function best(device: Device, root: Node): Promise<number> {
  const { program } = compile({ results: [root], updates: [] });
  const runnable = device.prepare(program);
  const memories = program.bindings.map((bytes) => device.alloc(bytes));
  try {
    for (const memory of memories) device.fill(memory, 0);
    for (let run = 0; run < warmUp(device); run++) await timed(device, runnable, memories, []);
    let least = await timed(device, runnable, memories, []);
    const end = now() + LONGEST;
    for (let run = 1; run < RUNS && now() < end; run++)
      least = Math.min(least, await timed(device, runnable, memories, []));
    return least;
  } finally {
    for (const memory of memories) device.free(memory);
  }
}

/** Runs after which a program runs as it will from then on. */
export const warmUp = (device: Device): number => (device.time ? 1 : WARM_UP);

/** Milliseconds of a run. */
export function timed(
  device: Device,
  runnable: Runnable,
  memories: readonly Memory[],
  scalars: readonly number[],
): number | Promise<number> {
  if (device.time) return device.time(runnable, memories, scalars);
  const begin = now();
  device.run(runnable, memories, scalars);
  // Long programs may still run on threads of their own: reading waits for them.
  device.readSync!(memories[0]!, 0, 0);
  return now() - begin;
}
