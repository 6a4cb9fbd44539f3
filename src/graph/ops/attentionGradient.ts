/**
 * Gradients of attention, from weights that are made again: with P = exp(score − norm of the row) and dots = Σ dO·O, scores
 * have the gradient dS = P·(dO·vᵀ − dots), queries dS·k, keys dSᵀ·q and values Pᵀ·dO (Dao et al. 2022).
 */
import { isFloat } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
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
  type ElementContext,
  type Op,
} from "../op.ts";
import {
  checkOperands,
  elementScore,
  keptOf,
  scoreOf,
  seenBy,
  weightOf,
  type Attention,
  type Operands,
} from "./attention.ts";
import {
  composedKeyGradient,
  composedQueryGradient,
  composedScoreGradient,
  composedValueGradient,
} from "./attentionComposition.ts";
import { custom } from "./control.ts";
import { cast } from "./unary.ts";

/** Where masks begin among the inputs: queries, keys, values, the output's gradient, norms and dots come first. What dropout keeps is the last. */
const MASKS_FROM = 6;

type Inputs = readonly [q: Node, k: Node, v: Node, grad: Node, norm: Node, dots: Node, ...pairs: Node[]];

/** Gradients for queries, keys, values and masks: of those that take one. */
export function attentionGradients(inputs: Inputs, attributes: Attention): (Node | undefined)[] {
  const [q, k, v, , , , ...pairs] = inputs;
  const of = (x: Node, op: Op<Attention>): Node | undefined =>
    x.requiresGrad ? apply(op, inputs, attributes) : undefined;
  return [
    of(q, attentionQueryGradientOp),
    of(k, attentionKeyGradientOp),
    of(v, attentionValueGradientOp),
    ...pairs.map((x) => (x.requiresGrad ? cast(composedScoreGradient(inputs, attributes), x.dtype) : undefined)),
  ];
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

/** One kernel for rows of queries or of keys: what is made of products at a query and a key is the same. */
function lowered(
  { inputs, nodes, attributes, wanted }: AttentionContext<Attention>,
  rows: "queries" | "keys",
): AttentionLowering {
  const [queries, keys, values, grads, norms, dots] = inputs as Six<Access>;
  const [q, k, v] = nodes as Six<Node>;
  const batch = q.shape.slice(0, -2).map((d) => freshIndex(d));
  const [query, key] = [freshIndex(q.shape.at(-2)!), freshIndex(k.shape.at(-2)!)];
  const [e, f] = [freshIndex(q.shape.at(-1)!), freshIndex(v.shape.at(-1)!)];
  const { pairs, ...seen } = seenBy(attributes, query, key);
  const product = (over: Index, atQuery: Access, atKey: Access): AttentionLowering["products"][0] => {
    const sides = [atQuery([...batch, query, over]), atKey([...batch, key, over])] as const;
    const [left, right] = rows === "queries" ? sides : [sides[1], sides[0]];
    return { k: [over], left, right, sum: register("f32") };
  };
  const scores = product(e, queries, keys);
  const operands = operandsOf({ inputs, nodes, attributes });
  const pair = [...batch, query, key];
  const score = scoreOf(operands, scores.sum, pair);
  const norm = castTo(norms([...batch, query]), "f32");
  // Without masks all queries that are looked at see something.
  const weight = nodes.length > MASKS_FROM ? shareOf(score, norm) : weightOf(score, norm);
  const products = [scores];
  const results: AttentionLowering["results"][number][] = [];
  const op = rows === "queries" ? attentionQueryGradientOp : attentionKeyGradientOp;
  if (wanted.has(op)) {
    const towards = product(f, grads, values);
    products.push(towards);
    const ofScore = binary("sub", keptOf(operands, towards.sum, pair), castTo(dots([...batch, query]), "f32"));
    const value = rows === "queries" ? keys([...batch, key, e]) : queries([...batch, query, e]);
    results.push({ op, f: [e], weight: binary("mul", scaled(weight, attributes), ofScore), value });
  }
  const ofValues = attentionValueGradientOp;
  if (wanted.has(ofValues))
    results.push({ op: ofValues, f: [f], weight: keptOf(operands, weight, pair), value: grads([...batch, query, f]) });
  return rows === "queries"
    ? { batch, m: query, n: key, last: seen.last, pairs, products, results }
    : { batch, m: key, n: query, first: seen.first, pairs, products, results };
}

type Six<T> = readonly [T, T, T, T, T, T];
const scaled = (value: Expression, { scale }: Attention): Expression =>
  binary("mul", value, constant(scale, value.dtype));
const byQueries = (context: AttentionContext<Attention>): AttentionLowering => lowered(context, "queries");
const byKeys = (context: AttentionContext<Attention>): AttentionLowering => lowered(context, "keys");

// ---------- ops

/* @__NO_SIDE_EFFECTS__ */
function define(
  name: string,
  /** Which input the result is the gradient of. */
  of: 0 | 1 | 2,
  compose: (inputs: readonly Node[], attributes: Attention) => Node,
  rest: Pick<Op<Attention>, "lower" | "lowerAttention">,
): Op<Attention> {
  return {
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
    operands: 4,
    compose,
    ...rest,
  };
}

/** The gradient of queries: [..., n, e]. */
export const attentionQueryGradientOp: Op<Attention> = define("attentionQueryGradient", 0, composedQueryGradient, {
  lower(context) {
    const { index, inputs, nodes } = context;
    const [batch, query, e] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const key = freshIndex(nodes[1]!.shape.at(-2)!);
    const value = inputs[1]!([...batch, key, e]);
    return reduce("sum", [key], binary("mul", elementGradient(context, [batch, query, key]), value));
  },
  lowerAttention: byQueries,
});

/** The gradient of keys: [..., m, e]. */
export const attentionKeyGradientOp: Op<Attention> = define("attentionKeyGradient", 1, composedKeyGradient, {
  lower(context) {
    const { index, inputs, nodes } = context;
    const [batch, key, e] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const query = freshIndex(nodes[0]!.shape.at(-2)!);
    const value = inputs[0]!([...batch, query, e]);
    return reduce("sum", [query], binary("mul", elementGradient(context, [batch, query, key]), value));
  },
  lowerAttention: byKeys,
});

/** The gradient of values: [..., m, f]. */
export const attentionValueGradientOp: Op<Attention> = define("attentionValueGradient", 2, composedValueGradient, {
  lower(context) {
    const { index, inputs, nodes } = context;
    const [batch, key, f] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const query = freshIndex(nodes[0]!.shape.at(-2)!);
    const value = inputs[3]!([...batch, query, f]);
    const weight = elementWeight(context, [batch, query, key]);
    return reduce("sum", [query], binary("mul", keptOf(operandsOf(context), weight, [...batch, query, key]), value));
  },
  lowerAttention: byKeys,
});
