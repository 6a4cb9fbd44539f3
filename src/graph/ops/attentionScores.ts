/** What attention and its gradients have in common: their operands, the scores and weights of pairs, and who sees whom. */
import { computeType, isFloat } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, sizeOf } from "../../core/shape.ts";
import {
  add,
  binary,
  cast,
  constant,
  index as freshIndex,
  reduce,
  scale,
  select,
  unary,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import type { Access, Op } from "../op.ts";

/** Attributes of attention and its gradients. */
export type Attention = {
  /** What products are multiplied by. */
  readonly scale: number;
  /** Whether position i sees only positions up to i. */
  readonly causal: boolean;
  /** The first query's position, where causal. */
  readonly start: number;
  /** How many positions later keys lie that are the next along the last axis in front, where causal: they are cut into parts. */
  readonly apart: number;
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
  if (!operands.attributes.causal) return score;
  const seen = binary("lt", key, lastSeen(operands.attributes, batch, query));
  return select(seen, score, constant(-Infinity, score.dtype));
}

/** exp(score − reference). */
export const weightOf = (score: Expression, reference: Expression): Expression =>
  unary("exp", binary("sub", score, reference));

/** The first key that a query does not see, where causal: it may lie outside of all. */
const lastSeen = (attributes: Attention, batch: readonly Expression[], query: Expression): Expression =>
  add(query, shift(attributes, batch, 1));
/** The first query that sees a key, where causal. */
const firstSeeing = (attributes: Attention, batch: readonly Expression[], key: Expression): Expression =>
  add(key, scale(shift(attributes, batch, 0), -1));
const shift = ({ start, apart }: Attention, batch: readonly Expression[], more: number): Expression =>
  apart ? add(scale(batch.at(-1)!, -apart), constant(start + more, "i32")) : constant(start + more, "i32");

/** Which keys every query sees, and which queries see every key, where causal; and how many pairs that is, of all batches. */
export function seenBy(
  attributes: Attention,
  batch: readonly Index[],
  query: Index,
  key: Index,
): { readonly last?: Expression; readonly first?: Expression; readonly pairs: number } {
  const { causal, start, apart } = attributes;
  const volume = batch.reduce((product, { extent }) => product * extent, 1);
  if (!causal) return { pairs: volume * query.extent * key.extent };
  const parts = apart ? batch.at(-1)!.extent : 1;
  let pairs = 0;
  for (let part = 0; part < parts; part++)
    for (let i = 0; i < query.extent; i++) pairs += Math.min(key.extent, Math.max(0, i + start + 1 - part * apart));
  return {
    last: lastSeen(attributes, batch, query),
    first: firstSeeing(attributes, batch, key),
    pairs: volume ? (volume / parts) * pairs : 0,
  };
}

/**
 * What the compiler asks of an op of the family, whose first inputs are multiplied, and which has masks from some input on.
 * Kernels are for f32 (16-bit floats are read as such) and for operands that have elements. A single query has few weights,
 * and there is nothing that a block of rows could share: in WebAssembly, a kernel took three times as long over 1024 keys.
 */
/* @__NO_SIDE_EFFECTS__ */
export function asKernels(
  own: Op<Attention>,
  operands: number,
  masksFrom: number,
  compose: (inputs: readonly Node[], attributes: Attention) => Node,
): Op<Attention> {
  return {
    ...own,
    operands,
    // What says which weights are kept is a random number for each of them.
    remakes(inputs, attributes) {
      const { kept } = pairsOf(inputs, masksFrom, attributes);
      return kept ? [kept] : [];
    },
    compose(inputs, attributes) {
      const isForKernels = inputs.every(
        (x) => (x.dtype === "bool" || computeType(x.dtype) === "f32") && sizeOf(x.shape) > 0,
      );
      return isForKernels && inputs[0]!.shape.at(-2) !== 1 ? undefined : compose(inputs, attributes);
    },
  };
}
