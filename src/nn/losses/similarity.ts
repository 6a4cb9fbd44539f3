/** Losses of embeddings: what belongs together shall lie together. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { iota } from "../../graph/ops/leaf.ts";
import { cast, neg, sqrt } from "../../graph/ops/unary.ts";
import { relu } from "../../tensor/functional/activations.ts";
import { add, div, maximum, minimum, mul, sub } from "../../tensor/functional/arithmetic.ts";
import { eq, gt, where } from "../../tensor/functional/comparison.ts";
import { square } from "../../tensor/functional/elementary.ts";
import { matmul } from "../../tensor/functional/matmul.ts";
import { concat, transpose } from "../../tensor/functional/movement.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { norm, sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { crossEntropy } from "./crossEntropy.ts";
import type { MarginOptions } from "./hinge.ts";
import { checkKnown } from "./known.ts";
import type { Rows } from "./labels.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

/** Two floating-point nodes of one shape. */
function floats(op: string, a: Tensor, b: Tensor): readonly [Node, Node] {
  const [left, right] = matched(op, a, b);
  const x = toSingle(left);
  return [x, cast(right, x.dtype)];
}

/** One target for each row of x: 1 for alike, anything up to 0 for not. */
function pairTargets(op: string, x: Node, targets: Tensor): Node {
  const rows = x.shape.slice(0, -1);
  if (!sameShape(targets.node.shape, rows))
    throw new ShapeError(
      `${op}: ${show(x.shape)} want targets ${show(rows)}, one for each pair, got ${show(targets.node.shape)}`,
    );
  checkKnown(op, "targets", targets.node, -1, 1, "They are 1 for alike, and −1 or 0");
  return gt(targets.node, 0);
}

const SMALLEST_SQUARE = 1e-12;
const SMALLEST_NORM = 1e-8;

/** a·b / (|a|·|b|) along the last axis; lengths below 1e-8 count as that. [..., n] → [...] */
export function cosineSimilarity<S extends Shape>(a: Tensor<S>, b: Tensor): Tensor<Rows<S>> {
  const [x, y] = floats("cosineSimilarity", a, b);
  const length = (v: Node): Node => maximum(norm(v, -1), SMALLEST_NORM);
  return fromNode(div(sum(mul(x, y), -1), mul(length(x), length(y))));
}

/** 1 − cosine for pairs that are alike (target 1), max(cosine − margin, 0) for others (−1); the margin is 0 by default. */
export function cosineEmbedding<S extends Shape, const R extends Reduction = "mean">(
  a: Tensor<S>,
  b: Tensor,
  targets: Tensor,
  options: MarginOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const op = "cosineEmbedding";
  const [x, y] = floats(op, a, b);
  const alike = pairTargets(op, x, targets);
  const length = (v: Node): Node => add(sum(square(v), -1), SMALLEST_SQUARE);
  const cosine = div(sum(mul(x, y), -1), sqrt(mul(length(x), length(y))));
  const losses = where(alike, sub(1, cosine), relu(sub(cosine, options.margin ?? 0)));
  return fromNode(reduced(op, losses, options));
}

/** max(margin − t·(a − b), 0): a shall be larger where the target is 1, smaller where it is −1; the margin is 0 by default. */
export function marginRanking<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  a: Tensor<S>,
  b: Checked<Same<S, T, "marginRanking">, Tensor<T>>,
  targets: Tensor,
  options: MarginOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const op = "marginRanking";
  const [x, y] = floats(op, a, b as Tensor);
  const [, t] = floats(op, a, targets);
  return fromNode(reduced(op, relu(add(mul(neg(t), sub(x, y)), options.margin ?? 0)), options));
}

/** From two tensors [..., n] to their distances [...]. */
export type Distance = (a: Tensor, b: Tensor) => Tensor;

export interface TripletOptions<R extends Reduction = Reduction> extends MarginOptions<R> {
  /** The order of the norm, 2 by default. */
  readonly p?: number | undefined;
  /** Added to each difference, so that no gradient is infinite; 1e-6 by default. */
  readonly eps?: number | undefined;
  /** Whether the negative may also be measured from the positive, where that is nearer; false by default (Balntas et al. 2016). */
  readonly swap?: boolean | undefined;
  /** Another distance than the norm of the difference, for instance 1 − `cosineSimilarity`. */
  readonly distance?: Distance | undefined;
}

/** max(d(anchor, positive) − d(anchor, negative) + margin, 0) for [..., n] each; the margin is 1 by default: Schroff et al. 2015. */
export function triplet<S extends Shape, const R extends Reduction = "mean">(
  anchor: Tensor<S>,
  positive: Tensor,
  negative: Tensor,
  options: TripletOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const { margin = 1, p = 2, eps = 1e-6, swap = false, distance } = options;
  if (!(margin > 0)) throw new ArgumentError(`triplet: margin must be above 0, got ${margin}`);
  matched("triplet", anchor, positive);
  matched("triplet", anchor, negative);
  const between = (a: Tensor, b: Tensor): Node =>
    distance ? distance(a, b).node : norm(add(sub(toSingle(a.node), b.node), eps), -1, false, p);
  const near = between(anchor, positive);
  const far = between(anchor, negative);
  const nearest = swap ? minimum(far, between(positive, negative)) : far;
  return fromNode(reduced("triplet", relu(add(sub(near, nearest), margin)), options));
}

/**
 * d² for pairs [..., n] that are alike (target 1), max(margin − d, 0)² for others (0), d being their distance; the margin is 1 by
 * default. Hadsell et al. 2006 halve it.
 */
export function contrastive<S extends Shape, const R extends Reduction = "mean">(
  a: Tensor<S>,
  b: Tensor,
  targets: Tensor,
  options: MarginOptions<R> = {},
): Tensor<Reduced<R, Rows<S>>> {
  const [x, y] = floats("contrastive", a, b);
  const alike = pairTargets("contrastive", x, targets);
  const distance = norm(sub(x, y), -1);
  const losses = where(alike, square(distance), square(relu(sub(options.margin ?? 1, distance))));
  return fromNode(reduced("contrastive", losses, options));
}

export interface TemperatureOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** What cosines are divided by. */
  readonly temperature?: number | undefined;
}

const unit = (x: Node): Node => div(x, maximum(norm(x, -1, true), SMALLEST_NORM));

/** Cosines of all rows of two matrices with each other, divided by the temperature. */
function cosines(op: string, a: Node, b: Node, temperature: number): Node {
  if (a.shape.length !== 2) throw new ShapeError(`${op}: wants [batch, features], got ${show(a.shape)}`);
  if (!(temperature > 0)) throw new ArgumentError(`${op}: the temperature must be above 0, got ${temperature}`);
  return mul(matmul(unit(a), transpose(unit(b), 0, 1)), 1 / temperature);
}

/**
 * Which key belongs to a query? Cross-entropy of the cosines of query i with all keys, key i being right, for [batch, features] each:
 * van den Oord et al. 2018. The temperature is 0.1 by default.
 */
export function infoNce<const R extends Reduction = "mean">(
  queries: Tensor,
  keys: Tensor,
  options: TemperatureOptions<R> = {},
): Tensor<Reduced<R, [number]>> {
  const [q, k] = floats("infoNce", queries, keys);
  const logits = cosines("infoNce", q, k, options.temperature ?? 0.1);
  return fromNode(crossEntropy(fromNode<Shape>(logits), fromNode<Shape>(iota([q.shape[0]!], 0)), options).node);
}

/**
 * The loss of SimCLR for two views [batch, features] of the same examples: each of the 2·batch rows shall find its other view among
 * all rows but itself (Chen et al. 2020). The temperature is 0.5 by default.
 */
export function ntXent<const R extends Reduction = "mean">(
  first: Tensor,
  second: Tensor,
  options: TemperatureOptions<R> = {},
): Tensor<Reduced<R, [number]>> {
  const [a, b] = floats("ntXent", first, second);
  const all = concat([a, b]);
  const count = all.shape[0]!;
  const logits = cosines("ntXent", all, all, options.temperature ?? 0.5);
  const itself = eq(iota(logits.shape, 0), iota(logits.shape, 1));
  const others = where(itself, -Infinity, logits);
  const half = iota([count / 2], 0);
  const labels = concat([add(half, count / 2), half]);
  return fromNode(crossEntropy(fromNode<Shape>(others), fromNode<Shape>(labels), options).node);
}
