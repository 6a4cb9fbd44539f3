/**
 * Attention and its gradients in other ops, with all weights: what second derivatives go through, and what is computed where
 * no kernel does attention. Products of 16-bit floats are f32 here, as in kernels.
 */
import { computeType } from "../../core/dtype.ts";
import type { Node } from "../node.ts";
import { pairsOf, type Attention } from "./attentionScores.ts";
import { add, div, eq, le, mul, sub } from "./binary.ts";
import { dot } from "./dot.ts";
import { fixed, iota } from "./leaf.ts";
import { maxReduce, spread, sum } from "./reduce.ts";
import { cast, exp, log } from "./unary.ts";
import { where } from "./where.ts";

const like = (x: Node, value: number): Node => fixed(x.shape, value, x.dtype);
const wide = (x: Node): Node => cast(x, computeType(x.dtype));

/** Rows of matrices [..., m, k] and [..., n, k] multiplied with one another, [..., m, n], or other axes paired. */
function product(a: Node, b: Node, axisA: 1 | 2, axisB: 1 | 2): Node {
  const rank = a.shape.length;
  const batch = Array.from({ length: rank - 2 }, (_, i) => i);
  return dot(a, b, { batch: [batch, batch], contract: [[rank - axisA], [rank - axisB]] });
}
/** Values [..., n, f] weighed by [..., m, n]. */
const weighed = (weights: Node, values: Node): Node => product(weights, values, 1, 2);
/** Values [..., m, f] weighed by [..., m, n]: a sum over rows. */
const weighedRows = (weights: Node, values: Node): Node => product(weights, values, 2, 2);
const along = (rows: Node, matrix: Node): Node => spread(rows, matrix.shape, [matrix.shape.length - 1]);

/** What queries and keys score, −∞ where a query does not see a key: [..., queries, keys]. */
function scores(q: Node, k: Node, pairs: readonly Node[], attributes: Attention): Node {
  const { scale, causal, start, apart } = attributes;
  const { masks } = pairsOf(pairs, 0, attributes);
  const products = product(wide(q), wide(k), 1, 1);
  const scaled = mul(products, like(products, scale));
  const hidden = like(scaled, -Infinity);
  const rank = scaled.shape.length;
  const at = (axis: number): Node => iota(scaled.shape, axis);
  const whole = (value: number): Node => fixed(scaled.shape, value, "i32");
  const keys = (): Node => (apart ? add(at(rank - 1), mul(at(rank - 3), whole(apart))) : at(rank - 1));
  const queries = (): Node => (start ? add(at(rank - 2), whole(start)) : at(rank - 2));
  const seen = causal ? where(le(keys(), queries()), scaled, hidden) : scaled;
  return masks.reduce(
    (sofar, mask) => (mask.dtype === "bool" ? where(mask, sofar, hidden) : add(sofar, cast(mask, sofar.dtype))),
    seen,
  );
}

/** Weights before they are divided by their sum, that sum, and the largest score: all by rows. 0 is taken as the largest where a row sees nothing. */
function softmax(score: Node): { readonly weights: Node; readonly total: Node; readonly largest: Node } {
  const last = [score.shape.length - 1];
  if (score.shape.at(-1) === 0) {
    const none = fixed(score.shape.slice(0, -1), 0, score.dtype);
    return { weights: score, total: none, largest: none };
  }
  const most = maxReduce(score, last);
  const largest = where(eq(most, like(most, -Infinity)), like(most, 0), most);
  const weights = exp(sub(score, along(largest, score)));
  return { weights, total: sum(weights, last), largest };
}

/** Weights, or what they are multiplied by, after dropout. */
function kept(weights: Node, pairs: readonly Node[], attributes: Attention): Node {
  const { kept: which } = pairsOf(pairs, 0, attributes);
  return which ? where(which, mul(weights, like(weights, 1 / (1 - attributes.dropout))), like(weights, 0)) : weights;
}

export function composedOutput([q, k, v, ...pairs]: readonly Node[], attributes: Attention): Node {
  const { weights, total } = softmax(scores(q!, k!, pairs, attributes));
  const none = eq(total, like(total, 0));
  const share = div(weights, along(where(none, like(total, 1), total), weights));
  return cast(weighed(kept(share, pairs, attributes), wide(v!)), q!.dtype);
}

export function composedNorm([q, k, , ...pairs]: readonly Node[], attributes: Attention): Node {
  const { total, largest } = softmax(scores(q!, k!, pairs, attributes));
  return add(log(total), largest);
}

/** The weights, made again from the norms of their rows. Rows that see nothing have scores −∞ alone, and so weights 0. */
function weights([q, k, , , norm, , ...pairs]: readonly Node[], attributes: Attention): Node {
  const score = scores(q!, k!, pairs, attributes);
  const norms = cast(norm!, score.dtype);
  const blind = eq(norms, like(norms, -Infinity));
  return exp(sub(score, along(where(blind, like(norms, 0), norms), score)));
}

/** Gradients of scores. */
export function composedScoreGradient(inputs: readonly Node[], attributes: Attention): Node {
  const [, , v, grad, , dots, ...pairs] = inputs as [Node, Node, Node, Node, Node, Node, ...Node[]];
  const share = weights(inputs, attributes);
  const towards = kept(product(wide(grad), wide(v), 1, 1), pairs, attributes);
  return mul(share, sub(towards, along(cast(dots, share.dtype), share)));
}

export function composedQueryGradient(inputs: readonly Node[], attributes: Attention): Node {
  const [q, k] = inputs as [Node, Node];
  const made = weighed(composedScoreGradient(inputs, attributes), wide(k));
  return cast(mul(made, like(made, attributes.scale)), q.dtype);
}

export function composedKeyGradient(inputs: readonly Node[], attributes: Attention): Node {
  const [q, k] = inputs as [Node, Node];
  const made = weighedRows(composedScoreGradient(inputs, attributes), wide(q));
  return cast(mul(made, like(made, attributes.scale)), k.dtype);
}

export function composedValueGradient(inputs: readonly Node[], attributes: Attention): Node {
  const [, , v, grad, , , ...pairs] = inputs as [Node, Node, Node, Node, Node, Node, ...Node[]];
  return cast(weighedRows(kept(weights(inputs, attributes), pairs, attributes), wide(grad)), v.dtype);
}
