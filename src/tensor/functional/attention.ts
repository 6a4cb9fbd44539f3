/** Who looks at whom: the weights of attention. */
import { isFloat } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { broadcastShapes, sameShape, show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { iota } from "../../graph/ops/leaf.ts";
import { add, mul } from "./arithmetic.ts";
import { eq, le, where } from "./comparison.ts";
import { matmul } from "./matmul.ts";
import { expand, reshape, transpose } from "./movement.ts";
import { max, softmax } from "./reductions.ts";

export interface AttentionScores {
  /** Whether position i sees only positions up to i. */
  readonly isCausal: boolean;
  /** The first query's position, 0 by default. */
  readonly start?: number | undefined;
  /** Each broadcasts to [..., queries, keys]: bool, true where a query may see a key; or numbers that are added. */
  readonly masks: readonly Node[];
  /** What products are multiplied by, 1/√features by default. */
  readonly scale: number | undefined;
}

/** Scores of keys that may not be seen are −∞. */
function masked(op: string, scores: Node, { isCausal, start = 0, masks }: AttentionScores): Node {
  const square = scores.shape.slice(-2);
  const causal = isCausal ? where(le(iota(square, 1), add(iota(square, 0), start)), scores, -Infinity) : scores;
  return masks.reduce((sofar, mask) => {
    if (mask.dtype !== "bool" && !isFloat(mask.dtype))
      throw new DTypeError(
        `${op}: masks are bool (true where a query may see a key) or floats that are added, got ${mask.dtype}. Use mask.bool()`,
      );
    const joined = broadcastShapes(mask.shape, scores.shape);
    if (!joined || !sameShape(joined, scores.shape))
      throw new ShapeError(
        `${op}: the mask ${show(mask.shape)} does not broadcast to the scores ${show(scores.shape)} [..., queries, keys]`,
      );
    return mask.dtype === "bool" ? where(mask, sofar, -Infinity) : add(sofar, mask);
  }, causal);
}

/**
 * softmax(q·kᵀ·scale) for queries [..., n, e] and keys [..., m, e]: [..., n, m]. A query that may see nothing has weights 0,
 * as in PyTorch, where softmax alone would give NaN.
 */
export function attentionWeights(op: string, query: Node, key: Node, options: AttentionScores): Node {
  const scale = options.scale ?? 1 / Math.sqrt(query.shape.at(-1)!);
  const scores = masked(op, mul(matmul(query, transpose(key, -1, -2)), scale), options);
  // Causal queries see themselves at least.
  if (options.masks.length === 0) return softmax(scores);
  const blind = eq(max(scores, -1, true), -Infinity);
  return where(blind, 0, softmax(where(blind, 0, scores)));
}

/** Heads [..., h, m, e], each repeated for as many neighbours as make `heads` of them. */
export function repeatHeads(x: Node, heads: number): Node {
  const [h, m, e] = x.shape.slice(-3) as [number, number, number];
  if (h === heads) return x;
  const front = x.shape.slice(0, -3);
  const groups = expand(reshape(x, [...front, h, 1, m, e]), [...front, h, heads / h, m, e]);
  return reshape(groups, [...front, heads, m, e]);
}
