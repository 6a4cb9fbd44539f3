import { describe, expect, test } from "vitest";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import type { Program } from "../device.ts";
import { product } from "../gpu/contract.testing.ts";
import { choiceKey } from "../gpu/lower.ts";
import { openGpu } from "./adapter.ts";
import { Pipelines } from "./pipelines.ts";
import { Stopwatch } from "./stopwatch.ts";
import { Trials } from "./trials.ts";
import { hasWebGpu } from "./webgpu.testing.ts";

/** A product as a program of one launch, and what a trial of it goes by. */
function program(m: number, n: number, k: number): { program: Program; key: string } {
  const { kernel, sizes } = parameterize(product(1, m, n, k));
  const key = printKernel(kernel);
  const launch = { buffers: [{ binding: 0 }, { binding: 1 }, { binding: 2 }], sizes, scalars: [] };
  const made = {
    tape: [{ kernel, key, launches: [launch], work: [{ items: m * n, cost: 0 }] }],
    bindings: [4 * m * k, 4 * k * n, 4 * m * n],
    scalars: [],
    scratchBytes: 0,
  };
  return { program: made, key: choiceKey(key, sizes) };
}

describe.skipIf(!hasWebGpu)("trials", () => {
  test("[C13] [C14] the fastest of the ways that were timed is chosen, once for an adapter and a shape", async () => {
    const opened = await openGpu();
    const [{ program: first, key }, other] = [program(48, 52, 40), program(48, 52, 44)];
    const trials = new Trials(opened, new Pipelines(opened), new Stopwatch(opened), 1000);
    expect(trials.wants(first)).toBe(true);
    await trials.run(first);
    const times = trials.times.get(key)!;
    expect(times.length).toBeGreaterThan(1);
    for (const time of times) expect(time).toBeGreaterThan(0);
    expect(times[trials.chosen.get(key)!]).toBe(Math.min(...times));
    expect(trials.wants(first)).toBe(false);
    // What was learnt is known wherever this adapter is opened.
    const again = new Trials(await openGpu(), new Pipelines(opened), new Stopwatch(opened), 1000);
    expect(again.wants(first)).toBe(false);
    expect(again.chosen.get(key)).toBe(trials.chosen.get(key));
    expect(again.wants(other.program)).toBe(true);
    // Small products are not worth it.
    expect(new Trials(opened, new Pipelines(opened), new Stopwatch(opened)).wants(other.program)).toBe(false);
    opened.gpu.destroy();
  });
});
