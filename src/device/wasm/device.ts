/**
 * The WebAssembly device: all memory is one linear memory, kernels are functions in one table, programs are tapes in
 * that memory. Replaying a program writes its scalars and makes one call.
 */
import { environment, sharesMemory, threadCount } from "#platform";
import { ArgumentError, DeviceError } from "../../core/errors.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { HeapDevice, type Tape } from "../cpu/device.ts";
import { stepsOf, type Limits, type Memory, type Program, type Runnable, type Step } from "../device.ts";
import { aligned, ALIGNMENT } from "../heap.ts";
import { CONTRACT_SCRATCH_BYTES } from "./contract.ts";
import { KernelTable } from "./functions.ts";
import { hasRelaxedSimd } from "./fused.ts";
import { scratchBytes } from "../cpu/scratch.ts";
import { patient, Pool } from "./pool.ts";
import { WASM } from "./target.ts";
import { CONTROL, CONTROL_BYTES, runnerModule, type Runner } from "./runner.ts";

/** What can be chosen about the device. */
export interface WasmOptions {
  /** Threads that compute, this one included. Default: MYELIN_THREADS, or one per usable core. */
  readonly threads?: number;
  /** Multiply and add in one step, rounded once, in contractions: where the engine and the processor can (the default), or never. */
  readonly relaxed?: boolean;
}

/** A program with its tape. */
export class WasmProgram implements Runnable {
  readonly device: WasmDevice;
  readonly program: Program;
  tape!: Tape;
  /** Of the table of kernels, whose places the tape names. */
  generation = 0;
  /** What it is laid out for. */
  threads = 0;
  /** Bytes of scratch that each of them needs. */
  readonly scratch: number;

  constructor(device: WasmDevice, program: Program) {
    this.device = device;
    this.program = program;
    this.scratch = stepsOf(program.tape)
      .flatMap(({ kernel, launches }) => launches.map(({ sizes }) => scratchOf(kernel, sizes)))
      .reduce((most, bytes) => Math.max(most, bytes), 0);
  }
}

/** The device that needs nothing but a JavaScript engine. */
export class WasmDevice extends HeapDevice {
  readonly name: string = "wasm";
  #limits: Limits;
  readonly #runner: Runner;
  readonly #runnerBytes: Uint8Array<ArrayBuffer>;
  readonly #kernels: KernelTable;
  readonly #patient: number = Number(patient());
  /** Every thread's own scratch. */
  readonly #threadScratch = { address: 0, bytes: 0 };
  #threads: number;
  #pool: Pool | undefined;
  /** Runs, of all programs and wherever, since helper threads were of use. */
  protected unhelped = 0;

  constructor(options: WasmOptions = {}) {
    const threads = sharesMemory() ? threadsWanted(options.threads) : 1;
    super(sharesMemory(), CONTROL_BYTES);
    this.#threads = threads;
    const { memory, memoryType } = this;
    this.#kernels = new KernelTable({ memory, memoryType, relaxed: options.relaxed !== false && hasRelaxedSimd() });
    this.#runnerBytes = runnerModule(memoryType);
    this.#runner = new WebAssembly.Instance(new WebAssembly.Module(this.#runnerBytes), {
      env: { memory, table: this.#kernels.table },
    }).exports as unknown as Runner;
    this.#limits = { maxBytes: this.most, lanes: 4, threads, f64: true };
  }

  get limits(): Limits {
    return this.#limits;
  }

  get vectorBits(): number {
    return 128;
  }

  get about(): string {
    return `WebAssembly, ${this.threads} ${this.threads === 1 ? "thread" : "threads"}`;
  }

  /** Threads that compute now: fewer than `limits` says after one was lost. */
  get threads(): number {
    return this.#threads;
  }

  /** From now on programs run on so many threads, or fewer where the system gives no more. Results stay the same bits. */
  setThreads(threads: number): void {
    const wanted = threadsWanted(threads);
    if (wanted > 1 && !this.memoryType.shared)
      throw new DeviceError(
        `setThreads: ${wanted} threads were asked for, and this page shares no memory with others. Serve it with the headers of cross-origin isolation.`,
      );
    this.settle();
    this.rest();
    this.#threads = wanted;
    this.#limits = { ...this.#limits, threads: wanted };
  }

  prepare(program: Program): Runnable {
    this.settle();
    this.#compile(stepsOf(program.tape));
    const made = new WasmProgram(this, program);
    this.#reserveThreads(made);
    made.tape = this.place(program, WASM, (step) => this.#kernels.placeOf(step), made);
    this.#beHelped(made);
    return made;
  }

  run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void {
    if (!(runnable instanceof WasmProgram) || runnable.device !== this)
      throw new DeviceError("run: the program was prepared for another device.");
    if (runnable.generation !== this.#kernels.generation || runnable.threads !== this.#limits.threads) {
      this.settle();
      this.#compile(stepsOf(runnable.program.tape));
      this.#reserveThreads(runnable);
      this.rewrite(runnable.tape, WASM, (step) => this.#kernels.placeOf(step));
    }
    this.#beHelped(runnable);
    const {
      tape: {
        base,
        layout: { tape },
      },
    } = runnable;
    this.settle();
    this.bind(runnable.tape, bindings, scalars);
    try {
      this.#runner.run(base + tape.from, base + tape.to, Number(this.#pool !== undefined), this.#patient);
    } catch (cause) {
      this.#dropPool();
      throw new DeviceError(
        `run: a kernel stopped${because(cause)}. This is a bug in Myelin; what the program wrote is lost.`,
        { cause },
      );
    }
  }

  /** Ends the helper threads; the device goes on with one thread. */
  dispose(): void {
    this.#dropPool();
  }

  /** Ends the helper threads; others start with the next program that has work for them. */
  protected rest(): void {
    this.#pool?.stop();
    this.#pool = undefined;
  }

  /** Gives every thread the scratch that a program needs. */
  #reserveThreads(made: WasmProgram): void {
    const { threads } = this.#limits;
    this.reserve(this.#threadScratch, threads * aligned(made.scratch));
    this.setWord(CONTROL.scratch, this.#threadScratch.address);
    this.setWord(CONTROL.scratchStride, Math.floor(this.#threadScratch.bytes / threads / ALIGNMENT) * ALIGNMENT);
    made.threads = threads;
    made.generation = this.#kernels.generation;
  }

  #beHelped({ tape: { layout } }: WasmProgram): void {
    if (!layout.shared) return;
    this.unhelped = 0;
    if (!this.#pool && this.#threads > 1) this.#startPool();
  }

  #compile(steps: readonly Step[]): void {
    const module = this.#kernels.compile(steps);
    if (module) this.#pool?.publish(module);
  }

  #startPool(): void {
    try {
      this.#pool = new Pool(
        {
          memory: this.memory,
          runner: this.#runnerBytes,
          allocate: (bytes) => this.heap.allocate(bytes),
          free: (address) => this.heap.free(address),
          onDeath: (reason) => this.#dropPool(`a helper thread ended${because(reason)}`),
        },
        this.#threads - 1,
      );
      for (const module of this.#kernels.modules) this.#pool.publish(module);
    } catch (cause) {
      this.#dropPool(`helper threads could not be started${because(cause)}`);
    }
  }

  #dropPool(why?: string): void {
    this.#threads = 1;
    this.rest();
    if (why !== undefined) console.warn(`myelin: ${why}; going on with one thread.`);
  }
}

/** Bytes of scratch that each thread needs to run a kernel. */
function scratchOf(kernel: Kernel, sizes: readonly number[]): number {
  return kernel.kind === "contract" ? CONTRACT_SCRATCH_BYTES : scratchBytes(kernel, sizes, WASM);
}

const because = (reason: unknown): string =>
  reason === undefined ? "" : ` (${reason instanceof Error ? reason.message : String(reason)})`;

/** How many threads to compute with: so many, or as MYELIN_THREADS says, or one per usable core. */
function threadsWanted(given?: number): number {
  const wanted = given ?? threadsFromEnvironment() ?? threadCount();
  if (!Number.isInteger(wanted) || wanted < 1)
    throw new ArgumentError(`threads: wanted is a whole number of at least 1, got ${wanted}.`);
  return wanted;
}

function threadsFromEnvironment(): number | undefined {
  const text = environment("MYELIN_THREADS");
  if (text === undefined) return undefined;
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1)
    throw new ArgumentError(`MYELIN_THREADS: a whole number of at least 1 is wanted, got "${text}".`);
  return threads;
}
