import { ArgumentError } from "../../core/errors.ts";
import { eye, onesLike, zerosLike } from "../create.ts";
import { concat, where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { withGradient } from "./gradients.ts";
import { loop } from "../loop.ts";
import { flatBatch, floats, squareSize, transposed } from "./matrices.ts";
import { inverse, solve } from "./solve.ts";

/**
 * A multiplied with itself, by squaring; below 0 its inverse, and the identity for 0. For square matrices [.., n, n].
 * Throws ArgumentError unless the exponent is a whole number.
 */
export function matrixPower(a: Tensor, exponent: number): Tensor {
  const n = squareSize("matrixPower", a);
  if (!Number.isInteger(exponent))
    throw new ArgumentError(`matrixPower: the exponent must be a whole number, got ${exponent}`);
  if (exponent < 0) return matrixPower(inverse(a), -exponent);
  if (exponent === 0) return eye(n, n, { dtype: a.dtype }).expand(a.shape);
  if (exponent === 1) return a;
  const half = matrixPower(a, Math.floor(exponent / 2));
  const square: Tensor = half.matmul(half);
  return exponent % 2 ? square.matmul(a) : square;
}

/** Numerators of Padé's approximations of eˣ, lowest power first, and the norm up to which each is exact to rounding. */
const APPROXIMATIONS = {
  f32: { limit: 3.92572478313866, numbers: [17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1] },
  f64: {
    limit: 5.371920351148152,
    numbers: [
      64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
      670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
    ],
  },
} as const;
/** Norms up to 2¹⁶ times the limit come out right. */
const SQUARINGS = 16;

/** The quotient of Σ cᵢ·Aⁱ and Σ cᵢ·(−A)ⁱ: sums of even powers, plus and minus those of odd ones. */
function approximate(a: Tensor, dtype: "f32" | "f64"): Tensor {
  const { numbers } = APPROXIMATIONS[dtype];
  const identity: Tensor = eye(a.shape[1]!, a.shape[1]!, { dtype }).expand(a.shape);
  // Scaled to 1 at the end, so that the sums keep to numbers of usual size.
  const scale = 1 / numbers[0]!;
  const square = a.matmul(a);
  const sumOf = (first: number): Tensor =>
    numbers
      .filter((_, i) => i % 2 === first)
      .reduceRight<Tensor | undefined>(
        (sum, c) => (sum ? square.matmul(sum).add(identity.mul(c * scale)) : identity.mul(c * scale)),
        undefined,
      )!;
  const [even, odd] = [sumOf(0), a.matmul(sumOf(1))];
  return solve(even.sub(odd), even.add(odd));
}

/**
 * eᴬ of square matrices [.., n, n]: Padé's approximation of A / 2ˢ, squared s times (Higham, "The scaling and squaring method
 * for the matrix exponential revisited", 2005). The gradient is a block of the exponential of [[Aᵀ, g], [0, Aᵀ]].
 * Throws ShapeError for matrices that are not square.
 */
export function matrixExp(a: Tensor): Tensor {
  const n = squareSize("matrixExp", a);
  const matrix = floats(a);
  if (n === 0) return matrix;
  return withGradient(
    "matrixExp",
    [matrix],
    () => exponential(flatBatch(matrix)).reshape([...matrix.shape]),
    (grad, _, [given]) => {
      const at = transposed(given!);
      const block = concat([concat([at, grad], -1), concat([zerosLike(at), at], -1)], -2);
      return [matrixExp(block).narrow(-2, 0, n).narrow(-1, n, n)];
    },
  );
}

function exponential(a: Tensor): Tensor {
  const dtype = a.dtype === "f64" ? "f64" : "f32";
  const norm = a.abs().sum(1).max(1).reshape([-1, 1, 1]);
  const times = norm.div(APPROXIMATIONS[dtype].limit).log2().ceil().clamp(0, SQUARINGS);
  // Halved step by step: powers of two are exact then.
  const one = onesLike(norm);
  const { state: scale } = loop(SQUARINGS, [one], [], ([now], turn) => ({
    state: [where(turn.lt(times), now!.mul(0.5), now!)],
    outputs: [],
  }));
  const { state: squared } = loop(SQUARINGS, [approximate(a.mul(scale[0]!), dtype)], [], ([x], turn) => ({
    state: [where(turn.lt(times), x!.matmul(x!), x!)],
    outputs: [],
  }));
  return squared[0]!;
}
