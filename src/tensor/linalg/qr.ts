import { GradientError, ArgumentError } from "../../core/errors.ts";
import { arange, eye } from "../create.ts";
import { concat, where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { withGradients } from "./gradients.ts";
import { loop } from "../loop.ts";
import { batchOf, flatBatch, floats, part, sizesOf, transposed } from "./matrices.ts";
import { BLOCK, backward, solveTriangular } from "./triangular.ts";

/** Reflections I − V·T·Vᵀ of a block of columns, one after another: V [batch, m, b] and T⁻¹ [batch, b, b], upper triangular. */
interface Reflections {
  readonly v: Tensor;
  readonly inverseT: Tensor;
}

/** x after the reflections, or after their inverses, which come in the opposite order. */
function reflect({ v, inverseT }: Reflections, x: Tensor, undo: boolean): Tensor {
  const projected = transposed(v).matmul(x);
  // T'⁻¹ is lower triangular: turned over it is upper triangular.
  const scaled = undo
    ? backward(inverseT, projected, false)
    : backward(transposed(inverseT).flip([1, 2]), projected.flip(1), false).flip(1);
  return x.sub(v.matmul(scaled));
}

/**
 * Householder reflections that make the columns of a block zero below the row `top + column`. Signs are LAPACK's, and so those
 * of NumPy and PyTorch.
 */
function reflectionsOf(block: Tensor, top: number): Reflections {
  const [batch, m, b] = block.shape as readonly [number, number, number];
  const rows = arange(m).reshape([1, m, 1]);
  const { outputs } = loop(b, [block], [], ([rest], turn) => {
    const pivot = turn.add(top);
    const column = rest!.gather(turn, 2).where(rows.ge(pivot), 0);
    const head = column.gather(pivot, 1);
    const below = column.where(rows.gt(pivot), 0).square().sum(1, true);
    // Nothing to do where the column is zero already: the reflection is then the identity.
    const done = below.eq(0);
    const length = head.square().add(below).sqrt();
    const target = length.where(head.lt(0), length.neg());
    const scale = where(done, 1, head.sub(target));
    const v = where(rows.eq(pivot), 1, where(rows.gt(pivot), column.div(scale), 0));
    const tau = where(done, 0, target.sub(head).div(where(done, 1, target)));
    const projected = transposed(v).matmul(rest!);
    return { state: [rest!.sub(v.mul(tau).mul(projected))], outputs: [v.squeeze(2), tau.reshape([batch])] };
  });
  const v = outputs[0]!.permute([1, 2, 0]);
  const tau = outputs[1]!.permute([1, 0]);
  // T⁻¹ = D⁻¹ + the strict upper triangle of VᵀV (compact WY form, Schreiber and Van Loan, 1989; Puglisi, 1992). A tau of 0
  // stands for no reflection, and the largest number for its inverse makes its part of T vanish.
  const huge = block.dtype === "f64" ? 2 ** 1000 : 2 ** 100;
  const diagonal = where(tau.eq(0), huge, tau.recip()).unsqueeze(2);
  const identity = eye(b, b, { dtype: block.dtype });
  return { v, inverseT: transposed(v).matmul(v).triu(1).add(identity.mul(diagonal)) };
}

/** All reflections of [batch, m, n], and R before its lower part is cut off. */
function reduce(a: Tensor): { r: Tensor; blocks: Reflections[] } {
  const [, m, n] = a.shape as readonly [number, number, number];
  const blocks: Reflections[] = [];
  const done: Tensor[] = [];
  let rest = a;
  for (let top = 0; top < Math.min(m, n); top += BLOCK) {
    const width = Math.min(BLOCK, Math.min(m, n) - top);
    const block = reflectionsOf(part(rest, [0], [0, width]), top);
    blocks.push(block);
    const reflected = reflect(block, rest, false);
    done.push(part(reflected, [0], [0, width]));
    rest = part(reflected, [0], [width]).contiguous();
  }
  return { r: concat([...done, rest], 2), blocks };
}

/** Q·R of [batch, m, n] with `columns` columns of Q. */
export function factors(a: Tensor, columns: number): { q: Tensor; r: Tensor } {
  const [batch, m] = a.shape as readonly [number, number];
  const { r, blocks } = reduce(a);
  const start: Tensor = eye(m, columns, { dtype: a.dtype }).expand([batch, m, columns]);
  const q = blocks.reduceRight((x, block) => reflect(block, x, true), start);
  return { q, r: part(r, [0, columns], [0]).triu() };
}

/** Q [.., m, k], whose columns are orthonormal, and R [.., k, n], upper triangular. */
export interface QR {
  readonly q: Tensor;
  readonly r: Tensor;
}

/**
 * A = Q·R by Householder reflections, for A [.., m, n]. "reduced" (the default) gives k = min(m, n), "complete" gives k = m.
 * Gradients as in Seeger et al., "Auto-differentiating linear algebra" (2018), where the first min(m, n) columns of A are
 * independent; for a complete Q of a tall A there is none, as in PyTorch.
 * Throws ShapeError for less than two axes, ArgumentError for another mode.
 */
export function qr(a: Tensor, mode: "reduced" | "complete" = "reduced"): QR {
  if (mode !== "reduced" && mode !== "complete")
    throw new ArgumentError(`qr: the mode must be "reduced" or "complete", got ${JSON.stringify(mode)}`);
  const [m, n] = sizesOf("qr", a);
  const matrix = floats(a);
  if (m < n) {
    // The left square decides about Q, the rest of R follows.
    const { q, r } = qr(matrix.narrow(-1, 0, m), mode);
    return { q, r: concat([r, transposed(q).matmul(matrix.narrow(-1, m, n - m))], -1) };
  }
  const columns = mode === "complete" ? m : n;
  const batch = batchOf(matrix);
  const [q, r] = withGradients(
    "qr",
    [matrix],
    () => {
      const found = factors(flatBatch(matrix), columns);
      return [found.q.reshape([...batch, m, columns]), found.r.reshape([...batch, columns, n])];
    },
    ([gradQ, gradR], [outQ, outR]) => {
      if (columns > n)
        throw new GradientError('qr: the complete Q of a tall matrix has no gradient. Use the mode "reduced"');
      const inner = outR!.matmul(transposed(gradR!)).sub(transposed(gradQ!).matmul(outQ!));
      const symmetric = inner.tril().add(transposed(inner.tril(-1)));
      const right = gradQ!.add(outQ!.matmul(symmetric));
      // right · R⁻ᵀ
      return [solveTriangular(transposed(outR!), right, { upper: false, left: false })];
    },
  );
  return { q: q!, r: r! };
}
