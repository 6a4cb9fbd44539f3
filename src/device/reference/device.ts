/** A device whose memories are plain ArrayBuffers and whose programs are interpreted: what the compiler writes, run without rendering it. */
import { byteSize, viewOf, type DType, type StoredArray } from "../../core/dtype.ts";
import { DeviceError } from "../../core/errors.ts";
import type {
  Device,
  Launch,
  Limits,
  Memory,
  MemoryUse,
  Program,
  Region,
  Runnable,
  Step,
  TapeEntry,
} from "../device.ts";
import { castFunction } from "./arithmetic.ts";
import { interpretKernel } from "./interpret.ts";
import type { KernelLaunch, Statistics } from "./workers.ts";

interface ReferenceMemory extends Memory {
  /** Undefined once freed. */
  buffer: ArrayBuffer | undefined;
}

/**
 * Runs programs by interpreting their kernels, and finds what other devices would not tell: accesses out of bounds, races,
 * and (the scratch heap starts every run as NaN) intermediates read before they were computed.
 */
export class ReferenceDevice implements Device {
  readonly name: string = "reference";
  readonly about: string = "each operation alone, interpreted";
  readonly limits: Limits = { maxBytes: 2 ** 31 - 8, lanes: 1, threads: 1, f64: true };
  readonly threads = 1;
  #allocated = 0;
  /** Called after every step with what it did: tests count the traffic of memory with it. */
  onStep: ((step: Step, statistics: Statistics) => void) | undefined;

  memoryUse(): MemoryUse {
    return { total: this.limits.maxBytes, allocated: this.#allocated, reserved: this.#allocated };
  }

  alloc(bytes: number): Memory {
    if (bytes > this.limits.maxBytes)
      throw new DeviceError(`reference: ${bytes} bytes asked for, the largest memory has ${this.limits.maxBytes}`);
    const memory: ReferenceMemory = { device: this, bytes, buffer: new ArrayBuffer(bytes) };
    this.#allocated += bytes;
    return memory;
  }

  free(memory: Memory): void {
    this.#bufferOf(memory);
    this.#allocated -= memory.bytes;
    (memory as ReferenceMemory).buffer = undefined;
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

  prepare(program: Program): Runnable {
    return { device: this, program };
  }

  run({ program }: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void {
    program.bindings.forEach((bytes, i) => {
      const given = bindings[i]?.bytes ?? 0;
      if (given < bytes) throw new DeviceError(`reference: binding ${i} needs ${bytes} bytes, got ${given}`);
    });
    const values = scalars.map((value, i) => castFunction("f64", program.scalars[i]!)(value));
    const scratch = new Uint8Array(program.scratchBytes).fill(255).buffer;
    const view = (region: Region, dtype: DType): StoredArray => {
      const [buffer, start, bytes] =
        "binding" in region
          ? [this.#bufferOf(bindings[region.binding]!), 0, program.bindings[region.binding]!]
          : [scratch, region.scratch, region.bytes];
      return viewOf(dtype, buffer, start, Math.floor(bytes / byteSize(dtype)));
    };
    const run = (entry: TapeEntry): void => {
      if ("times" in entry) {
        for (let i = 0; i < entry.times; i++) {
          values[entry.counter] = i;
          entry.steps.forEach(run);
        }
        return;
      }
      const globals = entry.kernel.buffers.filter((b) => b.space === "global");
      const launches = entry.launches.map(({ buffers, scalars: used, sizes }: Launch) => ({
        buffers: buffers.map((region, i) => view(region, globals[i]!.dtype)),
        parameters: [...used.map((i) => values[i]!), ...sizes],
      }));
      const statistics = this.interpret(entry, launches);
      this.onStep?.(entry, statistics);
    };
    program.tape.forEach(run);
  }

  /** Runs the launches of a step: its buffers as arrays, its scalars and sizes in one list. */
  protected interpret({ kernel }: Step, launches: readonly KernelLaunch[]): Statistics {
    return interpretKernel(kernel, launches);
  }

  async sync(): Promise<void> {}

  #bufferOf(memory: Memory): ArrayBuffer {
    const { device, buffer } = memory as ReferenceMemory;
    if (device !== this) throw new DeviceError(`reference: the memory belongs to another device, ${device.name}`);
    if (!buffer) throw new DeviceError("reference: the memory was freed");
    return buffer;
  }

  #range(memory: Memory, offset: number, length: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#bufferOf(memory);
    if (offset < 0 || length < 0 || offset + length > buffer.byteLength)
      throw new DeviceError(
        `reference: bytes ${offset} to ${offset + length} of a memory that has ${buffer.byteLength}`,
      );
    return new Uint8Array(buffer, offset, length);
  }
}
