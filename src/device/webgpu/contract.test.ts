import { describe, expect, test } from "vitest";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import { contractionChoices, lowerContraction } from "../gpu/contract.ts";
import { memoriesOf, product } from "../gpu/contract.testing.ts";
import { LEAST_GPU } from "../gpu/kernel.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { hasWebGpu, runLaunch } from "./webgpu.testing.ts";

describe.skipIf(!hasWebGpu)("contractions as WGSL", () => {
  // Software has its own plans: these are those of other GPUs.
  for (const [b, m, n, k] of [
    [1, 36, 40, 32],
    [2, 33, 37, 19],
    [1, 20, 24, 300],
    [1, 1, 96, 128],
    [3, 5, 7, 9],
  ] as const)
    test(`${b} × ${m} × ${n} × ${k} in tiles`, async () => {
      // Shaders with barriers take their time here: two of the layouts for each shape.
      for (const turnLeft of [false, true]) {
        const turnRight = turnLeft !== (k % 2 === 1);
        const kernel = product(b, m, n, k, turnLeft, turnRight);
        const { kernel: general, sizes } = parameterize(kernel);
        const buffers = memoriesOf(b, m, n, k);
        const choices = contractionChoices(general, sizes, LEAST_GPU).ways().length;
        const choice = (Number(turnLeft) + 2 * Number(turnRight)) % Math.min(3, choices);
        const got = (
          await runLaunch(lowerContraction(general, printKernel(general), sizes, LEAST_GPU, choice), buffers)
        ).at(-1)!;
        interpretKernel(kernel, [{ buffers, parameters: [] }]);
        expect([...got]).toEqual([...buffers[2]!]);
      }
    }, 300_000);
});
