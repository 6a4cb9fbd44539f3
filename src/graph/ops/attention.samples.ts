import type { DType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../node.ts";
import { apply, type Op } from "../op.ts";
import { list, on, type, type InvalidSample, type Operand, type OpSamples, type Sample } from "../sample.ts";
import { attentionNormOp, attentionOp } from "./attention.ts";
import { attentionKeyGradientOp, attentionQueryGradientOp, attentionValueGradientOp } from "./attentionGradient.ts";
import type { Attention } from "./attentionScores.ts";

const plain: Attention = { scale: 0.5, causal: false, start: 0, apart: 0, dropout: 0 };
const causal: Attention = { scale: 0.5, causal: true, start: 0, apart: 0, dropout: 0 };

interface Case {
  readonly dtype?: DType;
  readonly front: Shape;
  readonly queries: number;
  readonly keys: number;
  readonly features: readonly [e: number, f: number];
  readonly attributes?: Attention;
  readonly masks?: readonly Operand[];
  readonly about?: string;
  /** Whether a query sees nothing: norms are infinite there, and differences do not approach gradients. */
  readonly blind?: true;
}

/** Every second key is hidden from every second query, and the last query sees nothing. */
const checkered = (front: Shape, queries: number, keys: number): Operand => {
  const size = front.reduce((a, b) => a * b, 1) * queries * keys;
  const seen = Array.from({ length: size }, (_, i) => {
    const [query, key] = [Math.floor(i / keys) % queries, i % keys];
    return Number(query < queries - 1 && (query % 2 === 0 || key % 2 === 0));
  });
  return list("bool", seen, [...front, queries, keys]);
};

const CASES: readonly Case[] = [
  { front: [], queries: 3, keys: 4, features: [2, 3] },
  { front: [2], queries: 4, keys: 4, features: [2, 3], attributes: causal },
  { front: [2], queries: 3, keys: 5, features: [2, 3], attributes: { ...causal, scale: 1, start: 2 } },
  { front: [], queries: 5, keys: 3, features: [2, 3], attributes: { ...causal, scale: 1, start: -2 }, blind: true },
  { front: [2, 3], queries: 2, keys: 3, features: [2, 3], attributes: { ...plain, scale: -0.25, start: 0 } },
  {
    front: [2],
    queries: 3,
    keys: 4,
    features: [2, 3],
    masks: [checkered([2], 3, 4)],
    about: "a row sees nothing",
    blind: true,
  },
  { front: [], queries: 4, keys: 3, features: [2, 3], masks: [on("f32", [4, 3])], about: "numbers are added" },
  {
    front: [],
    queries: 4,
    keys: 4,
    features: [2, 3],
    attributes: causal,
    masks: [on("bool", [4, 4]), on("f32", [4, 4])],
    about: "two masks",
    blind: true,
  },
  {
    front: [2],
    queries: 3,
    keys: 3,
    features: [2, 3],
    attributes: { ...causal, dropout: 0.25 },
    masks: [on("f32", [2, 3, 3]), on("bool", [2, 3, 3])],
    about: "some weights are dropped",
  },
  {
    front: [2],
    queries: 5,
    keys: 3,
    features: [2, 3],
    attributes: { ...causal, start: 1, apart: 3 },
    about: "keys in parts",
    blind: true,
  },
  { front: [], queries: 1, keys: 9, features: [9, 11] },
  { front: [1], queries: 7, keys: 1, features: [1, 1] },
  { front: [], queries: 9, keys: 11, features: [2, 3], attributes: causal },
  { front: [2, 0], queries: 3, keys: 4, features: [2, 3] },
  { front: [], queries: 3, keys: 0, features: [2, 3], about: "no keys", blind: true },
  { front: [2], queries: 3, keys: 2, features: [0, 3], about: "no features" },
  { dtype: "f64", front: [], queries: 3, keys: 4, features: [2, 3] },
  {
    dtype: "f64",
    front: [2],
    queries: 3,
    keys: 3,
    features: [2, 3],
    attributes: causal,
    masks: [checkered([2], 3, 3)],
    blind: true,
  },
];

/** Rounding shows in sums that cancel: results are compared as what loops make. */
const through =
  (op: Op, attributes: Attention) =>
  (inputs: readonly Node[]): Node =>
    apply(op, inputs, attributes);

function sampleOf(op: Op, own: Case, between: (own: Case, dtype: DType) => readonly Operand[]): Sample {
  const { dtype = "f32", front, queries, keys, features, attributes = plain, masks = [], about, blind } = own;
  const [e, f] = features;
  return {
    inputs: [
      on(dtype, [...front, queries, e]),
      on(dtype, [...front, keys, e]),
      on(dtype, [...front, keys, f]),
      ...between(own, dtype),
      ...masks.map((mask) => (mask.dtype === "f32" ? { ...mask, dtype } : mask)),
    ],
    attributes,
    build: through(op, attributes),
    ...(about === undefined ? {} : { about }),
    ...(blind && op === attentionNormOp ? { differentiable: false } : {}),
  };
}

/** The output's gradient, norms not far from those that the queries and keys have, and dots. */
const forGradients = ({ front, queries, features }: Case, dtype: DType): readonly Operand[] => [
  on(dtype, [...front, queries, features[1]]),
  on(dtype, [...front, queries], { from: 1, to: 3 }),
  on(dtype, [...front, queries]),
];

const [Q, K, V] = [type("f32", [2, 3, 4]), type("f32", [2, 5, 4]), type("f32", [2, 5, 6])];
const refusals = (name: string, between: readonly InvalidSample["inputs"][0][]): InvalidSample[] => [
  {
    inputs: [Q, K, type("f64", [2, 5, 6]), ...between],
    attributes: plain,
    error: DTypeError,
    message: `${name}: queries, keys and values must be floats of one dtype, got f32, f32, f64. Use cast`,
  },
  {
    inputs: [...[Q, K, V].map(({ shape }) => type("i32", shape)), ...between],
    attributes: plain,
    error: DTypeError,
    message: `${name}: queries, keys and values must be floats of one dtype, got i32, i32, i32`,
  },
  {
    inputs: [Q, type("f32", [2, 5, 3]), V, ...between],
    attributes: plain,
    error: ShapeError,
    message: `${name}: needs queries [..., n, e], keys [..., m, e] and values [..., m, f], got [2, 3, 4], [2, 5, 3], [2, 5, 6]`,
  },
  {
    inputs: [type("f32", [4]), type("f32", [4]), type("f32", [4]), ...between],
    attributes: plain,
    error: ShapeError,
    message: `${name}: needs queries [..., n, e]`,
  },
  {
    inputs: [Q, K, V, ...between, type("bool", [3, 5])],
    attributes: plain,
    error: ShapeError,
    message: `${name}: masks must be [2, 3, 5] [..., queries, keys], got [3, 5]`,
  },
  {
    inputs: [Q, K, V, ...between, type("i32", [2, 3, 5])],
    attributes: plain,
    error: DTypeError,
    message: `${name}: masks are bool or floats, got i32`,
  },
  {
    inputs: [Q, K, V, ...between],
    attributes: { ...plain, dropout: 0.5 },
    error: DTypeError,
    message: `${name}: with dropout, the last input must be bool, true where a weight is kept`,
  },
];

const family = (
  name: string,
  op: unknown,
  between: typeof forGradients,
  rest: Pick<OpSamples, "ulps"> & { readonly invalid: readonly InvalidSample[] },
): OpSamples => ({
  name,
  op: op as Op,
  smooth: true,
  ulps64: 64,
  formula: true,
  valid: CASES.map((own) => sampleOf(op as Op, own, between)),
  ...rest,
});

const gradient = (name: string, op: unknown): OpSamples => {
  const given = [type("f32", [2, 3, 6]), type("f32", [2, 3]), type("f32", [2, 3])] as const;
  return family(name, op, forGradients, {
    ulps: 32,
    invalid: [
      ...refusals(name, given),
      {
        inputs: [Q, K, V, type("f64", [2, 3, 6]), given[1], given[2]],
        attributes: plain,
        error: DTypeError,
        message: `${name}: the output's gradient must be f32, norms and dots floats, got f64, f32 and f32`,
      },
      {
        inputs: [Q, K, V, given[0], given[1], type("f32", [2, 4])],
        attributes: plain,
        error: ShapeError,
        message: `${name}: needs the output's gradient [2, 3, 6], norms and dots [2, 3], got [2, 3, 6], [2, 3] and [2, 4]`,
      },
    ],
  });
};

export const samples: readonly OpSamples[] = [
  family("attention", attentionOp, () => [], { ulps: 16, invalid: refusals("attention", []) }),
  family("attentionNorm", attentionNormOp, () => [], { ulps: 16, invalid: refusals("attentionNorm", []) }),
  gradient("attentionQueryGradient", attentionQueryGradientOp),
  gradient("attentionKeyGradient", attentionKeyGradientOp),
  gradient("attentionValueGradient", attentionValueGradientOp),
];
