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
  gbps(bytes: number): number;
}

/** Rows and columns of the product. */
const SIZE = 512;
/** Elements that are read and written by turns: the sizes of caches lie between. */
const [FEWEST, MOST] = [2 ** 10, 2 ** 23];
/** A device may run a program in another way from a fixed run on; after so many it does. */
export const WARM_UP = 10;
/** A measurement ends after so many milliseconds or runs. */
const [LONGEST, RUNS] = [40, 200];

const known = new WeakMap<Device, MachineLimits>();

/** The limits of a device, measured when first asked for: some tens of milliseconds each. */
export function limitsOf(device: Device): MachineLimits {
  let limits = known.get(device);
  if (!limits) known.set(device, (limits = measure(device)));
  return limits;
}

function measure(device: Device): MachineLimits {
  const copies = new Map<number, number>();
  return {
    gflops: (2 * SIZE ** 3) / best(device, dot(leaf(SIZE, SIZE), leaf(SIZE, SIZE), PRODUCT)) / 1e6,
    gbps(bytes) {
      const size = Math.min(MOST, Math.max(FEWEST, 2 ** Math.round(Math.log2(Math.max(1, bytes / 8)))));
      let rate = copies.get(size);
      if (rate === undefined) copies.set(size, (rate = (8 * size) / best(device, neg(leaf(size))) / 1e6));
      return rate;
    },
  };
}

const PRODUCT = { batch: [[], []], contract: [[1], [0]] } as const;
const leaf = (...shape: number[]): Node => input(shape, "f32", { requiresGrad: false });

/** Milliseconds of the fastest of some runs. */
function best(device: Device, root: Node): number {
  const { program } = compile({ results: [root], updates: [] });
  const runnable = device.prepare(program);
  const memories = program.bindings.map((bytes) => device.alloc(bytes));
  for (const memory of memories) device.fill(memory, 0);
  const once = (): number => {
    const { begin, end } = timed(device, runnable, memories, []);
    return end - begin;
  };
  for (let run = 0; run < WARM_UP; run++) once();
  let least = once();
  const end = now() + LONGEST;
  for (let run = 1; run < RUNS && now() < end; run++) least = Math.min(least, once());
  for (const memory of memories) device.free(memory);
  return least;
}

/** Runs a program to its end and says, on the platform's clock, when that began and ended. */
export function timed(
  device: Device,
  runnable: Runnable,
  memories: readonly Memory[],
  scalars: readonly number[],
): { readonly begin: number; readonly end: number } {
  const begin = now();
  device.run(runnable, memories, scalars);
  // Long programs may still run on threads of their own: reading waits for them.
  device.readSync!(memories[0]!, 0, 0);
  return { begin, end: now() };
}
