/**
 * Values of the host on devices that answer later. What comes from the host again and again, such as the data of every step, is kept
 * on the device from its second time on, as long as the value lives: within a bound, beyond which goes what was not used for longest.
 */
import { DeviceError } from "../core/errors.ts";
import type { Device, Memory } from "../device/device.ts";
import { bytesOf, type Value } from "./value.ts";

/** Bytes that a device keeps for the host. */
const BOUND = 2 ** 28;

const devices = new WeakMap<Device, Uploads>();

/** What a device keeps for the host. */
export function uploadsTo(device: Device): Uploads {
  let uploads = devices.get(device);
  if (!uploads) devices.set(device, (uploads = new Uploads(device)));
  return uploads;
}

class Uploads {
  readonly #device: Device;
  /** Values that came once. */
  readonly #seen = new WeakSet<Value>();
  readonly #memories = new WeakMap<Value, Memory>();
  /** Those that were not used for longest first. */
  readonly #kept = new Set<Memory>();
  readonly #collected = new FinalizationRegistry<Memory>((memory) => this.#drop(memory));
  #bytes = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The memory that has a value's elements; undefined for one that comes for the first time, or that there is no room for. */
  placeOf(value: Value): Memory | undefined {
    const known = this.#memories.get(value);
    if (known && this.#kept.delete(known)) {
      this.#kept.add(known);
      return known;
    }
    if (!this.#seen.has(value)) {
      this.#seen.add(value);
      return undefined;
    }
    const { array } = value;
    if (!array?.byteLength || array.byteLength > BOUND) return undefined;
    let memory: Memory;
    try {
      memory = this.#device.alloc(bytesOf(value));
    } catch (error) {
      if (error instanceof DeviceError) return undefined;
      throw error;
    }
    this.#device.write(memory, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    this.#memories.set(value, memory);
    this.#kept.add(memory);
    this.#bytes += memory.bytes;
    this.#collected.register(value, memory);
    return memory;
  }

  /** Brings what is kept within its bound; between runs, so that none loses what it was just given. */
  trim(): void {
    for (const memory of this.#kept) {
      if (this.#bytes <= BOUND) return;
      this.#drop(memory);
    }
  }

  #drop(memory: Memory): void {
    if (!this.#kept.delete(memory)) return;
    this.#bytes -= memory.bytes;
    this.#device.free(memory);
  }
}
