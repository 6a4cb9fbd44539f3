import { describe, expect, test } from "vitest";
import { add, index, load, register, scale } from "../../ir/expression.ts";
import type { Buffer, ContractKernel } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import type { Program } from "../device.ts";
import { choiceKey } from "../gpu/lower.ts";
import { openGpu } from "./adapter.ts";
import { Pipelines } from "./pipelines.ts";
import { Trials } from "./trials.ts";
import { hasWebGpu } from "./webgpu.testing.ts";

/** [m, k] × [k, n] as a program of one launch, and what a trial of it goes by. */
function product(m: number, n: number, k: number): { program: Program; key: string } {
  const [i, j, l] = [index(m), index(n), index(k)];
  const buffer = (access: Buffer["access"]): Buffer => ({ dtype: "f32", space: "global", access });
  const sum = register("f32");
  const { kernel, sizes } = parameterize<ContractKernel>({
    kind: "contract",
    buffers: [buffer("read"), buffer("read"), buffer("write")],
    parameters: { scalars: [], sizes: 0 },
    batch: [],
    m: [{ index: i, extent: m }],
    n: [{ index: j, extent: n }],
    k: [{ index: l, extent: k }],
    left: load(0, "f32", add(scale(i, k), l)),
    right: load(1, "f32", add(scale(l, n), j)),
    sum,
    epilogue: [{ kind: "store", buffer: 2, offset: add(scale(i, n), j), value: sum }],
  });
  const key = printKernel(kernel);
  const launch = { buffers: [{ binding: 0 }, { binding: 1 }, { binding: 2 }], sizes, scalars: [] };
  const program = {
    tape: [{ kernel, key, launches: [launch], work: [{ items: m * n, cost: 0 }] }],
    bindings: [4 * m * k, 4 * k * n, 4 * m * n],
    scalars: [],
    scratchBytes: 0,
  };
  return { program, key: choiceKey(key, sizes) };
}

describe.skipIf(!hasWebGpu)("trials", () => {
  test("[C13] [C14] the fastest of the ways that were timed is chosen, once for an adapter and a shape", async () => {
    const opened = await openGpu();
    const [{ program, key }, other] = [product(48, 52, 40), product(48, 52, 44)];
    const trials = new Trials(opened, new Pipelines(opened), 1000);
    expect(trials.wants(program)).toBe(true);
    await trials.run(program);
    const times = trials.times.get(key)!;
    expect(times.length).toBeGreaterThan(1);
    for (const time of times) expect(time).toBeGreaterThan(0);
    expect(times[trials.chosen.get(key)!]).toBe(Math.min(...times));
    expect(trials.wants(program)).toBe(false);
    // What was learnt is known wherever this adapter is opened.
    const again = new Trials(await openGpu(), new Pipelines(opened), 1000);
    expect(again.wants(program)).toBe(false);
    expect(again.chosen.get(key)).toBe(trials.chosen.get(key));
    expect(again.wants(other.program)).toBe(true);
    // Small products are not worth it.
    expect(new Trials(opened, new Pipelines(opened)).wants(other.program)).toBe(false);
    opened.gpu.destroy();
  });
});
