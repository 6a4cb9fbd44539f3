import { byteSize } from "../../core/dtype.ts";
import type { LoopKernel } from "../../ir/kernel.ts";
import { aligned } from "../heap.ts";

/** Bytes of scratch memory that one thread needs for a kernel of loops, for these sizes: each buffer on a boundary of its own. */
export function scratchBytes(
  { buffers, parameters }: Pick<LoopKernel, "buffers" | "parameters">,
  sizes: readonly number[],
): number {
  return buffers.reduce((bytes, { space, size = 0, dtype }) => {
    if (space === "global") return bytes;
    const count = typeof size === "number" ? size : sizes[size.slot - parameters.scalars.length]!;
    return bytes + aligned(count * byteSize(dtype));
  }, 0);
}
