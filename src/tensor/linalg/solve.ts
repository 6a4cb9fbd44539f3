import { ShapeError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
import { eye, zerosLike } from "../create.ts";
import { noGrad } from "../autodiff.ts";
import { putAlongAxis, where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { withGradient } from "./gradients.ts";
import { factorize, pivotsOf, reordered, type Factors } from "./lu.ts";
import { batchOf, commonBatch, flatBatch, floats, squareSize, transposed } from "./matrices.ts";
import { backward, forward } from "./triangular.ts";

/** A⁻¹·b, or A⁻ᵀ·b, from the factors of A; all with one axis of batches. */
function substitute({ lu, order }: Pick<Factors, "lu" | "order">, b: Tensor, adjoint: boolean): Tensor {
  if (!adjoint) return backward(lu, forward(lu, reordered(b, order), true), false);
  const x = backward(transposed(lu), forward(transposed(lu), b, false), true);
  const positions = order.unsqueeze(2).expand(x.shape);
  return putAlongAxis(zerosLike(x), positions, x, 1);
}

/** As `substitute`, with gradients for A and b that use the same factors: −g'·xᵀ and g' = A⁻ᵀ·g. */
function solveFactored(a: Tensor, b: Tensor, lu: Tensor, order: Tensor, adjoint: boolean): Tensor {
  return withGradient(
    "solve",
    [a, b, lu, order],
    () => substitute({ lu, order }, b, adjoint),
    (grad, x, [matrix, , factors, rows]) => {
      const forB = solveFactored(matrix!, grad, factors!, rows!, !adjoint);
      const forA = (adjoint ? x.matmul(transposed(forB)) : forB.matmul(transposed(x))).neg();
      return [forA, forB];
    },
  );
}

/**
 * X of A·X = B for A [.., n, n] and B [.., n, k]; batches broadcast. B may be a vector for each matrix: [n], or [.., n] with
 * just the batches of A. Where A is singular, infinite or NaN comes out. Throws ShapeError where shapes do not fit.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  const n = squareSize("solve", a);
  if (b.rank === 1 || sameShape(b.shape, a.shape.slice(0, -1))) return solve(a, b.unsqueeze(-1)).squeeze(-1);
  if (b.rank === 0 || b.shape[b.rank - 2] !== n)
    throw new ShapeError(`solve: ${show(a.shape)} and ${show(b.shape)} do not fit. B needs as many rows as A, ${n}`);
  const k = b.shape[b.rank - 1]!;
  const batch = commonBatch("solve", a, b);
  const spread = (x: Tensor): Tensor => flatBatch(floats(x).expand([...batch, ...x.shape.slice(-2)]));
  // One factorization for each matrix of A, however many right sides it has.
  const factors = noGrad(() => factorize(flatBatch(floats(a))));
  const same = sameShape(batch, batchOf(a));
  const lu = same ? factors.lu : spread(factors.lu.reshape([...a.shape]));
  const order = same
    ? factors.order
    : factors.order
        .reshape(a.shape.slice(0, -1))
        .expand([...batch, n])
        .reshape([-1, n]);
  return solveFactored(spread(a), spread(b), lu, order, false).reshape([...batch, n, k]);
}

/**
 * A⁻¹ of square matrices [.., n, n]. `solve` is faster and more exact than a product with it. Where A is singular, infinite or
 * NaN comes out. Gradient −A⁻ᵀ·g·A⁻ᵀ. Throws ShapeError for matrices that are not square.
 */
export function inverse(a: Tensor): Tensor {
  const n = squareSize("inverse", a);
  const matrix = floats(a);
  return withGradient(
    "inverse",
    [matrix],
    () => solve(matrix, eye(n, n, { dtype: matrix.dtype })),
    (grad, x) => [transposed(x).matmul(grad).matmul(transposed(x)).neg()],
  );
}

/**
 * The determinant of square matrices [.., n, n]: [..]. Gradient g·det(A)·A⁻ᵀ, the cofactors, also where A is singular.
 * Throws ShapeError for matrices that are not square.
 */
export function det(a: Tensor): Tensor {
  const n = squareSize("det", a);
  const matrix = flatBatch(floats(a));
  const factors = noGrad(() => factorize(matrix));
  const batch = batchOf(a);
  const value = withGradient(
    "det",
    [matrix, factors.lu, factors.order, factors.sign],
    () => pivotsOf(factors.lu).prod(1).mul(factors.sign),
    (grad, output, [given, lu, order, sign]) => {
      // A pivot of 0 becomes one that is lost in rounding: then the inverse exists, and times the determinant it is finite.
      const { filled, pivots } = noGrad(() => fillZeroPivots(lu!));
      const one = eye(n, n, { dtype: given!.dtype }).expand(given!.shape);
      const adjoint = solveFactored(given!, one, filled, order!, true);
      const scale = where(output.eq(0), pivots.prod(1).mul(sign!), output);
      return [adjoint.mul(scale.mul(grad).reshape([-1, 1, 1]))];
    },
  );
  return value.reshape([...batch]);
}

function fillZeroPivots(lu: Tensor): { filled: Tensor; pivots: Tensor } {
  const n = lu.shape[1]!;
  const tiny = lu
    .abs()
    .max([1, 2], true)
    .mul(lu.dtype === "f64" ? 2 ** -52 : 2 ** -23);
  const least = where(tiny.eq(0), 1, tiny);
  const zeroPivot = lu.eq(0).logicalAnd(eye(n, n, { dtype: "bool" }));
  const filled = where(zeroPivot, least, lu);
  return { filled, pivots: pivotsOf(filled) };
}

/** The sign of a determinant, and ln |det|. */
export interface SignedLogarithm {
  readonly sign: Tensor;
  readonly logabsdet: Tensor;
}

/**
 * det(A) as its sign (−1, 0 or 1) and the logarithm of its size (−∞ at 0), for determinants that overflow: [.., n, n] to [..].
 * Gradient of the logarithm A⁻ᵀ. Throws ShapeError for matrices that are not square.
 */
export function slogdet(a: Tensor): SignedLogarithm {
  const n = squareSize("slogdet", a);
  const matrix = flatBatch(floats(a));
  const batch = [...batchOf(a)];
  const factors = noGrad(() => factorize(matrix));
  const pivots = pivotsOf(factors.lu);
  const logabsdet = withGradient(
    "slogdet",
    [matrix, factors.lu, factors.order],
    () => pivots.abs().log().sum(1),
    (grad, _, [given, lu, order]) => {
      const one = eye(n, n, { dtype: given!.dtype }).expand(given!.shape);
      return [solveFactored(given!, one, lu!, order!, true).mul(grad.reshape([-1, 1, 1]))];
    },
  );
  return {
    sign: pivots.sign().prod(1).mul(factors.sign).reshape(batch),
    logabsdet: logabsdet.reshape(batch),
  };
}
