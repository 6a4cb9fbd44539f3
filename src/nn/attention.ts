import { ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { iota } from "../graph/ops/leaf.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { le, where } from "../tensor/functional/comparison.ts";
import { matmul } from "../tensor/functional/matmul.ts";
import { transpose } from "../tensor/functional/movement.ts";
import { softmax } from "../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { dropout } from "./dropout.ts";

export interface AttentionOptions {
  /** Whether position i sees only positions up to i, false by default. */
  readonly causal?: boolean | undefined;
  /**
   * Broadcasts to [..., queries, keys]: bool, true where a query may see a key; or numbers that are added to the scores.
   */
  readonly mask?: Tensor | undefined;
  /** What scores are multiplied by, 1/√features by default. */
  readonly scale?: number | undefined;
  /** The share of weights that is dropped, 0 by default. */
  readonly dropout?: number | undefined;
}

function masked(scores: Node, { causal = false, mask }: AttentionOptions): Node {
  const past = causal ? scores.shape.slice(-2) : undefined;
  const allowed = past ? where(le(iota(past, 1), iota(past, 0)), scores, -Infinity) : scores;
  if (!mask) return allowed;
  return mask.dtype === "bool" ? where(mask.node, allowed, -Infinity) : add(allowed, mask.node);
}

/**
 * Scaled dot-product attention, softmax(q·kᵀ·scale)·v: Vaswani et al. 2017. Queries [..., n, e], keys [..., m, e] and
 * values [..., m, f] give [..., n, f]; axes in front (batch, heads) broadcast.
 * @throws ShapeError when features or lengths of queries, keys and values differ.
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const [q, k, v] = [query.node, key.node, value.node];
  const sizeOf = ({ shape }: { readonly shape: Shape }, fromEnd: number): number | undefined =>
    shape[shape.length - fromEnd];
  if (q.shape.length < 2 || sizeOf(q, 1) !== sizeOf(k, 1) || sizeOf(k, 2) !== sizeOf(v, 2))
    throw new ShapeError(
      `attention: needs queries [..., n, e], keys [..., m, e] and values [..., m, f], ` +
        `got ${show(q.shape)}, ${show(k.shape)} and ${show(v.shape)}`,
    );
  const scores = mul(matmul(q, transpose(k, -1, -2)), options.scale ?? 1 / Math.sqrt(sizeOf(q, 1)!));
  const weights = dropout(fromNode(softmax(masked(scores, options))), options.dropout ?? 0);
  return fromNode(matmul(weights.node, v));
}
