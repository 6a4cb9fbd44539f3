/**
 * Graph to program, in the order of the floors: simplify, fuse, lower, order, place in memory, write the tape.
 * A program is data: devices turn it into something that runs.
 */
import { byteSize, computeType } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Program, Region, TapeEntry } from "../device/device.ts";
import { topological, type Node, type Source } from "../graph/node.ts";
import { isOp } from "../graph/op.ts";
import { contiguous, reshapeOp } from "../graph/ops/movement.ts";
import { trimExpressions } from "../ir/expression.ts";
import type { Loop } from "../ir/kernel.ts";
import { aboutKernel } from "./about.ts";
import { fuse, type Group } from "./fuse.ts";
import { storesOf, valuesOf, walk } from "../ir/walk.ts";
import { layOutValues } from "./layout.ts";
import { kernelizeAll, type Kernelized } from "./kernelize.ts";
import { planMemory, type Lifetime } from "./memory.ts";
import { lowerScan } from "./scan.ts";
import {
  addressAll,
  kernelsOf,
  schedule,
  writtenBy,
  type Scheduled,
  type ScheduledLoop,
  type ScheduledStep,
} from "./schedule.ts";
import { simplify } from "./simplify.ts";
import { describe, type Structure } from "./structure.ts";
import { loopOverOne } from "./unit-maps.ts";

/** What a program shall leave behind. */
export interface Request {
  /** Values to be returned. */
  readonly results: readonly Node[];
  /** State to be overwritten: `target` is the leaf that stands for its value before. */
  readonly updates: readonly { readonly target: Node; readonly value: Node }[];
}

export interface Compiled {
  readonly program: Program;
  readonly structure: Structure;
  /** Binding of every leaf of `structure.leaves`. */
  readonly inputs: readonly number[];
  /** Binding of every result. */
  readonly results: readonly number[];
  /** Binding of every update; that of its target, written in place. */
  readonly updates: readonly number[];
  /** Everything that `explain` shows. */
  readonly steps: readonly ScheduledStep[];
  /** The stored values of results and then updates, as kernels write them. */
  readonly roots: readonly Node[];
}

/** The nodes that a request asks for, in a fixed order. */
export const rootsOf = (request: Request): Node[] => [...request.results, ...request.updates.map((u) => u.value)];

/** Compiles a request. `structure` describes the same roots, plus the targets of updates. */
export function compile(request: Request, structure: Structure = describeRequest(request)): Compiled {
  trimExpressions();
  let copies = new Set<number>();
  for (;;) {
    const attempt = compileWith(request, structure, copies);
    if ("program" in attempt) return attempt;
    copies = new Set([...copies, ...attempt.unsafe]);
  }
}

/** The structure of a request: targets of updates are leaves of it even when nothing reads them. */
export function describeRequest(request: Request): Structure {
  const structure = describe([...rootsOf(request), ...request.updates.map((u) => u.target)]);
  return { ...structure, key: `${structure.key}|${request.results.length}` };
}

/** Updates in `copies` are computed elsewhere first (the inner copy) and moved to their place at the end. */
function compileWith(
  request: Request,
  structure: Structure,
  copies: ReadonlySet<number>,
): Compiled | { readonly unsafe: readonly number[] } {
  const simple = simplify(rootsOf(request));
  const taken = new Set<Node>();
  const roots = simple.map((node, i) => {
    // Another shape is the same memory: what is under a reshape goes straight to where its reshape should be.
    const value = underReshapes(node);
    // The inner copy reads everything that the outer one overwrites.
    const safe = copies.has(i - request.results.length) ? contiguous(contiguous(value)) : value;
    const own = safe.source !== undefined || taken.has(safe) ? contiguous(safe) : safe;
    taken.add(own);
    return own;
  });
  const read = new Set(topological(roots).map((n) => n.source));
  const inPlace = new Set(
    request.updates.flatMap(({ target }, i) => {
      const root = roots[request.results.length + i]!;
      return read.has(target.source) && isMadeOf(root, target.source!) ? [root] : [];
    }),
  );
  const fused = fuse(roots, inPlace);
  const { needs, cones } = fused;
  const { groups, groupOf, layouts } = layOutValues(fused.groups, fused.groupOf, needs, new Set(roots));
  const isStored = (n: Node): boolean => groupOf.has(n);
  const needed = groups.filter((g) => g.members.some((m) => m.stored));
  const plain = needed.filter((g) => !g.scan);
  const single = addressAll(loopOverOne(kernelizeAll(plain, isStored, cones, layouts)));
  const kernelOf = new Map(single.map((k) => [k.group, k]));
  const units = needed.map((g) => kernelOf.get(g) ?? lowerScan(g, isStored, layouts));
  const writerOf = new Map(kernelsOf(units).flatMap((k) => writtenBy(k).map((n) => [n, k])));
  const leafOf = new Map(structure.leaves.map((leaf, i) => [leaf.source!, i]));
  const updates = request.updates.map((u, i) => ({
    leaf: leafOf.get(u.target.source!)!,
    root: roots[request.results.length + i]!,
    index: i,
  }));
  // An update may overwrite its target only where nothing reads the old value later or elsewhere.
  const unsafe = updates
    .filter((u) => !copies.has(u.index) && !safeInPlace(writerOf.get(u.root), u.root, structure.leaves[u.leaf]!))
    .map((u) => u.index);
  if (unsafe.length) return { unsafe };
  const waits = waitsOf(
    groups,
    groupOf,
    needs,
    units,
    updates.map((u) => ({ root: u.root, leaf: structure.leaves[u.leaf]! })),
  );
  const bound = new Set(roots);
  const { steps, stuck } = schedule(units, waits, (n) => (n.source || bound.has(n) ? 0 : bytesOf(n)));
  if (stuck.size) {
    const late = new Set([...stuck].flatMap((u) => kernelsOf([u]).flatMap(writtenBy)));
    const movable = updates.filter((u) => late.has(u.root) && !copies.has(u.index));
    if (!movable.length) throw new Error("compile: the kernels wait for one another in a circle");
    // Counts and other numbers, which kernels of all kinds read, are the first to be moved at the end.
    const numbers = movable.filter((u) => u.root.shape.length === 0);
    return { unsafe: (numbers.length ? numbers : movable).map((u) => u.index) };
  }

  // Bindings: leaves first, then results; updates use their target's.
  const bindings = structure.leaves.map(bytesOf);
  const region = new Map<Node, Region>();
  const bySource = new Map<object, Region>(structure.leaves.map((leaf, i) => [leaf.source!, { binding: i }]));
  const results = request.results.map((_, i) => {
    const binding = bindings.push(bytesOf(roots[i]!)) - 1;
    region.set(roots[i]!, { binding });
    return binding;
  });
  for (const u of updates) region.set(u.root, { binding: u.leaf });
  const scratchBytes = placeScratch(steps, region);
  const scalars = structure.numbers.map((n) => computeType(n.dtype));
  const numbers = new Map(structure.numbers.map((n, i) => [n, i]));
  const write = (list: readonly ScheduledStep[]): TapeEntry[] =>
    list.flatMap((step): TapeEntry[] => {
      if (step.loop) {
        const counter = scalars.push("i32") - 1;
        numbers.set(step.loop.counter, counter);
        const { before, times, rows } = step.loop;
        return [...write(before), { times, counter, rows, steps: write(step.loop.steps) }];
      }
      return [
        {
          key: step.key,
          kernel: step.launches[0]!.parameterized.kernel,
          launches: step.launches.map((k) => ({
            buffers: k.buffers.map((n) => (n.source ? bySource.get(n.source)! : region.get(n)!)),
            sizes: k.parameterized.sizes,
            scalars: k.scalars.map((n) => numbers.get(n)!),
          })),
          work: step.launches.map((k) => ({ items: k.items, cost: k.cost })),
          about: () => aboutKernel(step.launches[0]!),
        },
      ];
    });
  const tape = write(steps);
  return {
    structure,
    steps,
    roots,
    results,
    inputs: structure.leaves.map((_, i) => i),
    updates: updates.map((u) => u.leaf),
    program: { tape, bindings, scalars, scratchBytes },
  };
}

const bytesOf = (node: Node): number => sizeOf(node.shape) * byteSize(node.dtype);

/** Lets every kernel wait for those whose values it reads, and every update for the readers of what it overwrites. */
function waitsOf(
  groups: readonly Group[],
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
  units: readonly (Scheduled | ScheduledLoop)[],
  updates: readonly { readonly root: Node; readonly leaf: Node }[],
): Map<Group, Set<Group>> {
  const present = new Set(units.map((u) => u.group));
  const waits = new Map<Group, Set<Group>>();
  for (const group of groups) {
    const on = new Set<Group>();
    for (const m of group.members)
      for (const x of needs.get(m.node)!) {
        const g = groupOf.get(x)!;
        if (g !== group && present.has(g)) on.add(g);
      }
    waits.set(group, on);
  }
  const readers = new Map<Source, Set<Group>>(updates.map(({ leaf }) => [leaf.source!, new Set()]));
  for (const u of units)
    for (const k of kernelsOf([u])) for (const b of k.buffers) if (b.source) readers.get(b.source)?.add(u.group);
  for (const { root, leaf } of updates) {
    const writer = groupOf.get(root)!;
    for (const group of readers.get(leaf.source!)!) if (group !== writer) waits.get(writer)!.add(group);
  }
  return waits;
}

/** Does a leaf take part in a value? What it is updated from is near, so the nearest nodes are looked at first. */
function isMadeOf(root: Node, source: Source): boolean {
  const seen = new Set([root]);
  for (const node of seen) {
    if (node.source === source) return true;
    if (!node.source) for (const x of node.inputs) seen.add(x);
  }
  return false;
}

/** The value whose elements a reshape shows in another shape. */
function underReshapes(node: Node): Node {
  return isOp(node, reshapeOp) ? underReshapes(node.inputs[0]!) : node;
}

/**
 * Writing over a value while reading it is fine where every element is read only at the place where it is written, and
 * before: in a map, at the end of a row, or in a contraction's epilogue.
 */
function safeInPlace(kernelized: Kernelized | undefined, root: Node, leaf: Node): boolean {
  if (!kernelized) return true;
  const read = kernelized.buffers.findIndex((b) => b.source !== undefined && b.source === leaf.source);
  if (read < 0) return true;
  const written = kernelized.buffers.indexOf(root);
  const { kernel } = kernelized;
  // Rows of one kind are still read when those of another were written.
  if (kernel.kind === "attention") return false;
  const target = storesOf(kernel).find((s) => s.buffer === written)!.offset;
  let safe =
    kernelized.kind === "map" ||
    kernel.kind === "contract" ||
    (kernel.body.length === 1 &&
      kernel.body[0]!.kind === "loop" &&
      [...target.free].every((v) => v === (kernel.body[0] as Loop).index));
  walk(valuesOf(kernel), (e) => {
    if (e.kind === "load" && e.buffer === read && e.offset !== target) safe = false;
  });
  return safe;
}

/** Gives every stored value that is not bound from outside its place in the scratch heap. */
function placeScratch(steps: readonly ScheduledStep[], region: Map<Node, Region>): number {
  const lives = new Map<Node, { first: number; last: number }>();
  steps.forEach((step, at) => {
    for (const k of kernelsOf([step])) {
      for (const n of k.buffers) {
        if (n.source || region.has(n)) continue;
        const life = lives.get(n);
        if (life) life.last = at;
        else lives.set(n, { first: at, last: at });
      }
    }
  });
  const nodes = [...lives.keys()];
  const { offsets, bytes } = planMemory(nodes.map((n): Lifetime => ({ bytes: bytesOf(n), ...lives.get(n)! })));
  nodes.forEach((n, i) => region.set(n, { scratch: offsets[i]!, bytes: bytesOf(n) }));
  return bytes;
}
