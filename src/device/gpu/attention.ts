/**
 * Attention on GPUs: weights are made a block of columns at a time and never stored (FlashAttention: Dao et al. 2022). Where
 * there are too few rows to keep a GPU busy, columns are shared out, and further passes add up the parts.
 */
import { byRows } from "../../ir/attention.ts";
import type { AttentionKernel } from "../../ir/kernel.ts";
import { writeJoin } from "./attention-join.ts";
import { plansOf } from "./attention-plan.ts";
import { writeRows } from "./attention-rows.ts";
import { attentionOf } from "./attention-sides.ts";
import { writeTiles } from "./attention-tile.ts";
import type { GpuLaunch, GpuTarget } from "./kernel.ts";
import { Passes } from "./passes.ts";

/**
 * @param sizes values of the kernel's size slots.
 * @param choice which of the ways to do it, from 0 for the one that should be fastest. They differ in the order of sums.
 */
export function lowerAttention(
  kernel: AttentionKernel,
  sizes: readonly number[],
  target: GpuTarget,
  choice = 0,
): GpuLaunch {
  const passes = new Passes(kernel, sizes);
  // Workgroups cannot add to one another's sums in any order: rows and columns have passes each, which make the weights again.
  for (const rows of byRows(kernel)) {
    const attention = attentionOf(rows, passes.slots);
    if (attention.batch.count * attention.rows.count === 0) continue;
    const plans = plansOf(attention, target);
    const plan = plans[Math.min(choice, plans.length - 1)]!;
    const partial = plan.kind === "tile" ? writeTiles(attention, plan, passes) : writeRows(attention, plan, passes);
    if (partial) writeJoin(attention, plan.parts, partial, passes, target.threads);
  }
  return passes.launch;
}

/** How many ways there are to do it. */
export const attentionChoices = (kernel: AttentionKernel, sizes: readonly number[], target: GpuTarget): number =>
  Math.max(...byRows(kernel).map((rows) => plansOf(attentionOf(rows, new Passes(rows, sizes).slots), target).length));
