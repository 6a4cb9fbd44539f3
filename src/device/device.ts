/**
 * What a device must do for the floors above. Calls are queued and take effect in the order they were made;
 * only `read` and `sync` wait. CPU devices also answer synchronously.
 */
import type { DType, TypedArray } from "../core/dtype.ts";
import type { DeviceError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import type { Kernel } from "../ir/kernel.ts";

/** Bytes owned by a device. */
export interface Memory {
  readonly device: Device;
  readonly bytes: number;
}

/**
 * One use of a kernel. `buffers` name the program's memory regions in the order of the kernel's global buffers; `scalars`
 * say which of the program's scalars fill its scalar slots; `sizes` are the numbers for its size slots.
 */
export interface Launch {
  readonly buffers: readonly Region[];
  readonly sizes: readonly number[];
  readonly scalars: readonly number[];
}

/** A range of bytes: a whole binding (an argument, result or piece of state), or a part of the program's scratch heap, at an offset. */
export type Region = { readonly binding: number } | { readonly scratch: number; readonly bytes: number };

/** Launches of one kernel that do not depend on one another: the segments of one step. */
export interface Step {
  readonly kernel: Kernel;
  /** The kernel's text: its content address. */
  readonly key: string;
  readonly launches: readonly Launch[];
  /** Work of each launch: iterations of its outer parallel loop (results, for a contraction), and an estimate of nanoseconds for all of them on one core. */
  readonly work: readonly { readonly items: number; readonly cost: number }[];
  /** For people: the ops that it computes, and the user's lines where they are known. */
  readonly about?: () => string;
}

/** Steps to be run `times` times: the body of a scan. Before each repetition the i32 scalar `counter` is set to its number, from 0. */
export interface Repeat {
  readonly times: number;
  readonly counter: number;
  readonly steps: readonly TapeEntry[];
  /**
   * What the outermost parallel loop (of a contraction: batch, or else m) of every step does is in so many equal rows, and
   * no row's repetitions depend on other rows, so that rows need not wait for one another.
   */
  readonly rows?: number | undefined;
}

export type TapeEntry = Step | Repeat;

/** All steps of a tape, those of repeats included. */
export function stepsOf(tape: readonly TapeEntry[]): Step[] {
  return tape.flatMap((entry) => ("kernel" in entry ? [entry] : stepsOf(entry.steps)));
}

/** A compiled program as data: what `prepare` turns into something that runs. */
export interface Program {
  readonly tape: readonly TapeEntry[];
  /** Bytes of every binding, in order. */
  readonly bindings: readonly number[];
  readonly scalars: readonly DType[];
  readonly scratchBytes: number;
}

/** A program ready to run on its device. */
export interface Runnable {
  readonly device: Device;
  readonly program: Program;
}

export interface Limits {
  /** Largest single allocation, bytes. */
  readonly maxBytes: number;
  /** Lanes of 32 bits in one vector register (1 where there are none). */
  readonly lanes: number;
  readonly threads: number;
  readonly f64: boolean;
}

/** Memory of a device, in bytes. */
export interface MemoryUse {
  readonly total: number;
  readonly allocated: number;
  readonly reserved: number;
}

/** The elements of a leaf; undefined for nodes that are to be computed. */
export type Leaves = (node: Node) => TypedArray | undefined;

export interface Device {
  readonly name: string;
  /** For people: what computes, in a few words. */
  readonly about: string;
  readonly limits: Limits;
  /**
   * Which kind of code programs run as, at first or after some runs: "native", "wasm". Its name by default. Two tiers may give results
   * that differ in their last bits.
   */
  readonly tier?: string;
  /** Bits of the vectors that it adds up in: a sum of other vectors has other last bits. 0 without vectors, the default. */
  readonly vectorBits?: number;
  /**
   * Runs all programs on one tier from now on, from their first run: on this one, or the one where they would end. Returns the tier, which
   * is another one where this machine lacks what was asked for. Devices of one tier have no such method.
   */
  fixTier?(tier?: string): string;
  /** Threads that compute now: fewer than `limits` says after one was lost. */
  readonly threads: number;
  /** Runs programs on so many threads from now on. Devices that compute elsewhere have no such method. */
  setThreads?(threads: number): void;
  /** Whether programs run on threads of its own now, for which `write` and `run` would wait without leaving the thread to others; `sync` leaves it. */
  readonly busy?: boolean;
  /** Bytes that it can have, that are in use, and that it has taken from the system. */
  memoryUse(): MemoryUse;
  /** Throws DeviceError when the device is full. */
  alloc(bytes: number): Memory;
  free(memory: Memory): void;
  /** Copies at once: the caller may reuse its array. */
  write(memory: Memory, bytes: Uint8Array, offset?: number): void;
  read(memory: Memory, offset?: number, length?: number): Promise<Uint8Array>;
  /** CPU devices only: the same without waiting. The result is a copy. */
  readSync?(memory: Memory, offset?: number, length?: number): Uint8Array;
  copy(from: Memory, to: Memory): void;
  fill(memory: Memory, value: number): void;
  /** The elements of some nodes. A device that has this is given graphs, where others are given programs. */
  evaluate?(roots: readonly Node[], leaves: Leaves): TypedArray[];
  /** Compiles the program's kernels (those not compiled yet, together) and lays out its tape. */
  prepare(program: Program): Runnable;
  /** Runs with these bindings (in the program's order) and scalar values. */
  run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void;
  /**
   * Milliseconds of one run that has the device for itself; it may run several times, so that short ones can be told. Absent on devices that
   * answer at once: there `run` and `readSync` say it.
   */
  time?(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): Promise<number>;
  /** Done when all that was asked for before is done. @throws DeviceError where it could not be. */
  sync(): Promise<void>;
  /** For people: a step as the text that this device compiles, for its first launch; undefined while it cannot say. Devices that write no text have no such method. */
  code?(step: Step): string | undefined;
  /**
   * Done when the device would take another run without its queue growing longer than keeps it busy: whoever runs programs in a loop and
   * reads nothing waits for it. Absent where runs never queue.
   */
  room?(): Promise<void>;
  /** Done when the device can compute. @throws DeviceError that says what it lacks and how to get it. Absent where a device always can. */
  ready?(): Promise<void>;
  /** What it has beyond the least of its kind: "shader-f16". None by default. */
  readonly features?: readonly string[];
  /** Done if the device is lost, with the reason: from then on all calls throw it. Absent on devices that cannot be lost. */
  readonly lost?: Promise<DeviceError>;
}
