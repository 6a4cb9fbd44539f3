import { afterAll, describe, expect, test } from "vitest";
import { DeviceError, DTypeError } from "../../core/errors.ts";
import { binary, index, load, param, type Expression } from "../../ir/expression.ts";
import type { Kernel } from "../../ir/kernel.ts";
import type { Memory, Program, Region, TapeEntry } from "../device.ts";
import { floats, step } from "../wasm/handmade.ts";
import { f32, kernelOf, loop, read, store, write } from "../kernels.testing.ts";
import { WebGpuDevice } from "./device.ts";
import { hasWebGpu, webgpu as device } from "./webgpu.testing.ts";

const LIMIT = 3_600_000;
const FULL = Boolean(process.env["MYELIN_FULL"]);

const upload = (data: Float32Array): Memory => {
  const memory = device.alloc(data.byteLength);
  device.write(memory, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return memory;
};
const download = async (memory: Memory): Promise<Float32Array> => new Float32Array((await device.read(memory)).buffer);

/** out[i] = of(in[i], scalar slots) for all i. */
function map(n: number, of: (x: Expression, ...scalars: Expression[]) => Expression, scalars = 0): Kernel {
  const i = index(n);
  const value = of(load(0, "f32", i), ...Array.from({ length: scalars }, (_, slot) => param(slot, "f32")));
  return kernelOf(
    [read("f32"), write("f32")],
    [loop("parallel", i, [store(1, i, value)])],
    new Array(scalars).fill("f32"),
  );
}

/** out[i] = Σ of so many inputs. */
function sumOf(n: number, inputs: number): Kernel {
  const i = index(n);
  const terms = Array.from({ length: inputs }, (_, b) => load(b, "f32", i));
  return kernelOf(
    [...terms.map(() => read("f32")), write("f32")],
    [
      loop("parallel", i, [
        store(
          inputs,
          i,
          terms.reduce((a, b) => binary("add", a, b)),
        ),
      ]),
    ],
  );
}

const binding = (number: number): Region => ({ binding: number });
const programOf = (tape: readonly TapeEntry[], bindings: readonly number[], rest: Partial<Program> = {}): Program => ({
  tape,
  bindings,
  scalars: [],
  scratchBytes: 0,
  ...rest,
});

describe.skipIf(!hasWebGpu)("WebGPU, the device", () => {
  test("is there at once; what is asked for waits until the GPU is open", async () => {
    const fresh = new WebGpuDevice();
    const memory = fresh.alloc(12);
    fresh.write(memory, Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
    const bytes = new Uint8Array(4);
    fresh.write(memory, bytes, 4);
    bytes.fill(99);
    expect(fresh.about).toBe("WebGPU, not opened yet");
    expect([...(await fresh.read(memory))]).toEqual([1, 2, 3, 4, 0, 0, 0, 0, 9, 10, 11, 12]);
    expect(fresh.about).toMatch(/^WebGPU: ./);
    fresh.dispose();
  });

  test("writes, copies, fills and reads take effect in their order, at any byte", async () => {
    const [a, b] = [device.alloc(11), device.alloc(11)];
    device.write(
      a,
      Uint8Array.from({ length: 11 }, (_, i) => i + 1),
    );
    const first = device.read(a);
    device.write(a, Uint8Array.of(91, 92, 93), 3);
    const second = device.read(a, 2, 6);
    device.copy(a, b);
    device.fill(a, 0);
    device.write(b, Uint8Array.of(7), 10);
    const [third, fourth] = [device.read(a), device.read(b)];
    device.fill(a, 5);
    expect([...(await first)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect([...(await second)]).toEqual([3, 91, 92, 93, 7, 8]);
    expect([...(await third)]).toEqual(new Array(11).fill(0));
    expect([...(await fourth)]).toEqual([1, 2, 3, 91, 92, 93, 7, 8, 9, 10, 7]);
    expect([...(await device.read(a))]).toEqual(new Array(11).fill(5));
    expect(await device.read(a, 3, 0)).toHaveLength(0);
    await device.sync();
    device.free(a);
    device.free(b);
  });

  test("a range that is freed is used again, behind what was asked for before", async () => {
    const a = upload(floats(100, 1));
    const before = device.read(a);
    device.free(a);
    const b = upload(new Float32Array(100));
    expect(new Float32Array((await before).buffer)).toEqual(floats(100, 1));
    expect(await download(b)).toEqual(new Float32Array(100));
    device.free(b);
  });

  test("[D10] memory in use grows with what is allocated, and falls when it is freed", () => {
    const before = device.memoryUse();
    const memories = [1, 2_000_000, 70_000_000].map((bytes) => device.alloc(bytes));
    const during = device.memoryUse();
    expect(during.allocated - before.allocated).toBe(256 + 2_000_128 + 70_000_128);
    expect(during.reserved).toBeGreaterThanOrEqual(during.allocated);
    expect(during.total).toBeGreaterThanOrEqual(during.reserved);
    for (const memory of memories) device.free(memory);
    expect(device.memoryUse().allocated).toBe(before.allocated);
    // Of what is empty a part is kept for what comes next.
    expect(device.memoryUse().reserved).toBeLessThan(during.reserved);
  });

  test("[D9] runs steps in order, through bindings, scratch and scalars, with other scalars and bindings each time", async () => {
    const n = 1009;
    const program = programOf(
      [
        step({
          kernel: map(n, (x, s) => binary("mul", x, s!), 1),
          buffers: [binding(0), { scratch: 256, bytes: 4 * n }],
          scalars: [1],
        }),
        step({
          kernel: map(n, (x, s) => binary("add", x, s!), 1),
          buffers: [{ scratch: 256, bytes: 4 * n }, binding(1)],
          scalars: [0],
        }),
      ],
      [4 * n, 4 * n],
      { scalars: ["f32", "f32"], scratchBytes: 256 + 4 * n },
    );
    const runnable = device.prepare(program);
    const x = floats(n, 1);
    const [from, ...to] = [upload(x), device.alloc(4 * n), device.alloc(4 * n), device.alloc(4 * n)];
    to.forEach((memory, k) => device.run(runnable, [from!, memory], [k, 2 ** k]));
    for (const [k, memory] of to.entries()) expect(await download(memory)).toEqual(x.map((v) => v * 2 ** k + k));
    for (const memory of [from!, ...to]) device.free(memory);
  });

  test("repeats count, one in another too", async () => {
    const [n, outer, inner] = [5, 3, 4];
    // x = x · times + outer turn − inner turn.
    const i = index(n);
    const kernel = kernelOf(
      [{ dtype: "i32", space: "global", access: "readwrite" }],
      [
        loop("parallel", i, [
          store(
            0,
            i,
            binary(
              "add",
              binary("mul", load(0, "i32", i), param(2, "i32")),
              binary("sub", param(0, "i32"), param(1, "i32")),
            ),
          ),
        ]),
      ],
      ["i32", "i32", "i32"],
    );
    const one = step({ kernel, buffers: [binding(0)], scalars: [0, 1, 2] });
    const program = programOf(
      [{ times: outer, counter: 0, steps: [{ times: inner, counter: 1, steps: [one] }, one] }],
      [4 * n],
      { scalars: ["i32", "i32", "i32"] },
    );
    const expected = (times: number): number => {
      let x = 0;
      for (let a = 0; a < outer; a++) {
        for (let b = 0; b < inner; b++) x = Math.imul(x, times) + a - b;
        x = Math.imul(x, times) + a;
      }
      return x;
    };
    const memory = device.alloc(4 * n);
    const runnable = device.prepare(program);
    for (const times of [1, 3]) {
      device.fill(memory, 0);
      device.run(runnable, [memory], [0, 0, times]);
      expect([...new Int32Array((await device.read(memory)).buffer)]).toEqual(new Array(n).fill(expected(times)));
    }
    device.free(memory);
  });

  test("two bindings may be one memory, as a whole or in part", async () => {
    const n = 64;
    const runnable = device.prepare(
      programOf(
        [step({ kernel: map(n, (x) => binary("mul", x, f32(2))), buffers: [binding(0), binding(1)] })],
        [256, 256],
      ),
    );
    const [a, b] = [upload(floats(n, 1)), device.alloc(256)];
    device.run(runnable, [a, b], []);
    device.run(runnable, [b, b], []);
    device.run(runnable, [b, b], []);
    expect(await download(b)).toEqual(floats(n, 1).map((x) => 8 * x));
    const part = device.prepare(
      programOf(
        [step({ kernel: map(8, (x) => binary("add", x, f32(1))), buffers: [binding(0), binding(1)] })],
        [256, 32],
      ),
    );
    device.run(part, [b, b], []);
    expect(await download(b)).toEqual(floats(n, 1).map((x, i) => 8 * x + (i < 8 ? 1 : 0)));
    device.free(a);
    device.free(b);
  });

  test("kernels with more buffers than the GPU binds see several in one binding", async () => {
    const n = 100;
    const { maxStorageBuffersPerShaderStage: most } = (await device.gpuDevice()).limits;
    const inputs = Array.from({ length: most + 3 }, (_, k) => floats(n, k + 1));
    const buffers = [...inputs.map((_, k) => binding(k)), binding(inputs.length)];
    const program = programOf(
      [step({ kernel: sumOf(n, inputs.length), buffers })],
      buffers.map(() => 4 * n),
    );
    const memories = [...inputs.map(upload), device.alloc(4 * n)];
    device.run(device.prepare(program), memories, []);
    expect(await download(memories.at(-1)!)).toEqual(
      Float32Array.from({ length: n }, (_, i) => inputs.reduce((sum, x) => sum + x[i]!, 0)),
    );
    for (const memory of memories) device.free(memory);
  });

  test("more workgroups than one dimension of a dispatch has", async () => {
    const n = 65_536 * 256 + 77;
    const runnable = device.prepare(
      programOf(
        [step({ kernel: map(n, (x) => binary("add", x, f32(1))), buffers: [binding(0), binding(1)] })],
        [4 * n, 4 * n],
      ),
    );
    const [a, b] = [device.alloc(4 * n), device.alloc(4 * n)];
    device.fill(a, 0);
    device.fill(b, 0);
    device.run(runnable, [a, b], []);
    for (const at of [0, 65_535 * 256, n - 1])
      expect([...new Float32Array((await device.read(b, 4 * at, 4)).buffer)]).toEqual([1]);
    device.free(a);
    device.free(b);
  });

  test("says when it has room: two runs are on the GPU, the others wait here", async () => {
    const n = 1000;
    const runnable = device.prepare(
      programOf(
        [
          {
            times: 200,
            counter: 0,
            steps: [step({ kernel: map(n, (x) => binary("add", x, f32(1))), buffers: [binding(0), binding(0)] })],
          },
        ],
        [4 * n],
        { scalars: ["i32"] },
      ),
    );
    const memory = device.alloc(4 * n);
    device.fill(memory, 0);
    for (let run = 0; run < 10; run++) device.run(runnable, [memory], [0]);
    let room = false;
    const waiting = device.room().then(() => (room = true));
    await Promise.resolve();
    expect(room).toBe(false);
    await waiting;
    const values = await download(memory);
    expect(values).toEqual(new Float32Array(n).fill(2000));
    await device.room();
    device.free(memory);
  });

  test(
    "ten thousand runs leave no buffer and no group of bindings behind",
    async () => {
      const n = 500;
      const kernels = [map(n, (x) => binary("mul", x, f32(0.5))), sumOf(n, 2)];
      const program = programOf(
        [
          step({ kernel: kernels[0]!, buffers: [binding(0), { scratch: 0, bytes: 4 * n }] }),
          step({ kernel: kernels[1]!, buffers: [{ scratch: 0, bytes: 4 * n }, binding(0), binding(1)] }),
        ],
        [4 * n, 4 * n],
        { scratchBytes: 4 * n },
      );
      // One of its own, where no other tests' programs are collected meanwhile.
      const fresh = new WebGpuDevice();
      const runnable = fresh.prepare(program);
      const x = fresh.alloc(4 * n);
      fresh.fill(x, 0);
      const kept: Memory[] = [];
      const run = async (times: number): Promise<void> => {
        for (let k = 0; k < times; k++) {
          // Results are elsewhere each time, and live on for a while.
          kept.push(fresh.alloc(4 * n));
          fresh.run(runnable, [x, kept.at(-1)!], []);
          if (k % 10 === 0) await fresh.read(kept.at(-1)!, 0, 4);
          if (kept.length > 20) fresh.free(kept.shift()!);
          await fresh.room();
        }
      };
      await run(50);
      const before = fresh.counts;
      await run(FULL ? 10_000 : 300);
      expect(fresh.counts).toEqual(before);
      for (const memory of [x, ...kept]) fresh.free(memory);
      fresh.dispose();
    },
    LIMIT,
  );
});

describe.skipIf(!hasWebGpu)("WebGPU, in trouble", () => {
  const twice = (n: number): Program =>
    programOf(
      [step({ kernel: map(n, (x) => binary("mul", x, f32(2))), buffers: [binding(0), binding(1)] })],
      [4 * n, 4 * n],
    );

  test("a device that is lost in mid-work ends all that waits, and refuses all that comes", async () => {
    const doomed = new WebGpuDevice();
    const gpu = await doomed.gpuDevice();
    const [a, b] = [doomed.alloc(400), doomed.alloc(400)];
    const runnable = doomed.prepare(twice(100));
    doomed.write(a, new Uint8Array(400));
    for (let run = 0; run < 5; run++) doomed.run(runnable, [a, b], []);
    const waiting = [doomed.read(b), doomed.sync(), doomed.room()];
    gpu.destroy();
    const outcomes = await Promise.allSettled(waiting);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { name: "DeviceError" } });
    const error = await doomed.lost;
    expect(error.message).toMatch(/^webgpu: the GPU was lost \(.*setDevice\("webgpu"\) to open it again/);
    for (const call of [
      () => doomed.alloc(4),
      () => doomed.write(a, new Uint8Array(4)),
      () => doomed.copy(a, b),
      () => doomed.fill(a, 0),
      () => doomed.prepare(twice(100)),
      () => doomed.run(runnable, [a, b], []),
    ])
      expect(call).toThrow(/^webgpu: the GPU was lost/);
    await expect(doomed.read(a)).rejects.toThrow(DeviceError);
    await expect(doomed.sync()).rejects.toThrow(DeviceError);
    await expect(doomed.room()).rejects.toThrow(DeviceError);
    // Cleaning up goes on.
    doomed.free(a);
    doomed.dispose();
  });

  test("a device that is given up before it is open", async () => {
    const early = new WebGpuDevice();
    const reading = early.read(early.alloc(4));
    early.dispose();
    await expect(reading).rejects.toThrow("the device was disposed of");
    expect(() => early.alloc(4)).toThrow(DeviceError);
  });

  test("f64 is refused, with the way out", () => {
    const i = index(4);
    const kernel = kernelOf([read("f64"), write("f32")], [loop("parallel", i, [store(1, i, f32(1))])]);
    const program = programOf(
      [{ ...step({ kernel, buffers: [binding(0), binding(1)] }), about: () => "add" }],
      [32, 16],
    );
    expect(() => device.prepare(program)).toThrow(DTypeError);
    expect(() => device.prepare(program)).toThrow(
      /^add: this computes in f64, which GPUs do not have\. Use cast\("f32"\)/,
    );
  });

  test("memory of others, freed or too small is refused", async () => {
    const other = new WebGpuDevice();
    const [own, foreign] = [device.alloc(8), other.alloc(8)];
    expect(() => device.write(foreign, new Uint8Array(8))).toThrow("belongs to another device");
    expect(() => device.write(own, new Uint8Array(9))).toThrow("bytes 0 to 9 of a memory of 8 bytes");
    await expect(device.read(own, 4, 8)).rejects.toThrow("bytes 4 to 12");
    expect(() => device.run(device.prepare(twice(100)), [own, own], [])).toThrow(/binding 0 needs 400 bytes, got/);
    expect(() => device.run(device.prepare(twice(2)), [own], [])).toThrow("2 bindings and 0 scalars, got 1 and 0");
    device.free(own);
    expect(() => device.free(own)).toThrow("was freed before");
    other.dispose();
  });

  test("more than a GPU can have in one piece is refused at once, by those that were opened", async () => {
    const { maxBytes } = device.limits;
    expect(() => device.alloc(maxBytes + 1)).toThrow(
      /^alloc: .* were asked for, and the largest memory that kernels see on this GPU has/,
    );
    const early = new WebGpuDevice();
    const memory = early.alloc(maxBytes + 1);
    await expect(early.read(memory, 0, 4)).rejects.toThrow(/^alloc: /);
  });

  test.skipIf(!/swiftshader/i.test(device.about))("a full GPU: the memory is named, the others go on", async () => {
    // SwiftShader promises buffers that it then has no memory for.
    const { maxBufferSize } = (await device.gpuDevice()).limits;
    const [small, large] = [upload(floats(100, 1)), device.alloc(maxBufferSize)];
    device.fill(large, 0);
    const told = device.read(small);
    await expect(told).rejects.toThrow(
      /^alloc: the GPU has no 1\.0 GiB more; .* are in use by this program\. Use smaller batches/,
    );
    await expect(device.read(large, 0, 4)).rejects.toThrow(/^alloc: the GPU has no 1\.0 GiB more/);
    device.free(large);
    await device.sync();
    expect(await download(small)).toEqual(floats(100, 1));
    const next = device.alloc(1000);
    device.fill(next, 1);
    expect([...(await device.read(next, 0, 2))]).toEqual([1, 1]);
    device.free(small);
    device.free(next);
  });

  test("a shader that does not compile: what computes is named, and what it should have written cannot be read", async () => {
    // The compiler makes no such kernel: its slot holds an i32.
    const kernel = map(100, (x) => binary("add", x, param(77, "f32")));
    const program = programOf(
      [{ ...step({ kernel, buffers: [binding(0), binding(1)] }), about: () => "add sum (model.ts:12)" }],
      [400, 400],
    );
    const [from, to] = [upload(floats(100, 1)), device.alloc(400)];
    device.run(device.prepare(program), [from, to], []);
    const message =
      /^webgpu: the shader of add sum \(model\.ts:12\) does not compile: no matching overload for .*, in line \d+ of its WGSL/;
    const outcomes = await Promise.allSettled([device.read(to), device.sync()]);
    for (const { reason } of outcomes as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(DeviceError);
      expect((reason as DeviceError).message).toMatch(message);
    }
    // It was told; what the program only read is as it was.
    expect(await download(from)).toEqual(floats(100, 1));
    await expect(device.read(to)).rejects.toThrow(message);
    device.fill(to, 0);
    expect(await download(to)).toEqual(new Float32Array(100));
    device.free(from);
    device.free(to);
  });

  afterAll(() => device.sync());
});
