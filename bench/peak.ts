/** What a GPU can do at most, measured: multiply-adds in registers. */

const THREADS = 256;
const STEPS = 512;
/** Independent sums of four numbers in a thread: enough to hide how long one takes. */
const SUMS = 8;

/** Multiply-adds that no compiler can leave out: each depends on the one before, and the last is written. */
const CODE = `
@group(0) @binding(0) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(${THREADS}) fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = out[0];
  ${Array.from({ length: SUMS }, (_, i) => `var s${i} = a + ${i}.5;`).join(" ")}
  for (var i = 0u; i < ${STEPS}u; i++) {
    ${Array.from({ length: SUMS }, (_, i) => `s${i} = fma(s${i}, a, a);`).join(" ")}
  }
  out[id.x] = ${Array.from({ length: SUMS }, (_, i) => `s${i}`).join(" + ")};
}`;

/** GFLOP/s of a device in single precision, without what tensor cores add: the best of some runs of some milliseconds. */
export async function peakGflops(gpu: GPUDevice): Promise<number> {
  const module = gpu.createShaderModule({ code: CODE });
  const pipeline = await gpu.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
  const most = Math.min(gpu.limits.maxComputeWorkgroupsPerDimension, 8192);
  // GPUBufferUsage.STORAGE; Node has no names for it.
  const out = gpu.createBuffer({ size: 16 * THREADS * most, usage: 0x80 });
  const group = gpu.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: out } }],
  });
  const run = async (groups: number): Promise<number> => {
    const begin = performance.now();
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(groups);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
    return performance.now() - begin;
  };
  await run(1);
  let groups = 16;
  // Long enough for the clock, and for every unit to have work.
  while (groups < most && (await run(groups)) < 50) groups *= 2;
  groups = Math.min(groups, most);
  let best = Infinity;
  for (let i = 0; i < 5; i++) best = Math.min(best, await run(groups));
  out.destroy();
  return (2 * 4 * SUMS * STEPS * THREADS * groups) / best / 1e6;
}
