/** For tests: the GPU of this machine, or a reason to skip. */
import type { GpuLaunch } from "../gpu/kernel.ts";
import { WebGpuDevice } from "./device.ts";
import { renderShader } from "./shader.ts";

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

/** Runs a launch without scalars on the GPU; what is in its buffers then. */
export async function runLaunch<M extends Float32Array | Uint8Array>(
  { passes, temporaries }: GpuLaunch,
  memories: readonly M[],
): Promise<M[]> {
  const gpu = await webgpu.gpuDevice();
  const made: GPUBuffer[] = [];
  const buffer = (bytes: number, usage: number): GPUBuffer => {
    const one = gpu.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage });
    made.push(one);
    return one;
  };
  const globals = memories.map((m) => {
    const one = buffer(m.byteLength, 0x8c);
    const words = new Uint8Array(one.size);
    words.set(new Uint8Array(m.buffer, m.byteOffset, m.byteLength));
    gpu.queue.writeBuffer(one, 0, words);
    return one;
  });
  const handed = temporaries.map((bytes) => buffer(bytes, 0x80));
  const encoder = gpu.createCommandEncoder();
  const computing = encoder.beginComputePass();
  for (const pass of passes) {
    const bound = pass.buffers.map((b) => (typeof b === "number" ? globals[b]! : handed[b.temporary]!));
    const layout = { bindings: bound.map((_, i) => i), based: bound.map(() => false) };
    const { code } = renderShader(pass.kernel, layout, { f16: false });
    const groups = gpu.createBindGroupLayout({
      entries: [...bound, undefined].map((b, binding) => ({
        binding,
        visibility: 4,
        buffer: { type: b ? "storage" : "uniform" },
      })),
    });
    const pipeline = await gpu.createComputePipelineAsync({
      layout: gpu.createPipelineLayout({ bindGroupLayouts: [groups] }),
      compute: { module: gpu.createShaderModule({ code }), entryPoint: "main" },
    });
    const uniform = buffer(4 * (pass.sizes.length + 1), 0x48);
    gpu.queue.writeBuffer(uniform, 0, Int32Array.from(pass.sizes));
    computing.setPipeline(pipeline);
    const entries = [...bound, uniform].map((one, binding) => ({ binding, resource: { buffer: one } }));
    computing.setBindGroup(0, gpu.createBindGroup({ layout: groups, entries }));
    computing.dispatchWorkgroups(pass.workgroups);
  }
  computing.end();
  const staging = memories.map((m, i) => {
    const one = buffer(m.byteLength, 0x9);
    encoder.copyBufferToBuffer(globals[i]!, 0, one, 0, one.size);
    return one;
  });
  gpu.queue.submit([encoder.finish()]);
  const results = await Promise.all(
    staging.map(async (one, i) => {
      await one.mapAsync(1);
      const { constructor, byteLength } = memories[i]!;
      return new (constructor as new (bytes: ArrayBuffer) => M)(one.getMappedRange().slice(0, byteLength));
    }),
  );
  for (const one of made) one.destroy();
  return results;
}
