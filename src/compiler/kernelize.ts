/** One fused group to one kernel: by which rule it is lowered, the buffers it binds and the scalars it takes. */
import { byteSize, computeType } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { constant, type Expression, type Index } from "../ir/expression.ts";
import { toStored } from "../ir/half.ts";
import type { Buffer, Kernel } from "../ir/kernel.ts";
import { storesOf, valuesOf, walk } from "../ir/walk.ts";
import { lowerAttentionKernel } from "./attention.ts";
import type { Cones } from "./cones.ts";
import { contract } from "./contraction.ts";
import type { Output } from "./cut.ts";
import type { Group } from "./fuse.ts";
import { lowerIndexKernel } from "./index-kernel.ts";
import { Inliner, type Layouts, type Resolve } from "./inline.ts";
import { isHeavy } from "./kinds.ts";
import { lowerLoopKernel } from "./loop-kernel.ts";

/** A kernel and what it is bound to. */
export interface Kernelized {
  readonly group: Group;
  readonly kernel: Kernel;
  /** The node behind every global buffer. */
  readonly buffers: readonly Node[];
  /** The run-time number behind every scalar slot. */
  readonly scalars: readonly Node[];
  /** Iterations of the outermost loop; 1 when there is none. */
  readonly items: number;
  /** Estimated nanoseconds on one core. */
  readonly cost: number;
  readonly flops: number;
  /** Bytes that must cross memory at least once: every operand and result. */
  readonly bytes: number;
  readonly kind: "map" | "reduce" | "row" | "contract" | "attention" | "index";
}

/** Where a value goes: the node whose memory it is, and the element there. */
export interface Destination {
  readonly node: Node;
  readonly offset: Expression;
}

/** What a loop around the kernels changes: where leaves are found and where values go. */
export interface Surroundings {
  readonly resolve: Resolve;
  destinations(node: Node, index: readonly Expression[], inliner: Inliner): readonly Destination[];
}

/** Lowers groups. Those that are alike are lowered once, and differ in what is behind their buffers and scalars. */
export function kernelizeAll(
  groups: readonly Group[],
  isStored: (node: Node) => boolean,
  cones: Cones,
  layouts: Layouts,
): Kernelized[] {
  const made = new Map<string, { readonly one: Kernelized; readonly buffers: number[]; readonly scalars: number[] }>();
  return groups.map((group) => {
    const { key, nodes } = cones.outline(group, layouts);
    const known = made.get(key);
    if (known) {
      const { one, buffers, scalars } = known;
      return { ...one, group, buffers: buffers.map((i) => nodes[i]!), scalars: scalars.map((i) => nodes[i]!) };
    }
    const one = kernelize(group, isStored, { layouts });
    const places = (list: readonly Node[]): number[] => list.map((n) => nodes.indexOf(n));
    made.set(key, { one, buffers: places(one.buffers), scalars: places(one.scalars) });
    return one;
  });
}

/** Lowers a group. `isStored` says which nodes outside the group are in memory, `layouts` in which order. */
export function kernelize(
  group: Group,
  isStored: (node: Node) => boolean,
  { layouts, surroundings }: { readonly layouts?: Layouts; readonly surroundings?: Surroundings } = {},
): Kernelized {
  const members = group.members.map((m) => ({ ...m, index: m.index.map(atFirst) }));
  const inside = new Set(members.map((m) => m.node));
  const inliner = new Inliner((n) => n.source !== undefined || (isStored(n) && !inside.has(n)), {
    ...(layouts ? { layouts } : {}),
    ...(surroundings ? { resolve: surroundings.resolve } : {}),
  });
  const first = members[0]!.node;
  if (first.op.lowerLoops) return lowerIndexKernel(group, first, inliner);
  const attention = lowerAttentionKernel(group, isStored, inliner, surroundings);
  if (attention) return attention;
  const outputs = members
    .filter((m) => m.stored)
    .flatMap((m): Output[] => {
      const loops = m.index.filter((e): e is Index => e.kind === "index" && !group.rows.includes(e));
      const value = toStored(inliner.read(m.node, m.index), m.node.dtype);
      const destinations = surroundings?.destinations(m.node, m.index, inliner) ?? [
        { node: m.node, offset: inliner.place(m.node, m.index) },
      ];
      return destinations.map(({ node, offset }) => ({ node, loops, offset, value }));
    });
  const heavy = members.find((m) => isHeavy(m.node));
  if (heavy && computeType(heavy.node.dtype) === "f32") {
    const sum = inliner.read(heavy.node, heavy.index);
    const contraction = sum.kind === "reduce" ? contract(group, outputs, sum, inliner) : undefined;
    if (contraction) return contraction;
  }
  return lowerLoopKernel(group, outputs, inliner);
}

/** Along an axis of size 1 there is one place, which all members call the same: what they share is known by that. */
const atFirst = (e: Expression): Expression => (e.kind === "index" && e.extent === 1 ? constant(0, "i32") : e);

export const globals = (inliner: Inliner, written: ReadonlySet<Node>): Buffer[] =>
  [...inliner.buffers.keys()].map((n) => ({
    dtype: n.dtype,
    space: "global",
    access: written.has(n) ? (n.op.lowerLoops ? "readwrite" : "write") : "read",
  }));

/** A kernel with what is known of it before it ran. */
export function finish(
  group: Group,
  kernel: Kernel,
  inliner: Inliner,
  items: number,
  kind: Kernelized["kind"],
  operations: number,
): Kernelized {
  const buffers = [...inliner.buffers.keys()];
  const slices = slicedBuffers(kernel, inliner);
  const bytes = buffers.reduce(
    (sum, n, i) => sum + sizeOf(slices.has(i) ? n.shape.slice(1) : n.shape) * byteSize(n.dtype),
    0,
  );
  // Two thirds of a core's measured WebAssembly rate, and its share of memory bandwidth.
  const cost = Math.max(operations / (kind === "contract" || kind === "attention" ? 45 : 8), bytes / 15);
  return { group, kernel, buffers, scalars: [...inliner.scalars.keys()], items, cost, flops: operations, bytes, kind };
}

/** Buffers of which a kernel inside a loop sees one slice per repetition: their offsets move with the counter. */
function slicedBuffers(kernel: Kernel, inliner: Inliner): Set<number> {
  const out = new Set<number>();
  // Of all scalars only a loop's counter is a leaf with a source.
  const counter = [...inliner.scalars].find(([n]) => n.source !== undefined)?.[1];
  if (counter === undefined) return out;
  const moves = (offset: Expression): boolean => {
    let found = false;
    walk([offset], (e) => void (found ||= e.kind === "param" && e.slot === counter));
    return found;
  };
  for (const s of storesOf(kernel)) if (moves(s.offset)) out.add(s.buffer);
  walk(valuesOf(kernel), (e) => {
    if (e.kind === "load" && moves(e.offset)) out.add(e.buffer);
  });
  return out;
}
