/**
 * Jacobi's method, in parallel: an n × n matrix has ⌊n / 2⌋ disjoint pairs of rows, all rotated at once, and the pairs change as
 * in a round-robin tournament, until every two have met (Brent and Luk, 1985). Golub and Van Loan, "Matrix Computations", 8.5
 * and 8.6. The number of sweeps is fixed, since a compiled program has no loop of unknown length; convergence is quadratic.
 */
import { arange } from "../create.ts";
import { where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { loop } from "../loop.ts";

/** Sweeps after which nothing changes any more, with some to spare. */
const sweepsFor = (n: number): number => 6 + Math.ceil(Math.log2(Math.max(2, n)));

/** A loop keeps all its states, so many rounds of large matrices are cut into several loops: elements kept at a time. */
const KEPT = 2 ** 22;

/** Whom each of n meets in a round, i32 [n]; itself, where one is left over. */
function partners(n: number, round: Tensor): Tensor {
  const mine = arange(n);
  const seats = n + (n % 2);
  // All but the last stand in a circle and meet where their numbers add up to the round's; who would meet itself meets the last.
  const across = round.sub(mine).mod(seats - 1);
  const last = seats === n ? n - 1 : mine;
  const inCircle = where(across.eq(mine), last, across);
  return seats === n ? where(mine.eq(n - 1), round.mul(n / 2).mod(n - 1), inCircle) : inCircle;
}

/** How rows turn in the planes that they share with their partners: row' = row + side · partner − loss · row. */
export interface Rotations {
  /** The sine, negative for the first of a pair. */
  readonly side: Tensor;
  /** 1 − the cosine. */
  readonly loss: Tensor;
}

/** The smaller angles that make the pairs [[own, beside], [beside, partner's own]] diagonal; [batch, n]. */
export function rotations(own: Tensor, beside: Tensor, partner: Tensor): Rotations {
  const position = arange(partner.shape[0]!);
  const first = position.lt(partner);
  const theirs = (x: Tensor): Tensor => x.gather(partner, 1);
  // Both of a pair must find the same angle to the bit: they take their numbers from the first of them.
  const shared = where(first, beside, theirs(beside));
  const distance = where(first, theirs(own).sub(own), own.sub(theirs(own)));
  const none = shared.eq(0).logicalOr(partner.eq(position));
  const ratio = distance.div(where(none, 1, shared).mul(2));
  const size = ratio.abs();
  const steep = size.add(size.square().add(1).sqrt()).recip();
  const tangent = where(none, 0, where(ratio.lt(0), steep.neg(), steep));
  const cosine = tangent.square().add(1).rsqrt();
  const sine = tangent.mul(cosine);
  // Rutishauser's form: where the angle is small, so is the error.
  return { side: where(first, sine.neg(), sine), loss: sine.square().div(cosine.add(1)) };
}

/** Rows, along an axis, turned against their partners. */
export function rotated(x: Tensor, axis: 1 | 2, partner: Tensor, { side, loss }: Rotations): Tensor {
  const along = (value: Tensor): Tensor => value.unsqueeze(axis === 1 ? 2 : 1);
  return x.add(
    x
      .gather(partner, axis)
      .mul(along(side))
      .sub(x.mul(along(loss))),
  );
}

/** All rounds of all sweeps over [batch, n, …] states. */
export function sweeps(
  n: number,
  initial: readonly Tensor[],
  round: (state: readonly Tensor[], partner: Tensor) => readonly Tensor[],
): readonly Tensor[] {
  const size = initial.reduce((sum, x) => sum + x.size, 0);
  const most = Math.max(1, Math.floor(KEPT / Math.max(1, size)));
  const rounds = n + (n % 2) - 1;
  let state = initial;
  for (let done = 0; done < sweepsFor(n) * rounds; done += most) {
    const from = done;
    state = loop(Math.min(most, sweepsFor(n) * rounds - done), state, [], (now, turn) => ({
      state: round(now, partners(n, turn.add(from % rounds))),
      outputs: [],
    })).state;
  }
  return state;
}
