/** `explain(fn, …args)`: from the user's line to kernels, moved bytes and planned memory. */
import { ArgumentError } from "../core/errors.ts";
import { stepsOf } from "../device/device.ts";
import { formatReport, report, type ProgramReport } from "../compiler/explain.ts";
import { record } from "./jit.ts";
import { formatTime, measureSteps, type StepTime } from "./measure.ts";
import { packArguments } from "./pack.ts";
import { Value } from "./value.ts";

/** A report that prints as a table. `JSON.stringify` gives all of it. */
export interface Explanation extends ProgramReport {
  /**
   * A table: kind, operations, bytes, results and ops of every kernel; with `{ code: true }` the loop nests too, with
   * `{ code: "device" }` what the device compiles instead: WGSL or C (wasm writes no text; there it is the loop nests). With
   * `{ times: await explanation.times() }` each kernel's time, rates and share of what this machine can do stand in front.
   */
  toString(options?: { code?: boolean | "device"; times?: readonly StepTime[] }): string;
  /** Runs everything, on copies of the state, and says how long each step takes, as `profile` does. @throws DeviceError */
  times(): Promise<readonly StepTime[]>;
}

/**
 * Traces and compiles a function on these arguments and says what came out. Nothing runs (unless times are asked
 * for) and no state changes.
 * @throws ArgumentError on the reference device, which compiles nothing.
 */
export function explain<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Explanation {
  const packed = packArguments(args);
  const variant = record(fn.name || "explain", fn, packed, true);
  const { prepared } = variant;
  const { compiled } = prepared;
  if (!compiled)
    throw new ArgumentError(
      `explain: the ${prepared.device.name} device runs each node alone and compiles nothing. Use setDevice("wasm")`,
    );
  const made = report(compiled, (leaf) => leaf.source instanceof Value);
  return {
    ...made,
    times: async () => (await measureSteps(variant, packed, compiled)).steps,
    toString({ code = false, times } = {}) {
      const { device } = prepared;
      const texts = code === "device" ? stepsOf(compiled.program.tape).map((step) => device.code?.(step)) : undefined;
      const written = texts?.map((text, i) => text ?? made.steps[i]!.launches[0]!.code);
      return formatReport(made, { code: written ?? code !== false, columns: times?.map(formatTime) });
    },
  };
}
