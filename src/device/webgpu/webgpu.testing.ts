/** For tests: the GPU of this machine, or a reason to skip. */
import { WebGpuDevice } from "./device.ts";

const first = new WebGpuDevice();

/** Whether there is a GPU, if only one in software. Where there is none, tests that need one are skipped, and say why. */
export const hasWebGpu: boolean = await first.gpuDevice().then(
  () => true,
  (error: unknown) => {
    console.warn(`Tests of WebGPU are skipped. ${(error as Error).message}`);
    return false;
  },
);

/** The device that tests share. */
export const webgpu: WebGpuDevice = first;
