/**
 * Matrix multiplication by its definition, and the same sums in better orders. Each entry is added up from its first product
 * to its last in all of them, so they agree to the bit; what differs is how memory is walked.
 */

/** Rows of equal length. */
export type Matrix = readonly (readonly number[])[];

/** [m, k] × [k, n] as m, k and n. Throws RangeError where the inner sizes differ. */
export function sizesOf(a: Matrix, b: Matrix): [m: number, k: number, n: number] {
  const [k, rows] = [a[0]?.length ?? 0, b.length];
  if (k !== rows)
    throw new RangeError(`Inner dimensions must match: (${a.length}, ${k}) × (${rows}, ${b[0]?.length ?? 0})`);
  return [a.length, k, b[0]?.length ?? 0];
}

const zeros = (m: number, n: number): number[][] => Array.from({ length: m }, () => new Array<number>(n).fill(0));

/** C[i][j] = Σₜ A[i][t] · B[t][j]: three loops, m·k·n products. The innermost walks down a column of B, a new row at each step. */
export function naive(a: Matrix, b: Matrix): number[][] {
  const [m, k, n] = sizesOf(a, b);
  const c = zeros(m, n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let t = 0; t < k; t++) sum += a[i]![t]! * b[t]![j]!;
      c[i]![j] = sum;
    }
  return c;
}

/** The two inner loops exchanged: now all three matrices are walked along their rows. */
export function rowsFirst(a: Matrix, b: Matrix): number[][] {
  const [m, k, n] = sizesOf(a, b);
  const c = zeros(m, n);
  for (let i = 0; i < m; i++) {
    const sums = c[i]!;
    for (let t = 0; t < k; t++) {
      const factor = a[i]![t]!;
      const row = b[t]!;
      for (let j = 0; j < n; j++) sums[j]! += factor * row[j]!;
    }
  }
  return c;
}

/** Tile by tile, so that the tile of B stays in the cache while a tile of rows of A uses it. Tiles at the edges are smaller. */
export function blocked(a: Matrix, b: Matrix, tile: number = 32): number[][] {
  const [m, k, n] = sizesOf(a, b);
  const c = zeros(m, n);
  for (let i0 = 0; i0 < m; i0 += tile)
    for (let t0 = 0; t0 < k; t0 += tile)
      for (let j0 = 0; j0 < n; j0 += tile)
        for (let i = i0; i < Math.min(i0 + tile, m); i++)
          for (let t = t0; t < Math.min(t0 + tile, k); t++) {
            const factor = a[i]![t]!;
            for (let j = j0; j < Math.min(j0 + tile, n); j++) c[i]![j]! += factor * b[t]![j]!;
          }
  return c;
}

/** Row-major elements of a matrix, side by side in memory. */
export function flat(x: Matrix): Float64Array {
  return Float64Array.from(x.flat());
}

/** `rowsFirst` on typed arrays: numbers without boxes, rows without pointers. */
export function typed(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let t = 0; t < k; t++) {
      const factor = a[i * k + t]!;
      for (let j = 0; j < n; j++) c[i * n + j]! += factor * b[t * n + j]!;
    }
  return c;
}
