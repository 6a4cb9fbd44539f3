import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceError, explain, nn, optim, profile, rand, registerDevice, setDevice, type Tensor } from "../../index.ts";
import { deviceNamed } from "../../tensor/engine.ts";
import type { Timeline } from "../../tensor/timeline.ts";
import { openGpu } from "./adapter.ts";
import { WebGpuDevice } from "./device.ts";
import { Stopwatch } from "./stopwatch.ts";
import { hasWebGpu } from "./webgpu.testing.ts";

const layer = (x: Tensor, w: Tensor): Tensor => x.matmul(w).relu().softmax().sum(0);

describe.skipIf(!hasWebGpu)("WebGPU, measured", () => {
  beforeAll(() => {
    registerDevice("webgpu", () => new WebGpuDevice());
    setDevice("webgpu");
  });
  afterAll(() => setDevice("wasm"));
  const device = (): WebGpuDevice => deviceNamed("webgpu") as WebGpuDevice;

  test("[C21] every step has a time, rates and a share of what the GPU can do", async () => {
    const [x, w] = [rand([64, 96]), rand([96, 32])];
    const measured = await profile(layer, x, w);
    expect(measured.steps.map(({ step }) => step.key)).toEqual(explain(layer, x, w).steps.map(({ key }) => key));
    for (const { step, ms, gflops, gbps, share } of measured.steps) {
      expect(ms).toBeGreaterThan(0);
      expect(gflops).toBeCloseTo(step.launches.reduce((sum, k) => sum + k.flops, 0) / ms / 1e6, 9);
      expect(gbps).toBeCloseTo(step.launches.reduce((sum, k) => sum + k.bytes, 0) / ms / 1e6, 9);
      expect(share).toBeGreaterThan(0);
    }
    expect(measured.toString().split("\n")).toHaveLength(1 + measured.steps.length);
    const folder = await mkdtemp(join(tmpdir(), "myelin-profile-"));
    try {
      await measured.save(join(folder, "trace.json"));
      const { traceEvents } = JSON.parse(await readFile(join(folder, "trace.json"), "utf8")) as Timeline;
      const kernels = traceEvents.filter(({ cat }) => cat === "kernel");
      expect(kernels).toHaveLength(15 * measured.steps.length);
      let last = 0;
      for (const { ts, dur } of kernels) {
        expect(ts!).toBeGreaterThanOrEqual(last - 1e-6);
        last = ts! + dur!;
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("changes no state, and leaves no memory behind", async () => {
    const model = new nn.Linear(6, 3);
    const optimizer = new optim.Adam(model.parameters());
    const before = [...(await model.weight.data())];
    function train(x: Tensor): Tensor {
      optimizer.zeroGrad();
      const loss = model.forward(x).square().mean();
      loss.backward();
      optimizer.step();
      return loss;
    }
    const x = rand([5, 6]);
    await profile(train, x);
    const { allocated } = device().memoryUse();
    const explanation = explain(train, x);
    expect(explanation.toString({ times: await explanation.times() })).toMatch(/ms .* GFLOP\/s .* GB\/s .* % of limit/);
    // What is left is a program's words, until it is collected.
    expect(device().memoryUse().allocated - allocated).toBeLessThan(2 ** 16);
    expect([...(await model.weight.data())]).toEqual(before);
  });

  test("a GPU that is lost meanwhile: a typed error", async () => {
    const lost = new WebGpuDevice();
    registerDevice("lost", () => lost);
    setDevice("lost");
    try {
      const gpu = await lost.gpuDevice();
      const measuring = profile(layer, rand([64, 96]), rand([96, 32]));
      gpu.destroy();
      await expect(measuring).rejects.toThrow(DeviceError);
    } finally {
      setDevice("webgpu");
    }
  });

  test("with the GPU's clock and without: fifty times the work takes longer", async () => {
    const opened = await openGpu();
    const { gpu } = opened;
    const code = `
      @group(0) @binding(0) var<storage, read_write> x: array<f32>;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) i: vec3<u32>) {
        var sum = x[i.x];
        for (var k = 0; k < 50; k++) { sum = sum * 0.5f + 1.0f; }
        x[i.x] = sum;
      }`;
    const module = gpu.createShaderModule({ code });
    const pipeline = gpu.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    // GPUBufferUsage.STORAGE
    const buffer = gpu.createBuffer({ size: 2 ** 16, usage: 128 });
    const layout = pipeline.getBindGroupLayout(0);
    const group = gpu.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
    const clocks = [new Set<string>(), ...(opened.features.has("timestamp-query") ? [opened.features] : [])];
    for (const features of clocks) {
      const stopwatch = new Stopwatch({ gpu, features });
      const time = (dispatches: number): Promise<number> =>
        stopwatch.time((commands) => {
          const pass = commands.pass();
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          for (let k = 0; k < dispatches; k++) pass.dispatchWorkgroups(256);
        });
      const times: [number, number] = [Infinity, Infinity];
      for (let round = 0; round < 5; round++) {
        times[0] = Math.min(times[0], await time(1));
        times[1] = Math.min(times[1], await time(50));
      }
      expect(times[0]).toBeGreaterThan(0);
      expect(times[1]).toBeGreaterThan(times[0]);
      stopwatch.destroy();
    }
    gpu.destroy();
  });
});
