/** One element is a range as well: maps over one element become segments of maps over many. */
import { constant, index as freshIndex, type Expression } from "../ir/expression.ts";
import type { Kernel, Loop, LoopKernel, Statement, Store } from "../ir/kernel.ts";
import { substitute } from "../ir/substitute.ts";
import type { Kernelized } from "./kernelize.ts";

const isStore = (s: Statement): s is Store => s.kind === "store";

/**
 * Gives a kernel without loops the loop of another one that does the same to its first element, so that both run as one
 * step: an optimizer is one launch although some parameters are single numbers.
 */
export function loopOverOne(kernels: readonly Kernelized[]): readonly Kernelized[] {
  if (!kernels.some((k) => storesOfOne(k.kernel))) return kernels;
  const distinct = new Set(kernels.map((k) => k.kernel));
  const loops = new Map<string, Loop>();
  for (const kernel of distinct) {
    const loop = loopOfStores(kernel);
    if (loop) loops.set(contentOf(kernel, storesAtFirst(loop)), loop);
  }
  const looped = new Map<Kernel, LoopKernel>();
  for (const kernel of distinct) {
    const stores = storesOfOne(kernel);
    const loop = stores && loops.get(contentOf(kernel, stores));
    if (loop) looped.set(kernel, { ...kernel, body: [withExtentOne(loop)] } as LoopKernel);
  }
  return kernels.map((k) => ({ ...k, kernel: looped.get(k.kernel) ?? k.kernel }));
}

/** What a kernel stores that has no loop. */
const storesOfOne = (kernel: Kernel): readonly Store[] | undefined =>
  kernel.kind === "loops" && kernel.body.every(isStore) ? kernel.body : undefined;

/** The loop of a kernel that is nothing but a loop of stores. */
function loopOfStores(kernel: Kernel): Loop | undefined {
  if (kernel.kind !== "loops" || kernel.body.length !== 1) return undefined;
  const [only] = kernel.body;
  return only!.kind === "loop" && !only.accumulators.length && only.body.every(isStore) ? only : undefined;
}

const replaceIn = (stores: readonly Statement[], index: Expression, by: Expression): Store[] => {
  const replace = new Map([[index, by]]);
  const memo = new Map<Expression, Expression>();
  return (stores as readonly Store[]).map((s) => ({
    ...s,
    offset: substitute(s.offset, replace, memo),
    value: substitute(s.value, replace, memo),
  }));
};

const storesAtFirst = (loop: Loop): Store[] => replaceIn(loop.body, loop.index, constant(0, "i32"));

function withExtentOne(loop: Loop): Loop {
  const index = freshIndex(1);
  return { ...loop, index, extent: 1, body: replaceIn(loop.body, loop.index, index) };
}

/** Equal for kernels that bind and store the same: expressions are interned. */
const contentOf = ({ buffers, parameters }: Kernel, stores: readonly Store[]): string =>
  [
    ...buffers.map((b) => `${b.dtype} ${b.space} ${b.access}`),
    ...parameters.scalars,
    ...stores.map((s) => `${s.buffer}[${s.offset.id}]=${s.value.id}`),
  ].join();
