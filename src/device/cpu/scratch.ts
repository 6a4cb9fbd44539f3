import { byteSize } from "../../core/dtype.ts";
import type { AttentionKernel, LoopKernel } from "../../ir/kernel.ts";
import { aligned } from "../heap.ts";
import { attentionWords } from "./attention.ts";
import { loopsOf } from "./lowered.ts";
import type { Target } from "./target.ts";

/** Bytes of scratch memory that one thread needs for a kernel that becomes loops, for these sizes: each buffer on a boundary of its own. */
export function scratchBytes(kernel: LoopKernel | AttentionKernel, sizes: readonly number[], target: Target): number {
  const all = kernel.kind === "attention" ? [...sizes, ...attentionWords(kernel, sizes, target)] : sizes;
  const { buffers, parameters } = loopsOf(kernel, target);
  return buffers.reduce((bytes, { space, size = 0, dtype }) => {
    if (space === "global") return bytes;
    const count = typeof size === "number" ? size : all[size.slot - parameters.scalars.length]!;
    return bytes + aligned(count * byteSize(dtype));
  }, 0);
}
