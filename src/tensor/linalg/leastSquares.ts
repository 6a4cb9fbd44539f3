import { ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import { eye } from "../create.ts";
import type { Tensor } from "../tensor.ts";
import { reciprocal } from "./eigh.ts";
import { withGradient } from "./gradients.ts";
import { floats, sizesOf, transposed } from "./matrices.ts";
import { svd, svdvals } from "./svd.ts";

export interface RankOptions {
  /** Singular values up to this count as 0; 0 by default. */
  readonly atol?: number;
  /** As a share of the largest; by default max(m, n) times the distance from 1 to the next number, or 0 where `atol` is given. */
  readonly rtol?: number;
}

/** Which singular values [.., k] of [.., m, n] count. */
function counted(op: string, a: Tensor, s: Tensor, { atol = 0, rtol }: RankOptions): Tensor {
  const eps = s.dtype === "f64" ? 2 ** -52 : 2 ** -23;
  const share = rtol ?? (atol > 0 ? 0 : Math.max(...sizesOf(op, a)) * eps);
  const limit = s.max(-1, true).mul(share).maximum(atol);
  return s.gt(limit);
}

/** How many singular values are not 0: i32 [..] of [.., m, n]. */
export function matrixRank(a: Tensor, options: RankOptions = {}): Tensor {
  const [m, n] = sizesOf("matrixRank", a);
  const s = svdvals(a.detach());
  return m * n === 0 ? s.sum(-1).int() : counted("matrixRank", a, s, options).sum(-1);
}

/**
 * The Moore–Penrose inverse [.., n, m] of [.., m, n], by singular values; those up to a tolerance count as 0.
 * Gradient by Golub and Pereyra, "The differentiation of pseudo-inverses" (1973), where the rank does not change.
 */
export function pinv(a: Tensor, options: RankOptions = {}): Tensor {
  const [m, n] = sizesOf("pinv", a);
  const matrix = floats(a);
  if (m * n === 0) return transposed(matrix);
  return withGradient(
    "pinv",
    [matrix],
    () => {
      const { u, s, vh } = svd(matrix, { fullMatrices: false });
      const inverse = reciprocal(s.where(counted("pinv", matrix, s, options), 0));
      return transposed(vh).mul(inverse.unsqueeze(-2)).matmul(transposed(u));
    },
    (grad, p, [given]) => {
      const [pt, gt] = [transposed(p), transposed(grad)];
      const identity = (size: number): Tensor => eye(size, size, { dtype: p.dtype });
      const outsideRows = identity(m).sub(given!.matmul(p));
      const outsideColumns = identity(n).sub(p.matmul(given!));
      return [
        outsideRows
          .matmul(gt)
          .matmul(p.matmul(pt))
          .add(pt.matmul(p).matmul(gt).matmul(outsideColumns))
          .sub(pt.matmul(grad).matmul(pt)),
      ];
    },
  );
}

export interface LeastSquares {
  /** [.., n, k]: of all that make A·X − B smallest the one with the smallest norm. */
  readonly solution: Tensor;
  /** Σ (A·X − B)² for each column of B: [.., k]. */
  readonly residuals: Tensor;
  /** The rank of A, i32 [..]. */
  readonly rank: Tensor;
  /** Singular values of A, descending. */
  readonly singularValues: Tensor;
}

/**
 * X that makes the squares of A·X − B smallest, for A [.., m, n] of any rank and B [.., m, k]. What is not used is not computed.
 * Throws ShapeError where A and B differ in rows.
 */
export function lstsq(a: Tensor, b: Tensor, options: RankOptions = {}): LeastSquares {
  const [m] = sizesOf("lstsq", a);
  const [rows] = sizesOf("lstsq", b);
  if (rows !== m)
    throw new ShapeError(
      `lstsq: ${show(a.shape)} and ${show(b.shape)} do not fit (${m} ≠ ${rows}). B needs the rows of A`,
    );
  const [matrix, right] = [floats(a), floats(b)];
  const solution: Tensor = pinv(matrix, options).matmul(right);
  return {
    solution,
    residuals: matrix.matmul(solution).sub(right).square().sum(-2),
    rank: matrixRank(matrix, options),
    singularValues: svdvals(matrix),
  };
}
