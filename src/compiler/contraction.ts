/** Sums of products as contractions: which indices are whose, and which of the operands stands on the left. */
import { isFloat } from "../core/dtype.ts";
import { register, strideOf, type Expression, type Index, type Load, type Reduce } from "../ir/expression.ts";
import type { Axes, ContractKernel, Store } from "../ir/kernel.ts";
import { substitute } from "../ir/substitute.ts";
import { hasReduce } from "../ir/walk.ts";
import type { Output } from "./cut.ts";
import type { Group } from "./fuse.ts";
import { collapseIndices, dropUnits, splitIndices, volume, type Space } from "./index-space.ts";
import type { Inliner } from "./inline.ts";
import { finish, globals, type Kernelized } from "./kernelize.ts";

/** The kernel of a sum of products with what follows from it; undefined where this is no contraction. */
export function contract(
  group: Group,
  outputs: readonly Output[],
  sum: Reduce,
  inliner: Inliner,
): Kernelized | undefined {
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
  const groupOf = (v: Index): string =>
    sides.k.includes(v) ? "k" : sides.batch.includes(v) ? "batch" : sides.m.includes(v) ? "m" : "n";
  const sorted = { loops: [...sides.batch, ...sides.m, ...sides.n, ...sides.k], expressions: space.expressions };
  space = collapseIndices(sorted, (a, b) => groupOf(a) === groupOf(b));
  const final = classify(space);
  if (!final.k.length) return undefined;
  const axes = (list: readonly Index[]): Axes[] => list.map((v) => ({ index: v, extent: v.extent }));
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

/** Sorts loop variables by what depends on them: both operands and the result, one and the result, or operands alone. */
function classify(space: Space): Sides {
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
  const unit = (e: Expression, list: readonly Index[]): boolean => list.length > 0 && strideOf(e, list.at(-1)!) === 1;
  if (volume(n) < 4 && volume(m) >= 16) return true;
  if (volume(m) < 16) return false;
  if (unit(offset, m) && !unit(offset, n)) return true;
  if (left.kind !== "load" || right.kind !== "load" || volume(k) < 8 * volume(n)) return false;
  const isFar = ({ offset: from }: Load): boolean => !(Math.abs(strideOf(from, k.at(-1)!) ?? Infinity) <= NEAR);
  const reading = volume(n) * (isFar(right) ? TURNING : 1);
  return unit(left.offset, m) && unit(right.offset, n) && isFar(left) && 2 * reading < volume(m) * TURNING;
}
