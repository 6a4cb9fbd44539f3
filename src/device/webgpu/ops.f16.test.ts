/**
 * Halves on a GPU that computes in them: of those in software lavapipe alone does. Vitest's project `f16` runs this on it. Its
 * subgroups have eight threads, SwiftShader's four.
 */
import { describe, expect, test } from "vitest";
import { compiledOn } from "../compiled.testing.ts";
import { differenceOf, rowCases } from "../gpu/rows.testing.ts";
import { opCases } from "../suite.ts";
import { WebGpuDevice } from "./device.ts";
import { hasWebGpu, webgpu } from "./webgpu.testing.ts";

describe.skipIf(!hasWebGpu)("rows whose threads exchange values", () => {
  const evaluate = compiledOn(hasWebGpu ? new WebGpuDevice({ target: { software: false } }) : webgpu);
  const titles = ["sum of [4,300]", "softmax of [70,20]", "the first largest of [3,600]"];
  const cases = rowCases().filter(({ title }) => titles.includes(title));
  test.each(cases)("$title", async (one) => {
    const [actual] = await evaluate([one.root]);
    expect(differenceOf(one, actual!)).toBe(undefined);
  });
  test("are three", () => expect(cases.length).toBe(3));
});

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
