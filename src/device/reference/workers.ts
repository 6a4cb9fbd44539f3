/** Who runs a kernel: workgroups one after another, their threads in turns from barrier to barrier, and what each may touch. */
import { byteSize, viewOf, type StoredArray } from "../../core/dtype.ts";
import { MyelinError } from "../../core/errors.ts";
import type { Buffer, Kernel } from "../../ir/kernel.ts";
import type { Closure, Frame } from "./closures.ts";
import { AccessLog, type Moment } from "./races.ts";
import type { Runner } from "./statements.ts";

/** A kernel that no device could run as it is meant: out of bounds, racing, or waiting for ever. */
export class KernelError extends MyelinError {
  override get name(): string {
    return "KernelError";
  }
}

/** What a workgroup may use; the numbers are those that every WebGPU device grants. */
export interface WorkgroupLimits {
  readonly threads: number;
  readonly sharedBytes: number;
  /** Of one thread. */
  readonly registerBytes: number;
  /** How many neighbouring threads exchange values; none by default. */
  readonly exchange?: number | undefined;
}

export const WORKGROUP_LIMITS: WorkgroupLimits = { threads: 256, sharedBytes: 16_384, registerBytes: 1024 };

/** What one use of a kernel is given. */
export interface KernelLaunch {
  /** The arrays of its global buffers, in order; two may share memory. */
  readonly buffers: readonly StoredArray[];
  /** The values of its scalar slots, then of its size slots. */
  readonly parameters: readonly number[];
}

/** What launches of a kernel did, all together. */
export interface Statistics {
  workgroups: number;
  /** Threads of every workgroup; 1 where a kernel has no loops over threads. */
  threads: number;
  /** Barriers that all threads of a workgroup passed, over all workgroups. */
  barriers: number;
  /** Elements read, by the kernel's buffer number. */
  readonly reads: number[];
  readonly writes: number[];
}

/** Where all threads stop: one object for each barrier, and for each exchange of what they have in a slot of their frames. */
export interface Stop {
  readonly exchange?: { readonly slot: number; readonly mask: number };
}

/** A thread's statements, stopping at every barrier and exchange. */
export type Task = (frame: Frame) => Generator<Stop, void>;

/** Access logs live as long as the memories they watch; numbers that grow for ever make old entries harmless. */
const logs = new WeakMap<ArrayBufferLike, AccessLog>();
let lastWorker = 0;
let lastEpoch = 0;

function logOf(array: StoredArray): AccessLog {
  let log = logs.get(array.buffer);
  if (!log) logs.set(array.buffer, (log = new AccessLog()));
  return log;
}

/** The workers of one kernel and the memories they see. One launch at a time. */
export class Workers {
  readonly #kernel: Kernel;
  /** Whether each buffer is written anywhere in the kernel. */
  readonly #written: readonly boolean[];
  readonly #limits: WorkgroupLimits;
  readonly #now: Moment = { launch: 0, group: 0, worker: 0, epoch: 0 };
  /** Memories written by the launches under way. */
  #mutable: ReadonlySet<ArrayBufferLike> = new Set();
  /** By buffer number; undefined where nothing can race. */
  #logs: (AccessLog | undefined)[] = [];
  #size: (size: NonNullable<Buffer["size"]>) => number = () => 0;
  #statistics: Statistics = emptyStatistics(0);
  /** The worker that is thread 0 of the threads last started. */
  #firstThread = 0;

  constructor(kernel: Kernel, written: readonly boolean[], limits: WorkgroupLimits) {
    this.#kernel = kernel;
    this.#written = written;
    this.#limits = limits;
  }

  /** Begins launches that nothing orders. */
  begin(launches: readonly KernelLaunch[]): Statistics {
    this.#now.launch = lastWorker + 1;
    const writable = this.#kernel.buffers.flatMap((b, i) => (b.space === "global" ? [this.#written[i]!] : []));
    // Two numbers may name one memory, so what is read must be watched wherever it is written under any number.
    this.#mutable = new Set(
      launches.flatMap(({ buffers }) => buffers.filter((_, i) => writable[i]).map((array) => array.buffer)),
    );
    this.#statistics = emptyStatistics(this.#kernel.buffers.length);
    return this.#statistics;
  }

  /** Begins one of the launches. The result is the frame's list of buffers, which this class fills further. */
  launch({ buffers: globals, parameters }: KernelLaunch): StoredArray[] {
    const { buffers: declared } = this.#kernel;
    this.#size = (size) => (typeof size === "number" ? size : parameters[size.slot]!);
    const buffers = new Array<StoredArray>(2 * declared.length);
    let next = 0;
    declared.forEach((buffer, i) => {
      if (buffer.space === "global") buffers[i] = globals[next++]!;
    });
    this.#logs = declared.map((_, i) =>
      buffers[i] && this.#mutable.has(buffers[i].buffer) ? logOf(buffers[i]) : undefined,
    );
    return buffers;
  }

  /** Begins a workgroup: fresh shared and register memory, unordered with all workgroups before it. */
  group(frame: Frame): void {
    this.#now.group = this.#now.worker = ++lastWorker;
    this.#now.epoch = ++lastEpoch;
    this.#statistics.workgroups++;
    this.#provide(frame, "shared");
    this.#provide(frame, "register");
  }

  /** Runs the threads of the workgroup, at the positions of its loops, to their end. */
  fork(
    frame: Frame,
    extents: readonly number[],
    enter: (thread: Frame, position: readonly number[]) => void,
    body: Task | Runner,
  ): void {
    const count = extents.reduce((product, extent) => product * extent, 1);
    this.#checkLimits(count);
    this.#statistics.threads = count;
    const first = (this.#firstThread = lastWorker + 1);
    lastWorker += count;
    this.#now.epoch = ++lastEpoch;
    const threads = Array.from({ length: count }, (_, number) => {
      const thread: Frame = { values: Float64Array.from(frame.values), buffers: [...frame.buffers] };
      this.#provide(thread, "register");
      const position = new Array<number>(extents.length);
      let rest = number;
      for (let axis = extents.length - 1; axis >= 0; axis--) {
        position[axis] = rest % extents[axis]!;
        rest = Math.floor(rest / extents[axis]!);
      }
      enter(thread, position);
      return thread;
    });
    const running: Generator<Stop, void>[] = [];
    threads.forEach((thread, number) => {
      this.#now.worker = first + number;
      const steps = body(thread);
      if (steps) running.push(steps);
    });
    if (running.length) this.#takeTurns(running, threads, first);
    // What follows is done by no thread of the workgroup and after all of them.
    this.#now.worker = ++lastWorker;
    this.#now.epoch = ++lastEpoch;
  }

  #takeTurns(threads: readonly Generator<Stop, void>[], frames: readonly Frame[], first: number): void {
    for (;;) {
      const waits = threads.map((thread, number) => {
        this.#now.worker = first + number;
        const { value, done } = thread.next();
        return done ? undefined : (value as Stop);
      });
      const stray = waits.findIndex((wait) => wait !== waits[0]);
      if (stray >= 0) {
        const [waiting, other] = waits[0] ? [0, stray] : [stray, 0];
        const stop = waits[waiting]!.exchange ? "an exchange" : "a barrier";
        const what = waits[other] ? "waits at another" : "has ended";
        throw new KernelError(
          `kernel: thread ${waiting} of workgroup ${this.#statistics.workgroups - 1} waits at ${stop} and thread ${other} ${what}. ` +
            `Barriers and exchanges must be reached by all threads of a workgroup`,
        );
      }
      if (!waits[0]) return;
      const { exchange } = waits[0];
      if (exchange) this.#exchange(frames, exchange);
      else {
        this.#statistics.barriers++;
        this.#now.epoch = ++lastEpoch;
      }
    }
  }

  #exchange(frames: readonly Frame[], { slot, mask }: NonNullable<Stop["exchange"]>): void {
    const most = this.#limits.exchange ?? 1;
    if (mask >= most)
      throw new KernelError(`kernel: threads exchange values at a distance of ${mask}, here they do below ${most}`);
    const values = frames.map((frame) => frame.values[slot]!);
    // A thread that is not there has nothing.
    frames.forEach((frame, number) => (frame.values[slot] = values[number ^ mask] ?? NaN));
  }

  /** Reads an element; the offset counts elements. */
  reader(number: number, offset: Closure): Closure {
    return (frame) => {
      const at = offset(frame);
      const array = frame.buffers[number]!;
      const value = array[at];
      if (value === undefined) throw this.#error(`reads ${this.#name(number, at)}, which has ${array.length} elements`);
      this.#statistics.reads[number]!++;
      const known = frame.buffers[number + this.#kernel.buffers.length];
      if (known && !known[at])
        throw this.#error(`reads ${this.#name(number, at)} before anything was written there in its workgroup`);
      const rival = this.#logs[number]?.read(array.byteOffset + at * array.BYTES_PER_ELEMENT, this.#now);
      if (rival) throw this.#race("reads", "written", number, at, rival);
      return value;
    };
  }

  /** Writes an element; the offset counts elements. */
  writer(number: number, offset: Closure, value: Closure): Runner {
    return (frame) => {
      const element = value(frame);
      const at = offset(frame);
      const array = frame.buffers[number]!;
      if (!(at >= 0 && at < array.length))
        throw this.#error(`writes ${this.#name(number, at)}, which has ${array.length} elements`);
      this.#statistics.writes[number]!++;
      const known = frame.buffers[number + this.#kernel.buffers.length];
      if (known) known[at] = 1;
      const rival = this.#logs[number]?.write(array.byteOffset + at * array.BYTES_PER_ELEMENT, this.#now);
      if (rival) throw this.#race("writes", "accessed", number, at, rival);
      array[at] = element;
    };
  }

  #provide(frame: Frame, space: "shared" | "register"): void {
    this.#kernel.buffers.forEach((buffer, i) => {
      if (buffer.space !== space) return;
      const size = this.#size(buffer.size ?? 0);
      frame.buffers[i] = viewOf(buffer.dtype, new ArrayBuffer(size * byteSize(buffer.dtype)));
      // Which elements hold something: stale contents must not be relied on.
      frame.buffers[i + this.#kernel.buffers.length] = new Uint8Array(size);
      if (space === "shared") this.#logs[i] = new AccessLog();
    });
  }

  #checkLimits(threads: number): void {
    const bytes = (space: string): number =>
      this.#kernel.buffers.reduce(
        (sum, b) => (b.space === space ? sum + this.#size(b.size ?? 0) * byteSize(b.dtype) : sum),
        0,
      );
    const limits = this.#limits;
    const previous = this.#statistics;
    if (threads > limits.threads)
      throw new KernelError(`kernel: a workgroup of ${threads} threads, at most ${limits.threads} can run`);
    if (bytes("shared") > limits.sharedBytes)
      throw new KernelError(`kernel: ${bytes("shared")} bytes of shared memory, a workgroup has ${limits.sharedBytes}`);
    if (bytes("register") > limits.registerBytes)
      throw new KernelError(
        `kernel: ${bytes("register")} bytes of register memory, a thread has ${limits.registerBytes}`,
      );
    if (previous.threads > 1 && previous.threads !== threads)
      throw new KernelError(
        `kernel: workgroups of ${previous.threads} and of ${threads} threads. All must have one size`,
      );
  }

  #name(number: number, at: number): string {
    const { space } = this.#kernel.buffers[number]!;
    return `${space === "global" ? "" : `${space} `}b${number}[${at}]`;
  }

  #who(worker: number): string {
    if (this.#statistics.threads === 1) return `iteration ${worker - this.#now.launch}`;
    const number = worker - this.#firstThread;
    const thread = number >= 0 && number < this.#statistics.threads ? `thread ${number} of ` : "";
    return `${thread}workgroup ${this.#statistics.workgroups - 1}`;
  }

  #error(what: string): KernelError {
    return new KernelError(`kernel: ${this.#who(this.#now.worker)} ${what}`);
  }

  #race(verb: string, done: string, number: number, at: number, rival: number): KernelError {
    const other = rival < this.#now.group ? "another workgroup or iteration" : this.#who(rival);
    const fix = rival < this.#now.group ? "Nothing orders the two" : "A barrier is missing between the two";
    return this.#error(`${verb} ${this.#name(number, at)}, ${done} by ${other}: a data race. ${fix}`);
  }
}

function emptyStatistics(buffers: number): Statistics {
  return {
    workgroups: 0,
    threads: 1,
    barriers: 0,
    reads: new Array<number>(buffers).fill(0),
    writes: new Array<number>(buffers).fill(0),
  };
}
