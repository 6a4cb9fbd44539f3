/** `explain(fn, …args)`: from the user's line to kernels, moved bytes and planned memory. */
import { ArgumentError } from "../core/errors.ts";
import { stepsOf } from "../device/device.ts";
import { formatReport, report, type ProgramReport } from "../compiler/explain.ts";
import { record } from "./jit.ts";
import { formatTime, measureSteps } from "./measure.ts";
import { packArguments } from "./pack.ts";
import { Value } from "./value.ts";

/** A report that prints as a table. `JSON.stringify` gives all of it. */
export interface Explanation extends ProgramReport {
  /**
   * A table: kind, operations, bytes, results and ops of every kernel; with `{ code: true }` the loop nests too, with
   * `{ code: "device" }` what the device compiles instead: WGSL or C (wasm writes no text; there it is the loop nests). With
   * `{ times: true }` everything is run, on copies of the state, and each kernel's time, rates and share of what this machine can do
   * stand in front, as `profile` has them.
   */
  toString(options?: { code?: boolean | "device"; times?: boolean }): string;
}

/**
 * Traces and compiles a function on these arguments and says what came out. Nothing runs (unless the table is asked for with
 * times) and no state changes.
 * @throws ArgumentError on the reference device, which compiles nothing.
 */
export function explain<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Explanation {
  const packed = packArguments(args);
  const variant = record(fn.name || "explain", fn, args, packed, true);
  const { prepared } = variant;
  const { compiled } = prepared;
  if (!compiled)
    throw new ArgumentError(
      `explain: the ${prepared.device.name} device runs each node alone and compiles nothing. Use setDevice("wasm")`,
    );
  const made = report(compiled, (leaf) => leaf.source instanceof Value);
  return {
    ...made,
    toString({ code = false, times = false } = {}) {
      const columns = times ? measureSteps(variant, packed, compiled).steps.map(formatTime) : undefined;
      const { device } = prepared;
      const texts = code === "device" ? stepsOf(compiled.program.tape).map((step) => device.code?.(step)) : undefined;
      const written = texts?.map((text, i) => text ?? made.steps[i]!.launches[0]!.code);
      return formatReport(made, { code: written ?? code !== false, columns });
    },
  };
}
