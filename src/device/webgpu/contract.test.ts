import { describe, expect, test } from "vitest";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import { contractionChoices, lowerContraction } from "../gpu/contract.ts";
import { memoriesOf, product } from "../gpu/contract.testing.ts";
import { LEAST_GPU, type GpuLaunch } from "../gpu/kernel.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { renderShader } from "./shader.ts";
import { hasWebGpu, webgpu } from "./webgpu.testing.ts";

/** Runs a launch without scalars; the result is its last buffer. */
async function run({ passes, temporaries }: GpuLaunch, memories: readonly Float32Array[]): Promise<Float32Array> {
  const gpu = await webgpu.gpuDevice();
  const made: GPUBuffer[] = [];
  const buffer = (bytes: number, usage: number): GPUBuffer => {
    const one = gpu.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage });
    made.push(one);
    return one;
  };
  const globals = memories.map((m) => buffer(m.byteLength, 0x8c));
  const handed = temporaries.map((bytes) => buffer(bytes, 0x80));
  memories.forEach((m, i) => gpu.queue.writeBuffer(globals[i]!, 0, m as Float32Array<ArrayBuffer>));
  const encoder = gpu.createCommandEncoder();
  const computing = encoder.beginComputePass();
  for (const pass of passes) {
    const bound = pass.buffers.map((b) => (typeof b === "number" ? globals[b]! : handed[b.temporary]!));
    const layout = { bindings: bound.map((_, i) => i), based: bound.map(() => false) };
    const { code } = renderShader(pass.kernel, layout, { f16: false, subgroups: false });
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
  const { length } = memories.at(-1)!;
  const staging = buffer(4 * length, 0x9);
  encoder.copyBufferToBuffer(globals.at(-1)!, 0, staging, 0, 4 * length);
  gpu.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const result = new Float32Array(staging.getMappedRange().slice(0, 4 * length));
  for (const one of made) one.destroy();
  return result;
}

describe.skipIf(!hasWebGpu)("contractions as WGSL", () => {
  // Software has its own plans: these are those of other GPUs.
  for (const [b, m, n, k] of [
    [1, 36, 40, 32],
    [2, 33, 37, 19],
    [1, 20, 24, 300],
    [1, 1, 96, 128],
    [3, 5, 7, 9],
  ] as const)
    test(`${b} × ${m} × ${n} × ${k} in tiles`, async () => {
      // Shaders with barriers take their time here: two of the layouts for each shape.
      for (const turnLeft of [false, true]) {
        const turnRight = turnLeft !== (k % 2 === 1);
        const kernel = product(b, m, n, k, turnLeft, turnRight);
        const { kernel: general, sizes } = parameterize(kernel);
        const buffers = memoriesOf(b, m, n, k);
        const { choices } = contractionChoices(general, sizes, LEAST_GPU);
        const choice = (Number(turnLeft) + 2 * Number(turnRight)) % Math.min(3, choices);
        const got = await run(lowerContraction(general, printKernel(general), sizes, LEAST_GPU, choice), buffers);
        interpretKernel(kernel, [{ buffers, parameters: [] }]);
        expect([...got]).toEqual([...buffers[2]!]);
      }
    }, 300_000);
});
