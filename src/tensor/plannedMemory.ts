/** `plannedMemory(fn, …args)`: what a function's program will hold, known before anything runs. */
import { showBytes } from "../core/bytes.ts";
import { byteSize } from "../core/dtype.ts";
import { show, sizeOf } from "../core/shape.ts";
import type { Compiled } from "../compiler/compile.ts";
import { kernelsOf, writtenBy } from "../compiler/schedule.ts";
import type { Node } from "../graph/node.ts";
import { CellVersion } from "./cell.ts";
import { planned } from "./engine.ts";
import { record } from "./jit.ts";
import { packArguments } from "./pack.ts";
import { Argument } from "./trace.ts";

/** Bytes by what they are for. */
export interface MemoryPlan {
  /** All of it at the program's fullest moment. */
  readonly peakBytes: number;
  /** Values in between, at their fullest moment: they share memory where their lives do not meet. */
  readonly scratchBytes: number;
  /** Cells that are read or assigned: parameters, gradients, optimizer state, buffers. */
  readonly stateBytes: number;
  readonly argumentBytes: number;
  /** Tensors that were made outside and are used inside. */
  readonly capturedBytes: number;
  readonly resultBytes: number;
  /**
   * Of the scratch: what is stored before the first result is there and read after it. Where that result is a loss, the activations
   * kept for the backward pass.
   */
  readonly activationBytes: number;
  /** The largest intermediate values, largest first: dtype, shape and operation. */
  readonly largest: readonly { readonly bytes: number; readonly what: string }[];
  toString(): string;
}

const bytesOf = (node: Node): number => sizeOf(node.shape) * byteSize(node.dtype);
const LARGEST = 10;

/**
 * Traces and compiles a function on these arguments and adds up what its program will hold. Nothing runs, no kernel is made for the
 * device, and no memory is taken: sizes that would not fit can be asked for too.
 * @example plannedMemory(step, images, labels).peakBytes
 */
export function plannedMemory<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): MemoryPlan {
  const packed = packArguments(args);
  const { prepared } = record(fn.name || "plannedMemory", fn, packed, false, planned);
  const { compiled, structure } = prepared;
  const leaves = (of: (source: unknown) => boolean): number =>
    structure.leaves.filter((leaf) => of(leaf.source)).reduce((sum, leaf) => sum + bytesOf(leaf), 0);
  const isState = (source: unknown): boolean => source instanceof CellVersion;
  const isArgument = (source: unknown): boolean => source instanceof Argument;
  const { program, results } = compiled!;
  const stateBytes = leaves(isState);
  const argumentBytes = leaves(isArgument);
  const capturedBytes = leaves((source) => !isState(source) && !isArgument(source));
  const resultBytes = results.reduce((sum, binding) => sum + program.bindings[binding]!, 0);
  const { scratchBytes } = program;
  const bound = new Set(compiled!.roots);
  const made = [...new Set(kernelsOf(compiled!.steps).flatMap(writtenBy))].filter((n) => !n.source && !bound.has(n));
  const plan = {
    peakBytes: scratchBytes + stateBytes + argumentBytes + capturedBytes + resultBytes,
    scratchBytes,
    stateBytes,
    argumentBytes,
    capturedBytes,
    resultBytes,
    activationBytes: activationsOf(compiled!),
    largest: made
      .map((n) => ({ bytes: bytesOf(n), what: `${n.dtype} ${show(n.shape)} ${n.op.name}` }))
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, LARGEST),
  };
  return {
    ...plan,
    toString: () =>
      [
        `${showBytes(plan.peakBytes)} at most: ${showBytes(scratchBytes)} of intermediate values (${showBytes(plan.activationBytes)} kept for gradients), ` +
          `${showBytes(stateBytes)} of state, ${showBytes(argumentBytes)} of arguments, ${showBytes(capturedBytes)} captured, ${showBytes(resultBytes)} of results`,
        ...plan.largest.map(({ bytes, what }) => `  ${showBytes(bytes).padStart(10)}  ${what}`),
      ].join("\n"),
  };
}

/** What steps before the first result store and steps after it read. */
function activationsOf({ steps, roots }: Compiled): number {
  const [result] = roots;
  if (!result) return 0;
  const writer = new Map<Node, number>();
  const kernels = steps.map((step) => kernelsOf([step]));
  kernels.forEach((list, at) => list.forEach((k) => writtenBy(k).forEach((n) => writer.set(n, at))));
  const last = writer.get(result);
  if (last === undefined) return 0;
  const before = new Set<number>();
  const visit = (at: number): void => {
    if (before.has(at)) return;
    before.add(at);
    for (const k of kernels[at]!)
      for (const n of k.buffers) {
        const from = writer.get(n);
        if (from !== undefined) visit(from);
      }
  };
  visit(last);
  const bound = new Set(roots);
  const kept = new Set(
    kernels.flatMap((list, at) =>
      before.has(at)
        ? []
        : list.flatMap((k) => k.buffers.filter((n) => before.has(writer.get(n) ?? -1) && !n.source && !bound.has(n))),
    ),
  );
  return [...kept].reduce((sum, n) => sum + bytesOf(n), 0);
}
