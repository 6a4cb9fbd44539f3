import { describe, expect, test } from "vitest";
import { compiledOn } from "../compiled.testing.ts";
import { rowCases } from "../gpu/rows.testing.ts";
import { evaluateGraph } from "../reference/graph.ts";
import type { SampleValue } from "../suite.ts";
import { WebGpuDevice } from "./device.ts";
import { hasWebGpu, webgpu } from "./webgpu.testing.ts";

/** Rows shared by threads as on GPUs of hardware, and by threads of their own as on those of software. */
describe.skipIf(!hasWebGpu)("rows", () => {
  for (const software of [false, true]) {
    const device = hasWebGpu ? new WebGpuDevice({ target: { software } }) : webgpu;
    const evaluate = compiledOn(device);
    for (const { title, root, ulps } of rowCases())
      test(`${title}${software ? ", in software" : ""}`, async () => {
        const [actual] = await evaluate([root]);
        const [expected] = evaluateGraph([root], (node) => (node.source as SampleValue | undefined)?.array);
        const wrong = [...expected!].findIndex(
          (wanted, i) =>
            !Object.is(actual![i], wanted) && !(Math.abs(actual![i]! - wanted) <= ulps * 2 ** -23 * Math.abs(wanted)),
        );
        expect([wrong, actual![wrong], expected![wrong]]).toEqual([-1, undefined, undefined]);
      }, 60_000);
  }
});
