/** From graph to numbers. */
import { byteSize, numbersIn, type StoredArray, type TypedArray } from "../core/dtype.ts";
import { DeviceError, TraceError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Memory } from "../device/device.ts";
import { topological, type Node, type Source } from "../graph/node.ts";
import { input } from "../graph/ops/leaf.ts";
import { CellVersion, type Cell } from "./cell.ts";
import { deviceNamed, arrayOf, currentDevice, numbersOf, prepare, type Prepared } from "./engine.ts";
import { Argument, currentTrace } from "./trace.ts";
import { Value } from "./value.ts";

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
  results.forEach((node, i) => settle(node, prepared, memories[prepared.results[i]!]!));
  for (const memory of temporary) prepared.device.free(memory);
  for (const { cell } of assignments) cell.afterProgram(false);
}

/** Gives a node its value. Its graph is kept only where a gradient may still want it. */
function settle(node: Node, prepared: Prepared, memory: Memory): void {
  const bytes = prepared.device.readSync!(memory, 0, sizeOf(node.shape) * byteSize(node.dtype));
  node.source = new Value(arrayOf(bytes, node), node.shape, node.dtype, node.requiresGrad, prepared.deviceName);
  if (!node.requiresGrad) (node as { inputs: readonly Node[] }).inputs = [];
}

/** Memory for every binding: cells where they are, values copied in, results fresh. */
function bind(prepared: Prepared): { memories: Memory[]; temporary: Memory[] } {
  const temporary: Memory[] = [];
  const memories = prepared.bindings.map((bytes, i) => {
    const source = prepared.structure.leaves[i]?.source;
    if (source instanceof CellVersion && !source.saved) return source.cell.memory;
    const memory = prepared.device.alloc(Math.max(1, bytes));
    temporary.push(memory);
    if (source) {
      const array = hostArray(source);
      prepared.device.write(memory, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    }
    return memory;
  });
  return { memories, temporary };
}

/** Elements of a source that lives on the host, as memory has them. Throws TraceError for an argument of a traced function. */
export function hostArray(source: Source): StoredArray {
  if (source instanceof Value) return source.array;
  if (source instanceof CellVersion) return source.saved ?? source.cell.elements();
  throw escaped(source);
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

/** The one device that a graph's leaves live on. */
function deviceOf(roots: readonly Node[], others: readonly string[]): string {
  let found = others[0];
  for (const node of topological(roots)) {
    const { source } = node;
    if (!source) continue;
    if (source instanceof Argument) throw escaped(source);
    const device =
      source instanceof Value ? source.device : source instanceof CellVersion ? source.cell.device : undefined;
    if (device && found && device !== found)
      throw new DeviceError(`a tensor on ${device} meets one on ${found}. Move one of them: x.to("${found}")`);
    if (device) found ??= device;
  }
  return found ?? currentDevice();
}

/** The elements of a node as numbers, in row-major order. The array belongs to the value: do not write to it. */
export function readSync(node: Node): TypedArray {
  const trace = currentTrace();
  if (trace && !(node.source instanceof Value))
    throw new TraceError(
      `${trace.name}: a tensor was read inside the traced function, where it has no value yet. Return it and read the result`,
    );
  realize([node]);
  return numbersIn(hostArray(node.source!), node.dtype);
}

/** The same without blocking on devices that compute elsewhere. */
export async function read(node: Node): Promise<TypedArray> {
  return readSync(node);
}

/** A leaf with the elements of a node on another device; the node itself when it is there already. */
export function moveTo(node: Node, device: string): Node {
  deviceNamed(device);
  readSync(node);
  const source = node.source!;
  if (source instanceof Value && source.device === device) return node;
  if (source instanceof CellVersion && source.cell.device === device) return node;
  return input(node.shape, node.dtype, new Value(hostArray(source), node.shape, node.dtype, false, device));
}
