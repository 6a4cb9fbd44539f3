import type { AttentionKernel, LoopKernel } from "../../ir/kernel.ts";
import { turnAcross } from "./across.ts";
import { attentionLoops } from "./attention.ts";
import type { Target } from "./target.ts";

/** A parameterized kernel as the loops that devices of the processor run. */
export function loopsOf(kernel: LoopKernel | AttentionKernel, target: Target): LoopKernel {
  return kernel.kind === "loops" ? turnAcross(kernel) : attentionLoops(kernel, target);
}
