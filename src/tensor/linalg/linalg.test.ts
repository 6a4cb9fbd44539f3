import { describe, expect, test } from "vitest";
import { eye, gradCheck, jit, linalg, tensor, zeros, type Tensor } from "../../index.ts";
import { HostRandom } from "../../core/random.ts";
import { fixed } from "../../nn/golden.testing.ts";
import { expectClose, onEachDevice } from "../devices.testing.ts";
import { expectRecorded } from "../recorded.testing.ts";

const mirrored = (x: Tensor): Tensor => x.transpose(-1, -2);
const unit = (x: Tensor): Tensor => eye(x.shape[x.rank - 1]!, undefined, { dtype: x.dtype });
const positive = (x: Tensor): Tensor => x.matmul(mirrored(x)).add(unit(x));
const safe = (x: Tensor): Tensor => x.add(unit(x).mul(3));
const lower = (x: Tensor): Tensor => linalg.cholesky(positive(x));

function exponentialOfSymmetric(x: Tensor): Tensor {
  const { eigenvalues, eigenvectors } = linalg.eigh(x.add(mirrored(x)));
  return eigenvectors.mul(eigenvalues.exp().unsqueeze(-2)).matmul(mirrored(eigenvectors));
}

function exponentialOfValues(x: Tensor): Tensor {
  const { u, s, vh } = linalg.svd(x, { fullMatrices: false });
  return u.mul(s.exp().unsqueeze(-2)).matmul(vh);
}

expectRecorded("linalg", {
  cholesky: lower,
  "cholesky upper": (x) => linalg.cholesky(positive(x), { upper: true }),
  choleskySolve: (x, b) => linalg.choleskySolve(b!, lower(x!)),
  solveTriangular: (a, b) => linalg.solveTriangular(safe(a!), b!, { upper: true }),
  "solveTriangular lower right unit": (a, b) =>
    linalg.solveTriangular(a!, b!, { upper: false, left: false, unitriangular: true }),
  solve: (a, b) => linalg.solve(safe(a!), b!),
  "solve vector": (a, b) => linalg.solve(safe(a!), b!),
  "solve broadcast": (a, b) => linalg.solve(safe(a!), b!),
  "solve large": (a, b) => linalg.solve(safe(a!), b!),
  inverse: (x) => linalg.inverse(safe(x!)),
  det: linalg.det,
  slogdet: (x) => [linalg.slogdet(safe(x!)).sign, linalg.slogdet(safe(x!)).logabsdet],
  lu: (x) => Object.values(linalg.lu(x!)) as Tensor[],
  "lu wide": (x) => Object.values(linalg.lu(x!)) as Tensor[],
  qr: (x) => Object.values(linalg.qr(x!)) as Tensor[],
  "qr wide": (x) => Object.values(linalg.qr(x!)) as Tensor[],
  "qr complete": (x) => Object.values(linalg.qr(x!, "complete")) as Tensor[],
  "qr large": (x) => linalg.qr(safe(x!)).r.mul(unit(x!)).sum(-1),
  eigh: exponentialOfSymmetric,
  eigvalsh: (x) => linalg.eigvalsh(x!.add(mirrored(x!))),
  svd: exponentialOfValues,
  "svd tall": exponentialOfValues,
  "svd wide": exponentialOfValues,
  svdvals: linalg.svdvals,
  pinv: (x) => linalg.pinv(x!),
  "pinv wide": (x) => linalg.pinv(x!),
  lstsq: (a, b) => linalg.lstsq(a!, b!).solution,
  "lstsq residuals": (a, b) => linalg.lstsq(a!, b!).residuals,
  matrixRank: (x) => linalg.matrixRank(x!.tile([2])),
  matrixPower: (x) => linalg.matrixPower(x!, 5),
  "matrixPower inverse": (x) => linalg.matrixPower(x!, -2),
  matrixExp: linalg.matrixExp,
  "matrixExp large norm": (x) => linalg.matrixExp(x!.mul(6)),
  vectorNorm: (x) => linalg.vectorNorm(x!),
  "vectorNorm 3": (x) => linalg.vectorNorm(x!, 3, -1),
  "vectorNorm -1": (x) => linalg.vectorNorm(x!, -1, -1),
  "vectorNorm -inf": (x) => linalg.vectorNorm(x!, -Infinity, -1),
  "vectorNorm 0": (x) => linalg.vectorNorm(x!, 0, -1),
  "matrixNorm fro": (x) => linalg.matrixNorm(x!),
  "matrixNorm nuc": (x) => linalg.matrixNorm(x!, "nuc"),
  "matrixNorm 1": (x) => linalg.matrixNorm(x!, 1),
  "matrixNorm -1": (x) => linalg.matrixNorm(x!, -1),
  "matrixNorm 2": (x) => linalg.matrixNorm(x!, 2),
  "matrixNorm -2": (x) => linalg.matrixNorm(x!, -2),
  "matrixNorm inf": (x) => linalg.matrixNorm(x!, Infinity),
  "matrixNorm -inf": (x) => linalg.matrixNorm(x!, -Infinity),
  "matrixNorm axes": (x) => linalg.matrixNorm(x!, 1, [2, 0], true),
  cond: (x) => linalg.cond(x!),
  "cond 1": (x) => linalg.cond(x!, 1),
  multiDot: (...matrices) => linalg.multiDot(matrices),
  vecdot: (a, b) => linalg.vecdot(a!, b!, 0),
  cross: (a, b) => linalg.cross(a!, b!),
  vander: (x) => linalg.vander(x!, 4),
});

onEachDevice(() => {
  describe("linear algebra", () => {
    test("second derivatives agree with differences", () => {
      const x = safe(fixed([3, 3], 1));
      gradCheck((a: Tensor) => lower(a), [x], { order: 2 });
      gradCheck((a: Tensor, b: Tensor) => linalg.solve(a, b), [x, fixed([3, 2], 2)], { order: 2 });
      gradCheck((a: Tensor) => linalg.det(a), [x], { order: 2 });
      gradCheck((a: Tensor) => linalg.slogdet(a).logabsdet, [x], { order: 2 });
      gradCheck((a: Tensor) => linalg.qr(a).r, [fixed([4, 2], 3)], { order: 2 });
      gradCheck((a: Tensor) => exponentialOfSymmetric(a), [x], { order: 2 });
      gradCheck((a: Tensor) => exponentialOfValues(a), [fixed([3, 2], 1)], { order: 2 });
      gradCheck((a: Tensor) => linalg.matrixExp(a), [fixed([2, 2], 1)], { order: 2 });
      gradCheck((a: Tensor) => linalg.pinv(a), [fixed([3, 2], 1)], { order: 2 });
    });

    test("a singular matrix: determinant 0 with the cofactors as its gradient, rank, pseudo-inverse, least squares", () => {
      const singular: Tensor = tensor(
        [
          [1, 2, 3],
          [2, 4, 6],
          [1, 0, 1],
        ],
        { dtype: "f64" },
      );
      expect(linalg.det(singular).itemSync()).toBeCloseTo(0, 14);
      gradCheck((a: Tensor) => linalg.det(a), [singular]);
      expect(linalg.matrixRank(singular).itemSync()).toBe(2);
      expect(linalg.matrixRank(zeros([2, 3])).itemSync()).toBe(0);
      const p = linalg.pinv(singular);
      expectClose(singular.matmul(p).matmul(singular), singular.toArraySync() as number[][], 1e-12);
      expectClose(linalg.pinv(zeros([2, 3])), [
        [0, 0],
        [0, 0],
        [0, 0],
      ]);
      expect(linalg.slogdet(singular).logabsdet.itemSync()).toBe(-Infinity);
    });

    test("factors of matrices without full rank, or with equal values, are orthonormal all the same", () => {
      for (const x of [
        zeros([4, 2]),
        eye(3),
        tensor([
          [0, 1],
          [1, 0],
        ]),
        tensor([
          [1, 2, 3],
          [2, 4, 6],
          [1, 0, 1],
        ]),
      ] as Tensor[]) {
        const { u, s, vh } = linalg.svd(x);
        const [m, n] = x.shape as readonly [number, number];
        const k = Math.min(m, n);
        expectClose(u.T.matmul(u), eye(m).toArraySync() as number[][]);
        expectClose(vh.matmul(vh.T), eye(n).toArraySync() as number[][]);
        expectClose(
          u
            .slice(null, [0, k])
            .mul(s)
            .matmul(vh.slice([0, k])),
          x.toArraySync() as number[][],
        );
      }
    });

    test("a matrix that is not positive definite gives NaN", () => {
      expect(
        linalg
          .cholesky(
            tensor([
              [1, 2],
              [2, 1],
            ] as number[][]),
          )
          .isNan()
          .any()
          .itemSync(),
      ).toBe(1);
    });

    test("the same inside a traced function", () => {
      const [a, b] = [safe(fixed([4, 4], 1)), fixed([4, 2], 2)];
      const f = jit((x: Tensor, y: Tensor) => [linalg.solve(x, y), linalg.svdvals(x), linalg.det(x)]);
      const [solution, values, determinant] = f(a, b) as [Tensor, Tensor, Tensor];
      expectClose(a.matmul(solution), b.toArraySync() as number[][], 1e-12);
      expectClose(values.prod(), Math.abs(determinant.itemSync()), 1e-12);
    });

    test("nothing: matrices without rows", () => {
      const none = zeros([2, 0, 0]);
      expect(linalg.cholesky(none).shape).toEqual([2, 0, 0]);
      expect(linalg.det(none).toArraySync()).toEqual([1, 1]);
      expect(linalg.solve(none, zeros([2, 0, 3])).shape).toEqual([2, 0, 3]);
      expect(linalg.svd(zeros([0, 3])).vh.shape).toEqual([3, 3]);
      expect(linalg.eigh(none).eigenvalues.shape).toEqual([2, 0]);
      expect(linalg.matrixExp(none).shape).toEqual([2, 0, 0]);
    });
  });
});

describe("large matrices, by blocks and many rounds, to rounding", () => {
  const small = (x: Tensor, limit: number): void => expect(x.abs().max().itemSync()).toBeLessThan(limit);
  const random = new HostRandom(1);
  const x: Tensor = tensor(
    Float64Array.from({ length: 75 ** 2 }, () => random.normal()),
    [75, 75],
  );

  test("factors multiply to the matrix, and orthogonal ones are", () => {
    const l = lower(x);
    small(l.matmul(l.T).sub(positive(x)), 1e-11);
    const { p, l: below, u } = linalg.lu(x);
    small(p.matmul(below).matmul(u).sub(x), 1e-12);
    const { q, r } = linalg.qr(x.slice([0, 70]), "complete");
    small(q.matmul(r).sub(x.slice([0, 70])), 1e-12);
    small(q.matmul(q.T).sub(eye(70)), 1e-13);
    small(x.matmul(linalg.inverse(x)).sub(eye(75)), 1e-10);
  });

  test("eigenvectors and singular vectors", () => {
    const symmetric = x.add(x.T);
    const { eigenvalues, eigenvectors } = linalg.eigh(symmetric);
    small(symmetric.matmul(eigenvectors).sub(eigenvectors.mul(eigenvalues)), 1e-11);
    small(eigenvectors.T.matmul(eigenvectors).sub(eye(75)), 1e-13);
    const { u, s, vh } = linalg.svd(x);
    small(u.mul(s).matmul(vh).sub(x), 1e-12);
    small(vh.matmul(vh.T).sub(eye(75)), 1e-13);
    small(u.T.matmul(u).sub(eye(75)), 1e-13);
  });
});

describe("errors say what came and what was wanted", () => {
  const [square, wide]: Tensor[] = [zeros([3, 3]), zeros([2, 3])];
  test.each<[() => unknown, string]>([
    [() => linalg.cholesky(wide!), "cholesky: needs square matrices, got [2, 3]"],
    [() => linalg.det(zeros([3])), "det: needs matrices, two axes or more, got [3]"],
    [() => linalg.solve(square!, wide!), "solve: [3, 3] and [2, 3] do not fit. B needs as many rows as A, 3"],
    [
      () => linalg.solve(zeros([2, 3, 3]), zeros([4, 3, 1])),
      "solve: batches of [2, 3, 3] and [4, 3, 1] do not broadcast",
    ],
    [
      () => linalg.solveTriangular(square!, wide!, { upper: true }),
      "solveTriangular: [3, 3] and [2, 3] do not fit (3 ≠ 2). B needs as many rows as A",
    ],
    [() => linalg.qr(wide!, "r" as "reduced"), 'qr: the mode must be "reduced" or "complete", got "r"'],
    [() => linalg.lstsq(wide!, square!), "lstsq: [2, 3] and [3, 3] do not fit (2 ≠ 3). B needs the rows of A"],
    [() => linalg.matrixPower(square!, 0.5), "matrixPower: the exponent must be a whole number, got 0.5"],
    [() => linalg.matrixNorm(square!, 3), 'matrixNorm: the order must be "fro", "nuc", 1, -1, 2, -2'],
    [() => linalg.vectorNorm(square!, NaN), "vectorNorm: the order must be a number, got NaN"],
    [() => linalg.multiDot([square!]), "multiDot: needs at least two matrices, got 1"],
    [() => linalg.cross(zeros([2]), zeros([3])), "cross: axis -1 must have size 3, got [2]"],
    [() => linalg.vander(zeros([2]), 0), "vander: the number of powers must be a whole number above 0, got 0"],
  ])("%#", (f, message) => expect(f).toThrow(message));
});
