/** Threads of a GPU that exchange values. */
import type { OpenedGpu } from "./adapter.ts";
import { USAGE } from "./pages.ts";
import { Staging } from "./staging.ts";

/** Workgroups that are asked. */
const GROUPS = 64;

/**
 * How far each thread can see: it tells its own number to those that differ from it in one bit. WebGPU does not promise
 * that the threads of a subgroup have successive numbers.
 */
const SHADER = `enable subgroups;
@group(0) @binding(0) var<storage, read_write> least: atomic<u32>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) thread: u32) {
  var width = 1u;
  for (var mask = 1u; mask < 64u; mask *= 2u) {
    let other = subgroupShuffleXor(thread, mask);
    width = select(width, 2u * mask, (width == mask) & (other == (thread ^ mask)));
  }
  atomicMin(&least, width);
}
`;

/** How many neighbouring threads of a workgroup exchange values, a power of two; undefined where none do. */
export async function exchangeWidth({
  gpu,
  subgroup,
}: Pick<OpenedGpu, "gpu" | "subgroup">): Promise<number | undefined> {
  if (subgroup < 2) return undefined;
  const least = gpu.createBuffer({ size: 4, usage: USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST });
  const staging = new Staging(gpu);
  try {
    gpu.queue.writeBuffer(least, 0, Uint32Array.of(subgroup));
    const module = gpu.createShaderModule({ code: SHADER });
    const pipeline = await gpu.createComputePipelineAsync({ layout: "auto", compute: { module } });
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = [{ binding: 0, resource: { buffer: least } }];
    pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(GROUPS);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    return new Uint32Array((await staging.read(least, 0, 4)).buffer)[0];
  } catch {
    // A driver that cannot do what it says.
    return undefined;
  } finally {
    least.destroy();
    staging.destroy();
  }
}
