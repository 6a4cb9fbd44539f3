/** Halves on a GPU that computes in them: of those in software lavapipe alone does. Vitest's project `f16` runs this on it. */
import { describe, expect, test } from "vitest";
import { compiledOn } from "../compiled.testing.ts";
import { opCases } from "../suite.ts";
import { hasWebGpu, webgpu } from "./webgpu.testing.ts";

const hasHalves = hasWebGpu && webgpu.features.includes("shader-f16");
if (hasWebGpu && !hasHalves)
  console.warn(
    `Tests of halves are skipped: ${webgpu.about} has no shader-f16. Install Mesa's lavapipe, 25 or later (mesa-vulkan-drivers), or name another driver by VK_ICD_FILENAMES.`,
  );

describe.skipIf(!hasHalves)("WebGPU with shader-f16", () => {
  const evaluate = compiledOn(webgpu);
  // Second derivatives are made of the same kernels, which this driver compiles for seconds.
  const cases = opCases({ evaluate, dtypes: ["f16"] }).filter(
    ({ kind }) => kind !== "second" || process.env["MYELIN_FULL"],
  );
  test("there are cases of most operations", () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBeGreaterThan(40);
  });
  for (const { title, run } of cases) test(title, run, 120_000);
});
