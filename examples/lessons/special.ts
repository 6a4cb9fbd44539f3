/** Products with matrices that are known to be mostly zero, and how many multiplications they take. */
import { sizesOf, type Matrix } from "./matmul.ts";

export interface Counted {
  readonly product: number[][];
  readonly multiplications: number;
}

/** A diagonal matrix, given by its diagonal, times a matrix: each row is scaled, n² multiplications for n × n. */
export function diagonalProduct(diagonal: readonly number[], b: Matrix): Counted {
  sizesOf([diagonal], b);
  const product = b.map((row, i) => row.map((value) => diagonal[i]! * value));
  return { product, multiplications: product.flat().length };
}

/** A lower triangular matrix times a matrix: row i has i + 1 elements, so n²(n + 1) / 2 multiplications for n × n, about n³ / 2. */
export function triangularProduct(lower: Matrix, b: Matrix): Counted {
  const [m, , n] = sizesOf(lower, b);
  let multiplications = 0;
  const product = Array.from({ length: m }, (_, i) => {
    const sums = new Array<number>(n).fill(0);
    for (let t = 0; t <= i; t++) for (let j = 0; j < n; j++, multiplications++) sums[j]! += lower[i]![t]! * b[t]![j]!;
    return sums;
  });
  return { product, multiplications };
}
