import { ArgumentError } from "../../core/errors.ts";
import { normalizeAxis } from "../../core/shape.ts";
import { moveAxis } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { floats, sizesOf } from "./matrices.ts";
import { inverse } from "./solve.ts";
import { svdvals } from "./svd.ts";

type Axes = number | readonly number[];

/**
 * (Σ |x|ᵒʳᵈᵉʳ)^(1/order) over axes, over all of them by default. Order 2 (the default), ∞ (the largest), −∞ (the smallest), 0
 * (how many are not 0) or any other number. At a vector of zeros the gradient of order 2 is 0.
 * Throws ArgumentError where the order is NaN.
 */
export function vectorNorm(x: Tensor, order: number = 2, axis?: Axes, keepdims: boolean = false): Tensor {
  if (Number.isNaN(order)) throw new ArgumentError("vectorNorm: the order must be a number, got NaN");
  const value = floats(x);
  if (order > 0) return value.norm(axis as number, keepdims, order);
  if (order === 0)
    return value
      .ne(0)
      .cast(value.dtype)
      .sum(axis as number, keepdims);
  const size = value.abs();
  if (order === -Infinity) return size.min(axis as number, keepdims);
  return size
    .pow(order)
    .sum(axis as number, keepdims)
    .pow(1 / order);
}

/** Norms of matrices: of all elements, of singular values, or of sums of rows and columns. */
export type MatrixOrder = "fro" | "nuc" | number;

/**
 * The norm of matrices that lie in two axes, the last two by default. "fro" (the default) is √Σx², "nuc" the sum of singular
 * values, 2 and −2 the largest and smallest of them, 1 and −1 the largest and smallest sum of a column's sizes, ∞ and −∞ of a
 * row's. Throws ArgumentError for another order.
 */
export function matrixNorm(
  x: Tensor,
  order: MatrixOrder = "fro",
  axes: readonly [number, number] = [-2, -1],
  keepdims: boolean = false,
): Tensor {
  sizesOf("matrixNorm", x);
  const list = axes.map((axis) => normalizeAxis("matrixNorm", axis, x.shape)) as [number, number];
  const value = floats(x);
  if (order === "fro") return vectorNorm(value, 2, list, keepdims);
  const [row, column] = list;
  const moved = moveAxis(moveAxis(value, row, -1), column > row ? column - 1 : column, -1);
  const result = ofLastTwo(moved, order);
  if (!keepdims) return result;
  return result.reshape(x.shape.map((size, i) => (list.includes(i) ? 1 : size)));
}

function ofLastTwo(x: Tensor, order: MatrixOrder): Tensor {
  switch (order) {
    case "nuc":
      return svdvals(x).sum(-1);
    case 2:
      return svdvals(x).max(-1);
    case -2:
      return svdvals(x).min(-1);
    case 1:
      return x.abs().sum(-2).max(-1);
    case -1:
      return x.abs().sum(-2).min(-1);
    case Infinity:
      return x.abs().sum(-1).max(-1);
    case -Infinity:
      return x.abs().sum(-1).min(-1);
    default:
      throw new ArgumentError(
        `matrixNorm: the order must be "fro", "nuc", 1, -1, 2, -2, Infinity or -Infinity, got ${JSON.stringify(order)}`,
      );
  }
}

/**
 * PyTorch's `linalg.norm`: of all elements where neither order nor axes are given; of matrices where the order is one of
 * theirs by name, or two axes are named, or a tensor of two axes comes with an order; of vectors otherwise.
 */
export function norm(x: Tensor, order?: number | "fro" | "nuc", axis?: Axes, keepdims: boolean = false): Tensor {
  const two = Array.isArray(axis) ? axis.length === 2 : axis === undefined && x.rank === 2;
  if (order === undefined) return vectorNorm(x, 2, axis, keepdims);
  if (typeof order === "string" || two)
    return matrixNorm(x, order as MatrixOrder, axis as [number, number] | undefined, keepdims);
  return vectorNorm(x, order, axis, keepdims);
}

/**
 * How many times as large a relative error may come out of `solve` as went in: the norm of A times that of A⁻¹. Order 2 (the
 * default) and −2 are quotients of singular values, for A [.., m, n]; the others need square matrices.
 */
export function cond(a: Tensor, order: MatrixOrder = 2): Tensor {
  sizesOf("cond", a);
  if (order !== 2 && order !== -2) return matrixNorm(a, order).mul(matrixNorm(inverse(a), order));
  const s = svdvals(a);
  const [largest, smallest] = [s.max(-1), s.min(-1)] as [Tensor, Tensor];
  return order === 2 ? largest.div(smallest) : smallest.div(largest);
}
