import { ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import { concat, diagonal } from "../functions.ts";
import { arange } from "../create.ts";
import type { Tensor } from "../tensor.ts";
import { withGradient } from "./gradients.ts";
import { loop } from "../loop.ts";
import { commonBatch, flatBatch, floats, part, sizesOf, squareSize, transposed } from "./matrices.ts";

/** Matrices up to this size are worked through column by column; larger ones are halved, so that most work is products. */
export const BLOCK = 32;

/** Where to cut a larger one: at a multiple of the block, so that the pieces have few different sizes. */
export const halfOf = (size: number): number => BLOCK * Math.ceil(size / BLOCK / 2);

/** L·x = b by forward substitution, [batch, n, n] and [batch, n, k]. Only the lower triangle is read; `unit` takes its diagonal as 1. */
export function forward(l: Tensor, b: Tensor, unit: boolean): Tensor {
  const [n, k] = [l.shape[1]!, b.shape[2]!];
  if (n === 0 || k === 0) return b;
  if (n <= BLOCK) return forwardByRow(l, b, unit);
  const half = halfOf(n);
  const first = forward(part(l, [0, half], [0, half]), part(b, [0, half], [0]), unit);
  const rest = part(b, [half], [0]).sub(part(l, [half], [0, half]).matmul(first));
  return concat([first, forward(part(l, [half], [half]), rest, unit)], 1).contiguous();
}

/** As soon as one unknown is known, its column times it is taken from the right side. */
function forwardByRow(l: Tensor, b: Tensor, unit: boolean): Tensor {
  const n = l.shape[1]!;
  const position = arange(n).reshape([1, n, 1]);
  const columns = l.permute([2, 0, 1]);
  const diagonals = diagonal(l).permute([1, 0]);
  const { outputs } = loop(n, [b], [columns, diagonals], ([rest], turn, [column, pivot]) => {
    const row = rest!.gather(turn, 1);
    const unknown = unit ? row : row.div(pivot!.reshape([-1, 1, 1]));
    const below = column!.unsqueeze(2).where(position.gt(turn), 0);
    return { state: [rest!.sub(below.mul(unknown))], outputs: [unknown.squeeze(1)] };
  });
  return outputs[0]!.permute([1, 0, 2]);
}

/** The same from the last row up: U·x = b. */
export function backward(u: Tensor, b: Tensor, unit: boolean): Tensor {
  return forward(u.flip([1, 2]), b.flip(1), unit).flip(1);
}

export interface TriangularOptions {
  /** Whether A is upper triangular; the other triangle is not read. */
  readonly upper: boolean;
  /** A·X = B (true, the default) or X·A = B. */
  readonly left?: boolean;
  /** Whether the diagonal of A is taken as 1, false by default. */
  readonly unitriangular?: boolean;
}

/**
 * X of A·X = B, or of X·A = B, for triangular A [.., n, n] and B [.., n, k] ([.., k, n]); batches broadcast.
 * Gradients: A⁻ᵀ·g for B, and the triangle of −A⁻ᵀ·g·Xᵀ for A. Where the diagonal has a 0, infinite or NaN comes out.
 * Throws ShapeError where shapes do not fit.
 */
export function solveTriangular(a: Tensor, b: Tensor, options: TriangularOptions): Tensor {
  const { upper, left = true, unitriangular = false } = options;
  const n = squareSize("solveTriangular", a);
  const rows = sizesOf("solveTriangular", b)[left ? 0 : 1];
  if (rows !== n)
    throw new ShapeError(
      `solveTriangular: ${show(a.shape)} and ${show(b.shape)} do not fit (${n} ≠ ${rows}). ` +
        `B needs as many ${left ? "rows" : "columns"} as A`,
    );
  if (!left)
    return transposed(solveTriangular(transposed(a), transposed(b), { upper: !upper, left: true, unitriangular }));
  const batch = commonBatch("solveTriangular", a, b);
  const spread = (x: Tensor): Tensor => floats(x).expand([...batch, ...x.shape.slice(-2)]);
  const [matrix, right] = [spread(a), spread(b)];
  return withGradient(
    "solveTriangular",
    [matrix, right],
    () => (upper ? backward : forward)(flatBatch(matrix), flatBatch(right), unitriangular).reshape([...right.shape]),
    (grad, x, [given]) => {
      const forB = solveTriangular(transposed(given!), grad, { upper: !upper, unitriangular });
      const forA = forB.matmul(transposed(x)).neg();
      const edge = unitriangular ? 1 : 0;
      return [upper ? forA.triu(edge) : forA.tril(-edge), forB];
    },
  );
}
