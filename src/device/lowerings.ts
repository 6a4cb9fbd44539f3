/**
 * What makes loops of attention, for programs that have it. Most have none, and devices do not import it: who builds the operation brings
 * the lowerings along, so that a page which never attends does not download them.
 */
import { DeviceError } from "../core/errors.ts";
import type { AttentionKernel } from "../ir/kernel.ts";
import type { Lowered } from "./cpu/attention-loops.ts";
import type { Target } from "./cpu/target.ts";
import type { GpuLaunch, GpuTarget } from "./gpu/kernel.ts";

export interface AttentionLowerings {
  processor(kernel: AttentionKernel, target: Target): Lowered;
  gpu(kernel: AttentionKernel, sizes: readonly number[], target: GpuTarget): GpuLaunch;
}

let brought: AttentionLowerings | undefined;

export function bring(lowerings: AttentionLowerings): void {
  brought = lowerings;
}

/** @throws DeviceError where nobody brought them: a defect of what built the operation. */
export function attentionLowerings(): AttentionLowerings {
  if (!brought)
    throw new DeviceError(
      "attention: its operation was built without `bringAttention`, so no device knows its kernels",
    );
  return brought;
}
