/**
 * Attention: softmax(q·kᵀ·scale)·v whose weights are never stored, and the norms of the rows of that softmax, from which
 * gradients make the weights again (Dao et al. 2022). Masks are inputs, read in place.
 */
import { computeType, isFloat } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
import {
  add,
  binary,
  cast,
  constant,
  index as freshIndex,
  reduce,
  register,
  select,
  unary,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, type Access, type AttentionContext, type AttentionLowering, type Op } from "../op.ts";
import { composedNorm, composedOutput } from "./attentionComposition.ts";
import { attentionGradients } from "./attentionGradient.ts";
import * as binaryOps from "./binary.ts";
import { fill } from "./leaf.ts";
import { sum } from "./reduce.ts";
import { cast as castNode, neg } from "./unary.ts";

/** Attributes of attention and its gradients. */
export type Attention = {
  /** What products are multiplied by. */
  readonly scale: number;
  /** Whether position i sees only positions up to i. */
  readonly causal: boolean;
  /** The first query's position, where causal. */
  readonly start: number;
  /** The share of weights that is dropped. Unless it is 0, the last input says which are kept: bool [..., queries, keys]. */
  readonly dropout: number;
};

/** Checks queries [..., n, e], keys [..., m, e], values [..., m, f], masks [..., n, m] and what says which weights are kept. */
export function checkOperands(
  op: string,
  operands: readonly [Node, Node, Node],
  pairs: readonly Node[],
  { dropout }: Attention,
): void {
  const [q, k, v] = operands;
  if (operands.some((x) => x.dtype !== q.dtype) || !isFloat(q.dtype))
    throw new DTypeError(
      `${op}: queries, keys and values must be floats of one dtype, got ${operands.map((x) => x.dtype).join(", ")}. Use cast`,
    );
  const front = q.shape.slice(0, -2);
  const fits =
    operands.every((x) => x.shape.length >= 2 && sameShape(x.shape.slice(0, -2), front)) &&
    q.shape.at(-1) === k.shape.at(-1) &&
    k.shape.at(-2) === v.shape.at(-2);
  if (!fits)
    throw new ShapeError(
      `${op}: needs queries [..., n, e], keys [..., m, e] and values [..., m, f], ` +
        `got ${operands.map((x) => show(x.shape)).join(", ")}`,
    );
  const square = [...front, q.shape.at(-2)!, k.shape.at(-2)!];
  for (const mask of pairs) {
    if (mask.dtype !== "bool" && !isFloat(mask.dtype))
      throw new DTypeError(`${op}: masks are bool or floats, got ${mask.dtype}. Use cast`);
    if (!sameShape(mask.shape, square))
      throw new ShapeError(`${op}: masks must be ${show(square)} [..., queries, keys], got ${show(mask.shape)}`);
  }
  if (dropout !== 0 && pairs.at(-1)?.dtype !== "bool")
    throw new DTypeError(`${op}: with dropout, the last input must be bool, true where a weight is kept`);
}

/** Masks, and which weights are kept, of the inputs that have an element for every query and key. */
export function pairsOf<T>(
  inputs: readonly T[],
  from: number,
  { dropout }: Attention,
): { readonly masks: readonly T[]; readonly kept: T | undefined } {
  const pairs = inputs.slice(from);
  return dropout === 0 ? { masks: pairs, kept: undefined } : { masks: pairs.slice(0, -1), kept: pairs.at(-1) };
}

/** Operands of a lowering: queries and keys first, masks from some input on. */
export interface Operands {
  readonly inputs: readonly Access[];
  readonly nodes: readonly Node[];
  readonly attributes: Attention;
  readonly masksFrom: number;
}

/** A product as a score: scaled, and masked by all masks. Causal attention is the caller's business. */
export function scoreOf(
  { inputs, nodes, attributes, masksFrom }: Operands,
  product: Expression,
  at: readonly Expression[],
): Expression {
  const { dtype } = product;
  const scaled = binary("mul", product, constant(attributes.scale, dtype));
  return pairsOf(inputs, masksFrom, attributes).masks.reduce((sofar, mask, i) => {
    const value = mask(at);
    return nodes[masksFrom + i]!.dtype === "bool"
      ? select(value, sofar, constant(-Infinity, dtype))
      : binary("add", sofar, cast(value, dtype));
  }, scaled);
}

/** What is left of a weight, or of what it is multiplied by, after dropout. */
export function keptOf(
  { inputs, attributes, masksFrom }: Operands,
  weight: Expression,
  at: readonly Expression[],
): Expression {
  const { kept } = pairsOf(inputs, masksFrom, attributes);
  if (!kept) return weight;
  const { dtype } = weight;
  const larger = binary("mul", weight, constant(1 / (1 - attributes.dropout), dtype));
  return select(kept(at), larger, constant(0, dtype));
}

/** What a query and a key score, one element at a time: −∞ where the query does not see the key. */
export function elementScore(
  operands: Operands,
  batch: readonly Expression[],
  query: Expression,
  key: Expression,
): Expression {
  const [q, k] = operands.inputs as [Access, Access];
  const e = freshIndex(operands.nodes[0]!.shape.at(-1)!);
  const product = reduce("sum", [e], binary("mul", q([...batch, query, e]), k([...batch, key, e])));
  const score = scoreOf(operands, product, [...batch, query, key]);
  const { causal, start } = operands.attributes;
  const seen = binary("le", key, add(query, constant(start, "i32")));
  return causal ? select(seen, score, constant(-Infinity, score.dtype)) : score;
}

/** The largest score of a row, 0 where it sees nothing; the sum of exp(score − the largest), and whether it sees anything. */
function row(
  operands: Operands,
  batch: readonly Expression[],
  query: Expression,
): { largest: Expression; total: Expression } {
  const keys = operands.nodes[1]!.shape.at(-2)!;
  const [j, l] = [freshIndex(keys), freshIndex(keys)];
  const most = reduce("max", [j], elementScore(operands, batch, query, j));
  const zero = constant(0, most.dtype);
  const largest = select(binary("eq", most, constant(-Infinity, most.dtype)), zero, most);
  const total = reduce("sum", [l], weightOf(elementScore(operands, batch, query, l), largest));
  return { largest, total };
}

/** exp(score − reference). */
export const weightOf = (score: Expression, reference: Expression): Expression =>
  unary("exp", binary("sub", score, reference));

/** Between which keys every query sees, and between which queries every key is seen, where causal; and how many pairs that is. */
export function seenBy(
  { causal, start }: Attention,
  query: Index,
  key: Index,
): { readonly last?: Expression; readonly first?: Expression; readonly pairs: number } {
  if (!causal) return { pairs: query.extent * key.extent };
  let pairs = 0;
  for (let i = 0; i < query.extent; i++) pairs += Math.min(key.extent, Math.max(0, i + start + 1));
  return { last: add(query, constant(start + 1, "i32")), first: add(key, constant(-start, "i32")), pairs };
}

function lowerAttention({ inputs, nodes, attributes, wanted }: AttentionContext<Attention>): AttentionLowering {
  const [q, k, v] = nodes as [Node, Node, Node];
  const [queries, keys, values] = inputs as [Access, Access, Access];
  const batch = q.shape.slice(0, -2).map((d) => freshIndex(d));
  const [m, n, e] = [freshIndex(q.shape.at(-2)!), freshIndex(k.shape.at(-2)!), freshIndex(q.shape.at(-1)!)];
  const { last, pairs } = seenBy(attributes, m, n);
  const product = register("f32");
  const weight = register("f32");
  const f = freshIndex(v.shape.at(-1)!);
  const operands: Operands = { inputs, nodes, attributes, masksFrom: 3 };
  const pair = [...batch, m, n];
  const isWanted = (op: unknown): boolean => wanted.has(op as Op);
  return {
    batch,
    m,
    n,
    last,
    pairs,
    products: [{ k: [e], left: queries([...batch, m, e]), right: keys([...batch, n, e]), sum: product }],
    softmax: {
      score: scoreOf(operands, product, pair),
      weight,
      norm: register("f32"),
    },
    results: isWanted(attentionOp)
      ? [
          {
            op: attentionOp,
            f: [f],
            weight: keptOf(operands, weight, pair),
            value: values([...batch, n, f]),
          },
        ]
      : [],
    ...(isWanted(attentionNormOp) ? { norm: attentionNormOp } : {}),
  };
}

/** Gradients for the inputs of attention. */
function backward(
  { inputs, attributes }: Pick<Node, "inputs"> & { readonly attributes: Attention },
  grad: Node,
  dots: Node,
): (Node | undefined)[] {
  const norm = apply(attentionNormOp, inputs, attributes);
  const [q, k, v, ...pairs] = inputs as [Node, Node, Node, ...Node[]];
  return attentionGradients([q, k, v, grad, norm, dots, ...pairs], attributes);
}

/** Queries [..., n, e], keys [..., m, e], values [..., m, f] and masks [..., n, m] to [..., n, f]. A query that sees nothing gives 0. */
export const attentionOp: Op<Attention> = {
  name: "attention",
  infer([q, k, v, ...pairs], attributes) {
    checkOperands("attention", [q!, k!, v!], pairs, attributes);
    return { shape: [...q!.shape.slice(0, -1), v!.shape.at(-1)!], dtype: q!.dtype };
  },
  vjp({ node, inputs, attributes, grad }) {
    const dtype = computeType(node.dtype);
    const dots = sum(binaryOps.mul(castNode(grad, dtype), castNode(node, dtype)), [grad.shape.length - 1]);
    return backward({ inputs, attributes }, grad, dots);
  },
  lower({ inputs, nodes, attributes, index }) {
    const operands: Operands = { inputs, nodes, attributes, masksFrom: 3 };
    const [batch, query, f] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const { largest, total } = row(operands, batch, query);
    const j = freshIndex(nodes[1]!.shape.at(-2)!);
    const value = inputs[2]!([...batch, j, f]);
    const weight = keptOf(operands, weightOf(elementScore(operands, batch, query, j), largest), [...batch, query, j]);
    const none = binary("eq", total, constant(0, total.dtype));
    const sums = reduce("sum", [j], binary("mul", weight, value));
    return select(none, constant(0, total.dtype), binary("div", sums, total));
  },
  lowerAttention,
  operands: 3,
  compose: composedOutput,
};

/** The logarithm of the sum of exp(score) over all keys that a query sees: [..., n], f32 for 16-bit floats. −∞ for a query that sees nothing. */
export const attentionNormOp: Op<Attention> = {
  name: "attentionNorm",
  infer([q, k, v, ...pairs], attributes) {
    checkOperands("attentionNorm", [q!, k!, v!], pairs, attributes);
    return { shape: q!.shape.slice(0, -1), dtype: computeType(q!.dtype) };
  },
  // A score's gradient is its weight times that of the norm: what attention gives where dO·O is that, and dO is 0.
  vjp({ inputs, attributes, grad }) {
    const [q, , v] = inputs as [Node, Node, Node];
    const nothing = fill([...q.shape.slice(0, -1), v.shape.at(-1)!], 0, q.dtype);
    const [ofQueries, ofKeys, , ...ofMasks] = backward({ inputs, attributes }, nothing, neg(grad));
    return [ofQueries, ofKeys, undefined, ...ofMasks];
  },
  lower({ inputs, nodes, attributes, index }) {
    const operands: Operands = { inputs, nodes, attributes, masksFrom: 3 };
    const { largest, total } = row(operands, index.slice(0, -1), index.at(-1)!);
    return binary("add", unary("log", total), largest);
  },
  lowerAttention,
  operands: 3,
  compose: composedNorm,
};
