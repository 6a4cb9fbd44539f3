/** Functions along one axis: parts from a run-time offset, running results, and what follows from the order of elements. */
import type { Shape } from "../core/shape.ts";
import * as cumulative from "./functional/cumulative.ts";
import type { CumulativeOptions } from "./functional/cumulative.ts";
import * as offset from "./functional/offset.ts";
import * as sorting from "./functional/sorting.ts";
import { fromNode, type Tensor } from "./tensor.ts";

export type { CumulativeOptions } from "./functional/cumulative.ts";
export type { Interpolation } from "./functional/sorting.ts";

/** Values and the positions along the axis where they stood, i32. */
export interface Ranked<S extends Shape = Shape> {
  readonly values: Tensor<S>;
  readonly indices: Tensor<S>;
}

const ranked = <S extends Shape>({ values, indices }: cumulative.Ranked): Ranked<S> => ({
  values: fromNode(values),
  indices: fromNode(indices),
});

/** Sums of the elements up to each one along an axis; `exclusive` leaves the element itself out, `reverse` runs from the end. bool and u8 sum as i32. */
export function cumsum<S extends Shape>(x: Tensor<S>, axis: number, options?: CumulativeOptions): Tensor<S> {
  return fromNode(cumulative.cumsum(x.node, axis, options));
}

/** Products of the elements up to each one along an axis, with exact gradients at zeros; options as for `cumsum`. */
export function cumprod<S extends Shape>(x: Tensor<S>, axis: number, options?: CumulativeOptions): Tensor<S> {
  return fromNode(cumulative.cumprod(x.node, axis, options));
}

/** The largest element so far along an axis and where it stands, the latest of equals. NaN stays from where it comes. */
export function cummax<S extends Shape>(x: Tensor<S>, axis: number): Ranked<S> {
  return ranked(cumulative.cummax(x.node, axis));
}

/** The smallest element so far along an axis and where it stands, the latest of equals. NaN stays from where it comes. */
export function cummin<S extends Shape>(x: Tensor<S>, axis: number): Ranked<S> {
  return ranked(cumulative.cummin(x.node, axis));
}

/** ln Σ eˣ over the elements up to each one along an axis, without overflow. Integers are taken as f32. */
export function logcumsumexp<S extends Shape>(x: Tensor<S>, axis: number): Tensor<S> {
  return fromNode(cumulative.logcumsumexp(x.node, axis));
}

/**
 * yᵢ = aᵢ · yᵢ₋₁ + bᵢ along an axis, from y = 0: discounted returns (reversed), moving averages, linear state spaces.
 * `a` may be a number; operands broadcast and promote.
 */
export function linearRecurrence(a: Tensor | number, b: Tensor, axis: number): Tensor {
  return fromNode(cumulative.linearRecurrence(typeof a === "number" ? a : a.node, b.node, axis));
}

/**
 * The elements in order along an axis (the last by default), smallest first unless `descending`, and where they stood.
 * Equal elements keep their order, NaN counts as the largest, and the gradient goes back to where elements stood.
 */
export function sort<S extends Shape>(x: Tensor<S>, axis?: number, descending?: boolean): Ranked<S> {
  return ranked(sorting.sort(x.node, axis, descending));
}

/** Positions, i32, of the elements in order along an axis (the last by default): what `sort` gives as `indices`. */
export function argsort<S extends Shape>(x: Tensor<S>, axis?: number, descending?: boolean): Tensor<S> {
  return fromNode(sorting.argsort(x.node, axis, descending));
}

/** The k largest elements along an axis (the last by default), largest first, and where they stand; the smallest with `largest` false. Throws ArgumentError where there are fewer than k. */
export function topk(x: Tensor, k: number, axis?: number, largest?: boolean): Ranked {
  return ranked(sorting.topk(x.node, k, axis, largest));
}

/** The k-th smallest element along an axis (the last by default), counted from 1, and where it stands. Throws ArgumentError where there are fewer than k. */
export function kthvalue(x: Tensor, k: number, axis?: number, keep?: boolean): Ranked {
  return ranked(sorting.kthvalue(x.node, k, axis, keep));
}

/** The middle element, of an even number the lower one, as in PyTorch: over all elements, or along an axis. NaN where there is one; `quantile(x, 0.5)` is the mean of both. */
export function median(x: Tensor, axis?: number, keep?: boolean): Tensor {
  return fromNode(sorting.median(x.node, axis, keep));
}

/**
 * The values below which a share `q` of the elements lies: over all elements, or along an axis. Several shares come along a
 * new first axis. Between two elements "linear" (the default), "lower", "higher", "midpoint" or "nearest". NaN where there is one.
 * Integers are taken as f32. Throws ArgumentError for a share outside 0 … 1.
 */
export function quantile(
  x: Tensor,
  q: number | readonly number[],
  axis?: number,
  keep?: boolean,
  interpolation?: sorting.Interpolation,
): Tensor {
  return fromNode(sorting.quantile(x.node, q, axis, keep, interpolation));
}

/**
 * `size` elements along an axis (the first by default) from an offset that may be data: an integer tensor of one number. An
 * offset from which they would not fit moves until they do (JAX's dynamic_slice_in_dim). Another offset is no new program.
 */
export function sliceAt(x: Tensor, start: number | Tensor, size: number, axis?: number): Tensor {
  return fromNode(offset.sliceAt(x.node, typeof start === "number" ? start : start.node, size, axis));
}

/** `x` with `update`, cast to its dtype, in place of as many elements along an axis from such an offset: what a key-value cache does at each step. */
export function updateAt<S extends Shape>(
  x: Tensor<S>,
  update: Tensor,
  start: number | Tensor,
  axis?: number,
): Tensor<S> {
  return fromNode(offset.updateAt(x.node, update.node, typeof start === "number" ? start : start.node, axis));
}
