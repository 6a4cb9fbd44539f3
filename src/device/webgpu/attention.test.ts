import { describe, test } from "vitest";
import { parameterize } from "../../ir/parameterize.ts";
import { expectNear, FORMS, runPlain, titleOf, type AttentionShape } from "../gpu/attention.testing.ts";
import { lowerAttention } from "../gpu/attention.ts";
import { LEAST_GPU, type GpuTarget } from "../gpu/kernel.ts";
import { hasWebGpu, runLaunch } from "./webgpu.testing.ts";

/** Software has plans of its own. */
const TARGETS: Readonly<Record<string, GpuTarget>> = {
  hardware: LEAST_GPU,
  software: { ...LEAST_GPU, software: true },
};

const SHAPES: readonly AttentionShape[] = [
  { batch: 2, heads: 2, queries: 9, keys: 13, e: 3, f: 5 },
  { batch: 1, heads: 2, queries: 40, keys: 36, e: 16, f: 20, start: -3, mask: "numbers" },
  { batch: 1, heads: 1, queries: 2, keys: 200, e: 16, f: 16, mask: "keys", layout: "heads inside" },
];

describe.skipIf(!hasWebGpu)("attention as WGSL", () => {
  for (const [name, target] of Object.entries(TARGETS))
    for (const [form, make] of Object.entries(FORMS))
      test(`${form}, for ${name}`, async () => {
        for (const shape of SHAPES) {
          const one = make(shape);
          const { kernel, sizes } = parameterize(one.kernel);
          const got = await runLaunch(lowerAttention(kernel, sizes, target), one.buffers);
          const expected = runPlain(one);
          got.forEach((b, i) => expectNear(`${titleOf(shape)}, buffer ${i}`, b, expected[i]!));
        }
      }, 300_000);
});
