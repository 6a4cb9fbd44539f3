/** What large arrays need, tried with small ones: GPUs that are taken to bind little at once. */
import { describe, expect, test } from "vitest";
import type { DType } from "../../core/dtype.ts";
import { binary, constant, index, load, type Expression } from "../../ir/expression.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { compiledOn } from "../compiled.testing.ts";
import type { Memory, Program } from "../device.ts";
import { randomGraphs } from "../random-graphs.testing.ts";
import { opCases } from "../suite.ts";
import { floats, step } from "../wasm/handmade.ts";
import { kernelOf, loop, read, store, write } from "../kernels.testing.ts";
import type { MemoryLimits } from "./adapter.ts";
import { WebGpuDevice } from "./device.ts";
import { hasWebGpu } from "./webgpu.testing.ts";

const FULL = Boolean(process.env["MYELIN_FULL"]);
const LIMIT = 3_600_000;
const DTYPES: readonly DType[] = ["f32", "f16", "bf16", "i32", "u32", "u8", "bool"];

/** out[i] = Σ of so many inputs at `at(i)`. */
function sumOf(n: number, inputs: number, at: (i: Expression) => Expression = (i) => i): Kernel {
  const i = index(n);
  const terms = Array.from({ length: inputs }, (_, b) => load(b, "f32", at(i)));
  const sum = terms.reduce((a: Expression, b: Expression) => binary("add", a, b));
  return kernelOf([...terms.map(() => read("f32")), write("f32")], [loop("parallel", i, [store(inputs, i, sum)])]);
}

const programOf = (kernel: Kernel, bytes: number): Program => ({
  tape: [step({ kernel, buffers: kernel.buffers.map((_, binding) => ({ binding })) })],
  bindings: kernel.buffers.map(() => bytes),
  scalars: [],
  scratchBytes: 0,
});

/** A device, and what is done with it. */
function on(memory: Partial<MemoryLimits>): {
  readonly device: WebGpuDevice;
  upload(data: Float32Array): Memory;
  download(memory: Memory): Promise<Float32Array>;
  run(kernel: Kernel, memories: readonly Memory[]): void;
} {
  const device = new WebGpuDevice({ memory });
  return {
    device,
    upload(data) {
      const made = device.alloc(data.byteLength);
      device.write(made, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return made;
    },
    download: async (from) => new Float32Array((await device.read(from)).buffer),
    run: (kernel, memories) => device.run(device.prepare(programOf(kernel, memories[0]!.bytes)), memories, []),
  };
}

describe.skipIf(!hasWebGpu)("WebGPU that binds little", () => {
  const { device, upload, download, run } = on({ bindings: 8, bindingBytes: 1024, bufferBytes: 2048 });
  const evaluate = compiledOn(device);

  test("[D9] memory of several buffers is written, filled, copied and read across their borders", async () => {
    await device.ready();
    expect(device.limits.maxBytes).toBe(8 * 1024);
    const n = 1000;
    const x = floats(n, 1);
    const [a, b] = [upload(x), device.alloc(4 * n)];
    device.fill(b, 0);
    expect(await download(b)).toEqual(new Float32Array(n));
    device.copy(a, b);
    device.write(b, Uint8Array.of(1, 2, 3, 4, 5, 6), 2045);
    const bytes = new Uint8Array(x.slice().buffer);
    bytes.set([1, 2, 3, 4, 5, 6], 2045);
    expect(await device.read(b)).toEqual(bytes);
    expect(await device.read(b, 2043, 9)).toEqual(bytes.slice(2043, 2052));
    expect(await download(a)).toEqual(x);
    for (const memory of [a, b]) device.free(memory);
  });

  test("[D9] an array that no binding holds is seen through several, wherever it is read", async () => {
    const n = 700;
    const x = floats(n, 3);
    const [a, b] = [upload(x), device.alloc(4 * n)];
    run(
      sumOf(n, 1, (i) => binary("sub", constant(n - 1, "i32"), i)),
      [a, b],
    );
    expect(await download(b)).toEqual(x.slice().reverse());
    for (const memory of [a, b]) device.free(memory);
  });

  test(
    "[D9] arrays that are too many or too large for all bindings: workgroups take turns",
    async () => {
      const { device, upload, download, run } = on({ bindings: 4, bindingBytes: 2 ** 16, bufferBytes: 2 ** 18 });
      const n = 50_000;
      const inputs = Array.from({ length: 11 }, (_, k) => floats(n, k + 1));
      const memories = [...inputs.map(upload), device.alloc(4 * n)];
      run(sumOf(n, inputs.length), memories);
      const expected = Float32Array.from({ length: n }, (_, i) =>
        inputs.reduce((sum, values) => Math.fround(sum + values[i]!), 0),
      );
      expect(await download(memories.at(-1)!)).toEqual(expected);
      // In place: nothing is done twice.
      const doubled = sumOf(n, inputs.length);
      run(doubled, [...memories.slice(0, -2), memories.at(-1)!, memories.at(-1)!]);
      const rest = Float32Array.from({ length: n }, (_, i) =>
        inputs.slice(0, -1).reduce((sum, values) => Math.fround(sum + values[i]!), 0),
      );
      expect(await download(memories.at(-1)!)).toEqual(expected.map((value, i) => Math.fround(rest[i]! + value)));
      for (const memory of memories) device.free(memory);
    },
    LIMIT,
  );

  test("what sees too much from end to end is refused, by name", async () => {
    const n = 1000;
    const kernel = sumOf(n, 11, (i) => binary("mod", binary("mul", i, i), constant(n, "i32")));
    const memories = kernel.buffers.map(() => device.alloc(4 * n));
    const told = async (): Promise<Uint8Array> => {
      run(kernel, memories);
      return device.read(memories.at(-1)!);
    };
    await expect(told()).rejects.toThrow(
      /reads and writes 12 large arrays at once, from end to end, and a kernel of this GPU sees 8 bindings of 1024 bytes/,
    );
    for (const memory of memories) device.free(memory);
  });

  test.runIf(FULL)(
    "[D9] a real one: 320 MiB where 128 MiB are bound, in buffers of 256 MiB",
    async () => {
      const { device, upload, run } = on({ bindings: 8, bindingBytes: 2 ** 27, bufferBytes: 2 ** 28 });
      const n = 80 * 2 ** 20;
      const x = new Float32Array(n);
      for (let i = 0; i < n; i += 4096) x[i] = i / 4096;
      const [a, b] = [upload(x), device.alloc(4 * n)];
      run(
        sumOf(n, 1, (i) => binary("sub", constant(n - 1, "i32"), i)),
        [a, b],
      );
      const y = new Float32Array((await device.read(b)).buffer);
      for (let i = 0; i < n; i += 4096) expect(y[n - 1 - i]).toBe(i / 4096);
      expect(y.reduce((sum, value) => sum + value, 0)).toBe(x.reduce((sum, value) => sum + value, 0));
      device.dispose();
    },
    LIMIT,
  );

  const all = opCases({ evaluate, dtypes: DTYPES });
  const kinds = new Map<string, typeof all>();
  for (const one of all) kinds.set(`${one.name} ${one.kind}`, [...(kinds.get(`${one.name} ${one.kind}`) ?? []), one]);
  // Of every operation, and of its gradients, the sample in the middle.
  const cases = FULL ? all : [...kinds.values()].map((list) => list[list.length >> 1]!);
  for (const { title, run: tried } of cases) test(title, tried, LIMIT);
  test(
    "random graphs",
    () => randomGraphs({ count: FULL ? 3000 : 60, seed: 20261122, evaluate, dtypes: DTYPES }),
    LIMIT,
  );
});
