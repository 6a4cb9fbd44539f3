import { eye } from "../create.ts";
import { argsort, diagonal, takeAlongAxis, where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { withGradients } from "./gradients.ts";
import { rotated, rotations, sweeps } from "./jacobi.ts";
import { batchOf, flatBatch, floats, squareSize, transposed } from "./matrices.ts";

/** Values and vectors (as rows) of symmetric [batch, n, n], in the order of Jacobi's method. */
function jacobi(a: Tensor): { values: Tensor; rows: Tensor } {
  const n = a.shape[1]!;
  const identity: Tensor = eye(n, n, { dtype: a.dtype }).expand(a.shape);
  const [matrix, rows] = sweeps(n, [a, identity], ([now, vectors], partner) => {
    const own = diagonal(now!);
    const beside = takeAlongAxis(now!, partner.reshape([1, n, 1]), 2).squeeze(2);
    const turn = rotations(own, beside, partner);
    const byRows = rotated(now!, 1, partner, turn);
    return [rotated(byRows, 2, partner, turn), rotated(vectors!, 1, partner, turn)];
  }) as [Tensor, Tensor];
  return { values: diagonal(matrix), rows };
}

/** The lower triangle, and above it its mirror image. */
function mirrored(a: Tensor): Tensor {
  return a.tril().add(transposed(a.tril(-1)));
}

/** Eigenvalues [.., n], ascending, and eigenvectors [.., n, n], the columns of V. */
export interface Eigen {
  readonly eigenvalues: Tensor;
  readonly eigenvectors: Tensor;
}

/**
 * A = V·diag(w)·Vᵀ for symmetric A [.., n, n], of which the lower triangle is read, by parallel Jacobi rotations. The sign of a
 * vector is arbitrary, as is the basis of those that share an eigenvalue: gradients exist for functions that do not depend on
 * them. Throws ShapeError for matrices that are not square.
 */
export function eigh(a: Tensor): Eigen {
  const n = squareSize("eigh", a);
  const matrix = floats(a);
  const batch = batchOf(matrix);
  if (n === 0) return { eigenvalues: matrix.reshape([...batch, 0]), eigenvectors: matrix };
  const [eigenvalues, eigenvectors] = withGradients(
    "eigh",
    [matrix],
    () => {
      const { values, rows } = jacobi(flatBatch(mirrored(matrix)));
      const order = argsort(values);
      const vectors = transposed(takeAlongAxis(rows, order.unsqueeze(2), 1));
      return [takeAlongAxis(values, order, 1).reshape([...batch, n]), vectors.reshape([...matrix.shape])];
    },
    ([gradValues, gradVectors], [values, vectors]) => {
      const gaps = values!.unsqueeze(-2).sub(values!.unsqueeze(-1));
      const turned = transposed(vectors!).matmul(gradVectors!).mul(reciprocal(gaps));
      const onDiagonal = eye(n, n, { dtype: "bool" });
      const inner = where(onDiagonal, gradValues!.unsqueeze(-1), turned);
      return [vectors!.matmul(inner).matmul(transposed(vectors!))];
    },
  );
  return { eigenvalues: eigenvalues!, eigenvectors: eigenvectors! };
}

/** 1 / x, and 0 where x is 0. */
export function reciprocal(x: Tensor): Tensor {
  const zero = x.eq(0);
  return where(zero, 0, where(zero, 1, x).recip());
}

/**
 * The eigenvalues alone, ascending. Their gradient exists where some are equal, too.
 * Throws ShapeError for matrices that are not square.
 */
export function eigvalsh(a: Tensor): Tensor {
  squareSize("eigvalsh", a);
  return eigh(a).eigenvalues;
}
