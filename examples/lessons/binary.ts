/** Networks of one bit: weights and inputs are ±1, and 32 products are one exclusive or (Courbariaux et al. 2016). */
import { customGradient, type Tensor, where } from "myelin";
import { sizesOf, type Matrix } from "./matmul.ts";

/** The signs of numbers, 32 in a word: 1 for 0 and above, 0 below. */
export function signBits(row: readonly number[]): Uint32Array {
  const words = new Uint32Array(Math.ceil(row.length / 32));
  row.forEach((value, i) => {
    if (value >= 0) words[i >>> 5]! |= 1 << (i & 31);
  });
  return words;
}

/** How many bits of a word are 1: pairs of bits are added, then fours, then bytes. */
export function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** sign(a) · sign(b): as many +1 as bits that agree, as many −1 as bits that differ. */
export function signDot(a: Uint32Array, b: Uint32Array, length: number): number {
  return length - 2 * a.reduce((sum, word, i) => sum + ones(word ^ b[i]!), 0);
}

/** sign(a) times sign(b), on bits. */
export function signProduct(a: Matrix, b: Matrix): number[][] {
  const [, k, n] = sizesOf(a, b);
  const columns = Array.from({ length: n }, (_, j) => signBits(b.map((row) => row[j]!)));
  return a.map((row) => {
    const bits = signBits(row);
    return columns.map((column) => signDot(bits, column, k));
  });
}

/** ±1 on the way forward; on the way back as if it were the number itself, as long as that lies in [−1, 1]. */
export const binarized: (x: Tensor) => Tensor = customGradient({
  name: "binarized",
  forward: (x: Tensor) => where(x.ge(0), 1, -1).cast(x.dtype),
  backward: (gradient, _, [x]) => [where(x.abs().le(1), gradient, 0)],
});
