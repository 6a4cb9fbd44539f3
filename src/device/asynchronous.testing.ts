// What a GPU looks like to the floors above it: commands take effect later, and nothing can be read without waiting.
import { DeviceError } from "../core/errors.ts";
import type { Device, Limits, Memory, MemoryUse, Program, Runnable } from "./device.ts";
import { WasmDevice } from "./wasm/device.ts";

interface Wrapped extends Memory {
  /** Undefined once freed. */
  inner: Memory | undefined;
}

interface Prepared extends Runnable {
  readonly inner: Runnable;
}

/** Runs everything on a WasmDevice, but only when it is read from, waited for, or a turn of the event loop has passed. */
export class AsynchronousDevice implements Device {
  readonly name = "asynchronous";
  readonly about = "wasm, answering later";
  readonly limits: Limits;
  readonly #inner = new WasmDevice();
  #commands: (() => void)[] = [];
  /** Memories that were not freed yet. */
  memories = 0;
  runs = 0;
  /** Bytes that came from the host, and that went there. */
  written = 0;
  wasRead = 0;
  /** Runs that are queued, and the most that ever were. */
  waiting = 0;
  mostWaiting = 0;

  /** Whether it has f64, which GPUs lack. */
  constructor({ f64 = true }: { readonly f64?: boolean } = {}) {
    this.limits = { ...this.#inner.limits, f64 };
  }

  get threads(): number {
    return this.#inner.threads;
  }

  memoryUse(): MemoryUse {
    return this.#inner.memoryUse();
  }

  alloc(bytes: number): Memory {
    this.memories++;
    const memory: Wrapped = { device: this, bytes, inner: this.#inner.alloc(bytes) };
    return memory;
  }

  free(memory: Memory): void {
    const inner = this.#own(memory);
    (memory as Wrapped).inner = undefined;
    this.memories--;
    // What is queued may still use it.
    this.#later(() => this.#inner.free(inner));
  }

  write(memory: Memory, bytes: Uint8Array, offset?: number): void {
    const inner = this.#own(memory);
    const copy = bytes.slice();
    this.written += bytes.length;
    this.#later(() => this.#inner.write(inner, copy, offset));
  }

  async read(memory: Memory, offset?: number, length?: number): Promise<Uint8Array> {
    const inner = this.#own(memory);
    this.wasRead += length ?? memory.bytes;
    // What is read is what the memory has now, whatever is queued until then.
    const bytes = new Promise<Uint8Array>((resolve) =>
      this.#later(() => resolve(this.#inner.readSync(inner, offset, length))),
    );
    await this.sync();
    return bytes;
  }

  /** As tests may: nothing else can. */
  readNow(memory: Memory): Uint8Array {
    this.#work();
    return this.#inner.readSync(this.#own(memory));
  }

  copy(from: Memory, to: Memory): void {
    const [source, target] = [this.#own(from), this.#own(to)];
    this.#later(() => this.#inner.copy(source, target));
  }

  fill(memory: Memory, value: number): void {
    const inner = this.#own(memory);
    this.#later(() => this.#inner.fill(inner, value));
  }

  prepare(program: Program): Runnable {
    const runnable: Prepared = { device: this, program, inner: this.#inner.prepare(program) };
    return runnable;
  }

  run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void {
    const memories = bindings.map((memory) => this.#own(memory));
    const numbers = [...scalars];
    this.runs++;
    this.mostWaiting = Math.max(this.mostWaiting, ++this.waiting);
    this.#later(() => {
      this.waiting--;
      this.#inner.run((runnable as Prepared).inner, memories, numbers);
    });
  }

  async room(): Promise<void> {
    if (this.waiting >= 2) await this.sync();
  }

  async sync(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#work();
  }

  #later(command: () => void): void {
    this.#commands.push(command);
  }

  #work(): void {
    const commands = this.#commands;
    this.#commands = [];
    for (const command of commands) command();
  }

  #own(memory: Memory): Memory {
    const { device, inner } = memory as Wrapped;
    if (device !== this) throw new DeviceError(`asynchronous: the memory belongs to another device, ${device.name}`);
    if (!inner) throw new DeviceError("asynchronous: the memory was freed");
    return inner;
  }
}
