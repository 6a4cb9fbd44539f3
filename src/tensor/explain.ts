/** `explain(fn, …args)`: from the user's line to kernels, moved bytes and planned memory. */
import { ArgumentError } from "../core/errors.ts";
import { formatReport, report, type ProgramReport } from "../compiler/explain.ts";
import { record } from "./jit.ts";
import { packArguments } from "./pack.ts";
import { Value } from "./value.ts";

/** A report that prints as a table. `JSON.stringify` gives all of it. */
export interface Explanation extends ProgramReport {
  /** A table: kind, operations, bytes, results and ops of every kernel; with `{ code: true }` the loop nests too. */
  toString(options?: { code?: boolean }): string;
}

/**
 * Traces and compiles a function on these arguments and says what came out. Nothing runs and no state changes.
 * @throws ArgumentError on the reference device, which compiles nothing.
 */
export function explain<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Explanation {
  const { prepared } = record(fn.name || "explain", fn, args, packArguments(args), true);
  if (!prepared.compiled)
    throw new ArgumentError(
      `explain: the ${prepared.device.name} device runs each node alone and compiles nothing. Use setDevice("wasm")`,
    );
  const made = report(prepared.compiled, (leaf) => leaf.source instanceof Value);
  return { ...made, toString: (options = {}) => formatReport(made, options.code) };
}
