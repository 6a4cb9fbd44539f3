import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { affine, binary, constant, index, load } from "../../ir/expression.ts";
import type { LoopKernel } from "../../ir/kernel.ts";
import type * as NodePlatform from "../../platform/node.ts";
import { WasmDevice } from "./device.ts";
import { execute, floats, step } from "./handmade.ts";

const started = vi.hoisted(() => ({ refuse: false, count: 0 }));
vi.mock("#platform", async (original) => {
  const platform = await original<typeof NodePlatform>();
  return {
    ...platform,
    startWorker(...args: Parameters<typeof platform.startWorker>) {
      if (started.refuse) throw new Error("no more threads");
      started.count++;
      return platform.startWorker(...args);
    },
  };
});

/** out[i] = in[i · stride] + 1 */
function kernelOf(n: number, stride = 1): LoopKernel {
  const i = index(n);
  const buffer = { dtype: "f32", space: "global" } as const;
  const value = binary("add", load(0, "f32", affine([{ value: i, coefficient: stride }], 0)), constant(1, "f32"));
  return {
    kind: "loops",
    buffers: [
      { ...buffer, access: "read" },
      { ...buffer, access: "write" },
    ],
    parameters: { scalars: [], sizes: 0 },
    body: [
      {
        kind: "loop",
        index: i,
        extent: n,
        axis: "parallel",
        accumulators: [],
        body: [{ kind: "store", buffer: 1, offset: i, value }],
      },
    ],
  };
}

const stepOf = (n: number, stride?: number, cost?: number): ReturnType<typeof step> =>
  step({
    kernel: kernelOf(n, stride),
    buffers: [{ binding: 0 }, { binding: 1 }],
    ...(cost === undefined ? {} : { cost }),
  });

describe("helper threads", () => {
  test("start with the first program that has work for them, as many as asked for", () => {
    const device = new WasmDevice({ threads: 3 });
    started.count = 0;
    const x = floats(5000, 1);
    execute(device, [stepOf(5000, 1, 100)], [x, new Float32Array(5000)]);
    expect(started.count).toBe(0);
    for (let i = 0; i < 3; i++) {
      const [, out] = execute(device, [stepOf(5000)], [x, new Float32Array(5000)]);
      expect(out).toEqual(x.map((v) => v + 1));
    }
    expect(started.count).toBe(2);
    device.dispose();
    expect(device.threads).toBe(1);
  });

  test("that cannot be started are done without, which is said once", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    started.refuse = true;
    const device = new WasmDevice({ threads: 4 });
    const x = floats(5000, 1);
    for (let i = 0; i < 2; i++)
      expect(execute(device, [stepOf(5000)], [x, new Float32Array(5000)])[1]).toEqual(x.map((v) => v + 1));
    started.refuse = false;
    expect(warn.mock.calls).toEqual([
      ["myelin: helper threads could not be started (no more threads); going on with one thread."],
    ]);
    warn.mockRestore();
  });

  test.each([1, 3])(
    "a kernel that runs out of memory is an error, and the device lives on (%i threads)",
    async (threads) => {
      const device = new WasmDevice({ threads });
      const x = floats(5000, 1);
      expect(() => execute(device, [stepOf(5000, 2 ** 24)], [x, new Float32Array(5000)])).toThrow(
        /run: a kernel stopped \(.*This is a bug in Myelin/,
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(execute(device, [stepOf(5000)], [x, new Float32Array(5000)])[1]).toEqual(x.map((v) => v + 1));
      device.dispose();
    },
  );
});

/** Programs as they run outside of tests: one file, plain Node. */
describe("a process with helper threads", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-pool-"));
    const here = fileURLToPath(new URL(".", import.meta.url));
    await build({
      entry: {
        device: join(here, "device.ts"),
        handmade: join(here, "handmade.ts"),
        expression: join(here, "../../ir/expression.ts"),
      },
      outDir: folder,
      format: "esm",
      platform: "node",
      dts: false,
      config: false,
      logLevel: "silent",
      minify: true,
      alias: { "#platform": join(here, "../../platform/node.ts") },
    });
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (body: string): Promise<{ readonly code: unknown; readonly out: string; readonly error: string }> => {
    const source = `
      import { createRequire, syncBuiltinESMExports } from "node:module";
      const threads = createRequire("/")("node:worker_threads"), workers = [];
      threads.Worker = class extends threads.Worker { constructor(...args) { super(...args); workers.push(this); } };
      syncBuiltinESMExports();
      const { WasmDevice } = await import("${folder}/device.mjs");
      const { execute, floats, step } = await import("${folder}/handmade.mjs");
      const { index, load, binary, constant } = await import("${folder}/expression.mjs");
      const i = index(5000), buffer = { dtype: "f32", space: "global" };
      const kernel = { kind: "loops", buffers: [{ ...buffer, access: "read" }, { ...buffer, access: "write" }], parameters: { scalars: [], sizes: 0 },
        body: [{ kind: "loop", index: i, extent: 5000, axis: "parallel", accumulators: [], body: [{ kind: "store", buffer: 1, offset: i, value: binary("add", load(0, "f32", i), constant(1, "f32")) }] }] };
      const device = new WasmDevice({ threads: 3 });
      const once = () => execute(device, [step({ kernel, buffers: [{ binding: 0 }, { binding: 1 }] })], [floats(5000, 1), new Float32Array(5000)])[1][0];
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      ${body}`;
    return new Promise((resolve) => {
      execFile(process.execPath, ["--input-type=module", "-e", source], { timeout: 20_000 }, (error, out, errors) =>
        resolve({ code: error?.code ?? error?.signal ?? 0, out, error: errors }),
      );
    });
  };

  test("ends by itself, helpers asleep or busy", async () => {
    expect(await run(`console.log(once(), workers.length)`)).toEqual({ code: 0, out: "1.25 2\n", error: "" });
    expect(await run(`for (let n = 0; n < 200; n++) once(); await pause(50); console.log(once())`)).toEqual({
      code: 0,
      out: "1.25\n",
      error: "",
    });
  });

  test("survives the death of a helper, and says so", async () => {
    const { code, out, error } = await run(`
      for (let n = 0; n < 200; n++) once();
      await pause(50);
      await workers[0].terminate();
      console.log(once(), device.threads, once());`);
    expect({ code, out }).toEqual({ code: 0, out: "1.25 1 1.25\n" });
    expect(error).toBe("myelin: a helper thread ended; going on with one thread.\n");
  });
});
