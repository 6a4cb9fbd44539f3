/** Finds a GPU and opens it, with all that it offers; says what is missing where there is none. */
import { environment, gpu as entry, system } from "#platform";
import { DeviceError } from "../../core/errors.ts";
import type { GpuTarget } from "../gpu/kernel.ts";
import type { BindingLimits } from "./bindings.ts";
import { PAGE_ALIGNMENT } from "./pages.ts";

/** What programs use where it is there. */
const FEATURES = ["shader-f16", "subgroups", "timestamp-query"] as const;

/** What a GPU's memory is divided into. */
export interface MemoryLimits extends BindingLimits {
  /** Bytes of the largest buffer, a multiple of `windowBytes`. */
  readonly bufferBytes: number;
  /** Bytes of the largest memory that a kernel sees: through all its bindings. */
  readonly maxBytes: number;
}

/** Elements have numbers of 32 bits. */
const MOST_BYTES = 2 ** 33 - PAGE_ALIGNMENT;

/** What WebGPU grants, or less. */
export function memoryLimits(
  limits: Pick<GPUSupportedLimits, "maxStorageBuffersPerShaderStage" | "maxStorageBufferBindingSize" | "maxBufferSize">,
  less: Partial<MemoryLimits> = {},
): MemoryLimits {
  const bindings = less.bindings ?? limits.maxStorageBuffersPerShaderStage;
  const bindingBytes = less.bindingBytes ?? limits.maxStorageBufferBindingSize;
  const most = less.bufferBytes ?? limits.maxBufferSize;
  const windowBytes = 2 ** Math.floor(Math.log2(Math.min(bindingBytes, most)));
  return {
    bindings,
    bindingBytes,
    windowBytes,
    bufferBytes: most - (most % windowBytes),
    maxBytes: Math.min(MOST_BYTES, bindings * windowBytes),
  };
}

/** A GPU that was opened. */
export interface OpenedGpu {
  readonly gpu: GPUDevice;
  /** For people: vendor, architecture, name of the driver. */
  readonly about: string;
  /** All that it says about itself and its driver: equal texts measure the same. */
  readonly identity: string;
  readonly features: ReadonlySet<string>;
  readonly limits: GPUSupportedLimits;
  /** Fewest threads of a subgroup, as it says; 1 where it has none. */
  readonly subgroup: number;
  readonly memory: MemoryLimits;
  readonly target: GpuTarget;
}

/** Opens the GPU that the system likes best for much work. @throws DeviceError that says what is missing and how to get it. */
export async function openGpu(): Promise<OpenedGpu> {
  const adapter = await findAdapter();
  const features = FEATURES.filter((name) => adapter.features.has(name));
  let gpu: GPUDevice;
  try {
    gpu = await adapter.requestDevice({ requiredFeatures: features, requiredLimits: numbersOf(adapter.limits) });
  } catch (cause) {
    throw new DeviceError(
      `webgpu: ${aboutAdapter(adapter)} was found, but refuses to be opened${because(cause)}. Close other programs or pages that use it, reload, and update its driver; setDevice("cpu") runs the same programs.`,
      { cause },
    );
  }
  const { limits } = gpu;
  return {
    gpu,
    about: aboutAdapter(adapter),
    identity: identityOf(adapter),
    features: new Set<string>(features),
    limits,
    subgroup: features.includes("subgroups") ? (adapter.info.subgroupMinSize ?? 1) : 1,
    memory: memoryLimits(limits),
    target: {
      threads: limits.maxComputeInvocationsPerWorkgroup,
      sharedBytes: limits.maxComputeWorkgroupStorageSize,
      software: adapter.info.isFallbackAdapter,
    },
  };
}

async function findAdapter(): Promise<GPUAdapter> {
  let gpu: GPU | undefined;
  try {
    gpu = await entry();
  } catch (cause) {
    throw new DeviceError(
      `webgpu: in Node WebGPU comes with the package webgpu, which could not be loaded${because(cause)}. Run: npm install webgpu`,
      { cause },
    );
  }
  if (!gpu)
    throw new DeviceError(
      'webgpu: there is no WebGPU here. Chrome and Edge have it from 113 on (Android: 121), Safari from 26, Firefox from 141 on Windows, on pages served by https or from localhost only; setDevice("cpu") runs the same programs.',
    );
  let cause: unknown;
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch((error: unknown) => {
    cause = error;
    return null;
  });
  if (adapter) return adapter;
  throw new DeviceError(
    `webgpu: no GPU was found${because(cause)}. ${system() ? adviceInNode() : "Switch on graphics acceleration in the browser's settings, see chrome://gpu or about:support for why the GPU is blocked"}; setDevice("cpu") runs the same programs.`,
    { cause },
  );
}

/** How to get an adapter in Node. */
function adviceInNode(): string {
  const { name, fileState } = system()!;
  if (!name.startsWith("linux")) return "Update the driver: WebGPU needs Metal on macOS, and Direct3D 12 on Windows";
  const variable = environment("VK_ICD_FILENAMES");
  const missing = variable?.split(":").find((path) => !fileState(path));
  if (missing !== undefined) return `VK_ICD_FILENAMES names ${missing}, which is not there`;
  return (
    "WebGPU needs Vulkan here: its loader (libvulkan.so.1) and a driver (a file in /usr/share/vulkan/icd.d, or one named by VK_ICD_FILENAMES). " +
    "Without a graphics card a driver in software serves: apt-get install libvulkan1 chromium and VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json, " +
    "or apt-get install libvulkan1 mesa-vulkan-drivers (25 or later)"
  );
}

const identityOf = ({ info: { vendor, architecture, device, description } }: GPUAdapter): string =>
  JSON.stringify([vendor, architecture, device, description]);

function aboutAdapter({ info }: GPUAdapter): string {
  const words = [info.vendor, info.architecture, info.description || info.device].filter(Boolean);
  return words.length ? words.join(" ") : "a GPU without a name";
}

/** The limits as numbers by name: those of an adapter are getters. */
function numbersOf(limits: GPUSupportedLimits): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const name in limits) {
    const value: unknown = limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") numbers[name] = value;
  }
  return numbers;
}

export const because = (cause: unknown): string =>
  cause === undefined ? "" : ` (${cause instanceof Error ? cause.message : String(cause)})`;
