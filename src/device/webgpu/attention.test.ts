import { describe, test } from "vitest";
import { parameterize } from "../../ir/parameterize.ts";
import { attentionTitle, attentionUse, expectResults, interpreted, type AttentionCase } from "../attention.testing.ts";
import { lowerAttention } from "../gpu/attention.ts";
import { LEAST_GPU, type GpuTarget } from "../gpu/kernel.ts";
import { hasWebGpu, runLaunch } from "./webgpu.testing.ts";

/** Software has plans of its own. Shaders with barriers take their time there. */
const TARGETS: Readonly<Record<string, GpuTarget>> = {
  hardware: LEAST_GPU,
  software: { ...LEAST_GPU, software: true },
};

const cases: readonly Omit<AttentionCase, "form">[] = [
  { queries: 40, keys: 37, e: 16, f: 20, start: -3, mask: "keys", batch: [2] },
  { queries: 2, keys: 200, e: 5, f: 16, layout: "heads", batch: [1, 2] },
];

describe.skipIf(!hasWebGpu)("attention as WGSL", () => {
  for (const [name, target] of Object.entries(TARGETS))
    for (const form of ["forward", "queries", "keys", "gradients"] as const)
      test(`${form}, for ${name}`, async () => {
        for (const c of cases) {
          const use = attentionUse({ form, ...c });
          const { kernel, sizes } = parameterize(use.kernel);
          const got = await runLaunch(lowerAttention(kernel, sizes, target), use.arrays as Float32Array[]);
          expectResults(attentionTitle({ form, ...c }), got, interpreted(use), use.results);
        }
      }, 300_000);
});
