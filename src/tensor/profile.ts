/** `profile(fn, …args)`: where a step's time goes, kernel by kernel. */
import { now, writeFile } from "#platform";
import { ArgumentError } from "../core/errors.ts";
import { record } from "./jit.ts";
import { formatTime, measureSteps, type StepTime } from "./measure.ts";
import { packArguments } from "./pack.ts";
import { timelineOf, type Timeline } from "./timeline.ts";

/** Steps of a program with their times, in order. */
export interface Profile {
  readonly steps: readonly StepTime[];
  readonly totalMs: number;
  /** Every timed run, for chrome://tracing and ui.perfetto.dev: `JSON.stringify` it into a file, or call `save`. */
  readonly timeline: Timeline;
  /** Writes the timeline into a file that chrome://tracing and ui.perfetto.dev open. @throws PlatformError */
  save(path: string): Promise<void>;
  /** A table: time, share of the whole, rates and share of the machine's limit of every step. */
  toString(): string;
}

/**
 * Runs a function's program step by step and times each step: the median of 15 runs, after some to warm up. Steps work on
 * copies of the state that the function assigns, so that none changes. A GPU's times are those of its own clock where it shows
 * one (`timestamp-query`), else from submission to the end; what is too short for its clock is run several times in a row.
 *
 * @throws ArgumentError on the reference device, which has no steps; DeviceError where a device fails.
 *
 * @example
 * const times = await profile(step, images, labels);
 * console.log(`${times}`);
 * await times.save("step.json"); // to be opened at ui.perfetto.dev
 */
export async function profile<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Profile> {
  const name = fn.name || "profile";
  const begin = now();
  const packed = packArguments(args);
  const variant = record(name, fn, packed, true);
  const compile = { begin, end: now() };
  const { compiled, device, deviceName } = variant.prepared;
  if (!compiled)
    throw new ArgumentError(
      `profile: the ${device.name} device runs each node alone and has no steps. Use setDevice("wasm")`,
    );
  const measured = await measureSteps(variant, packed, compiled);
  const { steps } = measured;
  const totalMs = steps.reduce((sum, s) => sum + s.ms, 0);
  const timeline = timelineOf({ name, device: `${deviceName}, threads: ${device.threads}`, compile }, measured);
  return {
    steps,
    totalMs,
    timeline,
    save: (path) => writeFile(path, new TextEncoder().encode(JSON.stringify(timeline))),
    toString: () =>
      [
        `${totalMs.toFixed(3)} ms in ${steps.length} steps`,
        ...steps.map((time, i) => {
          const { ms, step } = time;
          const [first] = step.launches;
          const times = [
            step.launches.length > 1 ? `${step.launches.length} segments` : "",
            step.times > 1 ? `${step.times} times` : "",
          ].filter(Boolean);
          return `${`${i + 1}`.padStart(4)} ${((100 * ms) / totalMs).toFixed(1).padStart(5)} % ${formatTime(time)}  ${first!.kind.padEnd(8)} ${first!.results.slice(0, 2).join("; ")} ← ${first!.ops.slice(0, 6).join(" ")}${times.length ? `  (${times.join(", ")})` : ""}`;
        }),
      ].join("\n"),
  };
}
