/** From requests to results: devices by name, programs by structure. */
import { createCpuDevice, createNativeDevice, createReferenceDevice } from "#native";
import { environment } from "#platform";
import { allocate, DTYPES, numbersIn, stored, type DType, type TypedArray } from "../core/dtype.ts";
import { DeviceError, DTypeError } from "../core/errors.ts";
import { show, sizeOf } from "../core/shape.ts";
import { compile, describeRequest, rootsOf, type Compiled, type Request } from "../compiler/compile.ts";
import type { Structure } from "../compiler/structure.ts";
import type { Device, Memory } from "../device/device.ts";
import { WasmDevice } from "../device/wasm/device.ts";
import { WebGpuDevice } from "../device/webgpu/device.ts";
import { Node, topological } from "../graph/node.ts";
import { bumpEpoch } from "./epoch.ts";
import { letGo } from "./kept.ts";
import { arrayOf, bytesOf } from "./value.ts";

const factories = new Map<string, () => Device>([
  ["cpu", createCpuDevice],
  ...(createNativeDevice ? [["native", createNativeDevice] as const] : []),
  ["wasm", () => new WasmDevice()],
  ["webgpu", () => new WebGpuDevice()],
  ...(createReferenceDevice ? [["reference", createReferenceDevice] as const] : []),
]);
const devices = new Map<string, Device>();
/** Devices that were lost. They stay what their names mean, and refuse everything, until they are asked for anew. */
const lost = new WeakSet<Device>();
let current = environment("MYELIN_DEVICE") ?? "cpu";

/** Makes a device available under a name; it is created on first use. Programs made for an older one of that name are forgotten. */
export function registerDevice(name: string, create: () => Device): void {
  factories.set(name, create);
  if (!devices.delete(name)) return;
  for (const key of programs.keys()) if (key.startsWith(`${name}|`)) programs.delete(key);
  bumpEpoch();
}

/** Names of the devices that can be used here. */
export function availableDevices(): string[] {
  return [...factories.keys()];
}

/** The device that new tensors live on; a GPU that was lost is opened again. Throws DeviceError for a name that is not registered. */
export function setDevice(name: string): void {
  if (lost.has(deviceNamed(name))) registerDevice(name, factories.get(name)!);
  current = name;
}

/** Whether a device was lost, with all that was on it. */
export function isLost(device: Device): boolean {
  return lost.has(device);
}

/** Name of the device that new tensors live on; "cpu" unless `setDevice` or MYELIN_DEVICE said otherwise. */
export function currentDevice(): string {
  return current;
}

/** How many threads a device computes with, the calling one included. Throws DeviceError for a name that is not registered. */
export function deviceThreads(name: string = current): number {
  return deviceNamed(name).threads;
}

/**
 * Lets a device of the processor, the current one by default, compute with so many threads from now on, the calling one included, whatever
 * MYELIN_THREADS says. Results stay the same bits. By default there are as many as the process may use cores.
 * @throws DeviceError for a name that is not registered, for devices that compute elsewhere, and for more than one thread in a page that
 * shares no memory; ArgumentError for what is no whole number of at least 1.
 */
export function setThreads(threads: number, name: string = current): void {
  const device = deviceNamed(name);
  if (!device.setThreads) throw new DeviceError(`setThreads: ${name} has no threads to be counted. Use "cpu"`);
  device.setThreads(threads);
}

/** What a device computes with, in a few words for people. Throws DeviceError for a name that is not registered. */
export function describeDevice(name: string = current): string {
  return deviceNamed(name).about;
}

/** Which kind of code a device's programs run as in the end: "native", "wasm". Throws DeviceError for a name that is not registered. */
export function deviceTier(name: string = current): string {
  return deviceNamed(name).tier ?? name;
}

/**
 * Runs all programs of a device as one kind of code from now on, from their first run, so that results do not depend on how often one has
 * run. Returns the tier, which is another one where this machine lacks what was asked for.
 */
export function fixTier(tier?: string, name: string = current): string {
  return deviceNamed(name).fixTier?.(tier) ?? deviceTier(name);
}

/**
 * Runs `f` where results can be had at once and f64 is there: on the current device, or else on the CPU. For what is computed for the host.
 */
export function onHost<T>(f: () => T): T {
  const before = current;
  const { readSync, limits } = deviceNamed(before);
  if (!readSync || !limits.f64) current = "cpu";
  try {
    return f();
  } finally {
    current = before;
  }
}

/** The float dtype of the most digits that the current device has: f64, but f32 on GPUs. */
export function widestFloat(): "f64" | "f32" {
  return deviceNamed(current).limits.f64 ? "f64" : "f32";
}

/**
 * To be awaited, where it returns a promise, by loops that run programs and read nothing: lets a device that answers later catch up, so that
 * its queue does not grow, and frees results that nobody holds.
 */
export function roomToRun(): void | Promise<void> {
  const room = deviceNamed(current).room?.();
  return room ? room.then(letGo) : letGo();
}

/** The device itself, created on first use. */
export function deviceNamed(name: string): Device {
  let device = devices.get(name);
  if (!device) {
    const create = factories.get(name);
    if (!create) {
      const hint = DTYPES.includes(name as DType) ? `; for another dtype use cast("${name}")` : "";
      throw new DeviceError(`device: "${name}" is not known. Devices here: ${[...factories.keys()].join(", ")}${hint}`);
    }
    const made = create();
    devices.set(name, (device = made));
    void made.lost?.then(() => lost.add(made));
  }
  return device;
}

/**
 * Resolves when the current device has computed what it was given, and leaves the thread to others until then. Undefined where it has nothing
 * under way for which a next step would wait.
 */
export function deviceIdle(): Promise<void> | undefined {
  const device = deviceNamed(current);
  return device.busy ? device.sync() : undefined;
}

/**
 * Resolves when a device has computed all that it was given: for those who measure time. Reading a value waits for that value anyway.
 * Throws DeviceError for a name that is not registered, and where the device fails.
 */
export function synchronize(name: string = current): Promise<void> {
  return deviceNamed(name).sync();
}

/** Something that computes a request again and again, with other values each time. */
export interface Prepared {
  readonly device: Device;
  /** What the device is registered as, which need not be its own name. */
  readonly deviceName: string;
  /** Bytes of every binding: leaves in the order of the structure, then results. */
  readonly bindings: readonly number[];
  readonly structure: Structure;
  /** Bindings of the results. */
  readonly results: readonly number[];
  /** What the compiler made; nothing for a device that takes graphs. */
  readonly compiled: Compiled | undefined;
  run(bindings: readonly Memory[], numbers: readonly number[]): void;
}

const CACHED_PROGRAMS = 512;
const programs = new Map<string, Prepared>();

/** The program for a request, from the cache when one of equal structure was made before. */
export function prepare(request: Request, deviceName: string): Prepared {
  const structure = describeRequest(request);
  const key = `${deviceName}|${structure.key}`;
  const known = programs.get(key);
  if (known) {
    programs.delete(key);
    programs.set(key, known);
    return { ...known, structure };
  }
  const device = deviceNamed(deviceName);
  const make = device.evaluate ? interpret : build;
  const made: Prepared = { ...make(request, structure, device), deviceName };
  programs.set(key, made);
  if (programs.size > CACHED_PROGRAMS) programs.delete(programs.keys().next().value!);
  return made;
}

/** What `prepare` would make, but not to be run: no kernel is compiled for the device, and no memory taken. */
export function planned(request: Request, deviceName: string): Prepared {
  const structure = describeRequest(request);
  const compiled = compile(request, structure);
  const { bindings } = compiled.program;
  const run = (): never => {
    throw new DeviceError("a program that was only planned cannot run. Call the function itself");
  };
  return { device: deviceNamed(deviceName), deviceName, structure, compiled, bindings, results: compiled.results, run };
}

function build(request: Request, structure: Structure, device: Device): Omit<Prepared, "deviceName"> {
  if (!device.limits.f64) refuseDoubles(request, device);
  const compiled = compile(request, structure);
  const runnable = device.prepare(compiled.program);
  // Counters of loops are set by the device; the caller knows the numbers only.
  const counters = new Array<number>(compiled.program.scalars.length - structure.numbers.length).fill(0);
  return {
    device,
    structure,
    compiled,
    bindings: compiled.program.bindings,
    results: compiled.results,
    run: (bindings, numbers) => device.run(runnable, bindings, counters.length ? [...numbers, ...counters] : numbers),
  };
}

/** The compiler would only say which kernel has them. */
function refuseDoubles(request: Request, device: Device): void {
  const node = topological(rootsOf(request)).find(({ dtype }) => dtype === "f64");
  if (!node) return;
  const what = node.source ? `a tensor ${show(node.shape)}` : `${node.op.name} ${show(node.shape)}`;
  throw new DTypeError(`${what} is f64, which ${device.name} does not have. Use cast("f32"), or a CPU device`, node);
}

/** For a device that takes graphs. */
function interpret(request: Request, structure: Structure, device: Device): Omit<Prepared, "deviceName"> {
  // Nodes forget their inputs once their value is known; the program runs again and needs them.
  const lasting = new Map<Node, Node>();
  for (const n of topological(rootsOf(request)))
    lasting.set(
      n,
      new Node(n.op, n.source ? [] : n.inputs.map((x) => lasting.get(x)!), n.attributes, n.shape, n.dtype, false),
    );
  const roots = rootsOf(request).map((n) => lasting.get(n)!);
  const leafOf = new Map(structure.leaves.map((leaf, i) => [leaf.source!, i]));
  const slots = new Map(
    [...lasting].flatMap(([n, copy]) => (n.source ? [[copy, leafOf.get(n.source)!] as const] : [])),
  );
  // Numbers inside loops stand in the loop's own graph, which lasts; they may stand outside as well.
  const numberOf = new Map(structure.numbers.flatMap((n, i) => [n, lasting.get(n) ?? n].map((x) => [x, i] as const)));
  const bindings = [...structure.leaves, ...request.results].map(bytesOf);
  const results = request.results.map((_, i) => structure.leaves.length + i);
  const updates = request.updates.map((u) => leafOf.get(u.target.source!)!);
  return {
    device,
    structure,
    bindings,
    results,
    compiled: undefined,
    run(memories, numbers) {
      const values = device.evaluate!(roots, (node) => {
        const slot = slots.get(node),
          number = numberOf.get(node);
        if (slot !== undefined) return numbersIn(arrayOf(device.readSync!(memories[slot]!), node), node.dtype);
        return number === undefined
          ? undefined
          : (allocate(node.dtype, sizeOf(node.shape)).fill(numbers[number]!) as TypedArray);
      });
      [...results, ...updates].forEach((binding, i) => {
        const { buffer, byteOffset, byteLength } = stored(values[i]!, roots[i]!.dtype);
        device.write(memories[binding]!, new Uint8Array(buffer, byteOffset, byteLength));
      });
    },
  };
}

/** Values of a program's run-time numbers. */
export const numbersOf = (structure: Structure): number[] =>
  structure.numbers.map((n) => n.attributes["value"] as number);
