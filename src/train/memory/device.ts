import { currentDevice, deviceNamed } from "../../tensor/engine.ts";

/** Memory of a device, in bytes. */
export interface DeviceMemory {
  /** What it can have. */
  readonly total: number;
  /** What tensors, programs and their scratch take. */
  readonly allocated: number;
  /** What it has taken from the system, in use or not. */
  readonly reserved: number;
  /** Three lines in GB of 10⁹ bytes with two decimals: total, allocated, cached. */
  toString(): string;
}

/**
 * The memory of a device, the current one by default.
 * @throws DeviceError for a name that is not registered.
 * @example console.log(`${deviceMemory()}`)
 */
export function deviceMemory(name: string = currentDevice()): DeviceMemory {
  const use = deviceNamed(name).memoryUse();
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  return {
    ...use,
    toString: () =>
      [
        `Memory: ${gigabytes(use.total)}`,
        `Allocated: ${gigabytes(use.allocated)}`,
        `Cached: ${gigabytes(use.reserved)}`,
      ].join("\n"),
  };
}
