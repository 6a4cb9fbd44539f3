/**
 * What devices of the processor ask about kernels of attention: their loops, and for one use of a kernel the words behind its
 * sizes and its cost.
 */
import { resultsOf } from "../../ir/attention.ts";
import type { AttentionKernel, Axes, LoopKernel } from "../../ir/kernel.ts";
import { attentionLowerings } from "../lowerings.ts";
import type { Lowered } from "./attention-loops.ts";
import { extentIn } from "./body.ts";
import type { Target } from "./target.ts";

/** Share of the pairs of m and n that is looked at where rows do not see all n: a triangle, and the tiles on its edge. */
const SEEN = 0.6;
/** What a weight costs, in products. */
const WEIGHING = 16;
/** Of a usual core. */
const GIGAHERTZ = 3;

const known = new WeakMap<AttentionKernel, Map<Target, Lowered>>();

function lowered(kernel: AttentionKernel, target: Target): Lowered {
  let targets = known.get(kernel);
  if (!targets) known.set(kernel, (targets = new Map()));
  let made = targets.get(target);
  if (!made) targets.set(target, (made = attentionLowerings().processor(kernel, target)));
  return made;
}

/** A parameterized kernel of attention as loops, which take `attentionWords` behind its sizes. */
export function attentionLoops(kernel: AttentionKernel, target: Target): LoopKernel {
  return lowered(kernel, target).kernel;
}

/** The words that follow the sizes of one use of the kernel; the first is the number of its items. */
export function attentionWords(kernel: AttentionKernel, sizes: readonly number[], target: Target): number[] {
  return lowered(kernel, target).words.map((word) => word(sizes));
}

/** What one use of a kernel costs on one core, in nanoseconds: an estimate. */
export function attentionCost(kernel: AttentionKernel, sizes: readonly number[], target: Target): number {
  const { batch, m, n, products, first, last } = kernel;
  const count = (axes: readonly Axes[]): number =>
    axes.reduce((product, { extent }) => product * extentIn(kernel, extent, sizes), 1);
  const pairs = count([...batch, m, n]) * ((first ?? last) ? SEEN : 1);
  const each = [...products.map(({ k }) => count(k)), ...resultsOf(kernel).map(({ f }) => count(f)), WEIGHING];
  const { tileRows, tileColumns, tileCycles } = target;
  return (pairs * each.reduce((a, b) => a + b) * tileCycles) / (tileRows * tileColumns * GIGAHERTZ);
}
