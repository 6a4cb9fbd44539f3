import { arange, eye } from "../create.ts";
import { concat } from "../functions.ts";
import { zerosLike } from "../create.ts";
import type { Tensor } from "../tensor.ts";
import { withGradient } from "./gradients.ts";
import { loop } from "../loop.ts";
import { flatBatch, floats, part, squareSize, transposed } from "./matrices.ts";
import { BLOCK, forward, halfOf, solveTriangular } from "./triangular.ts";

export interface CholeskyOptions {
  /** Whether to return U of A = Uᵀ·U instead of L, false by default. */
  readonly upper?: boolean;
}

/**
 * L, lower triangular, of A = L·Lᵀ, for symmetric positive definite A [.., n, n]. Only the lower triangle of A is read.
 * Where A is not positive definite, NaN comes out. The gradient is symmetric (Murray, "Differentiation of the Cholesky
 * decomposition", 2016). Throws ShapeError for matrices that are not square.
 */
export function cholesky(a: Tensor, { upper = false }: CholeskyOptions = {}): Tensor {
  const n = squareSize("cholesky", a);
  const matrix = floats(a);
  const lower = withGradient(
    "cholesky",
    [matrix],
    () => (n === 0 ? matrix : factor(flatBatch(matrix)).reshape([...matrix.shape])),
    (grad, l) => {
      const inner = halvedDiagonal(transposed(l).matmul(grad).tril());
      // L⁻ᵀ·P·L⁻¹
      const half = solveTriangular(transposed(l), inner, { upper: true });
      const full = solveTriangular(l, half, { upper: false, left: false });
      return [full.add(transposed(full)).mul(0.5)];
    },
  );
  return upper ? transposed(lower) : lower;
}

function halvedDiagonal(x: Tensor): Tensor {
  const onDiagonal = eye(x.shape[x.shape.length - 1]!, undefined, { dtype: "bool" });
  return x.mul(0.5).where(onDiagonal, x);
}

function factor(a: Tensor): Tensor {
  const n = a.shape[1]!;
  if (n <= BLOCK) return byColumn(a);
  const half = halfOf(n);
  const first = factor(part(a, [0, half], [0, half]));
  const below = transposed(forward(first, transposed(part(a, [half], [0, half])), false));
  const last = factor(part(a, [half], [half]).sub(below.matmul(transposed(below))));
  const above = zerosLike(transposed(below));
  return concat([concat([first, above], 2), concat([below, last], 2)], 1).contiguous();
}

/** Each column is what is left of A, divided by the root of its pivot; its outer product is taken from the rest. */
function byColumn(a: Tensor): Tensor {
  const n = a.shape[1]!;
  const position = arange(n).reshape([1, n, 1]);
  const { outputs } = loop(n, [a], [], ([rest], turn) => {
    const left = rest!.gather(turn, 2);
    const column = left.div(left.gather(turn, 1).sqrt()).where(position.ge(turn), 0);
    return { state: [rest!.sub(column.mul(transposed(column)))], outputs: [column.squeeze(2)] };
  });
  return outputs[0]!.permute([1, 2, 0]);
}

/**
 * X of A·X = B from the Cholesky factor of A: L [.., n, n], or U with `upper`; B [.., n, k].
 * Throws ShapeError where shapes do not fit.
 */
export function choleskySolve(b: Tensor, factorOfA: Tensor, { upper = false }: CholeskyOptions = {}): Tensor {
  const l = upper ? transposed(factorOfA) : factorOfA;
  return solveTriangular(transposed(l), solveTriangular(l, b, { upper: false }), { upper: true });
}
