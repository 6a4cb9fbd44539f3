/** Which devices there are here, what they can do, and what is missing for the others. */
import { showBytes } from "../core/bytes.ts";
import type { Limits, MemoryUse } from "../device/device.ts";
import { availableDevices, currentDevice, deviceNamed } from "./engine.ts";

/** One device, as it is here. */
export interface DeviceReport {
  /** For `setDevice`. */
  readonly name: string;
  /** Whether it can compute here. */
  readonly available: boolean;
  /** New tensors live on it. */
  readonly current: boolean;
  /** What computes, in a few words; or what is missing, and how to get it. */
  readonly about: string;
  /** Of those that are available. */
  readonly limits?: Limits;
  /** Bytes. Of those that are available. */
  readonly memory?: MemoryUse;
  /** What it has beyond the least of its kind: "shader-f16" where a GPU stores 16 bits. */
  readonly features: readonly string[];
}

/** All devices that Myelin knows here. Those that were not used before are created, and GPUs opened. */
export async function describeDevices(): Promise<DeviceReport[]> {
  return Promise.all(
    availableDevices().map(async (name) => {
      const common = { name, current: name === currentDevice(), features: [] };
      try {
        const device = deviceNamed(name);
        await device.ready?.();
        const { about, limits, features = [] } = device;
        return { ...common, available: true, about, limits, memory: device.memoryUse(), features };
      } catch (error) {
        return { ...common, available: false, about: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}

/** The reports as text for a terminal: a paragraph for each device. */
export function formatDevices(reports: readonly DeviceReport[]): string {
  return reports
    .map(({ name, available, current, about, limits, features }) => {
      const details =
        limits === undefined
          ? []
          : [
              `${limits.threads} ${limits.threads === 1 ? "thread" : "threads"}, largest tensor ${showBytes(limits.maxBytes)}, ${limits.f64 ? "f64" : "no f64"}`,
              ...(features.length ? [`features: ${features.join(", ")}`] : []),
            ];
      // What is missing is told with the name in front.
      const what = about.startsWith(`${name}: `) ? about.slice(name.length + 2) : about;
      const title = `${available ? "yes" : "no "}  ${name}${current ? " (current)" : ""}: ${what}`;
      return [title, ...details.map((line) => `     ${line}`)].join("\n");
    })
    .join("\n");
}
