import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { normalizeAxis, show } from "../../core/shape.ts";
import { concat } from "../functions.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The product of several matrices in the order that takes the fewest multiplications (Cormen et al., "Introduction to
 * Algorithms", 14.2). The first and the last may be vectors. Throws ArgumentError for fewer than two.
 */
export function multiDot(matrices: readonly Tensor[]): Tensor {
  if (matrices.length < 2) throw new ArgumentError(`multiDot: needs at least two matrices, got ${matrices.length}`);
  const [first, last] = [matrices[0]!, matrices[matrices.length - 1]!];
  const whole = matrices.map((x, i) => {
    if (x.rank === 2) return x;
    if (x.rank === 1 && i === 0) return x.unsqueeze(0);
    if (x.rank === 1 && i === matrices.length - 1) return x.unsqueeze(1);
    throw new ShapeError(`multiDot: needs matrices (vectors at the ends), got ${show(x.shape)} at position ${i}`);
  });
  const sizes = [...whole.map((x) => x.shape[0]!), whole[whole.length - 1]!.shape[1]!];
  // best[i][j]: the cheapest way to multiply the matrices i … j.
  const best: { cost: number; cut: number }[][] = whole.map((_, i) =>
    whole.map((_, j) => ({ cost: i === j ? 0 : Infinity, cut: i })),
  );
  for (let length = 1; length < whole.length; length++)
    for (let i = 0, j = length; j < whole.length; i++, j++)
      for (let cut = i; cut < j; cut++) {
        const cost = best[i]![cut]!.cost + best[cut + 1]![j]!.cost + sizes[i]! * sizes[cut + 1]! * sizes[j + 1]!;
        if (cost < best[i]![j]!.cost) best[i]![j] = { cost, cut };
      }
  const product = (i: number, j: number): Tensor =>
    i === j ? whole[i]! : product(i, best[i]![j]!.cut).matmul(product(best[i]![j]!.cut + 1, j));
  let result = product(0, whole.length - 1);
  if (last.rank === 1) result = result.squeeze(-1);
  return first.rank === 1 ? result.squeeze(0) : result;
}

/** Σ a·b along an axis, the last by default; the others broadcast. */
export function vecdot(a: Tensor, b: Tensor, axis: number = -1): Tensor {
  return a.mul(b).sum(axis);
}

/** The vector at a right angle to both: a × b for axes of size 3, the last by default; the others broadcast. */
export function cross(a: Tensor, b: Tensor, axis: number = -1): Tensor {
  for (const { shape } of [a, b])
    if (shape[normalizeAxis("cross", axis, shape)] !== 3)
      throw new ShapeError(`cross: axis ${axis} must have size 3, got ${show(shape)}`);
  const turned = (x: Tensor, by: number): Tensor => concat([x.narrow(axis, by, 3 - by), x.narrow(axis, 0, by)], axis);
  return turned(a, 1)
    .mul(turned(b, 2))
    .sub(turned(a, 2).mul(turned(b, 1)));
}

/** Powers 0 … count − 1 of each element along a new last axis (Vandermonde); as many as elements by default. */
export function vander(x: Tensor, count: number = x.shape[x.rank - 1] ?? 0): Tensor {
  if (!Number.isInteger(count) || count < 1)
    throw new ArgumentError(`vander: the number of powers must be a whole number above 0, got ${count}`);
  const powers = Array.from({ length: count }, (_, i) => x.unsqueeze(-1).pow(i));
  return concat(powers, -1);
}
