/**
 * Discrete Fourier transforms of any length as graph: short ones are products with a matrix, longer ones are split in two
 * (Cooley and Tukey, 1965), and what has no small factor becomes a convolution of a length that has (Bluestein, 1970).
 */
import { tensor } from "../create.ts";
import { conj, mul } from "./complex.ts";
import type { Tensor } from "../tensor.ts";

/** Lengths up to this are one product with a matrix. */
const DIRECT = 64;

/** e^(−2πi · turns[…] / n) as pairs; whole numbers of turns are taken off first, so that no digits are lost. */
function roots(turns: readonly number[], n: number, like: Tensor): Tensor {
  const pairs = turns.flatMap((turn) => {
    const angle = (-2 * Math.PI * (turn % n)) / n;
    return [Math.cos(angle), Math.sin(angle)];
  });
  return tensor(Float64Array.from(pairs), [turns.length, 2], { dtype: like.dtype });
}

const counting = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The largest factor of n up to the limit. */
function factorOf(n: number): number {
  for (let factor = DIRECT; factor > 1; factor--) if (n % factor === 0) return factor;
  return 1;
}

/** The transform of [.., n, 2] along n, without any scale. */
export function transform(x: Tensor): Tensor {
  const n = x.shape[x.rank - 2]!;
  if (n <= 1) return x;
  if (n <= DIRECT) return direct(x, n);
  const factor = factorOf(n);
  return factor === 1 ? bluestein(x, n) : split(x, factor, n / factor);
}

/** As a product with the matrix of all roots, complex numbers as 2 × 2 blocks. */
function direct(x: Tensor, n: number): Tensor {
  const matrix = roots(
    counting(n * n).map((i) => (i % n) * Math.floor(i / n)),
    n,
    x,
  ).reshape([n, n, 2]);
  // [from, part of from, to, part of to]: a real part meets (re, im), an imaginary one (−im, re).
  const turned = mul(matrix, tensor([0, 1], { dtype: x.dtype }));
  const blocks = matrix.unsqueeze(1).expand([n, 1, n, 2]);
  const both = blocks.pad([
    [0, 0],
    [0, 1],
    [0, 0],
    [0, 0],
  ]);
  const other = turned
    .unsqueeze(1)
    .expand([n, 1, n, 2])
    .pad([
      [0, 0],
      [1, 0],
      [0, 0],
      [0, 0],
    ]);
  const whole = both.add(other).reshape([2 * n, 2 * n]);
  const batch = x.shape.slice(0, -2);
  return x
    .reshape([...batch, 2 * n])
    .matmul(whole)
    .reshape([...batch, n, 2]);
}

/** n = a · b: transforms of length a over every b-th element, turned by the roots of n, then transforms of length b. */
function split(x: Tensor, a: number, b: number): Tensor {
  const batch = x.shape.slice(0, -2);
  const rank = batch.length;
  const columns = x.reshape([...batch, a, b, 2]);
  const inner = transform(columns.transpose(rank, rank + 1)).transpose(rank, rank + 1);
  const turns = roots(
    counting(a * b).map((i) => Math.floor(i / b) * (i % b)),
    a * b,
    x,
  ).reshape([a, b, 2]);
  const outer = transform(mul(inner, turns));
  return outer.transpose(rank, rank + 1).reshape([...batch, a * b, 2]);
}

/** jk = (j² + k² − (k − j)²) / 2 makes the sum a convolution with a chirp, which two longer transforms do. */
function bluestein(x: Tensor, n: number): Tensor {
  const length = 2 ** Math.ceil(Math.log2(2 * n - 1));
  const squares = counting(n).map((i) => (i * i) % (2 * n));
  const chirp = roots(squares, 2 * n, x);
  const filled = [...squares, ...new Array<number>(length - 2 * n + 1).fill(0), ...squares.slice(1).reverse()];
  const kept = tensor(
    counting(length).map((i) => Number(i < n || i > length - n)),
    { dtype: x.dtype },
  ).unsqueeze(1);
  const answer = transform(conj(roots(filled, 2 * n, x)).mul(kept));
  const room = [...x.shape.slice(0, -2).map(() => [0, 0] as const), [0, length - n] as const, [0, 0] as const];
  const product = mul(transform(mul(x, chirp).pad(room)), answer);
  const convolved = inverseTransform(product).div(length);
  return mul(convolved.narrow(-2, 0, n), chirp);
}

/** With the opposite sign of all angles, without any scale. */
export function inverseTransform(x: Tensor): Tensor {
  return conj(transform(conj(x)));
}

/**
 * The first half, [.., ⌊n / 2⌋ + 1, 2], of the transform of real [.., n]; the rest mirrors it. Of an even length two elements
 * at a time are taken for one complex number.
 */
export function realTransform(x: Tensor): Tensor {
  const n = x.shape[x.rank - 1]!;
  const batch = x.shape.slice(0, -1);
  if (n % 2) {
    const room = [...x.shape.map(() => [0, 0] as const), [0, 1] as const];
    return transform(x.unsqueeze(-1).pad(room)).narrow(-2, 0, (n + 1) / 2);
  }
  const half = n / 2;
  const z = transform(x.reshape([...batch, half, 2]));
  // Element 0 stands at both ends.
  const forward = wrapped(z);
  const mirror = conj(forward.flip(-2));
  const even = forward.add(mirror);
  const odd = forward.sub(mirror);
  const turns = mul(roots(counting(half + 1), n, x), tensor([0, -1], { dtype: x.dtype }));
  return even.add(mul(odd, turns)).mul(0.5);
}

function wrapped(z: Tensor): Tensor {
  const n = z.shape[z.rank - 2]!;
  // One repetition more than fits, cut off after the first element.
  return z.tile([2, 1]).narrow(-2, 0, n + 1);
}

/** The inverse of `realTransform`, without any scale: real [.., n] from [.., ⌊n / 2⌋ + 1, 2]. */
export function inverseRealTransform(z: Tensor, n: number): Tensor {
  const batch = z.shape.slice(0, -2);
  // What must be real is taken so.
  const ends = counting(z.shape[z.rank - 2]!).flatMap((k) => [1, Number(k !== 0 && 2 * k !== n)]);
  const hermitian = z.mul(tensor(Float64Array.from(ends), [ends.length / 2, 2], { dtype: z.dtype }));
  if (n % 2) {
    const count = (n - 1) / 2;
    const room = (before: number, after: number): (readonly [number, number])[] => [
      ...batch.map(() => [0, 0] as const),
      [before, after],
      [0, 0],
    ];
    const rest = conj(hermitian.narrow(-2, 1, count).flip(-2));
    const whole = hermitian.pad(room(0, count)).add(rest.pad(room(count + 1, 0)));
    return inverseTransform(whole).narrow(-1, 0, 1).squeeze(-1);
  }
  const half = n / 2;
  const mirror = conj(hermitian.flip(-2));
  const even = hermitian.add(mirror);
  const odd = hermitian.sub(mirror);
  const turns = mul(conj(roots(counting(half + 1), n, z)), tensor([0, 1], { dtype: z.dtype }));
  const packed = even.add(mul(odd, turns)).narrow(-2, 0, half);
  return inverseTransform(packed).reshape([...batch, n]);
}
