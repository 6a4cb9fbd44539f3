import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { checkpoint } from "../tensor/checkpoint.ts";
import { full } from "../tensor/create.ts";
import { concat } from "../tensor/functions.ts";
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

/** Queries of long sequences are taken in blocks of at least so many, and in so many blocks at most. */
const BLOCK = 128;
const BLOCKS = 8;

/**
 * Where the weights are not wanted, long sequences are taken a block of queries at a time, and what a block computed is forgotten until its
 * gradients are wanted: memory is that of one block's weights, and causal blocks leave out the keys that none of their
 * queries sees, about half of the work. (The idea is that of FlashAttention, Dao et al. 2022.)
 */
export function attend(op: string, operands: Operands, options: SharedOptions): Attended {
  const [query, key, value] = checked(op, operands, options);
  const length = query.shape.at(-2)!;
  const blocks = Math.min(BLOCKS, Math.floor(length / BLOCK));
  if (blocks < 2 || options.needWeights) return weighted(op, [query, key, value], options);
  const size = Math.ceil(length / blocks);
  const parts = Array.from({ length: Math.ceil(length / size) }, (_, i) => {
    const [start, end] = [i * size, Math.min(length, (i + 1) * size)];
    const seen = options.isCausal ? Math.min(end, key.shape.at(-2)!) : key.shape.at(-2)!;
    const masks = options.masks.map((mask) => rowsOf(rowsOf(mask, start, end, 2), 0, seen, 1));
    const block = checkpoint(
      (q: Tensor, k: Tensor, v: Tensor) => weighted(op, [q, k, v], { ...options, masks }, start).output,
    );
    return block(rowsOf(query, start, end, 2), rowsOf(key, 0, seen, 2), rowsOf(value, 0, seen, 2));
  });
  return { output: concat(parts, -2) };
}

/** From `start` to `end` along an axis counted from the last; a mask's axis of size 1 stays. */
function rowsOf(x: Tensor, start: number, end: number, fromEnd: number): Tensor {
  const { shape } = x;
  const axis = shape.length - fromEnd;
  if (axis < 0 || shape[axis] === 1 || (start === 0 && end === shape[axis])) return x;
  return x.slice(...shape.map((_, i) => (i === axis ? ([start, end] as const) : null))) as Tensor;
}

function weighted(
  op: string,
  [query, key, value]: Operands,
  { masks, dropout: rate = 0, isCausal = false, scale }: SharedOptions,
  start?: number,
): Attended {
  const scores = { isCausal, scale, start, masks: masks.map((mask) => mask.node) };
  const weights = dropout(fromNode(attentionWeights(op, query.node, key.node, scores)), rate);
  return { output: fromNode(matmul(weights.node, value.node)), weights };
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
