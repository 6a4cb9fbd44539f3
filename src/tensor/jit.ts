/**
 * `jit`: a function traced once and then replayed as one program. It is an optimisation and changes no meaning; where a
 * replay would not do what the function says, it throws a TraceError instead.
 */
import { TraceError } from "../core/errors.ts";
import type { Request } from "../compiler/compile.ts";
import type { Memory } from "../device/device.ts";
import { topological, type Node } from "../graph/node.ts";
import { withLines } from "../graph/op.ts";
import { fill } from "../graph/ops/leaf.ts";
import { CellSlot, CellVersion, type Cell } from "./cell.ts";
import { currentDevice, numbersOf, prepare, type Prepared } from "./engine.ts";
import { currentEpoch } from "./epoch.ts";
import { copyIn, placeOf, realize, uploaded, valueIn } from "./evaluate.ts";
import { packArguments, unpackResult, type Packed, type ResultShape } from "./pack.ts";
import { autocastType } from "./precision.ts";
import { drawsIn, noteDraws } from "./random.ts";
import type { Switch } from "./switch.ts";
import { Argument, currentTrace, Trace, withTrace } from "./trace.ts";
import { uploadsTo } from "./uploads.ts";
import { Value } from "./value.ts";

/** The function behind each traced one. */
const originals = new WeakMap<(...args: never) => unknown, (...args: never) => unknown>();

interface SwitchState {
  readonly switch: Switch;
  readonly on: boolean;
}

/** One traced shape of a function. */
export interface Variant {
  prepared: Prepared;
  readonly request: Request;
  readonly result: ResultShape;
  /** Cells that must be empty (or not) as they were when traced. No functions: one would keep all that `fn` knows. */
  readonly guards: readonly { readonly cell: Cell; readonly empty: boolean }[];
  /** Switches that must stand as they did when traced, and those that the function leaves otherwise. */
  readonly switches: readonly SwitchState[];
  readonly switched: readonly SwitchState[];
  readonly updated: readonly Cell[];
  /** Random keys that a call gives out; undefined where that depends on data. */
  readonly draws: number | undefined;
  readonly cleared: readonly Cell[];
  /** Memory of the bindings that lasts from call to call; nothing where each call brings another one. */
  readonly memories: (Memory | undefined)[];
  /** The number of the host's value that the memory of a binding holds, of those that lie there until another one comes. */
  readonly held: (number | undefined)[];
  /** Binding of every tensor argument that the program reads. */
  readonly inputs: readonly { readonly binding: number; readonly position: number }[];
  /** Numbers of the last trace, and the arguments they came from. */
  numbers: number[];
  numberArguments: readonly number[];
  /** True once a number was seen to change between traces: then every call traces again to learn it. */
  varying: boolean;
  calls: number;
  /** Roots of the first trace, until the second has been compared with it. */
  roots: readonly Node[] | undefined;
}

/** A traced function. Calling it is calling the original. */
export type Jitted<A extends readonly unknown[], R> = ((...args: A) => R) & {
  readonly variants: readonly { readonly prepared: Prepared }[];
};

/**
 * Compiles a synchronous function of tensors. Tensors key by shape, dtype and device; numbers are handed over at each call;
 * booleans and strings are part of the key. Arguments and results may be nested in arrays and plain objects.
 * Parameters, optimizer state and random state that the function reads or assigns are found by tracing, and so are the
 * modes of modules: each mode is traced once.
 * @throws TraceError when a value is read inside, a traced tensor escapes, or the graph differs between calls.
 */
export function jit<A extends readonly unknown[], R>(fn: (...args: A) => R): Jitted<A, R> {
  const variants = new Map<string, Variant[]>();
  const name = fn.name || "jit";
  const call = (...args: A): R => {
    // Inside another trace the function is simply part of it.
    if (currentTrace()) return fn(...args);
    const packed = packArguments(args);
    const key = `${currentEpoch()}|${currentDevice()}|${autocastType() ?? ""}|${packed.key}`;
    const list = variants.get(key) ?? [];
    const variant = list.find(
      (v) => v.guards.every((g) => g.cell.emptyNow === g.empty) && v.switches.every((s) => s.switch.onNow === s.on),
    );
    if (!variant) {
      dropStale(variants);
      const made = record(name, fn, packed, true);
      variants.set(key, [...list, made]);
      return replay(made, packed) as R;
    }
    const changed = packed.numbers.some((n, i) => n !== variant.numberArguments[i]);
    if (variant.calls === 1 || variant.varying || changed)
      confirm(variant, record(name, fn, packed, variant.calls === 1), name, changed);
    return replay(variant, packed) as R;
  };
  originals.set(call as (...args: never) => unknown, fn as (...args: never) => unknown);
  abandoned.register(call, variants);
  return Object.defineProperty(call, "variants", { get: () => [...variants.values()].flat() }) as Jitted<A, R>;
}

/** Memory that collected functions had bound: nobody else frees it. */
const abandoned = /* @__PURE__ */ new FinalizationRegistry<ReadonlyMap<string, readonly Variant[]>>((variants) => {
  for (const variant of [...variants.values()].flat()) release(variant);
});

/** Variants of an older epoch can never be called again. */
function dropStale(variants: Map<string, Variant[]>): void {
  for (const [key, list] of variants) {
    if (key.startsWith(`${currentEpoch()}|`)) continue;
    for (const v of list) release(v);
    variants.delete(key);
  }
}

/** Frees what `bind` has made; to be bound again, if at all, from the start. */
export function release({ prepared, memories, held }: Variant): void {
  memories.forEach((memory, i) => {
    const source = prepared.structure.leaves[i]?.source;
    if (memory && !(source && placeOf(source, prepared.device) === memory)) prepared.device.free(memory);
  });
  memories.length = 0;
  held.length = 0;
}

/** Runs the function once on placeholders and prepares its program, or has somebody else prepare it. */
export function record<A extends readonly unknown[], R>(
  name: string,
  fn: (...args: A) => R,
  packed: Packed,
  lines: boolean,
  make: typeof prepare = prepare,
): Variant {
  const trace = new Trace(name);
  const mark = fill([], 0, "f32").id;
  const traced = packed.rebuild((node) => trace.argument(node.shape, node.dtype)) as unknown as A;
  const original = originals.get(fn as (...args: never) => unknown) ?? fn;
  const run = original as (...args: A) => R;
  const returned = withTrace(trace, () => (lines ? withLines(() => run(...traced)) : run(...traced)));
  if (returned instanceof Promise)
    throw new TraceError(
      `${name}: a traced function must be synchronous, this one returns a promise. Await its results outside`,
    );
  const switched = [...trace.switches.keys()].map((one) => ({ switch: one, on: one.onNow }));
  // Tracing changes nothing: the replay does.
  for (const [one, before] of trace.switches) one.on = before;
  const result = unpackResult(name, returned);
  const touched = [...trace.cells];
  const updates = touched
    .filter(([, s]) => s.changed && s.now)
    .map(([cell, s]) => {
      cell.checkFits(s.now!);
      return { cell, target: (s.before ??= cell.slot()), value: s.now! };
    });
  const request: Request = { results: result.nodes, updates };
  const roots = [...request.results, ...updates.map((u) => u.value)];
  // Tensors made before the trace enter it as values.
  realize(topological(roots).filter((n) => n.id < mark && !n.source && n.inputs.length > 0));
  for (const node of topological(roots))
    if (node.source instanceof Argument && node.source.trace !== trace)
      throw new TraceError(
        `${name}: uses a tensor made inside another traced function (${node.source.trace.name}). Return it from there`,
      );
  const prepared = make(request, currentDevice());
  return {
    prepared,
    request,
    result,
    memories: [],
    held: [],
    varying: false,
    calls: 0,
    roots,
    guards: touched.filter(([, s]) => s.asked).map(([cell, s]) => ({ cell, empty: s.emptyBefore })),
    switches: [...trace.switches].map(([one, on]) => ({ switch: one, on })),
    updated: updates.map((u) => u.cell),
    draws: drawsIn(trace),
    cleared: touched.filter(([, s]) => s.changed && !s.now).map(([cell]) => cell),
    switched: switched.filter((s) => s.on !== trace.switches.get(s.switch)),
    inputs: prepared.structure.leaves.flatMap((leaf, binding) =>
      leaf.source instanceof Argument ? [{ binding, position: leaf.source.position }] : [],
    ),
    numbers: numbersOf(prepared.structure),
    numberArguments: packed.numbers,
  };
}

/** Compares a new trace with the variant it should equal, and takes over its numbers. */
function confirm(variant: Variant, again: Variant, name: string, numberChanged: boolean): void {
  if (again.prepared.structure.key !== variant.prepared.structure.key) {
    const where = variant.roots ? firstDifference(variant.roots, again.roots!) : "";
    throw new TraceError(
      numberChanged
        ? `${name}: a shape or branch depends on a number argument, so another number is another program${where}. Pass it as a string or boolean to compile one program for each`
        : `${name}: two calls with equal arguments built different graphs${where}. Decide with data by where(), or with arguments that are booleans or strings`,
    );
  }
  if (again.numbers.some((n, i) => !Object.is(n, variant.numbers[i])) && !numberChanged) variant.varying = true;
  variant.numbers = again.numbers;
  variant.numberArguments = again.numberArguments;
  if (variant.calls > 0) variant.roots = undefined;
}

function firstDifference(before: readonly Node[], after: readonly Node[]): string {
  const a = topological(before),
    b = topological(after);
  const text = (n: Node | undefined): string =>
    n ? `${n.op.name} [${n.shape.join(", ")}]${n.line ? ` (${n.line})` : ""}` : "nothing";
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const x = a[i],
      y = b[i];
    if (x && y && x.op === y.op && x.shape.join() === y.shape.join()) continue;
    return `: first ${text(x)}, then ${text(y)}`;
  }
  return "";
}

function replay(variant: Variant, packed: Packed): unknown {
  const { prepared } = variant;
  const memories = bind(variant, packed);
  for (const cell of variant.updated) cell.beforeOverwrite();
  prepared.run(memories, variant.numbers);
  for (const cell of variant.updated) cell.afterProgram(false);
  noteDraws(variant.draws);
  for (const cell of variant.cleared) cell.clear();
  for (const s of variant.switched) s.switch.on = s.on;
  variant.calls++;
  return variant.result.build((i): Value => {
    const node = variant.request.results[i]!;
    return valueIn(prepared, memories[prepared.results[i]!]!, node, false);
  });
}

/**
 * Memory for every binding of a call. What belongs to the variant is made the first time: for captured values, for arguments that come from
 * the host and, on CPU devices, for results. Elements that are on the device are taken where they are, and a value of the host that is
 * the same as in the last call is there already; results that stay on the device get memory of their own.
 */
export function bind(variant: Variant, packed: Packed): Memory[] {
  const { prepared, memories: lasting } = variant;
  const { device, structure, bindings } = prepared;
  const made = (i: number): Memory => device.alloc(Math.max(1, bindings[i]!));
  if (!lasting.length)
    bindings.forEach((_, i) => {
      const source = structure.leaves[i]?.source;
      // Older versions of cells are copied: they may yet be overwritten.
      const place = source instanceof CellSlot || source instanceof Value ? placeOf(source, device) : undefined;
      const comesLater = source ? source instanceof Argument : !device.readSync;
      const memory = place ?? (comesLater ? undefined : made(i));
      lasting.push(memory);
      if (source && memory && !place) copyIn(device, memory, source);
    });
  if (!device.readSync) uploadsTo(device).trim();
  const memories = lasting.slice() as Memory[];
  for (const { binding, position } of variant.inputs) {
    const node = packed.nodes[position]!;
    realize([node]);
    const source = node.source!;
    // A cell that the program overwrites is not what it was when the argument is read.
    const overwritten = source instanceof CellVersion && variant.updated.includes(source.cell);
    const place = overwritten
      ? undefined
      : (placeOf(source, device) ??
        (source instanceof Value && variant.held[binding] === source.number
          ? lasting[binding]
          : uploaded(device, source)));
    if (!place) {
      copyIn(device, (lasting[binding] ??= made(binding)), source);
      variant.held[binding] = source instanceof Value ? source.number : undefined;
    }
    memories[binding] = place ?? lasting[binding]!;
  }
  if (!device.readSync) for (const result of prepared.results) memories[result] = made(result);
  return memories;
}
