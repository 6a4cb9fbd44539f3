import { arange, full } from "../create.ts";
import { concat, diagonal, takeAlongAxis, where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { loop } from "../loop.ts";
import { batchOf, flatBatch, floats, part, sizesOf } from "./matrices.ts";
import { BLOCK, forward, halfOf } from "./triangular.ts";

/** P·L·U with both triangles in one matrix: the unit diagonal of L is left out. */
export interface Factors {
  /** [batch, m, n] */
  readonly lu: Tensor;
  /** Which row of A stands in each row of L·U, i32 [batch, m]. */
  readonly order: Tensor;
  /** 1 or −1: whether the rows were exchanged an even number of times; [batch]. */
  readonly sign: Tensor;
}

/** The rows in another order, one for each batch. */
export function reordered(x: Tensor, order: Tensor): Tensor {
  return takeAlongAxis(x, order.unsqueeze(2), 1);
}

/**
 * Gaussian elimination with partial pivoting of [batch, m, n], left half, then what it leaves of the right one (Toledo,
 * "Locality of reference in LU decomposition with partial pivoting", 1997).
 */
export function factorize(a: Tensor): Factors {
  const [batch, m, n] = a.shape as readonly [number, number, number];
  if (m === 0 || n === 0)
    return {
      lu: a,
      order: arange(m).reshape([1, m]).expand([batch, m]),
      sign: full([batch], 1, { dtype: a.dtype }),
    };
  if (n <= BLOCK) return byColumn(a);
  const half = Math.min(halfOf(n), m);
  const left = factorize(part(a, [0], [0, half]));
  const right = reordered(part(a, [0], [half]), left.order);
  const above = forward(part(left.lu, [0, half], [0]), part(right, [0, half], [0]), true);
  const rest = part(right, [half], [0]).sub(part(left.lu, [half], [0]).matmul(above));
  const last = factorize(rest);
  const below = reordered(part(left.lu, [half], [0]), last.order);
  const order = concat(
    [left.order.slice(null, [0, half]), takeAlongAxis(left.order.slice(null, [half]), last.order, 1)],
    1,
  );
  return {
    lu: concat([concat([part(left.lu, [0, half], [0]), above], 2), concat([below, last.lu], 2)], 1).contiguous(),
    order,
    sign: left.sign.mul(last.sign),
  };
}

function byColumn(a: Tensor): Factors {
  const [batch, m, n] = a.shape as readonly [number, number, number];
  const rows = arange(m).reshape([1, m, 1]);
  const columns = arange(n).reshape([1, 1, n]);
  const start = [a, arange(m).reshape([1, m, 1]).expand([batch, m, 1]), full([batch, 1, 1], 1, { dtype: a.dtype })];
  const { state } = loop(Math.min(m, n), start, [], ([matrix, order, sign], turn) => {
    const sizes = matrix!.gather(turn, 2).abs().where(rows.ge(turn), -1);
    const pivot = sizes.argmax(1, true);
    // The pivot's row and this one change places.
    const from = where(rows.eq(turn), pivot, where(rows.eq(pivot), turn, rows));
    const swapped = takeAlongAxis(matrix!, from, 1);
    const row = swapped.gather(turn, 1);
    const head = row.gather(turn, 2);
    const factors = swapped
      .gather(turn, 2)
      .div(head.where(head.ne(0), 1))
      .where(rows.gt(turn), 0);
    const eliminated = swapped.sub(factors.mul(row)).where(columns.gt(turn), swapped);
    return {
      state: [
        where(columns.eq(turn).logicalAnd(rows.gt(turn)), factors, eliminated),
        takeAlongAxis(order!, from, 1),
        sign!.neg().where(pivot.ne(turn), sign!),
      ],
      outputs: [],
    };
  });
  return { lu: state[0]!, order: state[1]!.squeeze(2), sign: state[2]!.reshape([batch]) };
}

/** P [.., m, m], L [.., m, k] with ones on its diagonal and U [.., k, n], k = min(m, n). */
export interface LU {
  readonly p: Tensor;
  readonly l: Tensor;
  readonly u: Tensor;
}

/**
 * A = P·L·U with partial pivoting, for A [.., m, n] of any shape. No gradient flows; `solve`, `det` and `inverse` have theirs.
 * Throws ShapeError for less than two axes.
 */
export function lu(a: Tensor): LU {
  const [m, n] = sizesOf("lu", a);
  const k = Math.min(m, n);
  const batch = batchOf(a);
  const factors = factorize(flatBatch(floats(a.detach())));
  const l = part(factors.lu, [0], [0, k]).tril(-1);
  const onDiagonal = arange(m)
    .reshape([m, 1])
    .eq(arange(k).reshape([1, k]));
  const p = factors.order
    .unsqueeze(1)
    .eq(arange(m).reshape([m, 1]))
    .cast(l.dtype);
  return {
    p: p.reshape([...batch, m, m]),
    l: l.add(onDiagonal.cast(l.dtype)).reshape([...batch, m, k]),
    u: part(factors.lu, [0, k], [0])
      .triu()
      .reshape([...batch, k, n]),
  };
}

/** The pivots: the diagonal of U, [batch, n]. */
export function pivotsOf(factors: Tensor): Tensor {
  return diagonal(factors);
}
