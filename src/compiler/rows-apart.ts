/**
 * Loops whose rows go their own ways: where every repetition computes a row of its values from the same row of what the
 * loop wrote before, threads can run all repetitions of their own rows and never wait for one another. The batch of a
 * recurrent network is such rows. Seen in the finished kernels' offsets, so that it holds for whatever the layers do.
 */
import { sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { add, constant, index as freshIndex, param, scale, type Expression, type Index } from "../ir/expression.ts";
import type { Axes } from "../ir/kernel.ts";
import { storesOf, valuesOf, walk } from "../ir/walk.ts";
import { substitute } from "../ir/substitute.ts";
import type { Scheduled } from "./schedule.ts";

/**
 * Do all kernels of a loop's body keep `rows` rows apart? `stacks` are the values that have a slot for each repetition;
 * all else that the kernels write has one place.
 */
export function rowsAreApart(
  kernels: readonly Scheduled[],
  rows: number,
  stacks: ReadonlySet<Node>,
  counter: Node,
): boolean {
  const written = new Set(kernels.flatMap((k) => k.group.members.filter((m) => m.stored).map((m) => m.node)));
  const inLoop = (node: Node): boolean => stacks.has(node) || written.has(node);
  return kernels.every((k) => {
    const outer = outermost(k);
    if (!outer || outer.extent % rows) return false;
    const row = freshIndex(rows);
    const each = outer.extent / rows;
    const item = add(scale(row, each), each === 1 ? constant(0, "i32") : freshIndex(each));
    const slot = k.scalars.indexOf(counter);
    return accesses(k).every(({ buffer, offset }) => {
      const node = k.buffers[buffer];
      // The kernel's own memory is one thread's.
      if (!node || !inLoop(node)) return true;
      const size = sizeOf(stacks.has(node) ? node.shape.slice(1) : node.shape);
      if (size % rows) return false;
      const at = (repetition: number): Expression => {
        const replace = new Map<Expression, Expression>([[outer, item]]);
        if (slot >= 0) replace.set(param(slot, "i32"), constant(repetition, "i32"));
        return substitute(offset, replace);
      };
      const first = at(0);
      const moves = distance(first, at(1));
      if (moves === undefined || moves % size) return false;
      // What is left of the offset without its row and its slot must stay within a row.
      const left = add(first, scale(row, -size / rows));
      if (left.free.has(row) || !Number.isFinite(left.low)) return false;
      const slotStart = Math.floor(left.low / size) * size;
      return left.low >= slotStart && left.high < slotStart + size / rows;
    });
  });
}

/** What a device shares out: the outermost index of a kernel's loop, or of a contraction's batch or rows. */
function outermost({ kernel }: Scheduled): Index | undefined {
  if (kernel.kind === "loops") {
    const [only] = kernel.body;
    return kernel.body.length === 1 && only!.kind === "loop" && only!.axis === "parallel" ? only!.index : undefined;
  }
  // Rows of attention are shared out in blocks.
  const rows: readonly Axes[] = kernel.kind === "attention" ? [] : kernel.m;
  const [first] = kernel.batch.length ? kernel.batch : rows;
  return first?.index;
}

interface Access {
  readonly buffer: number;
  readonly offset: Expression;
}

function accesses({ kernel }: Scheduled): Access[] {
  const stores = storesOf(kernel);
  const values = valuesOf(kernel);
  const out: Access[] = [...stores];
  walk([...values, ...stores.flatMap((s) => [s.offset, s.value])], (e) => {
    if (e.kind === "load") out.push(e);
  });
  return out;
}

/** How far one offset is from another, where that is a number. */
function distance(from: Expression, to: Expression): number | undefined {
  const difference = add(to, scale(from, -1));
  return difference.kind === "const" ? difference.value : undefined;
}
