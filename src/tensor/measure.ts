/** Times of a traced function's steps, each run alone, again and again, on memory of its own. */
import { now } from "#platform";
import { DeviceError } from "../core/errors.ts";
import { report, type KernelReport, type StepReport } from "../compiler/explain.ts";
import type { TapeEntry } from "../device/device.ts";
import { CellSlot } from "./cell.ts";
import { bind, release, type Variant } from "./jit.ts";
import { limitsOf, timed, warmUp } from "./machine.ts";
import type { Packed } from "./pack.ts";
import type { Compiled } from "../compiler/compile.ts";

export interface StepTime {
  /** What the step computes. */
  readonly step: StepReport;
  /** Median milliseconds; of a loop's step, those of all its repetitions. */
  readonly ms: number;
  readonly gflops: number;
  /** Gigabytes per second, counting every operand and result once. */
  readonly gbps: number;
  /**
   * The least time that this machine needs for these operations or these bytes, whichever takes longer, over the time taken:
   * 1 is the speed of a large product of matrices, or of a copy of as many bytes.
   */
  readonly share: number;
}

export interface Measured {
  readonly steps: readonly StepTime[];
  /** When each step of each timed run began and ended, on the platform's clock: one after another, without what the host does between. */
  readonly runs: readonly (readonly { readonly begin: number; readonly end: number }[])[];
}

/** Runs that are timed. */
const RUNS = 15;

/** Runs a recorded function step by step. What it would assign it assigns to copies: no state changes. */
export async function measureSteps(variant: Variant, packed: Packed, compiled: Compiled): Promise<Measured> {
  const { device, deviceName, structure } = variant.prepared;
  if (!device.time && !device.readSync)
    throw new DeviceError(
      `profile: ${deviceName} answers later and does not say how long it takes. Use setDevice("cpu") to see the steps`,
    );
  const { program } = compiled;
  const memories = bind(variant, packed);
  const copies = memories.flatMap((memory, i) =>
    structure.leaves[i]?.source instanceof CellSlot ? [{ i, memory, copy: device.alloc(memory.bytes) }] : [],
  );
  const runs: { begin: number; end: number }[][] = [];
  try {
    for (const { i, memory, copy } of copies) {
      device.copy(memory, copy);
      memories[i] = copy;
    }
    const entries = alone(program.tape).map((entry) => device.prepare({ ...program, tape: [entry] }));
    const scalars = program.scalars.map((_, i) => variant.numbers[i] ?? 0);
    const before = warmUp(device);
    for (let run = 0; run < before + RUNS; run++) {
      let end = now();
      const times: { begin: number; end: number }[] = [];
      for (const entry of entries) {
        const took = timed(device, entry, memories, scalars);
        const begin = end;
        end = begin + (typeof took === "number" ? took : await took);
        times.push({ begin, end });
      }
      if (run >= before) runs.push(times);
    }
  } finally {
    for (const { copy } of copies) device.free(copy);
    // On devices that answer later results have memory of their own.
    if (!device.readSync) for (const result of variant.prepared.results) device.free(memories[result]!);
    release(variant);
  }
  const limits = await limitsOf(device);
  const steps: StepTime[] = [];
  for (const [i, step] of report(compiled).steps.entries()) {
    const ms = median(runs.map((run) => run[i]!.end - run[i]!.begin));
    const total = (pick: (k: KernelReport) => number): number => step.launches.reduce((sum, k) => sum + pick(k), 0);
    const [flops, bytes] = [total((k) => k.flops), total((k) => k.bytes)];
    const least = Math.max(flops / limits.gflops, bytes / (await limits.gbps(bytes))) / 1e6;
    const each = ms / step.times;
    steps.push({ step, ms, gflops: flops / each / 1e6, gbps: bytes / each / 1e6, share: least / each });
  }
  return { steps, runs };
}

/** A tape's steps in order, those of a loop each in a loop of its own. */
function alone(tape: readonly TapeEntry[]): TapeEntry[] {
  return tape.flatMap((entry) =>
    "kernel" in entry ? [entry] : alone(entry.steps).map((step): TapeEntry => ({ ...entry, steps: [step] })),
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** The columns of a table: time, rates and share of what the machine can do. */
export function formatTime({ ms, gflops, gbps, share }: StepTime): string {
  return `${ms.toFixed(3).padStart(9)} ms  ${gflops.toFixed(1).padStart(6)} GFLOP/s  ${gbps.toFixed(1).padStart(6)} GB/s  ${`${Math.round(100 * share)}`.padStart(3)} % of limit`;
}
