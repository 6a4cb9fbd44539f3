/** From a launch of one of the compiler's kernels to the passes that a GPU runs. */
import type { Kernel } from "../../ir/kernel.ts";
import { attentionLowerings } from "../lowerings.ts";
import { lowerContraction } from "./contract.ts";
import type { GpuLaunch, GpuTarget } from "./kernel.ts";
import { lowerLoops } from "./loops.ts";

/**
 * @param step the kernel, and its text.
 * @param sizes values of the kernel's size slots.
 * @param choice which of the ways to do a contraction, from 0, the default, for the one that should be fastest.
 */
export function lowerLaunch(
  { kernel, key }: { readonly kernel: Kernel; readonly key: string },
  sizes: readonly number[],
  target: GpuTarget,
  choice: number = 0,
): GpuLaunch {
  switch (kernel.kind) {
    case "loops":
      return lowerLoops(kernel, sizes, target);
    case "contract":
      return lowerContraction(kernel, key, sizes, target, choice);
    case "attention":
      return attentionLowerings().gpu(kernel, sizes, target);
  }
}

/** Names a use of a kernel. */
export const choiceKey = (key: string, sizes: readonly number[]): string => `${sizes.join()} ${key}`;
