import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, test } from "vitest";
import { binary, constant, index, load } from "../../ir/expression.ts";
import type { LoopKernel } from "../../ir/kernel.ts";
import type { Program, Step } from "../device.ts";
import { WasmDevice } from "./device.ts";
import { KernelTable, MOST_KERNELS } from "./functions.ts";
import { download, execute, floats, step, upload } from "./handmade.ts";

/** out[i] = in[i] + `summand` */
function kernelOf(summand: number): LoopKernel {
  const i = index(100);
  const buffer = { dtype: "f32", space: "global" } as const;
  const value = binary("add", load(0, "f32", i), constant(summand, "f32"));
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
        extent: 100,
        axis: "parallel",
        accumulators: [],
        body: [{ kind: "store", buffer: 1, offset: i, value }],
      },
    ],
  };
}
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const stepOf = (summand: number): Step =>
  step({ kernel: kernelOf(summand), buffers: [{ binding: 0 }, { binding: 1 }] });
/** Steps whose kernels are all different. */
const steps = (from: number, count: number): Step[] => Array.from({ length: count }, (_, i) => stepOf(from + i));

describe("the table of kernels", () => {
  test("compiles what is missing, and forgets everything when there would be too many", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const kernels = new KernelTable({ memory, memoryType: { initial: 1, shared: false }, relaxed: false });
    const few = steps(0, 3);
    expect(kernels.compile(few)?.first).toBe(0);
    expect(kernels.compile([few[1]!, few[2]!])).toBeUndefined();
    expect(kernels.compile([few[2]!, stepOf(7), stepOf(7)])?.first).toBe(3);
    expect([kernels.placeOf(few[1]!), kernels.placeOf(stepOf(7))]).toEqual([1, 3]);
    for (let from = 100; from < 100 + MOST_KERNELS - 4; from += 511) kernels.compile(steps(from, 511));
    expect([kernels.generation, kernels.table.length]).toEqual([0, MOST_KERNELS]);
    expect(kernels.compile([few[0]!, stepOf(8)])?.first).toBe(0);
    expect([kernels.generation, kernels.table.length, kernels.modules.length]).toEqual([1, MOST_KERNELS, 1]);
    expect([kernels.placeOf(few[0]!), kernels.placeOf(stepOf(8)), kernels.table.get(2)]).toEqual([0, 1, null]);
  });

  test("may hold more where one program needs them", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const kernels = new KernelTable({ memory, memoryType: { initial: 1, shared: false }, relaxed: false });
    const many = steps(0, MOST_KERNELS + 5);
    kernels.compile(many);
    expect(kernels.placeOf(many.at(-1)!)).toBe(MOST_KERNELS + 4);
  });
});

describe.each([1, 3])("programs whose kernels were forgotten, %i threads", (threads) => {
  const device = new WasmDevice({ threads });
  afterAll(() => device.dispose());

  test("compile them again when they run; the modules of others leave no memory behind", async () => {
    const x = floats(100, 1);
    const [from, to] = [upload(device, x), upload(device, new Float32Array(100))];
    const program: Program = { tape: [stepOf(0.5)], bindings: [400, 400], scalars: [], scratchBytes: 0 };
    const first = device.prepare(program);
    const run = (): void => {
      device.run(first, [from, to], []);
      expect(download(device, to, "f32")).toEqual(x.map((v) => v + 0.5));
    };
    run();
    let made = 0;
    const another = (generations: number): void => {
      for (const end = made + generations * MOST_KERNELS; made < end; made += 128) {
        const [, out] = execute(device, steps(made, 128), [x, new Float32Array(100)]);
        expect(out).toEqual(x.map((v) => v + made + 127));
        if (made % 1024 === 0) run();
      }
    };
    const settle = async (): Promise<void> => {
      collect();
      // What was collected is freed in a task of its own.
      await new Promise((resolve) => setTimeout(resolve, 20));
      another(1 / 16);
    };
    another(1);
    await settle();
    const most = device.bytesInUse + 100_000;
    another(1.5);
    run();
    // Helpers may be slow to wake up and load.
    for (let tries = 0; tries < 100 && device.bytesInUse > most; tries++) await settle();
    expect(device.bytesInUse).toBeLessThanOrEqual(most);
  });
});
