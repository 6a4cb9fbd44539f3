/**
 * The WebAssembly device: all memory is one linear memory, kernels are functions in one table, programs are tapes in
 * that memory. Replaying a program writes its scalars and makes one call.
 */
import { environment, sharesMemory, threadCount } from "#platform";
import { ArgumentError, DeviceError } from "../../core/errors.ts";
import type { Kernel } from "../../ir/kernel.ts";
import type { Device, Limits, Memory, Program, Runnable, Step, TapeEntry } from "../device.ts";
import { aligned, Heap, show } from "../heap.ts";
import { ModuleBuilder, type FunctionBuilder, type MemoryType } from "./assembler.ts";
import { CONTRACT_SCRATCH_BYTES, emitContractKernel } from "./contract.ts";
import { hasRelaxedSimd } from "./fused.ts";
import { emitLoopKernel, scratchBytes } from "./kernels.ts";
import { patient, Pool } from "./pool.ts";
import { WASM } from "./target.ts";
import { CONTROL, CONTROL_BYTES, runnerModule, type Runner } from "./runner.ts";
import { layOut, SCALAR_BYTES, type Layout } from "../cpu/tape.ts";

const PAGE = 65_536;
/** No address; not 0 either, which freed memories have. */
const NOWHERE = -1;
/** Memory 32-bit addresses reach, less a page so that no end of anything is 2³². Engines that allow less get less. */
const MOST_PAGES: readonly number[] = [65_535, 32_768, 16_384, 8_192];
/** Vector loads may run over the end of the last block. */
const TAIL = 4096;
/** Memory grows by at least this: growing has a price of its own, pages that nobody touches have none. */
const GROWTH = 64 * 2 ** 20;

/** What can be chosen about the device. */
export interface WasmOptions {
  /** Threads that compute, this one included. Default: MYELIN_THREADS, or one per usable core. */
  readonly threads?: number;
  /** Multiply and add in one step, rounded once, in contractions: where the engine and the processor can (the default), or never. */
  readonly relaxed?: boolean;
}

class WasmMemory implements Memory {
  readonly device: WasmDevice;
  readonly bytes: number;
  /** 0 once it was freed. */
  address: number;

  constructor(device: WasmDevice, bytes: number, address: number) {
    this.device = device;
    this.bytes = bytes;
    this.address = address;
  }
}

class WasmProgram implements Runnable {
  readonly device: WasmDevice;
  readonly program: Program;
  readonly layout: Layout;
  /** Where the layout's words lie. */
  readonly base: number;
  /** Addresses that the words hold now. */
  readonly bound: Float64Array;
  scratch = 0;

  constructor(device: WasmDevice, program: Program, layout: Layout, base: number) {
    this.device = device;
    this.program = program;
    this.layout = layout;
    this.base = base;
    this.bound = new Float64Array(program.bindings.length).fill(NOWHERE);
  }
}

/** The device that needs nothing but a JavaScript engine. */
export class WasmDevice implements Device {
  readonly name: string = "wasm";
  readonly limits: Limits;
  readonly #memory: WebAssembly.Memory;
  readonly #memoryType: MemoryType;
  readonly #heap: Heap;
  readonly #table: WebAssembly.Table = new WebAssembly.Table({ element: "anyfunc", initial: 0 });
  readonly #runner: Runner;
  readonly #runnerBytes: Uint8Array<ArrayBuffer>;
  /** Every compiled kernel's place in the table, by its text. */
  readonly #kernels = new Map<string, number>();
  readonly #modules: { readonly bytes: Uint8Array; readonly tableLength: number }[] = [];
  /** Words of programs that were collected. */
  readonly #collected = new FinalizationRegistry<number>((base) => this.#heap.free(base));
  readonly #patient: number = Number(patient());
  /** The scratch heap that all programs share, and every thread's own scratch. */
  readonly #scratch = { address: 0, bytes: 0 };
  readonly #threadScratch = { address: 0, bytes: 0 };
  readonly #relaxed: boolean;
  #threads: number;
  #pool: Pool | undefined;
  #u8!: Uint8Array;
  #i32!: Int32Array;
  #f32!: Float32Array;
  #f64!: Float64Array;

  constructor(options: WasmOptions = {}) {
    const wanted = options.threads ?? threadsFromEnvironment() ?? threadCount();
    if (!Number.isInteger(wanted) || wanted < 1)
      throw new ArgumentError(`wasm: threads must be a whole number of at least 1, got ${wanted}.`);
    this.#threads = sharesMemory() ? wanted : 1;
    this.#relaxed = options.relaxed !== false && hasRelaxedSimd();
    const { memory, type } = createMemory(this.#threads > 1);
    this.#memory = memory;
    this.#memoryType = type;
    this.#refresh();
    this.#heap = new Heap(CONTROL_BYTES, this.#u8.length - TAIL, (end) => this.#grow(end));
    this.#runnerBytes = runnerModule(type);
    this.#runner = this.#instantiate(this.#runnerBytes) as unknown as Runner;
    this.limits = {
      maxBytes: type.maximum! * PAGE - TAIL - CONTROL_BYTES,
      lanes: 4,
      threads: this.#threads,
      f64: true,
    };
  }

  /** Threads that compute now: fewer than `limits` says after one was lost. */
  get threads(): number {
    return this.#threads;
  }

  /** Bytes in use: state, results, programs and scratch. */
  get bytesInUse(): number {
    return this.#heap.used;
  }

  alloc(bytes: number): Memory {
    return new WasmMemory(this, bytes, this.#heap.allocate(bytes));
  }

  free(memory: Memory): void {
    const own = this.#own(memory);
    this.#heap.free(own.address);
    own.address = 0;
  }

  write(memory: Memory, bytes: Uint8Array, offset = 0): void {
    this.#u8.set(bytes, this.#range("write", memory, offset, bytes.length));
  }

  readSync(memory: Memory, offset = 0, length: number = memory.bytes - offset): Uint8Array<ArrayBuffer> {
    const from = this.#range("read", memory, offset, length);
    const out = new Uint8Array(length);
    out.set(this.#u8.subarray(from, from + length));
    return out;
  }

  read(memory: Memory, offset?: number, length?: number): Promise<Uint8Array> {
    return Promise.resolve(this.readSync(memory, offset, length));
  }

  copy(from: Memory, to: Memory): void {
    const source = this.#range("copy", from, 0, from.bytes);
    this.#u8.copyWithin(this.#range("copy", to, 0, from.bytes), source, source + from.bytes);
  }

  fill(memory: Memory, value: number): void {
    const from = this.#range("fill", memory, 0, memory.bytes);
    this.#u8.fill(value, from, from + memory.bytes);
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  prepare(program: Program): Runnable {
    const steps = stepsOf(program.tape);
    this.#compile(steps);
    let perThread = 0;
    for (const step of steps) {
      for (const launch of step.launches) perThread = Math.max(perThread, scratchOf(step.kernel, launch.sizes));
    }
    this.#reserve(this.#scratch, program.scratchBytes);
    this.#reserve(this.#threadScratch, this.#threads * aligned(perThread));
    const layout = layOut(program, WASM, this.#threads, (step) => this.#kernels.get(step.key)!);
    const base = this.#heap.allocate(layout.words.length * 4);
    const words = this.#i32.subarray(base >>> 2, (base >>> 2) + layout.words.length);
    words.set(layout.words);
    for (const position of layout.relative) words[position]! += base;
    if (layout.shared && !this.#pool && this.#threads > 1) this.#startPool();
    const made = new WasmProgram(this, program, layout, base);
    this.#collected.register(made, base);
    return made;
  }

  run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void {
    if (!(runnable instanceof WasmProgram) || runnable.device !== this)
      throw new DeviceError("run: the program was prepared for another device.");
    const { program, layout, base, bound } = runnable;
    if (bindings.length !== bound.length || scalars.length !== program.scalars.length)
      throw new DeviceError(
        `run: the program has ${bound.length} bindings and ${program.scalars.length} scalars, ` +
          `got ${bindings.length} and ${scalars.length}.`,
      );
    for (let i = 0; i < bound.length; i++) {
      const { address } = bindings[i] as WasmMemory;
      if (address !== bound[i]) this.#bind(runnable, i, bindings[i]!);
    }
    if (runnable.scratch !== this.#scratch.address) this.#moveScratch(runnable);
    for (let i = 0; i < scalars.length; i++) {
      const at = base + i * SCALAR_BYTES;
      const dtype = program.scalars[i];
      if (dtype === "f32") this.#f32[at >>> 2] = scalars[i]!;
      else if (dtype === "f64") this.#f64[at >>> 3] = scalars[i]!;
      else this.#i32[at >>> 2] = scalars[i]!;
    }
    try {
      this.#runner.run(base + layout.tape.from, base + layout.tape.to, Number(this.#pool !== undefined), this.#patient);
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

  // ---------- kernels

  #compile(steps: readonly Step[]): void {
    const missing = new Map<string, Step>();
    for (const step of steps) if (!this.#kernels.has(step.key)) missing.set(step.key, step);
    if (!missing.size) return;
    const module = new ModuleBuilder({ relaxed: this.#relaxed });
    module.importMemory("env", "memory", this.#memoryType);
    module.importTable("env", "table", 0);
    const first = this.#table.length;
    const compiled = [...missing.values()].map((step) => emit(module, step.kernel));
    module.fillTable(first, compiled);
    const bytes = module.toBytes();
    this.#table.grow(compiled.length);
    this.#instantiate(bytes);
    [...missing.keys()].forEach((key, i) => this.#kernels.set(key, first + i));
    const published = { bytes, tableLength: this.#table.length };
    this.#modules.push(published);
    this.#pool?.publish(published.bytes, published.tableLength);
  }

  #instantiate(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Exports {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { memory: this.#memory, table: this.#table },
    }).exports;
  }

  #startPool(): void {
    try {
      this.#pool = new Pool(
        {
          memory: this.#memory,
          runner: this.#runnerBytes,
          allocate: (bytes) => this.#heap.allocate(bytes),
          onDeath: (reason) => this.#dropPool(`a helper thread ended${because(reason)}`),
        },
        this.#threads - 1,
      );
      for (const { bytes, tableLength } of this.#modules) this.#pool.publish(bytes, tableLength);
    } catch (cause) {
      this.#dropPool(`helper threads could not be started${because(cause)}`);
    }
  }

  #dropPool(why?: string): void {
    this.#threads = 1;
    this.#pool?.stop();
    this.#pool = undefined;
    if (why !== undefined) console.warn(`myelin: ${why}; going on with one thread.`);
  }

  // ---------- where things lie

  #own(memory: Memory): WasmMemory {
    if (!(memory instanceof WasmMemory) || memory.device !== this)
      throw new DeviceError("wasm: the memory belongs to another device.");
    if (memory.address === 0) throw new DeviceError("wasm: the memory was freed before.");
    return memory;
  }

  #range(what: string, memory: Memory, offset: number, length: number): number {
    const { address, bytes } = this.#own(memory);
    if (offset < 0 || length < 0 || offset + length > bytes)
      throw new DeviceError(`${what}: bytes ${offset} to ${offset + length} of a memory of ${show(bytes)}.`);
    return address + offset;
  }

  #bind(runnable: WasmProgram, binding: number, memory: Memory): void {
    const { address, bytes } = this.#own(memory);
    const wanted = runnable.program.bindings[binding]!;
    if (bytes < wanted)
      throw new DeviceError(`run: binding ${binding} needs ${show(wanted)}, got a memory of ${show(bytes)}.`);
    const start = runnable.base >>> 2;
    for (const position of runnable.layout.bindings[binding]!) this.#i32[start + position] = address;
    runnable.bound[binding] = address;
  }

  #moveScratch(runnable: WasmProgram): void {
    const start = runnable.base >>> 2;
    for (const { position, offset } of runnable.layout.scratch)
      this.#i32[start + position] = this.#scratch.address + offset;
    runnable.scratch = this.#scratch.address;
  }

  /** Makes a scratch region as large as this, elsewhere when it must grow: nothing in it outlives a run. */
  #reserve(region: { address: number; bytes: number }, bytes: number): void {
    if (bytes <= region.bytes) return;
    const { bytes: before } = region;
    if (before) this.#heap.free(region.address);
    try {
      region.address = this.#heap.allocate(bytes);
      region.bytes = bytes;
    } catch (error) {
      if (before) region.address = this.#heap.allocate(before);
      throw error;
    } finally {
      this.#i32[CONTROL.scratch >>> 2] = this.#threadScratch.address;
      this.#i32[CONTROL.scratchStride >>> 2] = Math.floor(this.#threadScratch.bytes / this.limits.threads);
    }
  }

  #grow(end: number): number {
    const have = this.#u8.length;
    const most = this.#memoryType.maximum! * PAGE;
    for (const wanted of [Math.max(end + TAIL, have + GROWTH), end + TAIL]) {
      const pages = Math.ceil((Math.min(wanted, Math.max(most, end + TAIL)) - have) / PAGE);
      try {
        this.#memory.grow(pages);
        this.#refresh();
        break;
      } catch {
        // Refused: less, or nothing.
      }
    }
    return this.#u8.length - TAIL;
  }

  /** Growing makes older views useless. */
  #refresh(): void {
    const { buffer } = this.#memory;
    this.#u8 = new Uint8Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#f32 = new Float32Array(buffer);
    this.#f64 = new Float64Array(buffer);
  }
}

/** Writes a kernel as a function of the module. */
function emit(module: ModuleBuilder, kernel: Kernel): FunctionBuilder {
  return kernel.kind === "loops" ? emitLoopKernel(module, kernel) : emitContractKernel(module, kernel);
}

/** Bytes of scratch that each thread needs to run a kernel. */
function scratchOf(kernel: Kernel, sizes: readonly number[]): number {
  return kernel.kind === "loops" ? scratchBytes(kernel, sizes) : CONTRACT_SCRATCH_BYTES;
}

const because = (reason: unknown): string =>
  reason === undefined ? "" : ` (${reason instanceof Error ? reason.message : String(reason)})`;

/** The largest memory that the engine allows. */
function createMemory(shared: boolean): { memory: WebAssembly.Memory; type: MemoryType } {
  let cause: unknown;
  for (const maximum of MOST_PAGES) {
    const type = { initial: 16, maximum, shared };
    try {
      return { memory: new WebAssembly.Memory(type), type };
    } catch (error) {
      cause = error;
    }
  }
  throw new DeviceError("wasm: the engine refuses to create a memory. Close other programs or pages, then try again.", {
    cause,
  });
}

function threadsFromEnvironment(): number | undefined {
  const text = environment("MYELIN_THREADS");
  if (text === undefined) return undefined;
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1)
    throw new ArgumentError(`MYELIN_THREADS: a whole number of at least 1 is wanted, got "${text}".`);
  return threads;
}

function stepsOf(tape: readonly TapeEntry[]): Step[] {
  return tape.flatMap((entry) => ("kernel" in entry ? [entry] : stepsOf(entry.steps)));
}
