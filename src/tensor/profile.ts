/** `profile(fn, …args)`: where a step's time goes, kernel by kernel. */
import { ArgumentError } from "../core/errors.ts";
import { report, type StepReport } from "../compiler/explain.ts";
import { bind, record } from "./jit.ts";
import { packArguments } from "./pack.ts";

export interface StepTime {
  /** What the step computes. */
  readonly step: StepReport;
  /** Median milliseconds of the whole step, all repetitions of a loop included. */
  readonly ms: number;
  readonly gflops: number;
  /** Gigabytes per second, counting every operand and result once. */
  readonly gbps: number;
}

/** Steps of a program with their times, in order. A loop stands for all its steps. */
export interface Profile {
  readonly steps: readonly StepTime[];
  readonly totalMs: number;
  toString(): string;
}

/**
 * Runs a function's program step by step, 15 times, and times each step. State that the function assigns is changed as by
 * as many calls.
 * @throws ArgumentError on the reference device, which has no steps.
 */
export function profile<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Profile {
  const packed = packArguments(args);
  const variant = record(fn.name || "profile", fn, args, packed, false);
  const { prepared } = variant;
  if (!prepared.compiled)
    throw new ArgumentError(
      `profile: the ${prepared.device.name} device runs each node alone and has no steps. Use setDevice("wasm")`,
    );
  const { device, compiled } = prepared;
  bind(variant, packed);
  const { program } = compiled;
  const reports = report(compiled).steps;
  // Tape entries and reports differ in one thing only: a loop is one entry and several reports.
  const parts = compiled.steps.flatMap((step) =>
    step.loop ? [step.loop.before.length, -step.loop.steps.length] : [1],
  );
  const entries = program.tape.map((entry) => device.prepare({ ...program, tape: [entry] }));
  const scalars = program.scalars.map((_, i) => variant.numbers[i] ?? 0);
  const samples: number[][] = entries.map(() => []);
  const RUNS = 25,
    WARM_UP = 10;
  for (let run = 0; run < RUNS; run++)
    entries.forEach((entry, i) => {
      const begin = performance.now();
      device.run(entry, variant.memories, scalars);
      if (run >= WARM_UP) samples[i]!.push(performance.now() - begin);
    });
  const steps: StepTime[] = [];
  let at = 0,
    entry = 0;
  for (const part of parts.flatMap((n) => (n < 0 ? [n] : new Array<number>(n).fill(1)))) {
    const covered = reports.slice(at, at + Math.abs(part));
    at += Math.abs(part);
    const ms = samples[entry++]!.sort((a, b) => a - b)[(RUNS - WARM_UP) >> 1]!;
    const total = (pick: (k: StepReport["launches"][number]) => number): number =>
      covered.reduce((sum, s) => sum + s.times * s.launches.reduce((t, k) => t + pick(k), 0), 0);
    steps.push({
      step: covered[0]!,
      ms,
      gflops: total((k) => k.flops) / ms / 1e6,
      gbps: total((k) => k.bytes) / ms / 1e6,
    });
  }
  const totalMs = steps.reduce((sum, s) => sum + s.ms, 0);
  return {
    steps,
    totalMs,
    toString: () =>
      [
        `${totalMs.toFixed(3)} ms in ${steps.length} steps`,
        ...steps.map(({ step, ms, gflops, gbps }, i) => {
          const [first] = step.launches;
          return `${`${i + 1}`.padStart(4)} ${ms.toFixed(3).padStart(9)} ms ${((100 * ms) / totalMs).toFixed(1).padStart(5)} %  ${gflops.toFixed(1).padStart(6)} GFLOP/s ${gbps.toFixed(1).padStart(6)} GB/s  ${first!.kind.padEnd(8)} ${first!.results.slice(0, 2).join("; ")} ← ${first!.ops.slice(0, 6).join(" ")}${step.launches.length > 1 ? `  (${step.launches.length} segments)` : ""}`;
        }),
      ].join("\n"),
  };
}
