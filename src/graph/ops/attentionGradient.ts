/**
 * Gradients of attention, from weights that are made again: with P = exp(score − norm of the row) and dots = Σ dO·O, scores
 * have the gradient dS = P·(dO·vᵀ − dots), queries dS·k, keys dSᵀ·q and values Pᵀ·dO (Dao et al. 2022).
 */
import { isFloat } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, sizeOf } from "../../core/shape.ts";
import {
  binary,
  cast as castTo,
  constant,
  index as freshIndex,
  reduce,
  register,
  select,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import { gradients } from "../grad.ts";
import type { Node } from "../node.ts";
import {
  apply,
  withGradientMode,
  type Access,
  type AttentionContext,
  type AttentionLowering,
  type AttentionResult,
  type ElementContext,
  type Op,
} from "../op.ts";
import {
  asKernels,
  checkOperands,
  elementScore,
  keptOf,
  scoreOf,
  seenBy,
  weightOf,
  type Attention,
  type Operands,
} from "./attentionScores.ts";
import {
  composedKeyGradient,
  composedQueryGradient,
  composedScoreGradient,
  composedValueGradient,
} from "./attentionComposition.ts";
import { custom } from "./control.ts";
import { expand, permute, reshape } from "./movement.ts";
import { sum } from "./reduce.ts";
import { cast } from "./unary.ts";

/** Where masks begin among the inputs: queries, keys, values, the output's gradient, norms and dots come first. What dropout keeps is the last. */
const MASKS_FROM = 6;

type Inputs = readonly [q: Node, k: Node, v: Node, grad: Node, norm: Node, dots: Node, ...pairs: Node[]];

/** Gradients for queries, keys, values and masks: of those that take one. */
export function attentionGradients(inputs: Inputs, attributes: Attention): (Node | undefined)[] {
  const [q, k, v, , , , ...pairs] = inputs;
  const parts = q.requiresGrad && (k.requiresGrad || v.requiresGrad) ? partsOf(q, k) : 1;
  const [ofQueries, ofKeys, ofValues] = parts === 1 ? whole(inputs, attributes) : inParts(inputs, attributes, parts);
  const of = (x: Node, gradient: () => Node): Node | undefined => (x.requiresGrad ? gradient() : undefined);
  return [
    of(q, ofQueries),
    of(k, ofKeys),
    of(v, ofValues),
    ...pairs.map((x) => of(x, () => cast(composedScoreGradient(inputs, attributes), x.dtype))),
  ];
}

type Gradients = readonly [ofQueries: () => Node, ofKeys: () => Node, ofValues: () => Node];
const whole = (inputs: readonly Node[], attributes: Attention): Gradients => [
  () => apply(attentionQueryGradientOp, inputs, attributes),
  () => apply(attentionKeyGradientOp, inputs, attributes),
  () => apply(attentionValueGradientOp, inputs, attributes),
];

/** So many kernels in one keep many threads busy. */
const ENOUGH = 16;
/** Keys that are worth a part of their own. */
const LEAST_KEYS = 256;

/**
 * Whoever makes all gradients of a head at once does so alone. Where there are few heads, keys are cut into parts, each with
 * its own gradients of queries, which are added up: in an order that the shape says.
 */
function partsOf(q: Node, k: Node): number {
  const [queries, keys] = [q.shape.at(-2)!, k.shape.at(-2)!];
  if (q.dtype !== "f32" || queries === 1) return 1;
  const heads = sizeOf(q.shape.slice(0, -2));
  const most = Math.min(Math.ceil(ENOUGH / heads), Math.floor(keys / LEAST_KEYS));
  for (let parts = most; parts > 1; parts--) if (keys % parts === 0) return parts;
  return 1;
}

function inParts(inputs: Inputs, attributes: Attention, parts: number): Gradients {
  const [q, k, v, grad, norm, dots, ...pairs] = inputs;
  const front = q.shape.slice(0, -2);
  const axis = front.length;
  const [queries, keys] = [q.shape.at(-2)!, k.shape.at(-2)! / parts];
  const every = (x: Node): Node => {
    const own = x.shape.slice(axis);
    return expand(reshape(x, [...front, 1, ...own]), [...front, parts, ...own]);
  };
  const cut = (x: Node): Node => reshape(x, [...front, parts, keys, x.shape.at(-1)!]);
  const cutPairs = (x: Node): Node => {
    const order = [...front.map((_, i) => i), axis + 1, axis, axis + 2];
    return permute(reshape(x, [...front, queries, parts, keys]), order);
  };
  const [ofQueries, ofKeys, ofValues] = whole(
    [every(q), cut(k), cut(v), every(grad), every(norm), every(dots), ...pairs.map(cutPairs)],
    { ...attributes, apart: keys },
  );
  return [() => sum(ofQueries(), [axis]), () => reshape(ofKeys(), k.shape), () => reshape(ofValues(), v.shape)];
}

function check(op: string, inputs: readonly Node[], attributes: Attention): void {
  const [q, k, v, grad, norm, dots, ...pairs] = inputs as Inputs;
  checkOperands(op, [q, k, v], pairs, attributes);
  const output = [...q.shape.slice(0, -1), v.shape.at(-1)!];
  if (grad.dtype !== q.dtype || !isFloat(norm.dtype) || !isFloat(dots.dtype))
    throw new DTypeError(
      `${op}: the output's gradient must be ${q.dtype}, norms and dots floats, got ${grad.dtype}, ${norm.dtype} and ${dots.dtype}`,
    );
  if (!sameShape(grad.shape, output) || [norm, dots].some((x) => !sameShape(x.shape, output.slice(0, -1))))
    throw new ShapeError(
      `${op}: needs the output's gradient ${show(output)}, norms and dots ${show(output.slice(0, -1))}, ` +
        `got ${show(grad.shape)}, ${show(norm.shape)} and ${show(dots.shape)}`,
    );
}

/** exp(score − norm). Rows that see nothing have scores −∞ alone, and so weights 0. */
function shareOf(score: Expression, norm: Expression): Expression {
  const blind = binary("eq", norm, constant(-Infinity, norm.dtype));
  return weightOf(score, select(blind, constant(0, norm.dtype), norm));
}

// ---------- one element at a time

type Pair = readonly [batch: readonly Expression[], query: Expression, key: Expression];

const operandsOf = ({ inputs, nodes, attributes }: Omit<Operands, "masksFrom">): Operands => ({
  inputs,
  nodes,
  attributes,
  masksFrom: MASKS_FROM,
});

/** The weight of a query and a key. */
function elementWeight(context: ElementContext<Attention>, [batch, query, key]: Pair): Expression {
  const norm = context.inputs[4]!([...batch, query]);
  return shareOf(elementScore(operandsOf(context), batch, query, key), castTo(norm, context.dtype));
}

/** The gradient of their product. */
function elementGradient(context: ElementContext<Attention>, [batch, query, key]: Pair): Expression {
  const { inputs, nodes, attributes, dtype } = context;
  const f = freshIndex(nodes[2]!.shape.at(-1)!);
  const towards = reduce("sum", [f], binary("mul", inputs[3]!([...batch, query, f]), inputs[2]!([...batch, key, f])));
  const left = keptOf(operandsOf(context), towards, [...batch, query, key]);
  const ofScore = binary("sub", left, castTo(inputs[5]!([...batch, query]), dtype));
  return binary("mul", scaled(elementWeight(context, [batch, query, key]), attributes), ofScore);
}

// ---------- kernels

/**
 * One kernel for all that are wanted, as weights are made of the same products: its rows are keys, which are summed over
 * queries, and gradients of queries come across. By themselves these have kernels with rows of queries.
 */
function lowerAttention({ inputs, nodes, attributes, wanted }: AttentionContext<Attention>): AttentionLowering {
  const [queries, keys, values, grads, norms, dots] = inputs as Six<Access>;
  const [q, k, v] = nodes as Six<Node>;
  const batch = q.shape.slice(0, -2).map((d) => freshIndex(d));
  const [query, key] = [freshIndex(q.shape.at(-2)!), freshIndex(k.shape.at(-2)!)];
  const { pairs, first, last } = seenBy(attributes, batch, query, key);
  const byKeys = wanted.has(attentionKeyGradientOp) || wanted.has(attentionValueGradientOp);
  const product = (extent: number, atQuery: Access, atKey: Access): AttentionLowering["products"][0] => {
    const over = freshIndex(extent);
    const sides = [atQuery([...batch, query, over]), atKey([...batch, key, over])] as const;
    const [left, right] = byKeys ? [sides[1], sides[0]] : sides;
    return { k: [over], left, right, sum: register("f32") };
  };
  const [e, f] = [q.shape.at(-1)!, v.shape.at(-1)!];
  const scores = product(e, queries, keys);
  const towards = product(f, grads, values);
  const operands = operandsOf({ inputs, nodes, attributes });
  const pair = [...batch, query, key];
  const score = scoreOf(operands, scores.sum, pair);
  const norm = castTo(norms([...batch, query]), "f32");
  // Without masks all queries that are looked at see something.
  const weight = nodes.length > MASKS_FROM ? shareOf(score, norm) : weightOf(score, norm);
  const left = binary("sub", keptOf(operands, towards.sum, pair), castTo(dots([...batch, query]), "f32"));
  const ofScore = binary("mul", scaled(weight, attributes), left);
  const result = (op: Op, extent: number, by: Expression, line: Index, access: Access): AttentionResult[] => {
    const feature = freshIndex(extent);
    return wanted.has(op) ? [{ op, f: [feature], weight: by, value: access([...batch, line, feature]) }] : [];
  };
  const resultsOfQueries = result(attentionQueryGradientOp, e, ofScore, key, keys);
  const products =
    wanted.has(attentionQueryGradientOp) || wanted.has(attentionKeyGradientOp) ? [scores, towards] : [scores];
  if (!byKeys) return { batch, m: query, n: key, last, pairs, products, results: resultsOfQueries };
  return {
    batch,
    m: key,
    n: query,
    first,
    pairs,
    products,
    results: [
      ...result(attentionKeyGradientOp, e, ofScore, query, queries),
      ...result(attentionValueGradientOp, f, keptOf(operands, weight, pair), query, grads),
    ],
    ...(resultsOfQueries.length ? { across: { last, results: resultsOfQueries } } : {}),
  };
}

type Six<T> = readonly [T, T, T, T, T, T];
const scaled = (value: Expression, { scale }: Attention): Expression =>
  binary("mul", value, constant(scale, value.dtype));

// ---------- ops

/* @__NO_SIDE_EFFECTS__ */
function define(
  name: string,
  /** Which input the result is the gradient of. */
  of: 0 | 1 | 2,
  compose: (inputs: readonly Node[], attributes: Attention) => Node,
  lower: NonNullable<Op<Attention>["lower"]>,
): Op<Attention> {
  const own: Op<Attention> = {
    name,
    infer(inputs, attributes) {
      check(name, inputs, attributes);
      const { shape, dtype } = inputs[of]!;
      return { shape, dtype };
    },
    // Inputs may follow from one another: only what this op itself does is differentiated.
    vjp: ({ inputs, attributes, grad }) =>
      withGradientMode(true, () => {
        const apart = inputs.map((x) => (x.requiresGrad ? custom(name, x, [x], (g) => [g]) : x));
        return gradients([compose(apart, attributes)], [grad], apart);
      }),
    lower,
    lowerAttention,
  };
  return asKernels(own, 4, MASKS_FROM, compose);
}

/** The gradient of queries: [..., n, e]. */
export const attentionQueryGradientOp: Op<Attention> = define(
  "attentionQueryGradient",
  0,
  composedQueryGradient,
  (context) => {
    const { index, inputs, nodes } = context;
    const [batch, query, e] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const key = freshIndex(nodes[1]!.shape.at(-2)!);
    const value = inputs[1]!([...batch, key, e]);
    return reduce("sum", [key], binary("mul", elementGradient(context, [batch, query, key]), value));
  },
);

/** The gradient of keys: [..., m, e]. */
export const attentionKeyGradientOp: Op<Attention> = define(
  "attentionKeyGradient",
  1,
  composedKeyGradient,
  (context) => {
    const { index, inputs, nodes } = context;
    const [batch, key, e] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const query = freshIndex(nodes[0]!.shape.at(-2)!);
    const value = inputs[0]!([...batch, query, e]);
    return reduce("sum", [query], binary("mul", elementGradient(context, [batch, query, key]), value));
  },
);

/** The gradient of values: [..., m, f]. */
export const attentionValueGradientOp: Op<Attention> = define(
  "attentionValueGradient",
  2,
  composedValueGradient,
  (context) => {
    const { index, inputs, nodes } = context;
    const [batch, key, f] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const query = freshIndex(nodes[0]!.shape.at(-2)!);
    const value = inputs[3]!([...batch, query, f]);
    const weight = elementWeight(context, [batch, query, key]);
    return reduce("sum", [query], binary("mul", keptOf(operandsOf(context), weight, [...batch, query, key]), value));
  },
);
