/** The error function to float64 accuracy, which JavaScript lacks. */

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/** 2/√π · ∫₀ˣ e^(−t²) dt, within a few units in the last place. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 1) return series(x);
  // From 6 on, 1 − erf is below half a unit in the last place of 1.
  if (magnitude >= 6) return Math.sign(x);
  return Math.sign(x) * (1 - complement(magnitude));
}

/** Taylor's series: alternating, but its terms shrink from the start below 1. */
function series(x: number): number {
  const square = x * x;
  let power = x;
  let sum = x;
  for (let n = 1; n < 40; n++) {
    power *= -square / n;
    const next = sum + power / (2 * n + 1);
    if (next === sum) break;
    sum = next;
  }
  return TWO_OVER_SQRT_PI * sum;
}

/** 1 − erf(x) for x ≥ 1 by Laplace's continued fraction, from its tail: e^(−x²)/√π / (x + ½/(x + 1/(x + 3⁄2/(x + …)))). */
function complement(x: number): number {
  let tail = x;
  // The tail converges more slowly the smaller x is.
  for (let n = Math.ceil(20 + 160 / (x * x)); n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}
