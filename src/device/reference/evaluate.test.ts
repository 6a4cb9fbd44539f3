import { describe, expect, test } from "vitest";
import type { DType, TypedArray } from "../../core/dtype.ts";
import { topological, type Node } from "../../graph/node.ts";
import { add, mul } from "../../graph/ops/binary.ts";
import { dot } from "../../graph/ops/dot.ts";
import { gather, scatter } from "../../graph/ops/gather.ts";
import { fill, input, iota } from "../../graph/ops/leaf.ts";
import { fold, permute, window } from "../../graph/ops/movement.ts";
import { randomBits } from "../../graph/ops/random.ts";
import { argmax, sum } from "../../graph/ops/reduce.ts";
import { cast, erf } from "../../graph/ops/unary.ts";
import { evaluateNode } from "./evaluate.ts";

const values = new WeakMap<Node, TypedArray>();
function leaf(shape: readonly number[], dtype: DType, array: TypedArray): Node {
  const node = input(shape, dtype, { requiresGrad: false });
  values.set(node, array);
  return node;
}
function evaluate(root: Node): TypedArray {
  for (const node of topological([root])) {
    if (values.has(node)) continue;
    values.set(
      node,
      evaluateNode(
        node,
        node.inputs.map((x) => values.get(x)!),
      ),
    );
  }
  return values.get(root)!;
}

describe("evaluateNode", () => {
  test("adds, multiplies and permutes", () => {
    const a = leaf([2, 3], "f32", new Float32Array([1, 2, 3, 4, 5, 6]));
    expect([...evaluate(permute(mul(add(a, a), a), [1, 0]))]).toEqual([2, 32, 8, 50, 18, 72]);
  });

  test("reduces over several axes, also none and empty ones", () => {
    const a = leaf([2, 2, 2], "f32", new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]));
    expect([...evaluate(sum(a, [0, 2]))]).toEqual([14, 22]);
    expect([...evaluate(argmax(a, [0, 2]))]).toEqual([3, 3]);
    expect([...evaluate(sum(leaf([2, 0], "f32", new Float32Array(0)), [1]))]).toEqual([0, 0]);
  });

  test("argmax takes the first extreme and the first NaN", () => {
    const a = leaf([3, 3], "f32", new Float32Array([1, 3, 3, NaN, 5, NaN, 0, 0, 0]));
    expect([...evaluate(argmax(a, [1]))]).toEqual([1, 0, 0]);
  });

  test("gathers and scatters", () => {
    const x = leaf([4], "f32", new Float32Array([10, 20, 30, 40]));
    const at = leaf([3], "i32", new Int32Array([3, -1, 1]));
    expect([...evaluate(gather(x, at, 0))]).toEqual([40, NaN, 20]);
    const twice = leaf([3], "i32", new Int32Array([2, 2, 9]));
    expect([...evaluate(scatter("add", x, twice, leaf([3], "f32", new Float32Array([1, 2, 3])), 0))]).toEqual([
      10, 20, 33, 40,
    ]);
  });

  test("multiplies matrices and folds windows", () => {
    const a = leaf([2, 2], "f32", new Float32Array([1, 2, 3, 4]));
    expect([...evaluate(dot(a, a, { batch: [[], []], contract: [[1], [0]] }))]).toEqual([7, 10, 15, 22]);
    const w = window(leaf([4], "f32", new Float32Array([1, 2, 3, 4])), { axis: 0, size: 2, stride: 1, dilation: 1 });
    expect([...evaluate(fold(w, { axis: 0, size: 2, stride: 1, dilation: 1, length: 4 }))]).toEqual([1, 4, 6, 4]);
  });

  test("gives Threefry's published words", () => {
    const key = leaf([2], "u32", new Uint32Array([0, 0]));
    // Random123's known answer for counter 0 and key 0, both words joined.
    expect([...evaluate(randomBits(key, [1]))]).toEqual([(0x6b200159 ^ 0x99ba4efe) >>> 0]);
  });

  test("erf, fill, iota and cast", () => {
    expect(evaluate(erf(fill([], 0.5, "f64")))[0]).toBeCloseTo(0.5204998778130465, 15);
    expect([...evaluate(cast(iota([2, 2], 1), "f32"))]).toEqual([0, 1, 0, 1]);
  });
});
