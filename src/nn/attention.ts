import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { full } from "../tensor/create.ts";
import { attention, attentionWeights, repeatHeads } from "../tensor/functional/attention.ts";
import { matmul } from "../tensor/functional/matmul.ts";
import { bernoulli } from "../tensor/functional/random.ts";
import { nextKey } from "../tensor/random.ts";
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

/** What `scaledDotProductAttention` and the layers share. Masks are all applied. */
export interface SharedOptions extends Omit<AttentionOptions, "mask"> {
  readonly masks: readonly Tensor[];
  /** Whether the weights are wanted too, false by default. */
  readonly needWeights?: boolean | undefined;
}

export interface Attended {
  readonly output: Tensor;
  /** [..., queries, keys], where they were asked for. */
  readonly weights?: Tensor | undefined;
}

type Operands = readonly [query: Tensor, key: Tensor, value: Tensor];

/** Attention as one op, whose weights are stored nowhere; where they are wanted, product by product. */
export function attend(op: string, operands: Operands, options: SharedOptions): Attended {
  const [query, key, value] = checked(op, operands, options);
  const { masks, dropout: rate = 0, isCausal = false, scale, needWeights = false } = options;
  const scores = { isCausal, scale, masks: masks.map((mask) => mask.node) };
  if (needWeights || rate === 1) {
    const weights = dropout(fromNode(attentionWeights(op, query.node, key.node, scores)), rate);
    return { output: fromNode(matmul(weights.node, value.node)), weights };
  }
  const kept = (shape: Shape): Node => bernoulli(nextKey(), shape, 1 - rate);
  const output = attention(op, [query.node, key.node, value.node], scores, rate === 0 ? undefined : { rate, kept });
  return { output: fromNode(output) };
}

/** Operands that fit, with as many heads of keys and values as of queries. */
function checked(op: string, [query, key, value]: Operands, { enableGqa = false }: SharedOptions): Operands {
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
  return [query, fromNode(k), fromNode(v)];
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
