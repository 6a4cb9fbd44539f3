import { describe, expect, test } from "vitest";
import { isFloat, type DType, type TypedArray } from "../core/dtype.ts";
import { HostRandom } from "../core/random.ts";
import { topological, type Node } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { input } from "../graph/ops/leaf.ts";
import { loopOf, ScanBody } from "../graph/ops/scanBody.ts";
import { cast } from "../graph/ops/unary.ts";
import { describeGraph, randomGraph, type RandomGraph, type RandomValue } from "../graph/random-graph.testing.ts";
import { expectAgreement, randomGraphs } from "./random-graphs.testing.ts";
import { evaluateGraph } from "./reference/graph.ts";

const valueOf = (node: Node): TypedArray | undefined => (node.source as RandomValue | undefined)?.array;
const graphOf = (seed: number): RandomGraph => {
  const random = new HostRandom(seed);
  return randomGraph((count) => random.integer(count));
};

/** The same graph with all f32 made f64, that of a loop's step as well. */
function inDouble(roots: readonly Node[], made: Map<Node, Node> = new Map()): Node[] {
  const wide = <T>(dtype: T): T | "f64" => (dtype === "f32" ? "f64" : dtype);
  for (const node of topological(roots)) {
    if (made.has(node)) continue;
    const { op, shape, dtype, attributes } = node;
    const array = valueOf(node);
    const source = array
      ? ({ array: dtype === "f32" ? Float64Array.from(array) : array, requiresGrad: false } as RandomValue)
      : node.source;
    const inputs = node.inputs.map((x) => made.get(x)!);
    const loop = loopOf(node);
    if (source) made.set(node, input(shape, wide(dtype), source));
    else if (loop) {
      const inner = new Map<Node, Node>();
      const wider = (nodes: readonly Node[]): Node[] => inDouble(nodes, inner);
      const { carry, step, shared, next, outputs } = loop.body;
      const body = new ScanBody({
        carry: wider(carry),
        step: wider(step),
        shared: wider(shared),
        next: wider(next),
        outputs: wider(outputs),
      });
      made.set(node, apply(op, inputs, { ...loop, body }));
    } else {
      const attributesWide =
        "dtype" in attributes ? { ...attributes, dtype: wide(attributes["dtype"] as DType) } : attributes;
      // Some ops make f32 of 16-bit floats.
      made.set(node, cast(apply(op, inputs, attributesWide), wide(dtype)));
    }
  }
  return roots.map((root) => made.get(root)!);
}

describe("random graphs", () => {
  test("use every op that has a value of its own, and go on for a while", () => {
    const used = new Map<string, number>();
    const sizes: number[] = [];
    for (let seed = 0; seed < 3000; seed++) {
      const nodes = topological(graphOf(seed).roots);
      sizes.push(nodes.length);
      for (const { op } of nodes) used.set(op.name, (used.get(op.name) ?? 0) + 1);
    }
    const rare = [
      "abs",
      "add",
      "and",
      "argmax",
      "argmin",
      "attention",
      "attentionKeyGradient",
      "attentionNorm",
      "attentionQueryGradient",
      "attentionValueGradient",
      "cast",
      "concat",
      "contiguous",
      "cos",
      "detach",
      "dilate",
      "div",
      "dot",
      "eq",
      "erf",
      "exp",
      "expand",
      "fill",
      "flip",
      "floor",
      "fold",
      "gather",
      "idiv",
      "iota",
      "le",
      "log",
      "lt",
      "max",
      "min",
      "mod",
      "mul",
      "ne",
      "neg",
      "not",
      "or",
      "pad",
      "permute",
      "pow",
      "prod",
      "randomBits",
      "recip",
      "reshape",
      "round",
      "scatter",
      "shl",
      "shr",
      "sign",
      "sin",
      "slice",
      "sqrt",
      "sub",
      "sum",
      "tanh",
      "where",
      "window",
      "xor",
    ].filter((name) => (used.get(name) ?? 0) < 5);
    expect(rare).toEqual([]);
    expect(sizes.sort((a, b) => a - b)[Math.floor(sizes.length * 0.75)]).toBeGreaterThan(12);
  });

  test("bounds hold between f32 and f64", () => {
    let rounded = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const { roots, bounds } = graphOf(seed);
      const narrow = evaluateGraph(roots, valueOf);
      const wide = evaluateGraph(inDouble(roots), valueOf);
      expectAgreement(roots, bounds, narrow, wide, describeGraph(roots));
      roots.forEach((root, r) => {
        if (
          isFloat(root.dtype) &&
          narrow[r]!.some((value: number, i: number) => value !== wide[r]![i] && !Number.isNaN(value))
        )
          rounded++;
      });
    }
    // Otherwise nothing would have been tried.
    expect(rounded).toBeGreaterThan(100);
  });

  test("an evaluation that is wrong is found, and shown on a small graph", async () => {
    const evaluate = async (roots: readonly Node[]): Promise<TypedArray[]> =>
      evaluateGraph(roots, valueOf).map((array, r) =>
        roots[r]!.op.name === "permute" ? array.slice().reverse() : array,
      );
    await expect(randomGraphs({ count: 2000, seed: 3, evaluate })).rejects.toThrow(
      /of permute .* is .*, the reference has/s,
    );
  }, 120_000);
});
