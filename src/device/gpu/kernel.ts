/**
 * What GPUs run: kernels of one loop over workgroups (`grid`) around one loop over threads (`thread`), with shared and
 * register memory and barriers inside. Floors above know none of this; devices lower a launch when they prepare a program.
 */
import type { Loop, LoopKernel } from "../../ir/kernel.ts";

/** What lowering must know of a GPU. */
export interface GpuTarget {
  /** Most threads of a workgroup. */
  readonly threads: number;
  /** Bytes of memory that a workgroup shares. */
  readonly sharedBytes: number;
  /** Is it a program that runs shaders on a processor? There, shared memory and barriers cost more than they save. */
  readonly software?: boolean;
  /**
   * How many neighbouring threads can exchange values without shared memory: a power of two. Undefined where none can.
   * No result depends on it.
   */
  readonly exchange?: number | undefined;
}

/** What every WebGPU device grants. */
export const LEAST_GPU: GpuTarget = { threads: 256, sharedBytes: 16_384 };

/** `body` is one `grid` loop whose body is one `thread` loop of fixed extent; sizes of its own buffers are fixed numbers. */
export interface GridKernel extends LoopKernel {
  readonly body: readonly [Loop];
}

/** One dispatch. It sees everything that the passes before it stored. */
export interface Pass {
  readonly kernel: GridKernel;
  /** Content address of the kernel. Equal keys have the same kernel; sizes are not part of it. */
  readonly key: string;
  /** Extent of the `grid` loop. */
  readonly workgroups: number;
  /** What its global buffers are, in order: those of the launch by their number, or memory that only the passes know. */
  readonly buffers: readonly (number | { readonly temporary: number })[];
  /** Values of its size slots. Its scalar slots are those of the launch. */
  readonly sizes: readonly number[];
}

/** One launch of one of the compiler's kernels, as a GPU does it. */
export interface GpuLaunch {
  readonly passes: readonly Pass[];
  /** Bytes of each piece of memory that passes hand on; nothing in it outlives the launch. */
  readonly temporaries: readonly number[];
}
