/**
 * The processor at its full speed: programs start on WebAssembly and move to machine code, which a C compiler makes
 * meanwhile, at a fixed run of each, so that results depend on how often a program ran and never on how long compiling
 * took. Both tiers share memory, tapes and everything above them. Where there is no compiler, WebAssembly stays.
 *
 * What WebAssembly's memory has no room for lies in native memory, tensors and scratch alike. Programs that use any of it
 * wait for their machine code and never run on WebAssembly.
 */
import { DeviceError } from "../../core/errors.ts";
import type { FarSide, Tape } from "../cpu/device.ts";
import {
  stepsOf,
  type Memory,
  type MemoryUse,
  type Program,
  type Runnable,
  type Step,
  type TapeEntry,
} from "../device.ts";
import { NoRoom } from "../heap.ts";
import { WasmDevice, type WasmOptions } from "../wasm/device.ts";
import { NativeUnavailable } from "./errors.ts";
import type { NativePool } from "./library.ts";
import { availableTier, Tier, type Order } from "./tier.ts";

/** What can be chosen about the device. */
export interface NativeOptions extends WasmOptions {
  /** The name that errors and `explain` call it by. Default: "cpu". */
  readonly name?: string;
  /** Runs of a program before it moves to machine code. Default: 3. */
  readonly runsBefore?: number;
  /** Bytes in use up to which data is put into WebAssembly's memory, and none of it is in native memory. Default: 15/16 of what the engine allows. */
  readonly nearBytes?: number;
}

/** Programs that cost less (estimated nanoseconds) stay on WebAssembly: a compiler's time is never won back. */
const WORTH = 4_000;
/** The run at whose start compiling begins: what runs twice is likely to run again. */
const COMPILE_AT = 1;
/** Runs of machine code after which WebAssembly's helper threads end, if none was of use meanwhile. */
const REST_AFTER = 100;
/** Programs that take longer (estimated nanoseconds) run on threads of their own, so that timers and servers live. */
const LONG = 4_000_000;

class NativeProgram implements Runnable {
  readonly device: NativeDevice;
  readonly program: Program;
  readonly steps: readonly Step[];
  /** Estimated nanoseconds. */
  readonly cost: number;
  runs = 0;
  /** It needs memory that only machine code reaches, from now on. */
  isFar = false;
  wasm: Runnable | undefined;
  order: Order | undefined;
  native: { readonly tape: Tape; readonly pool: NativePool; threads: number } | undefined;

  constructor(device: NativeDevice, program: Program) {
    this.device = device;
    this.program = program;
    this.steps = stepsOf(program.tape);
    this.cost = costOf(program.tape);
  }
}

export class NativeDevice extends WasmDevice {
  override readonly name: string;
  #runsBefore: number;
  readonly #nearBytes: number;
  /** Why there is no tier. */
  #missing: DeviceError | undefined;
  /** Undefined before it is needed, null where the machine lacks something. */
  #tier: Tier | null | undefined;
  /** What runs on the pool's own threads now; the program is held as long. */
  #pending: { readonly program: NativeProgram; readonly pool: NativePool; readonly ticket: number } | undefined;

  constructor(options: NativeOptions = {}) {
    super(options);
    this.name = options.name ?? "cpu";
    this.#runsBefore = options.runsBefore ?? 3;
    this.#nearBytes = options.nearBytes ?? (this.most / 16) * 15;
  }

  override prepare(program: Program): Runnable {
    const made = new NativeProgram(this, program);
    if (this.#runsBefore > 0) this.#prepareFirst(made);
    else this.#compile(made);
    return made;
  }

  override memoryUse(): MemoryUse {
    const use = super.memoryUse();
    return this.tier === "native" ? { ...use, total: Math.max(use.total, this.#tier!.memoryBytes) } : use;
  }

  override alloc(bytes: number): Memory {
    try {
      return super.alloc(bytes);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  override run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void {
    if (!(runnable instanceof NativeProgram) || runnable.device !== this)
      throw new DeviceError("run: the program was prepared for another device.");
    if (!runnable.native) runnable.isFar ||= this.anyFar(bindings);
    const native = this.#nativeOf(runnable);
    if (!native) {
      if (runnable.isFar) throw this.#unreachable();
      return super.run((runnable.wasm ??= super.prepare(runnable.program)), bindings, scalars);
    }
    this.settle();
    if (native.threads !== this.limits.threads) {
      this.rewrite(native.tape, this.#tier!.target, (step) => this.#tier!.functionOf(step));
      native.threads = this.limits.threads;
    }
    if (++this.unhelped === REST_AFTER) this.rest();
    this.bind(native.tape, bindings, scalars);
    const { base, layout } = native.tape;
    const from = base + layout.tape.from,
      to = base + layout.tape.to;
    if (runnable.cost < LONG) native.pool.run(from, to);
    else this.#pending = { program: runnable, pool: native.pool, ticket: native.pool.submit(from, to) };
  }

  /** What programs run on now, or will after their first runs. */
  get tier(): "native" | "wasm" {
    return this.#runsBefore !== Infinity && this.#tierOrNull() ? "native" : "wasm";
  }

  override get vectorBits(): number {
    return this.tier === "native" ? 32 * this.#tierOrNull()!.target.lanes : super.vectorBits;
  }

  fixTier(tier: string = this.tier): string {
    this.#runsBefore = tier === "native" ? 0 : Infinity;
    return this.tier;
  }

  override get about(): string {
    const tier = this.tier === "native" ? this.#tierOrNull() : undefined;
    if (!tier) return super.about;
    const first = this.#runsBefore ? `; WebAssembly in a program's first ${this.#runsBefore} runs` : "";
    return `${tier.about}, ${this.limits.threads} ${this.limits.threads === 1 ? "thread" : "threads"}${first}`;
  }

  override setThreads(threads: number): void {
    super.setThreads(threads);
    if (this.#tier) this.#attempt((tier) => tier.setThreads(this.limits.threads));
  }

  /** The C that the step's kernel is, where there is a C compiler. */
  code({ kernel }: Step): string | undefined {
    return this.tier === "native" ? this.#tierOrNull()?.codeOf(kernel) : undefined;
  }

  get busy(): boolean {
    return this.#pending !== undefined && !this.#pending.pool.finished(this.#pending.ticket);
  }

  override async read(memory: Memory, offset?: number, length?: number): Promise<Uint8Array> {
    await this.sync();
    return this.readSync(memory, offset, length);
  }

  override async sync(): Promise<void> {
    const pending = this.#pending;
    if (!pending) return;
    await pending.pool.wait(pending.ticket);
    if (this.#pending === pending) this.#pending = undefined;
  }

  override dispose(): void {
    this.settle();
    super.dispose();
    this.#tier?.dispose();
    this.#tier = null;
  }

  protected override hasRoom(bytes: number): boolean {
    return bytes <= this.#nearBytes || this.tier !== "native";
  }

  protected override openFar(): FarSide | undefined {
    if (this.tier !== "native") return undefined;
    try {
      return (this.far ??= this.#tier!.far());
    } catch (error) {
      if (!(error instanceof NativeUnavailable)) throw error;
      this.#missing = error;
      return undefined;
    }
  }

  protected override settle(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.pool.waitSync(pending.ticket);
  }

  /** The program as machine code, from the run on at which it moves there. */
  #nativeOf(made: NativeProgram): NativeProgram["native"] {
    if (this.#tier === null || this.#runsBefore === Infinity) return undefined;
    if (made.native) return made.native;
    if (!made.isFar) {
      if (made.cost < WORTH && this.#runsBefore > 0) return undefined;
      const run = made.runs++;
      if (run === COMPILE_AT && run < this.#runsBefore) this.#compile(made);
      if (run < this.#runsBefore) return undefined;
    }
    if (!made.order) this.#compile(made);
    return this.#attempt((tier) => {
      tier.load(made.order!);
      const pool = tier.pool(made.steps);
      const tape = this.place(made.program, tier.target, (step) => tier.functionOf(step), made);
      return (made.native = { tape, pool, threads: this.limits.threads });
    });
  }

  /** Compiles all that these programs need, together. */
  async warm(programs: readonly Program[]): Promise<void> {
    const steps = programs.flatMap((program) => stepsOf(program.tape));
    await this.#attempt((tier) => tier.compile(steps))?.compilation.result();
  }

  /** Refuses where machine code was asked for by name, and there is no compiler. */
  async ready(): Promise<void> {
    const missing = this.#runsBefore === 0 ? availableTier() : undefined;
    if (missing !== undefined) throw new DeviceError(missing);
  }

  /** On WebAssembly, or else at once as machine code, where its scratch finds no room. */
  #prepareFirst(made: NativeProgram): void {
    try {
      made.wasm = super.prepare(made.program);
    } catch (error) {
      if (!(error instanceof NoRoom) || this.tier !== "native") throw this.#explained(error);
      made.isFar = true;
      this.#compile(made);
    }
  }

  /** Says why there is not more room, where machine code would have more. */
  #explained(error: unknown): unknown {
    if (!(error instanceof NoRoom) || !this.#missing) return error;
    return new NoRoom(`${error.sentence} Native memory would have more, but ${this.#missing.sentence}`, {
      cause: error,
    });
  }

  #unreachable(): DeviceError {
    const why = this.#missing?.sentence ?? "this device was disposed of, or told to use WebAssembly alone.";
    return new DeviceError(`run: the program uses native memory, which only machine code reaches, but ${why}`);
  }

  #compile(made: NativeProgram): void {
    this.#attempt((tier) => (made.order = tier.compile(made.steps)));
  }

  /** What the tier answers; where it fails, WebAssembly goes on, which is said once. */
  #attempt<T>(work: (tier: Tier) => T): T | undefined {
    const tier = this.#tierOrNull();
    try {
      return tier && work(tier);
    } catch (error) {
      this.#giveUp(error, true);
      return undefined;
    }
  }

  /** The tier, where this machine has what it needs. A machine without is nothing to warn of, unless it was asked for. */
  #tierOrNull(): Tier | undefined {
    try {
      if (this.#tier === undefined) this.#tier = new Tier(this.memory, this.limits.threads);
    } catch (error) {
      this.#giveUp(error, this.#runsBefore === 0);
    }
    return this.#tier ?? undefined;
  }

  #giveUp(error: unknown, aloud: boolean): void {
    if (!(error instanceof DeviceError) || error instanceof NoRoom) throw error;
    this.#missing = error;
    this.#tier = null;
    if (aloud) console.warn(`myelin: ${error.message} Going on with WebAssembly.`);
  }
}

function costOf(tape: readonly TapeEntry[]): number {
  return tape.reduce(
    (sum, entry) =>
      sum +
      ("kernel" in entry ? entry.work.reduce((own, { cost }) => own + cost, 0) : entry.times * costOf(entry.steps)),
    0,
  );
}
