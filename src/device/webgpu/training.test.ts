/** Training on WebGPU, as users write it. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  DeviceError,
  describeDevices,
  DTypeError,
  jit,
  losses,
  manualSeed,
  nn,
  optim,
  rand,
  registerDevice,
  setDevice,
  tensor,
  type Tensor,
} from "../../index.ts";
import { deviceNamed } from "../../tensor/engine.ts";
import { WebGpuDevice } from "./device.ts";
import { hasWebGpu } from "./webgpu.testing.ts";

const LIMIT = 3_600_000;
const FULL = process.env["MYELIN_FULL"] ? 10_000 : undefined;

/** A step of training, and a weight: with these widths what the benchmark calls mlp32. */
function mlp(pixels = 784, hidden = 128): { step: () => Tensor; weight: Tensor } {
  manualSeed(1);
  const model = nn.sequential(new nn.Linear(pixels, hidden), nn.relu, new nn.Linear(hidden, 10));
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const x = rand([32, pixels]);
  const labels = tensor(
    Array.from({ length: 32 }, (_, i) => (i * 7) % 10),
    { dtype: "i32" },
  );
  const step = jit((x: Tensor, labels: Tensor) => {
    optimizer.zeroGrad();
    const loss = losses.crossEntropy(model.forward(x), labels);
    loss.backward();
    optimizer.step();
    return loss;
  });
  return { step: () => step(x, labels), weight: model.parameters()[0] };
}

describe.skipIf(!hasWebGpu)("WebGPU, training", () => {
  beforeAll(() => registerDevice("webgpu", () => new WebGpuDevice()));
  afterEach(() => setDevice("wasm"));
  const device = (): WebGpuDevice => deviceNamed("webgpu") as WebGpuDevice;

  test("[D9] a network learns as it does on the processor", async () => {
    const curves: number[][] = [];
    for (const name of ["wasm", "webgpu"]) {
      setDevice(name);
      const { step } = mlp();
      const curve: number[] = [];
      for (let k = 0; k < 12; k++) curve.push(await step().item());
      curves.push(curve);
    }
    const [wasm, webgpu] = curves;
    expect(wasm![11]).toBeLessThan(wasm![0]!);
    webgpu!.forEach((loss, k) => expect(Math.abs(loss - wasm![k]!)).toBeLessThan(1e-4));
  });

  // Wide, a step takes milliseconds on a GPU in software, and up to a tenth of a second on a busy machine. What leaks does so
  // with every step, whatever its width.
  const networks = [
    { name: "mlp32", pixels: 784, hidden: 128, steps: FULL ?? 150 },
    { name: "narrow mlp32", pixels: 16, hidden: 8, steps: FULL ?? 2000 },
  ];
  for (const { name, pixels, hidden, steps } of networks)
    test(
      `${steps} steps of ${name} leave no buffer and no group of bindings behind`,
      async () => {
        // On one of its own: on another, networks of other tests may still wait to be collected.
        const own = new WebGpuDevice();
        registerDevice(name, () => own);
        setDevice(name);
        const { step } = mlp(pixels, hidden);
        const run = async (count: number): Promise<void> => {
          for (let k = 0; k < count; k++) {
            const loss = step();
            if (k % 10 === 0) await loss.item();
            await own.room();
          }
        };
        await run(60);
        const before = own.counts;
        await run(steps);
        const { buffers, groups, pipelines } = own.counts;
        expect(buffers).toBeLessThanOrEqual(before.buffers);
        expect(pipelines).toBe(before.pipelines);
        // Losses that nobody holds are elsewhere each time, until they are collected.
        expect(groups).toBeLessThanOrEqual(before.groups + 4);
      },
      LIMIT,
    );

  test("a GPU that is lost in mid-training: what was read is there, what comes is refused, and it can be opened again", async () => {
    setDevice("webgpu");
    const { step, weight } = mlp();
    await step().item();
    const known = [...(await weight.data())];
    const gpu = await device().gpuDevice();
    const pending = step().item();
    gpu.destroy();
    await expect(pending).rejects.toThrow(DeviceError);
    await expect(pending).rejects.toThrow(/^webgpu: the GPU was lost/);
    const { message } = await device().lost;
    expect(message).toMatch(/go on from the last checkpoint/);
    expect(() => step()).toThrow(DeviceError);
    expect([...(await weight.data())]).toEqual(known);
    setDevice("webgpu");
    const again = mlp();
    expect(Number.isFinite(await again.step().item())).toBe(true);
  });

  test("f64 is refused where it is asked for", async () => {
    setDevice("webgpu");
    const x = tensor([1, 2, 3]);
    await expect((async () => x.cast("f64").mul(2).data())()).rejects.toThrow(DTypeError);
    await expect((async () => x.cast("f64").mul(2).data())()).rejects.toThrow(
      /f64, which webgpu does not have.*cast\("f32"\)/,
    );
  });

  test("what there is here", async () => {
    const reports = await describeDevices();
    expect(reports.find(({ name }) => name === "webgpu")).toMatchObject({
      available: true,
      current: false,
      about: expect.stringMatching(/^WebGPU: ./),
      limits: { f64: false, maxBytes: expect.any(Number) },
      memory: { allocated: expect.any(Number) },
    });
    expect(reports.find(({ name }) => name === "wasm")).toMatchObject({ available: true, current: true });
  });
});
