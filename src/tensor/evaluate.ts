/** From graph to numbers. */
import { numbersIn, type StoredArray, type TypedArray } from "../core/dtype.ts";
import { DeviceError, TraceError } from "../core/errors.ts";
import type { Device, Memory } from "../device/device.ts";
import { topological, type Node, type Source } from "../graph/node.ts";
import { input } from "../graph/ops/leaf.ts";
import { CellVersion, notOnHost, type Cell } from "./cell.ts";
import { deviceNamed, currentDevice, numbersOf, prepare, type Prepared } from "./engine.ts";
import { letGo } from "./kept.ts";
import { Argument, currentTrace } from "./trace.ts";
import { uploadsTo } from "./uploads.ts";
import { arrayOf, bytesOf, Value } from "./value.ts";

/** A cell's next version. */
export interface Assignment {
  readonly cell: Cell;
  readonly value: Node;
}

/** Computes the nodes that have no value yet, all in one program. */
export function realize(nodes: readonly Node[]): void {
  const pending = [...new Set(nodes.filter((n) => !n.source))];
  if (pending.length) execute(pending, []);
}

/** Computes nodes and overwrites cells, in one program. The old versions that other tensors still need are kept for them. */
export function execute(nodes: readonly Node[], assignments: readonly Assignment[]): void {
  const results = [...new Set(nodes.filter((n) => !n.source))];
  const targets = assignments.map(({ cell, value }) => {
    cell.checkFits(value);
    return { target: cell.version(), value };
  });
  const device = deviceOf(
    [...results, ...targets.map((t) => t.value)],
    assignments.map((a) => a.cell.device),
  );
  const prepared = prepare({ results, updates: targets }, device);
  const { memories, temporary } = bind(prepared);
  for (const { cell } of assignments) cell.beforeOverwrite();
  prepared.run(memories, numbersOf(prepared.structure));
  results.forEach((node, i) => {
    node.source = valueIn(prepared, memories[prepared.results[i]!]!, node, node.requiresGrad);
    // The graph is kept only where a gradient may still want it.
    if (!node.requiresGrad) (node as { inputs: readonly Node[] }).inputs = [];
  });
  for (const memory of temporary) prepared.device.free(memory);
  for (const { cell } of assignments) cell.afterProgram(false);
}

/** What a program has left in a memory: an array on CPU devices, where the memory can be used again; the memory itself on others. */
export function valueIn({ device, deviceName }: Prepared, memory: Memory, node: Node, requiresGrad: boolean): Value {
  const held = device.readSync ? arrayOf(device.readSync(memory, 0, bytesOf(node)), node) : memory;
  return new Value(held, node.shape, node.dtype, requiresGrad, deviceName);
}

/** Memory for every binding: elements where they are, or copied in, results fresh. */
function bind(prepared: Prepared): { memories: Memory[]; temporary: Memory[] } {
  const { device, structure } = prepared;
  const temporary: Memory[] = [];
  if (!device.readSync) uploadsTo(device).trim();
  const memories = prepared.bindings.map((bytes, i) => {
    const source = structure.leaves[i]?.source;
    const place = source && (placeOf(source, device) ?? uploaded(device, source));
    if (place) return place;
    const memory = device.alloc(Math.max(1, bytes));
    if (source || device.readSync) temporary.push(memory);
    if (source) copyIn(device, memory, source);
    return memory;
  });
  return { memories, temporary };
}

/** The memory of a device that has the elements of a source, if there is one. */
export function placeOf(source: Source, device: Device): Memory | undefined {
  const memory =
    source instanceof CellVersion
      ? source.saved
        ? source.saved.memory
        : source.cell.memory
      : source instanceof Value
        ? source.memory
        : undefined;
  return memory?.device === device ? memory : undefined;
}

/** Where a device that answers later keeps a value of the host; undefined for one that comes for the first time. */
export function uploaded(device: Device, source: Source): Memory | undefined {
  if (device.readSync || !(source instanceof Value)) return undefined;
  return uploadsTo(device).placeOf(source);
}

/** Copies the elements of a source into a memory, from the host where they are not on the device. */
export function copyIn(device: Device, memory: Memory, source: Source): void {
  const place = placeOf(source, device);
  if (place) return device.copy(place, memory);
  const array = hostArray(source);
  if (array.byteLength) device.write(memory, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
}

/** Elements of a source as far as the host has them, as memory has them. Throws TraceError for an argument of a traced function. */
function knownArray(source: Source): StoredArray | undefined {
  if (source instanceof Value) return source.array;
  if (source instanceof CellVersion) return source.saved ? source.saved.array : source.cell.known();
  throw escaped(source);
}

/** As `knownArray`. Throws DeviceError where they are on a device that answers later. */
function hostArray(source: Source): StoredArray {
  const known = knownArray(source);
  if (known) return known;
  throw notOnHost("a tensor was read at once", deviceOfLeaf(source)!);
}

/** The elements of a source, brought to the host where they are not there yet. */
function load(source: Source): Promise<StoredArray> {
  if (source instanceof CellVersion) return (source.saved ?? source.cell).load();
  return (source as Value).load();
}

function escaped(source: Source): TraceError {
  const trace = source instanceof Argument ? source.trace : undefined;
  if (trace?.open || currentTrace())
    return new TraceError(
      `${trace?.name ?? "jit"}: a tensor was read inside the traced function, where it has no value yet. Return it and read the result`,
    );
  return new TraceError(
    `${trace?.name ?? "jit"}: a tensor made inside the traced function was used outside it. Return it from the function`,
  );
}

/** Name of the device that a leaf's elements live on. */
function deviceOfLeaf(source: Source): string | undefined {
  if (source instanceof Value) return source.device;
  return source instanceof CellVersion ? source.cell.device : undefined;
}

/** The one device that a graph's leaves live on. */
function deviceOf(roots: readonly Node[], others: readonly string[]): string {
  let found = others[0];
  for (const node of topological(roots)) {
    const { source } = node;
    if (!source) continue;
    if (source instanceof Argument) throw escaped(source);
    const device = deviceOfLeaf(source);
    if (device && found && device !== found)
      throw new DeviceError(`a tensor on ${device} meets one on ${found}. Move one of them: x.to("${found}")`);
    if (device) found ??= device;
  }
  return found ?? currentDevice();
}

/**
 * The elements of a node as numbers, in row-major order. The array belongs to the value: do not write to it.
 * @throws DeviceError where they are on a device that answers later.
 */
export function readSync(node: Node): TypedArray {
  return numbersIn(hostArray(valueOf(node)), node.dtype);
}

/** The same on all devices: waits for those that compute elsewhere. */
export async function read(node: Node): Promise<TypedArray> {
  const source = valueOf(node);
  const elements = knownArray(source) ?? (await load(source));
  const waiting = letGo();
  if (waiting) await waiting;
  return numbersIn(elements, node.dtype);
}

/** Brings the elements of nodes to the host. A promise only where some are on a device that answers later. */
export function loadNodes(nodes: readonly Node[]): void | Promise<void> {
  const nameOf = ({ source }: Node): string => (source && deviceOfLeaf(source)) ?? currentDevice();
  const later = nodes.filter((node) => !deviceNamed(nameOf(node)).readSync);
  if (later.length > 0) return Promise.all(later.map(read)).then(() => undefined);
}

/** As `readSync`; undefined, and nothing computed, where that would throw DeviceError. */
export function readIfHere(node: Node): TypedArray | undefined {
  if (!node.source && !deviceNamed(deviceOf([node], [])).readSync) return undefined;
  const elements = knownArray(valueOf(node));
  return elements && numbersIn(elements, node.dtype);
}

/** Where a node's value is, computed now if it is not known. */
function valueOf(node: Node): Source {
  const trace = currentTrace();
  if (trace && !(node.source instanceof Value))
    throw new TraceError(
      `${trace.name}: a tensor was read inside the traced function, where it has no value yet. Return it and read the result`,
    );
  realize([node]);
  return node.source!;
}

/**
 * A leaf with the elements of a node on another device; the node itself when it is there already.
 * @throws DeviceError where it is on a device that answers later and was not read yet.
 */
export function moveTo(node: Node, device: string): Node {
  deviceNamed(device);
  const source = valueOf(node);
  if (deviceOfLeaf(source) === device) return node;
  return input(node.shape, node.dtype, new Value(hostArray(source), node.shape, node.dtype, false, device));
}
