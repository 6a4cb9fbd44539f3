/**
 * The one suite of ops that runs on every device: every sample forward, its gradient, and its second derivatives.
 * The reference device is held against recorded values of PyTorch and against differences in float64, every other device
 * against the reference device.
 */
import { allocate, isFloat, isHalf, rounded, type DType, type TypedArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { gradients } from "../graph/grad.ts";
import type { Attributes, Node, Source } from "../graph/node.ts";
import { input } from "../graph/ops/leaf.ts";
import { elementsOf, nodeOf, on, titleOf, type Operand, type OpSamples, type Sample } from "../graph/sample.ts";
import { samplesWithHalves } from "../graph/samples.ts";
import { expectClose, type Tolerance } from "./compare.ts";
import { differences } from "./differences.ts";
import { bringAttention } from "./attention.ts";
import { evaluateGraph } from "./reference/graph.ts";

/** Values recorded elsewhere for one sample. */
export interface Recorded {
  readonly output: readonly number[];
  /** Per input: the gradient of Σ output · cotangent; null where none was recorded. */
  readonly gradients: readonly (readonly number[] | null)[];
}

export interface SuiteOptions {
  /** Computes nodes on the device under test. */
  readonly evaluate: (roots: readonly Node[]) => Promise<readonly TypedArray[]>;
  /** A leaf with this value, as the evaluator wants it. */
  readonly leaf?: (array: TypedArray, shape: Shape, dtype: DType, requiresGrad: boolean) => Node;
  /** The dtypes that the device has; all by default. */
  readonly dtypes?: readonly DType[];
  /** For the reference device: recorded values by the sample's title, undefined where there are none. */
  readonly recorded?: (title: string, inputs: readonly TypedArray[]) => Recorded | undefined;
}

/** What a case tries: values, gradients, or gradients of gradients. */
export type Kind = "forward" | "gradient" | "second";

/** A test: run it under its title. It fails by throwing. */
export interface Case {
  readonly title: string;
  /** The family of samples it belongs to. */
  readonly name: string;
  /** The dtype that it tries the op on. */
  readonly dtype: DType;
  readonly kind: Kind;
  readonly run: () => Promise<void>;
}

/** The value of a leaf of a sample. */
export interface SampleValue extends Source {
  readonly array: TypedArray;
}

const plainLeaf: NonNullable<SuiteOptions["leaf"]> = (array, shape, dtype, requiresGrad) =>
  input(shape, dtype, { array, requiresGrad } as SampleValue);

/** One sample as a graph, with everything that derivatives need. */
interface Built {
  readonly node: Node;
  readonly leaves: readonly Node[];
  readonly values: ReadonlyMap<Node, TypedArray>;
  /** Leaves that have gradients. */
  readonly wanted: readonly Node[];
  /** What the output's gradient is, a leaf too; undefined where no gradient flows. */
  readonly cotangent: Node | undefined;
}

/** The elements of a sample's inputs, the same on every device. */
export function inputsOf(title: string, sample: Sample): TypedArray[] {
  return sample.inputs.map((operand, i) => elementsOf(operand, `${title} ${i}`));
}

/** The gradient that a sample's output is given. */
export function cotangentOf(title: string, shape: Shape, dtype: DType): TypedArray {
  return elementsOf(on(dtype, shape, { avoid: [0] }), `${title} cotangent`);
}

/** The dtype that a sample tries its op on: that of its first input (a choice's is its condition), or of what a leaf makes. */
export function dtypeOf({ op, dtype }: Node, leaves: readonly Node[]): DType {
  return op.name === "where" ? dtype : (leaves[0]?.dtype ?? dtype);
}

function build(op: OpSamples["op"], title: string, sample: Sample, leaf: NonNullable<SuiteOptions["leaf"]>): Built {
  const values = new Map<Node, TypedArray>();
  const place = ({ shape, dtype }: Pick<Operand, "shape" | "dtype">, array: TypedArray): Node => {
    const node = leaf(array, shape, dtype, isFloat(dtype));
    values.set(node, array);
    return node;
  };
  const arrays = inputsOf(title, sample);
  const leaves = sample.inputs.map((operand, i) => place(operand, arrays[i]!));
  const node = nodeOf(op, sample, leaves);
  const wanted = leaves.filter((x) => x.requiresGrad);
  const cotangent = node.requiresGrad ? place(node, cotangentOf(title, node.shape, node.dtype)) : undefined;
  return { node, leaves, values, wanted, cotangent };
}

/** The same sample in float64, where differences are accurate. */
function inDouble(sample: Sample): Sample {
  const wide = <T>(dtype: T): T | "f64" => (isFloat(dtype as DType) ? "f64" : dtype);
  const attributes: Attributes = {
    ...sample.attributes,
    ...("dtype" in sample.attributes ? { dtype: wide(sample.attributes["dtype"]) } : {}),
  };
  return {
    ...sample,
    inputs: sample.inputs.map((operand) => ({ ...operand, dtype: wide(operand.dtype) })),
    attributes,
  };
}

/** Recorded numbers are as short as they read back exactly in their dtype. */
function read(dtype: DType, numbers: readonly number[]): TypedArray {
  return allocate(dtype, numbers.length).map((_, i) => rounded(numbers[i]!, dtype)) as TypedArray;
}

const onReference = (roots: readonly Node[], { values }: Built): TypedArray[] =>
  evaluateGraph(roots, (node) => values.get(node));
function weighted(arrays: readonly TypedArray[], weights: readonly TypedArray[]): number {
  let sum = 0;
  arrays.forEach((array, k) => {
    for (let i = 0; i < array.length; i++) sum += array[i]! * weights[k]![i]!;
  });
  return sum;
}

/** Gradients pass through several rounded steps, some of which cancel. */
const gradientTolerance = (ulps: number): Tolerance => ({ ulps: 16 + 16 * ulps, scale: 1 });
/** What differences of fourth order are good for: about 10⁻⁷ of values near 1. */
const DIFFERENCE: Tolerance = { ulps: 1e-6 * 2 ** 52, scale: 1 };

/**
 * The cases of all ops on one device.
 * @example
 * for (const { title, run } of opCases({ evaluate })) test(title, run);
 */
export function opCases(options: SuiteOptions): Case[] {
  bringAttention();
  return samplesWithHalves.flatMap((family) => family.valid.flatMap((sample) => sampleCases(family, sample, options)));
}

function sampleCases(
  { name, op, smooth, ulps: own, ulps64 = own, formula = false }: OpSamples,
  sample: Sample,
  options: SuiteOptions,
): Case[] {
  const { evaluate, leaf = plainLeaf, dtypes, recorded } = options;
  const title = titleOf(name, sample);
  // Built once here to know its types; every case builds its own, so that no device sees values another left on nodes.
  const { node, leaves, wanted, cotangent } = build(op, title, sample, plainLeaf);
  if (dtypes && [node, ...leaves].some((x) => !dtypes.includes(x.dtype))) return [];
  // What is near the middle of two halves may be rounded to either; a loop rounds at every step, or not.
  const half = sample.build ? 16 : Math.min(own, 1);
  const ulps = node.dtype === "f64" ? ulps64 : isHalf(node.dtype) ? half : own;
  // A loop adds up what cancels.
  const scale = sample.build ? 1 : 0;
  const about = { name, dtype: dtypeOf(node, leaves) };
  const fresh = (): Built => build(op, title, sample, leaf);
  const cases: Case[] = [
    {
      ...about,
      title,
      kind: "forward",
      async run() {
        const built = fresh();
        const [actual] = await evaluate([built.node]);
        if (!recorded) {
          expectClose(title, node.dtype, actual, onReference([built.node], built)[0]!, { ulps, scale });
          return;
        }
        const golden = recorded(title, [...built.values.values()]);
        if (isHalf(node.dtype) && !golden) {
          const exact = inDoubleOnReference(op, title, sample).map((x) => rounded(x, node.dtype));
          expectClose(`${title} against float64`, node.dtype, actual, exact, { ulps: half, scale });
        }
        if (!golden) return;
        // PyTorch computed in float64 too: a node of its own rounds once to f32, a loop or a formula at every step.
        const allowed = node.dtype === "f64" ? ulps64 : sample.build || formula ? own : Math.min(own, 1);
        expectClose(`${title} against PyTorch`, node.dtype, actual, read(node.dtype, golden.output), { ulps: allowed });
      },
    },
  ];
  if (!cotangent) return cases;
  const tolerance = gradientTolerance(ulps);
  cases.push({
    ...about,
    title: `${title} gradient`,
    kind: "gradient",
    async run() {
      const built = fresh();
      const grads = gradients([built.node], [built.cotangent!], built.wanted);
      const present = grads.filter((grad) => grad !== undefined);
      /** By input, with zeros where no gradient flows. */
      const perInput = (arrays: readonly TypedArray[]): TypedArray[] =>
        grads.map((grad, i) =>
          grad ? arrays[present.indexOf(grad)]! : new Float64Array(elementCount(built.wanted[i]!)),
        );
      const actual = perInput(await evaluate(present));
      const expectAll = (what: string, expected: readonly (ArrayLike<number> | null)[], allowed: Tolerance): void =>
        expected.forEach(
          (array, i) =>
            array &&
            expectClose(`${title} gradient ${i} against ${what}`, built.wanted[i]!.dtype, actual[i], array, allowed),
        );
      if (!recorded) {
        expectAll("the reference", perInput(onReference(present, built)), tolerance);
        return;
      }
      const golden = recorded(title, [...built.values.values()]);
      if (golden)
        expectAll(
          "PyTorch",
          golden.gradients.flatMap((list, i) =>
            isFloat(leaves[i]!.dtype) ? [list && read(leaves[i]!.dtype, list)] : [],
          ),
          tolerance,
        );
      if (sample.differentiable === false) return;
      const { analytic, numeric } = firstOrder(op, title, sample);
      analytic.forEach((array, i) =>
        expectClose(`${title} gradient ${i} in float64 against differences`, "f64", array, numeric[i]!, DIFFERENCE),
      );
      expectAll("float64", analytic, tolerance);
    },
  });
  if (!smooth || sample.differentiable === false || !wanted.length) return cases;
  cases.push({
    ...about,
    title: `${title} second order`,
    kind: "second",
    async run() {
      const built = fresh();
      const { roots, weights } = secondOrder(built, title, leaf);
      if (!recorded) {
        const all: Built = { ...built, values: new Map([...built.values, ...weights]) };
        const actual = await evaluate(roots);
        onReference(roots, all).forEach((array, i) =>
          expectClose(`${title} second order ${i}`, roots[i]!.dtype, actual[i], array, {
            ulps: 4 * tolerance.ulps,
            scale: 1,
          }),
        );
        return;
      }
      checkSecondOrder(op, title, sample);
    },
  });
  return cases;
}

const elementCount = (node: Node): number => node.shape.reduce((size, extent) => size * extent, 1);

/** A sample's values, computed in float64. */
function inDoubleOnReference(op: OpSamples["op"], title: string, sample: Sample): TypedArray {
  const built = build(op, title, inDouble(sample), plainLeaf);
  return onReference([built.node], built)[0]!;
}

/** Gradients in float64, by the graph and by differences. */
function firstOrder(
  op: OpSamples["op"],
  title: string,
  sample: Sample,
): { analytic: TypedArray[]; numeric: TypedArray[] } {
  const built = build(op, title, inDouble(sample), plainLeaf);
  const { node, wanted, cotangent, values } = built;
  const weight = values.get(cotangent!)!;
  const grads = gradients([node], [cotangent!], wanted);
  const analytic = grads.map((grad, i) =>
    grad ? onReference([grad], built)[0]! : new Float64Array(elementCount(wanted[i]!)),
  );
  const numeric = differences(
    () => weighted(onReference([node], built), [weight]),
    wanted.map((x) => values.get(x) as Float64Array),
  );
  return { analytic, numeric };
}

/** Gradients of Σ gradient · weight, with respect to the inputs and the cotangent. Those that are 0 throughout are left out. */
function secondOrder(
  { node, wanted, cotangent }: Built,
  title: string,
  leaf: NonNullable<SuiteOptions["leaf"]>,
): { first: Node[]; weights: Map<Node, TypedArray>; variables: Node[]; second: (Node | undefined)[]; roots: Node[] } {
  const first = gradients([node], [cotangent!], wanted).filter((grad) => grad !== undefined);
  const weights = new Map<Node, TypedArray>();
  const pushes = first.map((grad, i) => {
    const array = cotangentOf(`${title} weight ${i}`, grad.shape, grad.dtype);
    const weight = leaf(array, grad.shape, grad.dtype, false);
    weights.set(weight, array);
    return weight;
  });
  const variables = [...wanted, cotangent!];
  const second = gradients(first, pushes, variables);
  return { first, weights, variables, second, roots: second.filter((grad) => grad !== undefined) };
}

function checkSecondOrder(op: OpSamples["op"], title: string, sample: Sample): void {
  const built = build(op, title, inDouble(sample), plainLeaf);
  const { first, weights, variables, second } = secondOrder(built, title, plainLeaf);
  const all: Built = { ...built, values: new Map([...built.values, ...weights]) };
  const numeric = differences(
    () => weighted(onReference(first, all), [...weights.values()]),
    variables.map((x) => built.values.get(x) as Float64Array),
  );
  second.forEach((grad, i) => {
    const actual = grad ? onReference([grad], all)[0]! : new Float64Array(elementCount(variables[i]!));
    expectClose(`${title} second order ${i} against differences`, "f64", actual, numeric[i]!, DIFFERENCE);
  });
}
