/** What data say as a whole: moments, relations, sums along a curve, distances. */
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { normalizeAxis, show } from "../core/shape.ts";
import { toFloat } from "./functional/operands.ts";
import { full } from "./create.ts";
import { cumsum } from "./alongAxis.ts";
import { concat, diagonal, where } from "./functions.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import { searchsorted } from "./searching.ts";
import { triuIndices } from "./shaping.ts";

type Axes = number | readonly number[];
const floats = (x: Tensor): Tensor => fromNode(toFloat(x.node));

/** Reductions whose axes are only known when they run. */
const sum = (x: Tensor, axis: Axes | undefined, keepdims: boolean): Tensor => x.sum(axis as number, keepdims);

/** How many elements are not zero, i32. */
export function countNonzero(x: Tensor, axis?: Axes, keepdims: boolean = false): Tensor {
  return sum(x.ne(0), axis, keepdims);
}

/** The smallest and the largest element. */
export function aminmax(
  x: Tensor,
  axis?: Axes,
  keepdims: boolean = false,
): { readonly min: Tensor; readonly max: Tensor } {
  return { min: x.min(axis as number, keepdims), max: x.max(axis as number, keepdims) };
}

/** The sum of the elements that are not NaN. */
export function nansum(x: Tensor, axis?: Axes, keepdims: boolean = false): Tensor {
  return sum(where(x.isNan(), 0, x), axis, keepdims);
}

/** The mean of the elements that are not NaN; NaN where there are none. */
export function nanmean(x: Tensor, axis?: Axes, keepdims: boolean = false): Tensor {
  return nansum(floats(x), axis, keepdims).div(sum(x.isNan().logicalNot(), axis, keepdims));
}

/** The variance of the elements that are not NaN; the count is reduced by `correction`, 1 by default. */
export function nanvar(x: Tensor, axis?: Axes, keepdims: boolean = false, correction: number = 1): Tensor {
  const distance = floats(x).sub(nanmean(x, axis, true));
  const count = sum(x.isNan().logicalNot(), axis, keepdims).sub(correction).maximum(0);
  return nansum(distance.square(), axis, keepdims).div(count);
}

/** The mean with weights, which have the tensor's shape or, with an axis, its size. */
export function average(x: Tensor, weights: Tensor, axis?: number): Tensor {
  if (axis === undefined) return x.mul(weights).sum().div(weights.sum());
  const at = normalizeAxis("average", axis, x.shape);
  const along = weights.rank === 1 ? weights.reshape(x.shape.map((_, i) => (i === at ? -1 : 1))) : weights;
  return x.mul(along).sum(at).div(along.expand(x.shape).sum(at));
}

export interface CovarianceOptions {
  /** What the count of observations is reduced by, 1 by default. */
  readonly correction?: number;
  /** How many times each observation was made: whole numbers, [observations]. */
  readonly fweights?: Tensor;
  /** How important each observation is: [observations]. */
  readonly aweights?: Tensor;
}

/** Covariances of variables in rows over observations in columns: [n, n] of [n, observations], [] of one axis. */
export function cov(x: Tensor, { correction = 1, fweights, aweights }: CovarianceOptions = {}): Tensor {
  if (x.rank > 2) throw new ShapeError(`cov: needs variables × observations, got ${show(x.shape)}`);
  const rows = floats(x).reshape(x.rank < 2 ? [1, -1] : [...x.shape]);
  const ones = full([rows.shape[1]!], 1, { dtype: rows.dtype });
  const importance: Tensor = aweights ? floats(aweights).cast(rows.dtype) : ones;
  const weights = fweights ? importance.mul(fweights.cast(rows.dtype)) : importance;
  const total = weights.sum();
  const reduced = aweights ? weights.mul(importance).sum().div(total).mul(correction) : correction;
  const distance = rows.sub(rows.mul(weights).sum(1, true).div(total));
  const result = distance.mul(weights).matmul(distance.T).div(total.sub(reduced).maximum(0));
  return x.rank < 2 ? result.reshape([]) : result;
}

/** Pearson's correlations, −1 to 1, of variables in rows over observations in columns. */
export function corrcoef(x: Tensor): Tensor {
  const matrix = cov(x);
  if (matrix.rank === 0) return matrix.div(matrix);
  const deviation = diagonal(matrix).sqrt();
  return matrix.div(deviation.unsqueeze(1)).div(deviation.unsqueeze(0)).clamp(-1, 1);
}

export interface DifferenceOptions {
  /** How many times differences of differences are taken, 1 by default. */
  readonly n?: number;
  /** The last by default. */
  readonly axis?: number;
  /** Put before the tensor along the axis. */
  readonly prepend?: Tensor;
  /** Put behind it. */
  readonly append?: Tensor;
}

/** Each element minus the one before along an axis. */
export function diff(x: Tensor, { n = 1, axis = -1, prepend, append }: DifferenceOptions = {}): Tensor {
  if (!Number.isInteger(n) || n < 0) throw new ArgumentError(`diff: n must be a whole number of 0 or more, got ${n}`);
  let row = concat([...(prepend ? [prepend] : []), x, ...(append ? [append] : [])], axis);
  const at = normalizeAxis("diff", axis, x.shape);
  for (let i = 0; i < n && row.shape[at]! > 0; i++) {
    const size = row.shape[at]!;
    row = row.narrow(at, 1, size - 1).sub(row.narrow(at, 0, size - 1));
  }
  return row;
}

export interface TrapezoidOptions {
  /** Where the elements lie, along the axis or in the tensor's shape. */
  readonly x?: Tensor;
  /** Their distance, where they are evenly spaced; 1 by default. */
  readonly dx?: number;
  /** The last by default. */
  readonly axis?: number;
}

/** The areas between neighbours. */
function trapezoids(op: string, y: Tensor, { x, dx = 1, axis = -1 }: TrapezoidOptions): { areas: Tensor; at: number } {
  const at = normalizeAxis(op, axis, y.shape);
  const size = y.shape[at]!;
  const mean = y
    .narrow(at, 1, size - 1)
    .add(y.narrow(at, 0, size - 1))
    .mul(0.5);
  if (!x) return { areas: mean.mul(dx), at };
  const along = x.rank === 1 ? x.reshape(y.shape.map((_, i) => (i === at ? -1 : 1))) : x;
  return { areas: mean.mul(diff(along, { axis: at })), at };
}

/** The area under a curve given by its points, by trapezoids. */
export function trapezoid(y: Tensor, options: TrapezoidOptions = {}): Tensor {
  const { areas, at } = trapezoids("trapezoid", y, options);
  return areas.sum(at);
}

/** The areas up to each point but the first. */
export function cumulativeTrapezoid(y: Tensor, options: TrapezoidOptions = {}): Tensor {
  const { areas, at } = trapezoids("cumulativeTrapezoid", y, options);
  return cumsum(areas, at);
}

/** The value at x of the line through the points (xs, ys), one axis each with xs ascending; beyond the ends their values. */
export function interp(x: Tensor, xs: Tensor, ys: Tensor): Tensor {
  if (xs.rank !== 1 || show(xs.shape) !== show(ys.shape) || xs.size < 2)
    throw new ShapeError(`interp: needs two points or more in one axis, got ${show(xs.shape)} and ${show(ys.shape)}`);
  const right = searchsorted(xs, x, { right: true }).clamp(1, xs.size - 1);
  const left = right.sub(1);
  const [x0, x1, y0, y1] = [xs.gather(left), xs.gather(right), ys.gather(left), ys.gather(right)];
  const share = x.sub(x0).div(x1.sub(x0)).clamp(0, 1);
  return y0.add(share.mul(y1.sub(y0)));
}

/** (Σ |a − b|ᵖ)^(1/p) of all elements. */
export function dist(a: Tensor, b: Tensor, p: number = 2): Tensor {
  return a.sub(b).norm(undefined, false, p);
}

/** Distances along the last axis, of pairs: (Σ |a − b + eps|ᵖ)^(1/p). */
export function pairwiseDistance(
  a: Tensor,
  b: Tensor,
  p: number = 2,
  eps: number = 1e-6,
  keepdims: boolean = false,
): Tensor {
  return a.sub(b).add(eps).norm(-1, keepdims, p);
}

/** Distances of all rows of a [.., m, d] from all rows of b [.., n, d]: [.., m, n]. At distance 0 the gradient is 0. */
export function cdist(a: Tensor, b: Tensor, p: number = 2): Tensor {
  return a.unsqueeze(-2).sub(b.unsqueeze(-3)).norm(-1, false, p);
}

/** Distances of the rows of [n, d] from one another, each pair once: [n · (n − 1) / 2]. */
export function pdist(x: Tensor, p: number = 2): Tensor {
  if (x.rank !== 2) throw new ShapeError(`pdist: needs a matrix, got ${show(x.shape)}`);
  const [rows, columns] = triuIndices(x.shape[0]!, x.shape[0]!, 1).unbind() as [Tensor, Tensor];
  return x.gather(rows).sub(x.gather(columns)).norm(-1, false, p);
}
