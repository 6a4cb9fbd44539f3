import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { compiledOn } from "../compiled.testing.ts";
import { stepsOf } from "../device.ts";
import type { GpuTarget } from "../gpu/kernel.ts";
import { differenceOf, eighths, rowCases, softmax } from "../gpu/rows.testing.ts";
import { WebGpuDevice } from "./device.ts";
import { hasWebGpu } from "./webgpu.testing.ts";

/** Rows shared by threads as on GPUs of hardware, with subgroups and without, and by threads of their own as on those of software. */
const TARGETS: Readonly<Record<string, Partial<GpuTarget>>> = {
  "with subgroups, if it has them": { software: false },
  "without subgroups": { software: false, exchange: undefined },
  "in software": { software: true },
};

describe.skipIf(!hasWebGpu)("rows", () => {
  const devices = Object.entries(TARGETS).map(([name, target]) => ({ name, device: new WebGpuDevice({ target }) }));
  for (const { title, root, ulps } of hasWebGpu ? rowCases() : [])
    test(
      title,
      async () => {
        const results = await Promise.all(devices.map(({ device }) => compiledOn(device)([root])));
        results.forEach(([actual], i) =>
          expect(differenceOf({ root, ulps }, actual!), devices[i]!.name).toBe(undefined),
        );
        // No bit depends on whether threads exchange values.
        expect(results[0]).toEqual(results[1]);
      },
      60_000,
    );

  test("threads exchange values where a GPU has subgroups", async ({ skip }) => {
    const [one, other] = devices.map(({ device }) => device) as [WebGpuDevice, WebGpuDevice];
    await Promise.all([one.ready(), other.ready()]);
    if (!one.features.includes("subgroups")) skip();
    const { program } = compile({ results: [softmax(eighths([4, 300]))], updates: [] });
    const code = (device: WebGpuDevice): string =>
      stepsOf(program.tape)
        .map((step) => device.code(step))
        .join("\n");
    expect(code(one)).toContain("enable subgroups;");
    expect(code(one)).toContain("subgroupShuffleXor(");
    expect(code(other)).not.toContain("subgroup");
  });
});
