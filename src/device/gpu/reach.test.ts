import { describe, expect, test } from "vitest";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import { binary, constant, index, load, type Expression } from "../../ir/expression.ts";
import { kernelOf, loop, read, store, write } from "../kernels.testing.ts";
import { product } from "./contract.testing.ts";
import { LEAST_GPU, type Pass } from "./kernel.ts";
import { lowerLaunch } from "./lower.ts";
import { reachOf } from "./reach.ts";

/** out[i] = in[at(i)] */
function passOf(n: number, at: (i: Expression) => Expression): Pass {
  const i = index(n);
  const made = parameterize(
    kernelOf([read("f32"), write("f32")], [loop("parallel", i, [store(1, i, load(0, "f32", at(i)))])]),
  );
  return lowerLaunch({ kernel: made.kernel, key: printKernel(made.kernel) }, made.sizes, LEAST_GPU).passes[0]!;
}

describe("the reach of some workgroups", () => {
  test("of a map is what they own, of all of them everything", () => {
    const pass = passOf(2 ** 17, (i) => i);
    const own = 2 ** 17 / pass.workgroups;
    const reached = reachOf(pass, 3, 5);
    expect(reached).toHaveLength(2);
    for (const [low, high] of reached) {
      expect(low).toBeLessThanOrEqual(3 * own);
      expect(high).toBeGreaterThanOrEqual(5 * own - 1);
      expect(high - low).toBeLessThan(6 * own);
    }
    const all = reachOf(pass, 0, pass.workgroups);
    for (const [low, high] of all) expect([low, high >= 2 ** 17 - 1]).toEqual([0, true]);
  });

  test("of what is read backwards lies at the other end", () => {
    const pass = passOf(100_000, (i) => binary("sub", constant(99_999, "i32"), i));
    const [[low, high]] = reachOf(pass, 0, 1) as [readonly [number, number]];
    expect(high).toBe(99_999);
    expect(low).toBeGreaterThan(90_000);
  });

  test("is without bounds where places are data", () => {
    const i = index(1000);
    const at = load(1, "i32", i);
    const made = parameterize(
      kernelOf([read("f32"), read("i32"), write("f32")], [loop("parallel", i, [store(2, i, load(0, "f32", at))])]),
    );
    const [pass] = lowerLaunch({ kernel: made.kernel, key: "gather" }, made.sizes, LEAST_GPU).passes;
    expect(reachOf(pass!, 0, 1)[0]).toEqual([-Infinity, Infinity]);
  });

  test("of tiles of a product is some rows of one side", () => {
    const { kernel, sizes } = parameterize(product(1, 1024, 64, 32));
    const [pass] = lowerLaunch({ kernel, key: printKernel(kernel) }, sizes, LEAST_GPU).passes;
    const half = reachOf(pass!, 0, pass!.workgroups >> 1);
    const spans = half.map(([low, high]) => high - Math.max(0, low) + 1);
    expect(pass!.workgroups).toBeGreaterThan(1);
    expect(spans.some((span) => span <= (1024 * 32) / 2 + 64 * 32)).toBe(true);
  });
});
