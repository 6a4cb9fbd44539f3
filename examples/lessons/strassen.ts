/** Strassen's algorithm (1969): seven products of halves instead of eight, so about n^2.81 multiplications instead of n³. */
import { sizesOf, type Matrix } from "./matmul.ts";

/** Multiplications of numbers that `strassen` made since the program began. */
export const counter: { multiplications: number } = { multiplications: 0 };

const zip = (a: Matrix, b: Matrix, f: (x: number, y: number) => number): number[][] =>
  a.map((row, i) => row.map((x, j) => f(x, b[i]![j]!)));
const plus = (a: Matrix, b: Matrix): number[][] => zip(a, b, (x, y) => x + y);
const minus = (a: Matrix, b: Matrix): number[][] => zip(a, b, (x, y) => x - y);
const beside = (a: Matrix, b: Matrix): number[][] => a.map((row, i) => [...row, ...b[i]!]);

/** The four quarters, row by row. */
function quarters(x: Matrix): [Matrix, Matrix, Matrix, Matrix] {
  const half = x.length / 2;
  const [upper, lower] = [x.slice(0, half), x.slice(half)];
  const left = (rows: Matrix): Matrix => rows.map((row) => row.slice(0, half));
  const right = (rows: Matrix): Matrix => rows.map((row) => row.slice(half));
  return [left(upper), right(upper), left(lower), right(lower)];
}

/** Square matrices whose size is a power of two. */
function square(a: Matrix, b: Matrix): number[][] {
  if (a.length === 1) {
    counter.multiplications++;
    return [[a[0]![0]! * b[0]![0]!]];
  }
  const [a11, a12, a21, a22] = quarters(a);
  const [b11, b12, b21, b22] = quarters(b);
  const m1 = square(plus(a11, a22), plus(b11, b22));
  const m2 = square(plus(a21, a22), b11);
  const m3 = square(a11, minus(b12, b22));
  const m4 = square(a22, minus(b21, b11));
  const m5 = square(plus(a11, a12), b22);
  const m6 = square(minus(a21, a11), plus(b11, b12));
  const m7 = square(minus(a12, a22), plus(b21, b22));
  return [
    ...beside(plus(minus(plus(m1, m4), m5), m7), plus(m3, m5)),
    ...beside(plus(m2, m4), plus(plus(minus(m1, m2), m3), m6)),
  ];
}

/** The product of two matrices of any sizes: zeros fill them up to squares whose size is a power of two. */
export function strassen(a: Matrix, b: Matrix): number[][] {
  const [m, k, n] = sizesOf(a, b);
  const size = 2 ** Math.ceil(Math.log2(Math.max(m, k, n)));
  const padded = (x: Matrix): Matrix =>
    Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => x[i]?.[j] ?? 0));
  return square(padded(a), padded(b))
    .slice(0, m)
    .map((row) => row.slice(0, n));
}
