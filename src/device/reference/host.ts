/** Devices whose memories are plain ArrayBuffers of the host. */
import { DeviceError } from "../../core/errors.ts";
import type { Device, Limits, Memory, MemoryUse, Program, Runnable } from "../device.ts";

interface HostMemory extends Memory {
  /** Undefined once freed. */
  buffer: ArrayBuffer | undefined;
}

/** The memories of such a device; what is computed in them, and how, is said by those that extend it. */
export abstract class HostDevice implements Device {
  readonly name: string = "reference";
  abstract readonly about: string;
  readonly limits: Limits = { maxBytes: 2 ** 31 - 8, lanes: 1, threads: 1, f64: true };
  readonly threads = 1;
  #allocated = 0;

  memoryUse(): MemoryUse {
    return { total: this.limits.maxBytes, allocated: this.#allocated, reserved: this.#allocated };
  }

  alloc(bytes: number): Memory {
    if (bytes > this.limits.maxBytes)
      throw new DeviceError(`reference: ${bytes} bytes asked for, the largest memory has ${this.limits.maxBytes}`);
    const memory: HostMemory = { device: this, bytes, buffer: new ArrayBuffer(bytes) };
    this.#allocated += bytes;
    return memory;
  }

  free(memory: Memory): void {
    this.bufferOf(memory);
    this.#allocated -= memory.bytes;
    (memory as HostMemory).buffer = undefined;
  }

  write(memory: Memory, bytes: Uint8Array, offset: number = 0): void {
    this.#range(memory, offset, bytes.length).set(bytes);
  }

  async read(memory: Memory, offset?: number, length?: number): Promise<Uint8Array> {
    return this.readSync(memory, offset, length);
  }

  readSync(memory: Memory, offset: number = 0, length: number = memory.bytes - offset): Uint8Array {
    return this.#range(memory, offset, length).slice();
  }

  copy(from: Memory, to: Memory): void {
    this.write(to, this.readSync(from));
  }

  fill(memory: Memory, value: number): void {
    this.#range(memory, 0, memory.bytes).fill(value);
  }

  abstract prepare(program: Program): Runnable;
  abstract run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void;

  async sync(): Promise<void> {}

  /** Throws for memory of another device, and for one that was freed. */
  protected bufferOf(memory: Memory): ArrayBuffer {
    const { device, buffer } = memory as HostMemory;
    if (device !== this) throw new DeviceError(`reference: the memory belongs to another device, ${device.name}`);
    if (!buffer) throw new DeviceError("reference: the memory was freed");
    return buffer;
  }

  #range(memory: Memory, offset: number, length: number): Uint8Array<ArrayBuffer> {
    const buffer = this.bufferOf(memory);
    if (offset < 0 || length < 0 || offset + length > buffer.byteLength)
      throw new DeviceError(
        `reference: bytes ${offset} to ${offset + length} of a memory that has ${buffer.byteLength}`,
      );
    return new Uint8Array(buffer, offset, length);
  }
}
