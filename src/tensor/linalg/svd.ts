import { eye } from "../create.ts";
import { argsort, concat, diagonal, takeAlongAxis, where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { reciprocal } from "./eigh.ts";
import { withGradients } from "./gradients.ts";
import { rotated, rotations, sweeps } from "./jacobi.ts";
import { batchOf, flatBatch, floats, part, sizesOf, transposed } from "./matrices.ts";
import { factors } from "./qr.ts";

interface Factors {
  readonly u: Tensor;
  readonly s: Tensor;
  /** Rows are the right singular vectors. */
  readonly vh: Tensor;
}

/**
 * One-sided Jacobi (Hestenes, 1958) on [batch, m, n] with m ≥ n: the columns are rotated until they are orthogonal; then their
 * lengths are the singular values. They are kept as rows, with V beside them.
 */
function jacobi(a: Tensor): Factors {
  const [batch, m, n] = a.shape as readonly [number, number, number];
  const largest = a.abs().max([1, 2], true);
  // Squares of numbers near 1 neither overflow nor vanish.
  const scale = where(largest.gt(0), largest, 1);
  const identity: Tensor = eye(n, n, { dtype: a.dtype }).expand([batch, n, n]);
  const [rows] = sweeps(n, [concat([transposed(a.div(scale)), identity], 2)], ([now], partner) => {
    const columns = part(now!, [0], [0, m]);
    const beside = columns.mul(columns.gather(partner, 1)).sum(2);
    const own = columns.square().sum(2);
    return [rotated(now!, 1, partner, rotations(own, beside, partner))];
  }) as [Tensor];
  const lengths = part(rows, [0], [0, m]).square().sum(2).sqrt();
  const order = argsort(lengths, -1, true).unsqueeze(2);
  const sorted = takeAlongAxis(rows, order, 1);
  // Q of columns that are orthogonal already is those columns at length 1, and something orthogonal for those of length 0.
  const { q, r } = factors(transposed(part(sorted, [0], [0, m])), n);
  const turned = diagonal(r).lt(0);
  return {
    u: where(turned.unsqueeze(1), q.neg(), q),
    s: takeAlongAxis(lengths, order.squeeze(2), 1).mul(scale.squeeze(2)),
    vh: part(sorted, [0], [m, m + n]),
  };
}

/** Of [batch, m, n]: with k = min(m, n) columns in U and rows in Vᵀ. */
function decompose(a: Tensor): Factors {
  const [, m, n] = a.shape as readonly [number, number, number];
  if (m < n) {
    const { u, s, vh } = decompose(transposed(a));
    return { u: transposed(vh), s, vh: transposed(u) };
  }
  if (m === n) return jacobi(a);
  // What is rotated is then n × n.
  const { q, r } = factors(a, n);
  const { u, s, vh } = jacobi(r);
  return { u: q.matmul(u), s, vh };
}

/** The columns [.., m, k], and after them m − k others that make a basis. No gradient flows through those. */
function completed(u: Tensor): Tensor {
  const [m, k] = u.shape.slice(-2) as [number, number];
  if (m === k) return u;
  const { q } = factors(flatBatch(u.detach()), m);
  return concat([u, part(q, [0], [k]).reshape([...batchOf(u), m, m - k])], -1);
}

/** U [.., m, k], singular values S [.., k], descending, and Vᵀ [.., k, n]. */
export interface SVD {
  readonly u: Tensor;
  readonly s: Tensor;
  readonly vh: Tensor;
}

export interface SvdOptions {
  /** Whether U and Vᵀ are square (true, the default, as in PyTorch), or have k = min(m, n) columns and rows. */
  readonly fullMatrices?: boolean;
}

/**
 * A = U·diag(S)·Vᵀ for A [.., m, n], by parallel Jacobi rotations. The signs of a pair of vectors are arbitrary, as is the basis
 * of those that share a singular value: gradients (Townsend, "Differentiating the singular value decomposition", 2016) exist
 * for functions that do not depend on them, and take what would be infinite as 0.
 * Throws ShapeError for less than two axes.
 */
export function svd(a: Tensor, { fullMatrices = true }: SvdOptions = {}): SVD {
  const [m, n] = sizesOf("svd", a);
  const k = Math.min(m, n);
  const matrix = floats(a);
  const batch = batchOf(matrix);
  if (k === 0) return ofNothing(matrix, fullMatrices);
  const [u, s, vh] = withGradients(
    "svd",
    [matrix],
    () => {
      const found = decompose(flatBatch(matrix));
      return [found.u.reshape([...batch, m, k]), found.s.reshape([...batch, k]), found.vh.reshape([...batch, k, n])];
    },
    (grads, outputs) => [gradient(grads, outputs)],
  ) as [Tensor, Tensor, Tensor];
  return fullMatrices ? { u: completed(u), s, vh: transposed(completed(transposed(vh))) } : { u, s, vh };
}

function ofNothing(a: Tensor, full: boolean): SVD {
  const [m, n] = a.shape.slice(-2) as [number, number];
  const basis = (size: number, count: number): Tensor =>
    eye(size, count, { dtype: a.dtype }).expand([...batchOf(a), size, count]);
  const k = Math.min(m, n);
  return {
    u: basis(m, full ? m : k),
    s: a.reshape([...batchOf(a), 0]),
    vh: basis(full ? n : k, n),
  };
}

function gradient(grads: readonly Tensor[], outputs: readonly Tensor[]): Tensor {
  const [gradU, gradS, gradVh] = grads as readonly [Tensor, Tensor, Tensor];
  const [u, s, vh] = outputs as readonly [Tensor, Tensor, Tensor];
  const [m, k] = u.shape.slice(-2) as [number, number];
  const n = vh.shape[vh.rank - 1]!;
  const v = transposed(vh);
  const gradV = transposed(gradVh);
  const [row, column] = [s.unsqueeze(-2), s.unsqueeze(-1)];
  // (σⱼ − σᵢ)·(σⱼ + σᵢ) cancels less than σⱼ² − σᵢ².
  const gaps = reciprocal(row.sub(column).mul(row.add(column)));
  const skew = (x: Tensor): Tensor => x.sub(transposed(x));
  const fromU = skew(transposed(u).matmul(gradU)).mul(gaps).mul(row);
  const fromV = skew(vh.matmul(gradV)).mul(gaps).mul(column);
  const fromS = where(eye(k, k, { dtype: "bool" }), gradS.unsqueeze(-2), 0);
  let total = u.matmul(fromU.add(fromV).add(fromS)).matmul(vh);
  const perValue = reciprocal(row);
  if (m > k) {
    const outside = gradU.sub(u.matmul(transposed(u).matmul(gradU)));
    total = total.add(outside.mul(perValue).matmul(vh));
  }
  if (n > k) {
    const outside = gradV.sub(v.matmul(vh.matmul(gradV)));
    total = total.add(u.matmul(transposed(outside.mul(perValue))));
  }
  return total;
}

/** The singular values alone, descending: [.., min(m, n)]. */
export function svdvals(a: Tensor): Tensor {
  return svd(a, { fullMatrices: false }).s;
}
