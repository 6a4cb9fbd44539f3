import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { full } from "../tensor/create.ts";
import { attentionWeights, repeatHeads } from "../tensor/functional/attention.ts";
import { matmul } from "../tensor/functional/matmul.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { dropout } from "./dropout.ts";

export interface AttentionOptions {
  /**
   * Broadcasts to [..., queries, keys]: bool, true where a query may see a key; or numbers that are added to the scores.
   * A query that may see nothing gives 0.
   */
  readonly mask?: Tensor | undefined;
  /** The share of weights that is dropped, 0 by default. */
  readonly dropout?: number | undefined;
  /** Whether position i sees only positions up to i, false by default. */
  readonly isCausal?: boolean | undefined;
  /** What scores are multiplied by, 1/√features by default. */
  readonly scale?: number | undefined;
  /** Whether keys and values may have fewer heads (third axis from the end) than queries, shared by neighbouring ones. */
  readonly enableGqa?: boolean | undefined;
}

const sizeOf = ({ shape }: { readonly shape: Shape }, fromEnd: number): number | undefined =>
  shape[shape.length - fromEnd];

/** Output and weights: what `scaledDotProductAttention` and the layers share. Masks are all applied. */
export function attend(
  op: string,
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  options: Omit<AttentionOptions, "mask"> & { readonly masks: readonly Tensor[] },
): { readonly output: Tensor; readonly weights: Tensor } {
  const { masks, dropout: rate = 0, isCausal = false, scale, enableGqa = false } = options;
  const q = query.node;
  let [k, v] = [key.node, value.node];
  if (q.shape.length < 2 || sizeOf(q, 1) !== sizeOf(k, 1) || sizeOf(k, 2) !== sizeOf(v, 2))
    throw new ShapeError(
      `${op}: needs queries [..., n, e], keys [..., m, e] and values [..., m, f], ` +
        `got ${show(q.shape)}, ${show(k.shape)} and ${show(v.shape)}`,
    );
  if (enableGqa) {
    const [heads, groups] = [sizeOf(q, 3), sizeOf(k, 3)];
    if (!heads || !groups || groups !== sizeOf(v, 3) || heads % groups !== 0)
      throw new ArgumentError(
        `${op}: with enableGqa the heads of queries must be a multiple of those of keys and values, ` +
          `got ${show(q.shape)}, ${show(k.shape)} and ${show(v.shape)} [..., heads, length, features]`,
      );
    [k, v] = [repeatHeads(k, heads), repeatHeads(v, heads)];
  }
  const scores = { isCausal, scale, masks: masks.map((mask) => mask.node) };
  const weights = dropout(fromNode(attentionWeights(op, q, k, scores)), rate);
  return { output: fromNode(matmul(weights.node, v)), weights };
}

/**
 * softmax(q·kᵀ·scale)·v: Vaswani et al. 2017. Queries [..., n, e], keys [..., m, e] and values [..., m, f] give [..., n, f];
 * axes in front (batch, heads) broadcast.
 * @throws ShapeError when features or lengths of queries, keys and values differ, or for a mask of another shape.
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { mask, ...options }: AttentionOptions = {},
): Tensor {
  const masks = mask ? [mask] : [];
  return attend("scaledDotProductAttention", [query, key, value], { ...options, masks }).output;
}

/** −∞ above the diagonal, 0 elsewhere: [length, length], a mask of numbers. (PyTorch's `generate_square_subsequent_mask`.) */
export function causalMask(length: number): Tensor {
  return full([length, length], -Infinity).triu(1);
}
