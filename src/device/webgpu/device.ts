/**
 * WebGPU. A device is there at once; the GPU is opened meanwhile, and all that is asked for waits in a queue until then.
 * Errors of that time, and all that the GPU tells late, are thrown by the next `read` or `sync`.
 */
import { showBytes } from "../../core/bytes.ts";
import { DeviceError, DTypeError } from "../../core/errors.ts";
import {
  stepsOf,
  type Device,
  type Limits,
  type Memory,
  type MemoryUse,
  type Program,
  type Runnable,
  type Step,
} from "../device.ts";
import type { GpuTarget } from "../gpu/kernel.ts";
import { memoryLimits, openGpu, type MemoryLimits, type OpenedGpu } from "./adapter.ts";
import { again, Calls, typed } from "./calls.ts";
import type { ChoiceStore } from "./choices.ts";
import { Pages, USAGE, type Page, type Range } from "./pages.ts";
import type { Command } from "./queue.ts";
import type { Recorder } from "./recorder.ts";
import type { Recording } from "./recording.ts";
import { Transfers } from "./transfers.ts";

const MiB = 2 ** 20;
/** Runs that the GPU has not finished: one that it computes, and the next. */
const RUNS = 2;
/** What every GPU grants to one binding. */
const LEAST_BYTES = 128 * MiB;
/** Bytes of the largest page that several memories share. */
const PAGE_BYTES = 64 * MiB;

class WebGpuMemory implements Memory {
  readonly device: WebGpuDevice;
  readonly bytes: number;
  readonly range: Range;
  freed = false;
  /** Why it holds nothing: the program that should have written it did not run. */
  failure: DeviceError | undefined;

  constructor(device: WebGpuDevice, bytes: number, range: Range) {
    this.device = device;
    this.bytes = bytes;
    this.range = range;
  }
}

/** What outlives a program until its words can be given back. */
interface Recorded {
  recording: Recording | undefined;
}

class WebGpuProgram implements Runnable {
  readonly device: WebGpuDevice;
  readonly program: Program;
  readonly recorded: Recorded = { recording: undefined };

  constructor(device: WebGpuDevice, program: Program) {
    this.device = device;
    this.program = program;
  }
}

/** What the device has made and not given up. */
export interface WebGpuCounts {
  readonly buffers: number;
  readonly groups: number;
  readonly pipelines: number;
}

/** What of the GPU is taken to be otherwise than it says: for tests. */
export interface WebGpuOptions {
  readonly target?: Partial<GpuTarget>;
  /** Less than it grants. */
  readonly memory?: Partial<MemoryLimits>;
  /** Where it is kept which tiles were fastest: by default what is there of the machine or the page. */
  readonly store?: ChoiceStore;
}

/** A GPU by WebGPU: in browsers, and in Node by the package `webgpu`. */
export class WebGpuDevice implements Device {
  readonly name = "webgpu";
  readonly threads = 1;
  readonly lost: Promise<DeviceError>;
  readonly #options: WebGpuOptions;
  readonly #calls: Calls;
  readonly #storage: Pages;
  readonly #uniforms: Pages;
  readonly #gathered: Pages;
  #opened: OpenedGpu | undefined;
  #recorder: Recorder | undefined;
  #transfers: Transfers | undefined;
  /** Runs that the GPU has not finished, oldest first: done when it has. */
  readonly #running: Promise<void>[] = [];
  /** Words of programs that were collected. */
  readonly #collected = new FinalizationRegistry<Recorded>(({ recording }) => {
    if (recording && !this.#calls.over) this.#recorder!.forget(recording);
  });

  constructor(options: WebGpuOptions = {}) {
    this.#options = options;
    this.#calls = new Calls(() => this.#storage.checked);
    this.lost = this.#calls.lost;
    void this.lost.then(() => this.#destroy());
    const common = {
      onFull: (error: DeviceError): void => this.#calls.report(error),
      onEmpty: (page: Page): void => this.#drop(page),
    };
    const most = Math.min(PAGE_BYTES, options.memory?.bindingBytes ?? Infinity);
    this.#storage = new Pages({ usage: USAGE.STORAGE, first: Math.min(4 * MiB, most), most, ...common });
    this.#gathered = new Pages({ usage: USAGE.STORAGE, first: 1, most: 1, ...common });
    this.#uniforms = new Pages({ usage: USAGE.UNIFORM, first: MiB / 4, most: 4 * MiB, ...common });
    this.#calls.open(this.#open());
  }

  get about(): string {
    return this.#opened ? `WebGPU: ${this.#opened.about}` : (this.#calls.over?.message ?? "WebGPU, not opened yet");
  }

  get limits(): Limits {
    return { maxBytes: this.#opened?.memory.maxBytes ?? LEAST_BYTES, lanes: 1, threads: 1, f64: false };
  }

  get features(): readonly string[] {
    return [...(this.#opened?.features ?? [])];
  }

  /** What was made and is still there: for those who look for leaks. */
  get counts(): WebGpuCounts {
    return {
      buffers:
        this.#storage.buffers + this.#uniforms.buffers + this.#gathered.buffers + (this.#transfers?.buffers ?? 0),
      groups: this.#recorder?.groups ?? 0,
      pipelines: this.#recorder?.pipelines.size ?? 0,
    };
  }

  ready(): Promise<void> {
    return this.#calls.opened();
  }

  /** The GPU as WebGPU knows it, when it is open. @throws DeviceError when it cannot be opened. */
  async gpuDevice(): Promise<GPUDevice> {
    await this.ready();
    return this.#opened!.gpu;
  }

  /** WebGPU does not tell how much memory there is: `total` is the largest buffer, or what is reserved where that is more. */
  memoryUse(): MemoryUse {
    const reserved = this.#storage.reserved + this.#uniforms.reserved + this.#gathered.reserved;
    return {
      total: Math.max(this.#opened?.memory.bufferBytes ?? LEAST_BYTES, reserved),
      allocated: this.#storage.used + this.#uniforms.used + this.#gathered.used,
      reserved,
    };
  }

  alloc(bytes: number): Memory {
    this.#calls.check();
    return new WebGpuMemory(this, bytes, this.#storage.allocate(bytes));
  }

  free(memory: Memory): void {
    // All is free already; collectors and those who clean up must not stumble over that.
    if (this.#calls.over) return;
    const own = this.#own(memory);
    own.freed = true;
    this.#storage.free(own.range);
  }

  write(memory: Memory, bytes: Uint8Array, offset: number = 0): void {
    const own = this.#own(memory);
    this.#place("write", own, offset, bytes.length);
    if (bytes.length === 0) return;
    const whole = offset % 4 === 0 && (bytes.length % 4 === 0 || offset + bytes.length === own.bytes);
    if (!whole) {
      let command: Command | undefined;
      const data = bytes.slice();
      const inside = (): Command => (command ??= this.#transfers!.writeInside(own.range, offset, data));
      this.#calls.push({ wait: () => inside().wait!(), start: () => inside().start() });
      return;
    }
    // Copied where it has to wait; WebGPU copies by itself.
    let data = bytes;
    const started = this.#calls.push({
      start: () => {
        if (bytes.length === own.bytes) own.failure = undefined;
        this.#transfers!.write(own.range, offset, data);
      },
    });
    if (!started) data = bytes.slice();
  }

  read(memory: Memory, offset: number = 0, length: number = memory.bytes - offset): Promise<Uint8Array> {
    try {
      const own = this.#own(memory);
      this.#place("read", own, offset, length);
      return this.#calls.await(async () => {
        if (own.failure) throw again(own.failure);
        return this.#transfers!.read(own.range, offset, length);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  copy(from: Memory, to: Memory): void {
    const [source, target] = [this.#own(from), this.#own(to)];
    this.#place("copy", target, 0, source.bytes);
    if (source.bytes === 0 || source === target) return;
    this.#calls.push({
      start: () => {
        if (source.failure || source.bytes === target.bytes) target.failure = source.failure;
        this.#transfers!.copy(source.range, target.range, source.bytes);
      },
    });
  }

  fill(memory: Memory, value: number): void {
    const own = this.#own(memory);
    if (own.bytes === 0) return;
    if (value !== 0) return this.write(own, new Uint8Array(own.bytes).fill(value));
    this.#calls.push({
      start: () => {
        own.failure = undefined;
        this.#transfers!.clear(own.range, own.bytes);
      },
    });
  }

  prepare(program: Program): Runnable {
    this.#calls.check();
    for (const step of stepsOf(program.tape))
      if (step.kernel.buffers.some(({ dtype }) => dtype === "f64") || step.kernel.parameters.scalars.includes("f64"))
        throw new DTypeError(
          `${step.about?.() ?? "prepare"}: this computes in f64, which GPUs do not have. Use cast("f32") before it, or setDevice("cpu")`,
        );
    const made = new WebGpuProgram(this, program);
    this.#collected.register(made, made.recorded);
    if (this.#recorder && !this.#recorder.trials.wants(program))
      made.recorded.recording = this.#recorder.record(program);
    return made;
  }

  run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void {
    const { program, memories, values, ready, recording } = this.#bind("run", runnable, bindings, scalars);
    // Why it cannot be bound, told when it should start.
    let unbound: unknown;
    this.#calls.push({
      wait: () => {
        if (this.#running.length >= RUNS) return this.#running[0];
        try {
          return ready();
        } catch (error) {
          unbound = error;
          return undefined;
        }
      },
      start: () => {
        try {
          if (unbound !== undefined) throw unbound;
          recording().run(values);
          this.#started();
        } catch (error) {
          this.#spoil(program, memories, error);
          throw error;
        }
      },
    });
  }

  time(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): Promise<number> {
    const { values, ready, recording } = this.#bind("time", runnable, bindings, scalars);
    let timing: Promise<number> | undefined;
    return this.#calls.await(
      () => timing!,
      () => {
        if (timing) return undefined;
        if (this.#running.length > 0) return this.#running.at(-1);
        try {
          const pending = ready();
          if (pending) return pending;
          return (timing = recording().time(values));
        } catch (error) {
          timing = Promise.reject(error);
          return undefined;
        }
      },
    );
  }

  /** Known once the GPU is open. */
  code(step: Step): string | undefined {
    return this.#recorder?.code(step);
  }

  async sync(): Promise<void> {
    await this.#calls.await(() => this.#opened!.gpu.queue.onSubmittedWorkDone());
  }

  async room(): Promise<void> {
    this.#calls.check();
    while (this.#running.length >= RUNS || !this.#calls.empty) {
      await this.#calls.orEnd(this.#calls.empty ? this.#running[0]! : this.#calls.whenEmpty());
      this.#calls.check();
    }
  }

  /** Gives the GPU back. Nothing can be done with the device any more. */
  dispose(): void {
    this.#calls.end(new DeviceError("webgpu: the device was disposed of. Make a new one by setDevice."));
    this.#opened?.gpu.destroy();
  }

  // ---------- beginning and end

  async #open(): Promise<void> {
    const [found, { Recorder }, { Choices }, { exchangeWidth }] = await Promise.all([
      openGpu(),
      import("./recorder.ts"),
      import("./choices.ts"),
      import("./subgroups.ts"),
    ]);
    const { gpu, limits } = found;
    const choices = await Choices.open(found.identity, this.#options.store);
    const memory = memoryLimits(limits, this.#options.memory);
    const target = { ...found.target, ...this.#options.target };
    // In software no kernel is shared by threads that combine values.
    const exchange = target.software ? undefined : await exchangeWidth(found);
    const opened = { ...found, memory, target: { exchange, ...target } };
    if (this.#calls.over) return gpu.destroy();
    this.#opened = opened;
    const pages = { storage: this.#storage, uniforms: this.#uniforms, gathered: this.#gathered };
    this.#transfers = new Transfers(gpu, this.#storage);
    this.#storage.attach(gpu, memory.bufferBytes, memory.maxBytes);
    this.#gathered.attach(gpu, memory.bufferBytes, memory.maxBytes);
    this.#uniforms.attach(gpu, limits.maxBufferSize, limits.maxBufferSize);
    this.#recorder = new Recorder(opened, pages, choices);
    gpu.onuncapturederror = ({ error }): void => this.#calls.hear(error.message);
    void gpu.lost.then(({ message }) =>
      this.#calls.end(
        new DeviceError(
          `webgpu: the GPU was lost${message ? ` (${message.trim()})` : ""}, and all that was on it. What was read before is still there; call setDevice("webgpu") to open it again, and go on from the last checkpoint.`,
        ),
      ),
    );
  }

  #destroy(): void {
    this.#transfers?.destroy();
    this.#recorder?.stopwatch.destroy();
    this.#storage.destroy();
    this.#uniforms.destroy();
    this.#gathered.destroy();
  }

  // ---------- runs

  /** A run was submitted. */
  #started(): void {
    const end = (): void => void this.#running.shift();
    this.#running.push(this.#opened!.gpu.queue.onSubmittedWorkDone().then(end, end));
  }

  /** A program with all that a run needs: what must be awaited before, and its recording from then on. */
  #bind(
    what: string,
    runnable: Runnable,
    bindings: readonly Memory[],
    scalars: readonly number[],
  ): {
    readonly program: Program;
    readonly memories: readonly WebGpuMemory[];
    readonly values: readonly number[];
    readonly ready: () => Promise<unknown> | undefined;
    /** @throws DeviceError when a memory that it reads holds nothing. */
    readonly recording: () => Recording;
  } {
    if (!(runnable instanceof WebGpuProgram) || runnable.device !== this)
      throw new DeviceError(`${what}: the program was prepared for another device.`);
    const { program, recorded } = runnable;
    if (bindings.length !== program.bindings.length || scalars.length !== program.scalars.length)
      throw new DeviceError(
        `${what}: the program has ${program.bindings.length} bindings and ${program.scalars.length} scalars, got ${bindings.length} and ${scalars.length}.`,
      );
    const memories = bindings.map((memory, i) => this.#bindable(what, memory, i, program.bindings[i]!));
    const ranges = memories.map(({ range }) => range);
    return {
      program,
      memories,
      values: [...scalars],
      ready: () => {
        const recorder = this.#recorder!;
        if (!recorded.recording && recorder.trials.wants(program)) return recorder.trials.run(program);
        recorded.recording ??= recorder.record(program);
        return recorded.recording.bind(ranges);
      },
      recording: () => {
        const failed = memories.find(({ failure }) => failure)?.failure;
        if (failed) throw again(failed);
        return recorded.recording!;
      },
    };
  }

  /** What a program that did not run should have written holds nothing. What it should have changed is as it was. */
  #spoil(program: Program, memories: readonly WebGpuMemory[], error: unknown): void {
    const written = new Set<number>();
    const read = new Set<number>();
    for (const { kernel, launches } of stepsOf(program.tape)) {
      const globals = kernel.buffers.filter(({ space }) => space === "global");
      for (const { buffers } of launches)
        buffers.forEach((region, i) => {
          if (!("binding" in region)) return;
          if (globals[i]!.access !== "read") written.add(region.binding);
          if (globals[i]!.access !== "write") read.add(region.binding);
        });
    }
    for (const i of written) if (!read.has(i)) memories[i]!.failure = typed(error);
  }

  /** The buffer of a page that is not needed any more goes when what was queued before is done. */
  #drop(page: Page): void {
    if (this.#calls.over) return;
    const end = (): void => {
      for (const buffer of page.buffers) buffer.destroy();
      page.buffers = [];
    };
    this.#calls.push({ start: end, drop: end });
  }

  // ---------- checks

  #own(memory: Memory): WebGpuMemory {
    this.#calls.check();
    if (!(memory instanceof WebGpuMemory) || memory.device !== this)
      throw new DeviceError("webgpu: the memory belongs to another device, or to one that was lost.");
    if (memory.freed) throw new DeviceError("webgpu: the memory was freed before.");
    return memory;
  }

  #place(what: string, { bytes }: WebGpuMemory, offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > bytes)
      throw new DeviceError(`${what}: bytes ${offset} to ${offset + length} of a memory of ${showBytes(bytes)}.`);
  }

  #bindable(what: string, memory: Memory, binding: number, wanted: number): WebGpuMemory {
    const own = this.#own(memory);
    if (own.bytes < wanted)
      throw new DeviceError(
        `${what}: binding ${binding} needs ${showBytes(wanted)}, got a memory of ${showBytes(own.bytes)}.`,
      );
    return own;
  }
}
