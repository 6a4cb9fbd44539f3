/** Who looks at whom: attention, with its weights or without. */
import { isFloat, promote } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { broadcastShapes, sameShape, show, type Shape } from "../../core/shape.ts";
import { bringAttention } from "../../device/attention.ts";
import type { Node } from "../../graph/node.ts";
import { apply } from "../../graph/op.ts";
import { attentionOp } from "../../graph/ops/attention.ts";
import { iota } from "../../graph/ops/leaf.ts";
import { cast } from "../../graph/ops/unary.ts";
import { contractionType } from "../precision.ts";
import { add, mul } from "./arithmetic.ts";
import { eq, le, where } from "./comparison.ts";
import { matmul } from "./matmul.ts";
import { expand, reshape, transpose } from "./movement.ts";
import { max, softmax } from "./reductions.ts";

export interface AttentionScores {
  /** Whether position i sees only positions up to i. */
  readonly isCausal: boolean;
  /** Each broadcasts to [..., queries, keys]: bool, true where a query may see a key; or numbers that are added. */
  readonly masks: readonly Node[];
  /** What products are multiplied by, 1/√features by default. */
  readonly scale: number | undefined;
}

/** Throws for a mask that scores of this shape cannot have. */
function checkMasks(op: string, masks: readonly Node[], scores: Shape): void {
  for (const mask of masks) {
    if (mask.dtype !== "bool" && !isFloat(mask.dtype))
      throw new DTypeError(
        `${op}: masks are bool (true where a query may see a key) or floats that are added, got ${mask.dtype}. Use mask.bool()`,
      );
    const joined = broadcastShapes(mask.shape, scores);
    if (!joined || !sameShape(joined, scores))
      throw new ShapeError(
        `${op}: the mask ${show(mask.shape)} does not broadcast to the scores ${show(scores)} [..., queries, keys]`,
      );
  }
}

/** Scores of keys that may not be seen are −∞. */
function masked(op: string, scores: Node, { isCausal, masks }: AttentionScores): Node {
  const square = scores.shape.slice(-2);
  const causal = isCausal ? where(le(iota(square, 1), iota(square, 0)), scores, -Infinity) : scores;
  checkMasks(op, masks, scores.shape);
  return masks.reduce(
    (sofar, mask) => (mask.dtype === "bool" ? where(mask, sofar, -Infinity) : add(sofar, mask)),
    causal,
  );
}

/**
 * softmax(q·kᵀ·scale) for queries [..., n, e] and keys [..., m, e]: [..., n, m]. A query that may see nothing has weights 0,
 * as in PyTorch, where softmax alone would give NaN.
 */
export function attentionWeights(op: string, query: Node, key: Node, options: AttentionScores): Node {
  const scores = masked(op, mul(matmul(query, transpose(key, -1, -2)), scaleOf(query, options)), options);
  // Causal queries see themselves at least.
  if (options.masks.length === 0) return softmax(scores);
  const blind = eq(max(scores, -1, true), -Infinity);
  return where(blind, 0, softmax(where(blind, 0, scores)));
}

const scaleOf = ({ shape }: Node, { scale }: AttentionScores): number => scale ?? 1 / Math.sqrt(shape.at(-1)!);

/** Which weights dropout keeps. */
export interface KeptWeights {
  /** The share that is dropped, less than 1. */
  readonly rate: number;
  /** What says for weights of a shape which are kept: bool. */
  readonly kept: (shape: Shape) => Node;
}

/**
 * softmax(q·kᵀ·scale)·v for queries [..., n, e], keys [..., m, e] and values [..., m, f]: [..., n, f]. The weights are nowhere in
 * memory, not for gradients either. A query that may see nothing gives 0.
 */
export function attention(
  op: string,
  operands: readonly [query: Node, key: Node, value: Node],
  options: AttentionScores,
  dropout?: KeptWeights,
): Node {
  const [query, key, value] = operands;
  const [n, m] = [query.shape.at(-2)!, key.shape.at(-2)!];
  const inFront = ({ shape }: Node): Shape => shape.slice(0, -2);
  const ofScores = broadcastShapes(inFront(query), inFront(key));
  const front = ofScores && broadcastShapes(ofScores, inFront(value));
  // Products say what is wrong with the axes in front.
  if (!front) return matmul(attentionWeights(op, query, key, options), value);
  checkMasks(op, options.masks, [...ofScores, n, m]);
  const added = options.masks.filter((mask) => mask.dtype !== "bool");
  const widest = [...operands, ...added].map((x) => x.dtype).reduce(promote);
  const dtype = contractionType(isFloat(widest) ? widest : "f32");
  const typed = operands.map((x) => expand(cast(x, dtype), [...front, ...x.shape.slice(-2)]));
  const pairs = [...front, n, m];
  const masks = [...options.masks, ...(dropout ? [dropout.kept(pairs)] : [])].map((mask) => expand(mask, pairs));
  const [scale, rate] = [scaleOf(query, options), dropout?.rate ?? 0];
  bringAttention();
  return apply(attentionOp, [...typed, ...masks], {
    scale,
    causal: options.isCausal,
    start: 0,
    apart: 0,
    dropout: rate,
  });
}

/** Heads [..., h, m, e], each repeated for as many neighbours as make `heads` of them. */
export function repeatHeads(x: Node, heads: number): Node {
  const [h, m, e] = x.shape.slice(-3) as [number, number, number];
  if (h === heads) return x;
  const front = x.shape.slice(0, -3);
  const groups = expand(reshape(x, [...front, h, 1, m, e]), [...front, h, heads / h, m, e]);
  return reshape(groups, [...front, heads, m, e]);
}
