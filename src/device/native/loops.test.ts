import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { add, div, mul, sub } from "../../graph/ops/binary.ts";
import { input } from "../../graph/ops/leaf.ts";
import { contiguous, expand, permute, reshape } from "../../graph/ops/movement.ts";
import { maxReduce, spread, sum } from "../../graph/ops/reduce.ts";
import { exp } from "../../graph/ops/unary.ts";
import { stepsOf } from "../device.ts";
import { renderLoopKernel } from "./kernels.ts";
import { targetFor } from "./target.ts";

const leaf = (...shape: number[]) => input(shape, "f32", { requiresGrad: false });

function codeOf(result: ReturnType<typeof leaf>): string {
  const { kernel } = stepsOf(compile({ results: [result], updates: [] }).program.tape)[0]!;
  if (kernel.kind !== "loops") throw new Error("not a kernel of loops");
  return renderLoopKernel(kernel, targetFor(8));
}

it("what is alike for all iterations is loaded and computed in front of the loop", () => {
  const code = codeOf(mul(leaf(1000), expand(reshape(exp(leaf()), [1]), [1000])));
  expect(code.indexOf("b1[0]")).toBeGreaterThan(0);
  expect(code.indexOf("b1[0]")).toBeLessThan(code.indexOf("for ("));
  expect(code.split("b1[0]")).toHaveLength(2);
});

it("rows are taken apart without dividing at each", () => {
  const code = codeOf(contiguous(permute(leaf(3, 5, 7, 64), [1, 0, 2, 3])));
  expect(code).toContain("quotient_by(");
  expect(code.slice(code.indexOf("for ("))).not.toMatch(/ [/%] /);
});

it("rows passed over several times ask for the next row, and for what they will write", () => {
  const x = leaf(64, 1000);
  const e = exp(sub(x, spread(maxReduce(x, [1]), x.shape, [1])));
  const code = codeOf(div(e, spread(sum(e, [1]), x.shape, [1])));
  expect(code).toMatch(/__builtin_prefetch\(b1 \+ [^;]*, 1\);/);
  expect(code).toMatch(/__builtin_prefetch\(b0 \+ \(\(i_0 \+ 1\) [^;]*, 0\);/);
});

it("rows ask for nothing whose place a pass has yet to find", () => {
  const x = permute(leaf(16, 64, 6), [0, 2, 1]);
  const y = add(x, spread(leaf(6), x.shape, [0, 2]));
  const distance = sub(y, spread(sum(y, [1, 2]), x.shape, [1, 2]));
  const variance = sum(mul(distance, distance), [1, 2]);
  expect(codeOf(div(distance, spread(variance, x.shape, [1, 2])))).not.toContain("undefined");
});
