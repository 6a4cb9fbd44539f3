// Memory beyond WebAssembly's: tensors and scratch there, programs that need it, and what happens where it cannot be had.
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { DeviceError } from "../../core/errors.ts";
import { decodeTensors, encodeTensors } from "../../formats/tensors.ts";
import { add } from "../../graph/ops/binary.ts";
import { input } from "../../graph/ops/leaf.ts";
import * as nn from "../../nn/index.ts";
import { AdamW } from "../../optim/index.ts";
import { Cell } from "../../tensor/cell.ts";
import { tensor } from "../../tensor/create.ts";
import { currentDevice, registerDevice, setDevice } from "../../tensor/engine.ts";
import { jit } from "../../tensor/jit.ts";
import { BufferTensor } from "../../tensor/parameter.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { spread } from "../../tensor/devices.testing.ts";
import { compiledOn } from "../compiled.testing.ts";
import { NoRoom } from "../heap.ts";
import { opCases } from "../suite.ts";
import { NativeDevice, type NativeOptions } from "./device.ts";
import { NEEDS_COMPILER, newPath, toolchain } from "./native.testing.ts";

const LIMIT = 600_000;
const before = currentDevice();
afterEach(() => setDevice(before));

let devices = 0;
/** Makes a device the current one. */
function use(options: NativeOptions): NativeDevice {
  const name = `native ${devices++}`;
  const device = new NativeDevice({ name, ...options });
  registerDevice(name, () => device);
  setDevice(name);
  return device;
}

class Net extends nn.Module {
  conv = new nn.Conv2d(1, 6, 3, { padding: 1 });
  norm = new nn.LayerNorm([6, 8, 8]);
  out = new nn.Linear(384, 5);
  forward(x: Tensor): Tensor {
    return this.out.forward(this.norm.forward(this.conv.forward(x)).relu().reshape([-1, 384]));
  }
}

/** Losses of a few training steps, and the model. */
async function train(): Promise<{ losses: number[]; model: Net }> {
  manualSeed(7);
  const model = new Net();
  const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
  const x = tensor(Float32Array.from(spread(16 * 64)), [16, 1, 8, 8]);
  const y = tensor(Float32Array.from(spread(16 * 5, 2)), [16, 5]);
  const step = jit((x: Tensor, y: Tensor) => {
    const loss = model.forward(x).sub(y).square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  const losses: number[] = [];
  for (let i = 0; i < 6; i++) losses.push((await step(x, y).item()) as number);
  return { losses, model };
}

describe.skipIf(!toolchain)(`memory beyond WebAssembly's${NEEDS_COMPILER}`, () => {
  test("training there gives the same bits", async () => {
    use({ runsBefore: 0 });
    const near = await train();
    const device = use({ runsBefore: 0, nearBytes: 0 });
    const far = await train();
    expect(far.losses).toEqual(near.losses);
    expect(far.losses[5]).toBeLessThan(far.losses[0]! / 2);
    expect(device.memoryUse().reserved).toBeGreaterThan(2 ** 28);
    device.dispose();
  });

  test("what is saved from there comes back", async () => {
    use({ nearBytes: 0 });
    const { model } = await train();
    const state = model.stateDict();
    const bytes = await encodeTensors(state);
    use({});
    for (const [name, value] of Object.entries(decodeTensors(bytes)))
      expect(value.dataSync()).toEqual(state[name]!.dataSync());
  });

  test("a program that does not fit runs as machine code from its first run, on state from both sides", () => {
    const BYTES = 2 ** 20;
    const device = use({ nearBytes: 3 * BYTES });
    const elements = Float32Array.from(spread(BYTES / 4));
    const cells = Array.from({ length: 4 }, () => new BufferTensor(Cell.of(elements, [BYTES / 4], "f32")));
    const [first, , , last] = cells as [BufferTensor, BufferTensor, BufferTensor, BufferTensor];
    // Results lie anywhere while a program runs; they are given back at once.
    const double = (x: Tensor): number => x.mul(2).sum().itemSync() as number;
    const sum = elements.reduce((a, b) => a + b, 0);
    expect(double(first)).toBeCloseTo(2 * sum, 2);
    expect(double(last)).toBe(double(first));
    jit(() => first.assign(last.add(1)))();
    jit(() => last.assign(first.add(1)))();
    expect(first.dataSync()).toEqual(elements.map((x) => x + 1));
    expect(last.dataSync()).toEqual(first.dataSync().map((x) => x + 1));
    expect(device.memoryUse().allocated).toBeGreaterThan(4 * BYTES);
  });

  test("bytes are written, read, copied and filled on both sides", () => {
    const device = new NativeDevice({ nearBytes: 2 ** 17 });
    const near = device.alloc(2 ** 15);
    const far = device.alloc(2 ** 18);
    const bytes = Uint8Array.from({ length: 2 ** 15 }, (_, i) => i * 7);
    device.write(far, bytes.subarray(5, 25), 100);
    expect(device.readSync(far, 101, 3)).toEqual(bytes.slice(6, 9));
    device.write(near, bytes);
    device.copy(near, far);
    expect(device.readSync(far, 0, 2 ** 15)).toEqual(bytes);
    device.fill(near, 3);
    const back = device.alloc(2 ** 18);
    device.copy(far, back);
    expect(device.readSync(back, 0, 2 ** 15)).toEqual(bytes);
    device.fill(back, 9);
    expect(new Set(device.readSync(back))).toEqual(new Set([9]));
    expect(() => device.readSync(far, 0, 2 ** 18 + 1)).toThrow(DeviceError);
    const { allocated } = device.memoryUse();
    device.free(far);
    expect(device.memoryUse().allocated).toBe(allocated - 2 ** 18);
    expect(() => device.free(far)).toThrow(/freed before/);
    device.dispose();
    expect(() => device.readSync(back)).toThrow(/was disposed of/);
    expect(device.readSync(near, 0, 1)).toEqual(Uint8Array.of(3));
  });

  test("more than the machine has is refused, and what there is stays", () => {
    const device = new NativeDevice({ nearBytes: 0 });
    const memory = device.alloc(1000);
    device.fill(memory, 5);
    expect(() => device.alloc(2 ** 45)).toThrow(NoRoom);
    expect(() => device.alloc(2 ** 45)).toThrow(
      /^alloc: 32768\.0 GiB were asked for, and of the machine's .* GiB 1\.0 KiB are in use/,
    );
    expect(device.readSync(memory, 999, 1)).toEqual(Uint8Array.of(5));
    device.dispose();
  });

  test("tensors of more elements than kernels count are refused", () => {
    const device = new NativeDevice();
    const huge = (): ReturnType<typeof input> => input([2 ** 16, 2 ** 15], "u8", { requiresGrad: false });
    const { program } = compile({ results: [add(huge(), huge())], updates: [] });
    expect(() => device.prepare(program)).toThrow(/has 2147483648 elements, and kernels count to 2147483647/);
  });

  test("told to use WebAssembly alone, a device says what it cannot reach", () => {
    const device = use({ nearBytes: 0 });
    const x = new BufferTensor(Cell.of(new Float32Array(10).fill(2), [10], "f32"));
    expect(x.sum().itemSync()).toBe(20);
    device.fixTier("wasm");
    expect(() => x.sum().itemSync()).toThrow(/which only machine code reaches, but .* told to use WebAssembly alone/);
    expect(tensor([1, 2]).sum().itemSync()).toBe(3);
  });

  test("part of the op suite runs there", { timeout: LIMIT }, async () => {
    const device = new NativeDevice({ nearBytes: 0 });
    const cases = opCases({ evaluate: compiledOn(device) }).filter((_, i) => i % 100 === 0);
    for (const { run } of cases) await run();
    expect(device.tier).toBe("native");
    expect(device.memoryUse().reserved).toBeGreaterThan(2 ** 28);
    device.dispose();
  });

  test.skipIf(!process.env["MYELIN_FULL"])("holds 4.5 GiB of state, and changes it", { timeout: LIMIT }, () => {
    const device = use({});
    const count = 2 ** 27;
    const elements = new Float32Array(count).fill(0.5);
    const cells = Array.from({ length: 9 }, () => new BufferTensor(Cell.of(elements, [count], "f32")));
    const [first, , , , , , , , last] = cells;
    expect(device.memoryUse().allocated).toBeGreaterThanOrEqual(4.5 * 2 ** 30);
    const step = jit(() => {
      for (const cell of cells) cell.assign(cell.mul(2).add(first!));
      return last!.max();
    });
    expect([step().itemSync(), step().itemSync()]).toEqual([2.5, 9.5]);
    expect(cells.map((cell) => [cell.min().itemSync(), cell.max().itemSync()])).toEqual(
      cells.map((cell) => (cell === first ? [4.5, 4.5] : [9.5, 9.5])),
    );
    device.dispose();
  });
});

describe("without a compiler", () => {
  afterAll(() => void vi.unstubAllEnvs());

  test("there is what WebAssembly has, and the error says what is missing", () => {
    vi.stubEnv("MYELIN_CC", newPath("none"));
    vi.stubEnv("MYELIN_CACHE", newPath("cache"));
    const device = new NativeDevice({ nearBytes: 2 ** 20 });
    expect(device.alloc(2 ** 21).bytes).toBe(2 ** 21);
    expect(() => device.alloc(2 ** 33)).toThrow(
      /^alloc: 8\.0 GiB were asked for, .* Native memory would have more, but native: the C compiler ".*none" was not found\. Check MYELIN_CC\./,
    );
  });
});
