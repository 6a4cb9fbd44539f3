/** One fused group to one kernel: the buffers it binds, the scalars it takes and its loops. */
import { byteSize, computeType, isFloat } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import {
  constant,
  index as freshIndex,
  quotient,
  register,
  remainder,
  strideOf,
  type Expression,
  type Index,
  type Load,
  type Reduce,
} from "../ir/expression.ts";
import { loadNumber, toStored } from "../ir/half.ts";
import type { Axes, Buffer, ContractKernel, Kernel, LoopKernel, Statement, Store } from "../ir/kernel.ts";
import { lowerAttentionKernel } from "./attention.ts";
import type { Cones } from "./cones.ts";
import type { Group } from "./fuse.ts";
import { isHeavy } from "./kinds.ts";
import { countOperations } from "./cost.ts";
import { cutAtBounds, type Output } from "./cut.ts";
import { collapseIndices, dropUnits, splitIndices, type Space } from "./index-space.ts";
import { mapStatements } from "../ir/rewrite.ts";
import { storesOf, valuesOf, walk } from "../ir/walk.ts";
import { substitute } from "../ir/substitute.ts";
import { flatten, Inliner, type Layouts, type Resolve } from "./inline.ts";
import { lowerScope, type PendingStore } from "./loops.ts";

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

// ---------- loops

/** Rows shorter than this take in the loop around them. */
const SHORT_ROW = 16;

function lowerLoopKernel(group: Group, outputs: readonly Output[], inliner: Inliner): Kernelized {
  let buffers = outputs.map((o) => inliner.bufferOf(o.node));
  let loops: readonly Index[] = group.rows;
  let inner: (readonly Index[])[] = outputs.map((o) => o.loops);
  let space: Space = {
    loops: [...loops, ...new Set(inner.flat())],
    expressions: outputs.flatMap((o) => [o.offset, o.value]),
  };
  const pure = inner.flat().every((v) => v.extent === 1) && !outputs.some((o) => hasReduce(o.value));
  const isRow = (v: Index): boolean => loops.includes(v);
  if (pure) {
    inner = outputs.map(() => []);
    const cut = cutAtBounds(outputs, dropUnits(space));
    if (cut) {
      outputs = cut.outputs;
      buffers = outputs.map((o) => inliner.bufferOf(o.node));
      inner = outputs.map((o) => o.loops);
      loops = cut.rows;
      space = { loops, expressions: outputs.flatMap((o) => [o.offset, o.value]) };
    } else {
      space = collapseIndices(dropUnits(collapseIndices(splitIndices(dropUnits(space)))));
      loops = space.loops;
      // The last variables become the inner loops of every row: as many as it takes to make a row worth a vector loop.
      if (loops.length > 1) {
        let from = loops.length - 1;
        for (let size = loops[from]!.extent; from > 1 && size < SHORT_ROW; size *= loops[from]!.extent) from--;
        inner = outputs.map(() => loops.slice(from));
        loops = loops.slice(0, from);
      }
    }
  } else {
    const before = space;
    space = dropUnits(space);
    loops = before.loops.filter((v) => isRow(v) && v.extent !== 1);
    inner = inner.map((l) => l.filter((v) => v.extent !== 1));
    const rowsOnly = collapseIndices({ loops, expressions: space.expressions });
    loops = rowsOnly.loops;
    space = { loops: [...loops, ...new Set(inner.flat())], expressions: rowsOnly.expressions };
    const last = loops.at(-1);
    // Sums side by side, of windows or columns: these are what vectors run along, as in a map.
    if (
      last &&
      loops.length > 1 &&
      last.extent >= SHORT_ROW &&
      !inner.flat().length &&
      liesAlong(last, space.expressions)
    ) {
      inner = outputs.map(() => [last]);
      loops = loops.slice(0, -1);
    }
  }
  const extra: Buffer[] = [];
  const base = inliner.buffers.size;
  const rows = { add: (buffer: Buffer): number => base + extra.push(buffer) - 1 };
  const rowCount = loops.reduce((p, v) => p * v.extent, 1);
  // Several row variables become one: what the threads share out is a single range.
  let row: Index | undefined = loops.length === 1 ? loops[0] : undefined;
  let expressions = space.expressions;
  if (loops.length > 1) {
    const flat = (row = freshIndex(rowCount));
    const replace = new Map<Expression, Expression>();
    let pitch = rowCount;
    loops.forEach((v, i) => {
      pitch /= v.extent;
      replace.set(v, i === 0 ? quotient(flat, pitch) : remainder(quotient(flat, pitch), v.extent));
    });
    const memo = new Map<Expression, Expression>();
    expressions = expressions.map((e) => substitute(e, replace, memo));
  }
  const stores = outputs.map((_, i): PendingStore => ({
    loops: inner[i]!,
    buffer: buffers[i]!,
    offset: expressions[2 * i]!,
    value: expressions[2 * i + 1]!,
  }));
  const body = lowerScope(stores, new Set(row ? [row] : []), rows);
  const statements: Statement[] = row
    ? [{ kind: "loop", index: row, extent: row.extent, axis: "parallel", body, accumulators: [] }]
    : body;
  const kernel: LoopKernel = {
    kind: "loops",
    body: statements,
    parameters: { scalars: inliner.scalarTypes, sizes: 0 },
    buffers: [...globals(inliner, new Set(outputs.map((o) => o.node))), ...extra],
  };
  const reduces = outputs.some((o) => hasReduce(o.value));
  // Without rows a store's own loop may stand outermost: it is what the threads share out then.
  const [outer] = statements;
  const items =
    statements.length === 1 && outer!.kind === "loop" && outer!.axis === "parallel" ? outer!.index.extent : 1;
  const kind = pure ? "map" : reduces && group.members.some((m) => sizeOf(m.node.shape) > rowCount) ? "row" : "reduce";
  return finish(group, kernel, inliner, items, kind, countOperations(statements));
}

/** Do reductions read neighbours along a variable? */
function liesAlong(variable: Index, expressions: readonly Expression[]): boolean {
  let [steps, others] = [0, 0];
  walk(expressions, (e) => {
    if (e.kind !== "load" || !e.offset.free.has(variable)) return;
    if (strideOf(e.offset, variable) === 1) steps++;
    else others++;
  });
  return steps > 0 && others === 0;
}

function hasReduce(e: Expression): boolean {
  let found = false;
  walk([e], (x) => void (found ||= x.kind === "reduce"));
  return found;
}

// ---------- ops that are loops themselves

function lowerIndexKernel(group: Group, node: Node, inliner: Inliner): Kernelized {
  const output = inliner.bufferOf(node);
  const lowered = node.op.lowerLoops!({
    inputs: node.inputs.map((x) => (i: readonly Expression[]) => inliner.read(x, i)),
    nodes: node.inputs,
    attributes: node.attributes,
    shape: node.shape,
    dtype: computeType(node.dtype),
    read: (i) => loadNumber(output, node.dtype, flatten(node, i)),
    write: (i, value) => ({
      kind: "store",
      buffer: output,
      offset: flatten(node, i),
      value: toStored(value, node.dtype),
    }),
  });
  const items = lowered.parallel.reduce((p, v) => p * v.extent, 1);
  const flat = freshIndex(items);
  const replace = new Map<Expression, Expression>();
  let pitch = items;
  lowered.parallel.forEach((v, i) => {
    pitch /= v.extent;
    replace.set(v, i === 0 ? quotient(flat, pitch) : remainder(quotient(flat, pitch), v.extent));
  });
  const memo = new Map<Expression, Expression>();
  const body = mapStatements(lowered.body, (e) => substitute(e, replace, memo));
  const kernel: LoopKernel = {
    kind: "loops",
    parameters: { scalars: inliner.scalarTypes, sizes: 0 },
    buffers: globals(inliner, new Set([node])),
    body: [{ kind: "loop", index: flat, extent: items, axis: "parallel", body, accumulators: [] }],
  };
  return finish(group, kernel, inliner, items, "index", countOperations(kernel.body));
}

// ---------- contractions

function contract(group: Group, outputs: readonly Output[], sum: Reduce, inliner: Inliner): Kernelized | undefined {
  const product = sum.body;
  if (product.kind !== "binary" || product.op !== "mul" || !isFloat(product.dtype)) return undefined;
  const buffers = outputs.map((o) => inliner.bufferOf(o.node));
  const finished = register("f32");
  const memo = new Map<Expression, Expression>();
  const replace = new Map<Expression, Expression>([[sum, finished]]);
  const epilogue = outputs.flatMap((o) => [o.offset, substitute(o.value, replace, memo)]);
  if (epilogue.some(hasReduce) || outputs.some((o) => o.loops.some((l) => l.extent > 1))) return undefined;
  // Further axes of members are of size 1, and disappear here.
  const units = outputs.flatMap((o) => o.loops);
  let space: Space = dropUnits(
    splitIndices({
      loops: [...group.rows, ...new Set(units), ...sum.axes],
      expressions: [product.left, product.right, ...epilogue],
    }),
  );
  // Which side an index belongs to survives the split: new variables are known by where they occur.
  const sides = classify(space);
  if (!sides) return undefined;
  const groupOf = (v: Index): string =>
    sides.k.includes(v) ? "k" : sides.batch.includes(v) ? "batch" : sides.m.includes(v) ? "m" : "n";
  const sorted = { loops: [...sides.batch, ...sides.m, ...sides.n, ...sides.k], expressions: space.expressions };
  space = collapseIndices(sorted, (a, b) => groupOf(a) === groupOf(b));
  const final = classify(space);
  if (!final) return undefined;
  if (!final.k.length) return undefined;
  const axes = (list: readonly Index[]): Axes[] => list.map((v) => ({ index: v, extent: v.extent }));
  const volume = (list: readonly Index[]): number => list.reduce((p, v) => p * v.extent, 1);
  const [left, right, ...rest] = space.expressions as [Expression, Expression, ...Expression[]];
  const swap = prefersSwap(final, left, right, rest[0]!);
  const [m, n] = swap ? [final.n, final.m] : [final.m, final.n];
  const kernel: ContractKernel = {
    kind: "contract",
    batch: axes(final.batch),
    m: axes(m),
    n: axes(n),
    k: axes(final.k),
    left: swap ? right : left,
    right: swap ? left : right,
    sum: finished,
    epilogue: outputs.map((_, i): Store => ({
      kind: "store",
      buffer: buffers[i]!,
      offset: rest[2 * i]!,
      value: rest[2 * i + 1]!,
    })),
    parameters: { scalars: inliner.scalarTypes, sizes: 0 },
    buffers: globals(inliner, new Set(outputs.map((o) => o.node))),
  };
  const flops = 2 * volume(final.batch) * volume(m) * volume(n) * volume(final.k);
  return finish(group, kernel, inliner, volume(final.batch) * volume(m) * volume(n), "contract", flops);
}

interface Sides {
  readonly batch: Index[];
  readonly m: Index[];
  readonly n: Index[];
  readonly k: Index[];
}

/** Sorts loop variables by the operands that depend on them; undefined when an operand needs what only the other has. */
function classify(space: Space): Sides | undefined {
  const [left, right, ...epilogue] = space.expressions as [Expression, Expression, ...Expression[]];
  const sides: Sides = { batch: [], m: [], n: [], k: [] };
  const inResult = new Set(epilogue.flatMap((e) => [...e.free]));
  for (const v of space.loops) {
    const l = left.free.has(v),
      r = right.free.has(v);
    if (!inResult.has(v)) sides.k.push(v);
    else if (l && r) sides.batch.push(v);
    else if (r) sides.n.push(v);
    else sides.m.push(v);
  }
  return sides;
}

/** Elements from one k to the next that caches follow. */
const NEAR = 256;
/** What turning rows that are far apart along k costs, in times of reading near ones where they lie. */
const TURNING = 8;

/**
 * Vectors run along n: the operands change places where only m is contiguous in the result, and where n is a single column.
 * They do as well where both operands lie along their own axes, rows of the left one would have to be turned, and those
 * of the right one are less to read. Then the result is stored across, which has to be little beside what is read.
 */
function prefersSwap({ m, n, k }: Sides, left: Expression, right: Expression, offset: Expression): boolean {
  const volume = (list: readonly Index[]): number => list.reduce((p, v) => p * v.extent, 1);
  const unit = (e: Expression, list: readonly Index[]): boolean => list.length > 0 && strideOf(e, list.at(-1)!) === 1;
  if (volume(n) < 4 && volume(m) >= 16) return true;
  if (volume(m) < 16) return false;
  if (unit(offset, m) && !unit(offset, n)) return true;
  if (left.kind !== "load" || right.kind !== "load" || volume(k) < 8 * volume(n)) return false;
  const isFar = ({ offset: from }: Load): boolean => !(Math.abs(strideOf(from, k.at(-1)!) ?? Infinity) <= NEAR);
  const reading = volume(n) * (isFar(right) ? TURNING : 1);
  return unit(left.offset, m) && unit(right.offset, n) && isFar(left) && 2 * reading < volume(m) * TURNING;
}
