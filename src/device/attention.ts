/** Attention for all devices. */
import { lowerAttention as onProcessors } from "./cpu/attention-loops.ts";
import { lowerAttention as onGpus } from "./gpu/attention.ts";
import { bring } from "./lowerings.ts";

/** To be called by whoever builds attention: devices can run its kernels from now on. */
export function bringAttention(): void {
  bring({ processor: onProcessors, gpu: onGpus });
}
