/** A group as loops: a map, a reduction, or rows that are kept close. */
import { sizeOf } from "../core/shape.ts";
import type { Expression, Index } from "../ir/expression.ts";
import type { Buffer, LoopKernel, Statement } from "../ir/kernel.ts";
import { substitute } from "../ir/substitute.ts";
import { hasReduce } from "../ir/walk.ts";
import { countOperations } from "./cost.ts";
import { cutAtBounds, cutAtEdges, type Cut, type Output } from "./cut.ts";
import type { Group } from "./fuse.ts";
import { collapseIndices, dropUnits, joined, splitIndices, volume, type Space } from "./index-space.ts";
import type { Inliner } from "./inline.ts";
import { finish, globals, type Kernelized } from "./kernelize.ts";
import { lowerScope, type PendingStore } from "./loops.ts";

/** Rows shorter than this take in the loop around them. */
const SHORT_ROW = 16;

/** Loops over the group's rows and, in each of them, over what its outputs have besides. */
export function lowerLoopKernel(group: Group, outputs: readonly Output[], inliner: Inliner): Kernelized {
  let buffers = outputs.map((o) => inliner.bufferOf(o.node));
  let loops: readonly Index[] = group.rows;
  const rowCount = volume(loops);
  let inner: (readonly Index[])[] = outputs.map((o) => o.loops);
  let space: Space = {
    loops: [...loops, ...new Set(inner.flat())],
    expressions: outputs.flatMap((o) => [o.offset, o.value]),
  };
  const pure = inner.flat().every((v) => v.extent === 1) && !outputs.some((o) => hasReduce(o.value));
  const isRow = (v: Index): boolean => loops.includes(v);
  const take = (cut: Cut): void => {
    outputs = cut.outputs;
    buffers = outputs.map((o) => inliner.bufferOf(o.node));
    inner = outputs.map((o) => o.loops);
    loops = cut.rows;
    space = { loops, expressions: outputs.flatMap((o) => [o.offset, o.value]) };
  };
  if (pure) {
    inner = outputs.map(() => []);
    const cut = cutAtBounds(outputs, dropUnits(space));
    if (cut) take(cut);
    else {
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
    // Sums side by side, of windows or columns: these are what vectors run along, as in a map.
    const along = loops.length > 1 && !inner.flat().length && cutAtEdges(outputs, space);
    if (along) take(along);
  }
  const extra: Buffer[] = [];
  const base = inliner.buffers.size;
  const rows = { add: (buffer: Buffer): number => base + extra.push(buffer) - 1 };
  // Several row variables become one: what the threads share out is a single range.
  let row: Index | undefined = loops.length === 1 ? loops[0] : undefined;
  let expressions = space.expressions;
  if (loops.length > 1) {
    const { flat, places } = joined(loops);
    const memo = new Map<Expression, Expression>();
    row = flat;
    expressions = expressions.map((e) => substitute(e, places, memo));
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
