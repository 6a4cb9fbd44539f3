import { describe, test } from "vitest";
import { allocate, isFloat, type DType, type TypedArray } from "../core/dtype.ts";
import { sizeOf, type Shape } from "../core/shape.ts";
import { batchGraph, type Example } from "../graph/batch.ts";
import { gradients } from "../graph/grad.ts";
import type { Node } from "../graph/node.ts";
import { input } from "../graph/ops/leaf.ts";
import { elementsOf, nodeOf, on, titleOf, type OpSamples, type Sample } from "../graph/sample.ts";
import { allSamples } from "../graph/samples.ts";
import { bringAttention } from "./attention.ts";
import { expectClose } from "./compare.ts";
import { compiledOn } from "./compiled.testing.ts";
import { evaluateGraph } from "./reference/graph.ts";
import type { SampleValue } from "./suite.ts";
import { WasmDevice } from "./wasm/device.ts";

bringAttention();

const EXAMPLES = 3;
const wasm = compiledOn(new WasmDevice());
const reference = (roots: readonly Node[]): TypedArray[] =>
  evaluateGraph(roots, (node) => (node.source as SampleValue | undefined)?.array);

const leaf = (array: TypedArray, shape: Shape, dtype: DType): Node =>
  input(shape, dtype, { array, requiresGrad: isFloat(dtype) } as SampleValue);

/** One value for all examples, or one for each, stacked. */
interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly arrays: readonly TypedArray[];
  readonly mapped: boolean;
}

function stacked({ shape, dtype, arrays, mapped }: Operand): Node {
  if (!mapped) return leaf(arrays[0]!, shape, dtype);
  const all = allocate(dtype, EXAMPLES * sizeOf(shape));
  arrays.forEach((array, k) => all.set(array, k * array.length));
  return leaf(all, [EXAMPLES, ...shape], dtype);
}

const joined = (arrays: readonly TypedArray[]): number[] => arrays.flatMap((array) => Array.from(array));

/** A sample over examples of which some inputs differ: what they are together, and what each is alone. */
function built(name: string, op: OpSamples["op"], sample: Sample, mapped: readonly boolean[]) {
  const title = titleOf(name, sample);
  const operand = (shape: Shape, dtype: DType, differ: boolean, elements: (k: number) => TypedArray): Operand => ({
    shape,
    dtype,
    mapped: differ,
    arrays: Array.from({ length: EXAMPLES }, (_, k) => elements(differ ? k : 0)),
  });
  const operands = sample.inputs.map((x, i) =>
    operand(x.shape, x.dtype, mapped[i]!, (k) => elementsOf(x, `${title} ${i} example ${k}`)),
  );
  const alone = Array.from({ length: EXAMPLES }, (_, k) => {
    const leaves = operands.map(({ arrays, shape, dtype }) => leaf(arrays[k]!, shape, dtype));
    return { leaves, node: nodeOf(op, sample, leaves) };
  });
  const { node } = alone[0]!;
  const weight = node.requiresGrad
    ? operand(node.shape, node.dtype, true, (k) =>
        elementsOf(on(node.dtype, node.shape, { avoid: [0] }), `${title} cotangent ${k}`),
      )
    : undefined;
  const one = sample.inputs.map(({ shape, dtype }) => input(shape, dtype, { requiresGrad: isFloat(dtype) }));
  const all = operands.map(stacked);
  const leaves = new Map(one.map((x, i): [Node, Example] => [x, { node: all[i]!, mapped: mapped[i]! }]));
  return { title, alone, weight, one, all, leaves, single: nodeOf(op, sample, one) };
}

/** Which inputs differ between the examples: all of them, and each alone. */
const patterns = (count: number): boolean[][] => [
  new Array<boolean>(count).fill(true),
  ...(count > 1 ? Array.from({ length: count }, (_, at) => Array.from({ length: count }, (__, i) => i === at)) : []),
];

async function check({ name, op, ulps, ulps64 = ulps }: OpSamples, sample: Sample): Promise<void> {
  for (const mapped of patterns(sample.inputs.length)) {
    const { title, alone, weight, one, all, leaves, single } = built(name, op, sample, mapped);
    const what = `${title} over examples of ${mapped.map((differs) => (differs ? "many" : "one")).join(", ")}`;
    const [together] = batchGraph([single], leaves, EXAMPLES) as [Node];
    if (together.shape.join() !== [EXAMPLES, ...single.shape].join() || together.dtype !== single.dtype)
      throw new Error(`${what}: is ${together.dtype} [${together.shape.join()}]`);
    const expected = joined(reference(alone.map((x) => x.node)));
    expectClose(what, together.dtype, reference([together])[0], expected, { ulps: 0 });
    if (!mapped.includes(false)) {
      const allowed = { ulps: together.dtype === "f64" ? ulps64 : ulps, scale: sample.build ? 1 : 0 };
      expectClose(`${what}, compiled`, together.dtype, (await wasm([together]))[0], expected, allowed);
    }
    if (!weight) continue;
    // Gradients of all examples at once, and the gradient of one over all examples.
    const pushes = weight.arrays.map((array) => leaf(array, single.shape, single.dtype));
    const apart = alone.map((x, k) => gradients([x.node], [pushes[k]!], x.leaves));
    const pushed = input(single.shape, single.dtype, { requiresGrad: true });
    const whole = stacked(weight);
    const outside = gradients([together], [whole], all);
    const parts = gradients([single], [pushed], one);
    const inside = batchGraph(
      parts.filter((part) => part !== undefined),
      new Map([...leaves, [pushed, { node: whole, mapped: true }]]),
      EXAMPLES,
    );
    for (const [i, part] of parts.entries()) {
      if (!part) continue;
      const wanted = joined(reference(apart.map((grads) => grads[i]!)));
      const tolerance = { ulps: 16 + 16 * ulps, scale: 1 };
      expectClose(`${what}, gradient ${i} inside`, part.dtype, reference([inside.shift()!])[0], wanted, tolerance);
      const total = mapped[i]
        ? wanted
        : Array.from({ length: wanted.length / EXAMPLES }, (_, e) =>
            [0, 1, 2].reduce((sum, k) => sum + wanted[(k * wanted.length) / EXAMPLES + e]!, 0),
          );
      expectClose(`${what}, gradient ${i} outside`, part.dtype, reference([outside[i]!])[0], total, tolerance);
    }
  }
}

describe.each(allSamples.filter(({ valid }) => valid.length))("[C18] $name over examples is each alone", (family) => {
  for (const sample of family.valid) test(titleOf(family.name, sample), () => check(family, sample));
});
