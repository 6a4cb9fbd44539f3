import { beforeAll, describe, expect, test } from "vitest";
import {
  allclose,
  bincount,
  bucketize,
  chunk,
  cov,
  diag,
  fmax,
  fmin,
  fullLike,
  gradCheck,
  histogram,
  hypot,
  indexCopy,
  interp,
  isclose,
  jit,
  logaddexp,
  maskedSelect,
  meshgrid,
  nanToNum,
  nanvar,
  average,
  nonzero,
  ones,
  pdist,
  ravelMultiIndex,
  repeatInterleave,
  rot90,
  searchsorted,
  signbit,
  sinc,
  tensor,
  tensordot,
  tensorSplit,
  unflatten,
  unfold,
  unique,
  uniqueConsecutive,
  unravelIndex,
  xlogy,
  zeros,
  type Tensor,
} from "../index.ts";
import { expectClose, onEachDevice } from "./devices.testing.ts";

const ids = (...values: number[]): Tensor => tensor(Int32Array.from(values));

onEachDevice(() => {
  describe("results whose size depends on data", () => {
    let x: Tensor;
    beforeAll(() => {
      x = tensor([
        [0, 2, 0],
        [3, 0, 4],
      ]);
    });

    test("nonzero: rows of positions, a promise, or as many as asked for", async () => {
      expect((await nonzero(x)).toArraySync()).toEqual([
        [0, 1],
        [1, 0],
        [1, 2],
      ]);
      expect(nonzero(x, { size: 2 }).toArraySync()).toEqual([
        [0, 1],
        [1, 0],
      ]);
      expect(nonzero(x, { size: 4 }).slice(3).toArraySync()).toEqual([-1, -1]);
      expect((await nonzero(zeros([3]))).shape).toEqual([0, 1]);
      expect((await nonzero(tensor(5))).shape).toEqual([1, 0]);
      expect(nonzero(zeros([0, 2]), { size: 1, fill: 7 }).toArraySync()).toEqual([[7, 7]]);
    });

    test("maskedSelect", async () => {
      expect((await maskedSelect(x, x.gt(2))).toArraySync()).toEqual([3, 4]);
      expect((await maskedSelect(x, tensor([false, true, false]))).toArraySync()).toEqual([2, 0]);
      expect(maskedSelect(x, x.gt(2), { size: 3, fill: -1 }).toArraySync()).toEqual([3, 4, -1]);
      gradCheck((v: Tensor) => maskedSelect(v, x.gt(0), { size: 4 }).square(), [x]);
    });

    test("unique: sorted, with where they are and how often; uniqueConsecutive in their order", async () => {
      const y = tensor([
        [3, 1],
        [3, 2],
      ]);
      const found = await unique(y);
      expect(Object.values(found).map((part: Tensor) => part.toArraySync())).toEqual([
        [1, 2, 3],
        [
          [2, 0],
          [2, 1],
        ],
        [1, 1, 2],
      ]);
      const four = unique(y, { size: 4, fill: 9 });
      expect([four.values.toArraySync(), four.counts.toArraySync()]).toEqual([
        [1, 2, 3, 9],
        [1, 1, 2, 0],
      ]);
      const runs = await uniqueConsecutive(ids(1, 1, 2, 2, 2, 1));
      expect(Object.values(runs).map((part: Tensor) => part.toArraySync())).toEqual([
        [1, 2, 1],
        [0, 0, 1, 1, 1, 2],
        [2, 3, 1],
      ]);
      expect((await unique(zeros([0]))).values.shape).toEqual([0]);
    });

    test("bincount, with weights", async () => {
      expect((await bincount(ids(1, 3, 1))).toArraySync()).toEqual([0, 2, 0, 1]);
      expect(bincount(ids(1, 3, 1), { size: 2 }).toArraySync()).toEqual([0, 2]);
      expect((await bincount(ids(1, 0, 1), { weights: tensor([0.5, 2, 1]) })).toArraySync()).toEqual([2, 1.5]);
      expect((await bincount(ids())).shape).toEqual([0]);
    });

    test("inside a traced function a size is needed", () => {
      const traced = jit((v: Tensor) => nonzero(v, { size: 3 }));
      expect(traced(x).toArraySync()).toEqual([
        [0, 1],
        [1, 0],
        [1, 2],
      ]);
      for (const f of [
        jit((v: Tensor) => [void nonzero(v), v][1]!),
        jit((v: Tensor) => [void unique(v), v][1]!),
        jit((v: Tensor) => [void maskedSelect(v, v.gt(0)), v][1]!),
        jit((v: Tensor) => [void bincount(v.int()), v][1]!),
      ])
        expect(() => f(x)).toThrow("inside a traced function the size of the result must be known. Use { size }");
      expect(() => nonzero(x, { size: -1 })).toThrow("nonzero: the size must be a whole number of 0 or more, got -1");
    });
  });

  describe("positions and neighbours", () => {
    test("searchsorted before or behind equals; bucketize; nothing to search in", () => {
      const sorted = tensor([1, 3, 3, 5]);
      const values = tensor([0, 1, 3, 4, 9]);
      expect(searchsorted(sorted, values).toArraySync()).toEqual([0, 0, 1, 3, 4]);
      expect(searchsorted(sorted, values, { right: true }).toArraySync()).toEqual([0, 1, 3, 3, 4]);
      expect(bucketize(tensor([[2], [6]]), sorted).toArraySync()).toEqual([[1], [4]]);
      expect(searchsorted(zeros([0]), values).toArraySync()).toEqual([0, 0, 0, 0, 0]);
      expect(() => searchsorted(zeros([2, 3]), values)).toThrow("[2, 3] and [5] must agree but for the last axis");
    });

    test("ravel and unravel; indexCopy", () => {
      const flat = ids(5, 0, 3);
      const apart = unravelIndex(flat, [2, 3]);
      expect(apart.map((part) => part.toArraySync())).toEqual([
        [1, 0, 1],
        [2, 0, 0],
      ]);
      expect(ravelMultiIndex(apart, [2, 3]).toArraySync()).toEqual([5, 0, 3]);
      expect(() => ravelMultiIndex(apart, [6])).toThrow("ravelMultiIndex: [6] has 1 axes, got 2 tensors");
      expect(indexCopy(zeros([3]), 0, ids(2, 0), tensor([5, 6])).toArraySync()).toEqual([6, 0, 5]);
    });

    test("histogram of equal elements, of whole numbers", () => {
      const { counts, edges } = histogram(ones([4]), 2);
      expect([counts.toArraySync(), edges.toArraySync()]).toEqual([
        [0, 4],
        [0.5, 1, 1.5],
      ]);
      expect(histogram(ids(1, 2, 2, 9), 3, { range: [0, 3] }).counts.toArraySync()).toEqual([0, 1, 2]);
      expect(() => histogram(ones([2]), 0)).toThrow("histogram: the number of bins must be a whole number above 0");
    });
  });

  describe("edges of functions", () => {
    test("infinite, NaN and zero", () => {
      expect(logaddexp(tensor([-Infinity, Infinity]), tensor([-Infinity, 1])).toArraySync()).toEqual([
        -Infinity,
        Infinity,
      ]);
      expect(xlogy(tensor([0, 0]), tensor([0, NaN])).toArraySync()).toEqual([0, NaN]);
      expectClose(hypot(tensor([3e30, 0]), tensor([4e30, 0])).div(tensor([1e30, 1])), [5, 0]);
      expect(signbit(tensor([-0, 0, -1])).toArraySync()).toEqual([true, false, true]);
      expect(signbit(ids(-1, 0)).toArraySync()).toEqual([true, false]);
      expect(fmax(tensor([NaN, 1]), tensor([2, NaN])).toArraySync()).toEqual([2, 1]);
      expect(fmin(tensor([NaN, 1]), tensor([2, 0])).toArraySync()).toEqual([2, 0]);
      expect(sinc(tensor([0])).toArraySync()).toEqual([1]);
      expect(nanToNum(tensor([NaN, Infinity, -Infinity, 2]), { posInf: 9 }).toArraySync()).toEqual([
        0, 9, -3.4028234663852886e38, 2,
      ]);
      expect(nanToNum(ids(3)).toArraySync()).toEqual([3]);
    });

    test("isclose and allclose", () => {
      const [a, b] = [tensor([1, Infinity, NaN]), tensor([1 + 1e-6, Infinity, NaN])];
      expect(isclose(a, b).toArraySync()).toEqual([true, true, false]);
      expect(allclose(a, b, { equalNan: true }).itemSync()).toBe(1);
      expect(isclose(tensor([Infinity]), tensor([-Infinity])).toArraySync()).toEqual([false]);
      expect(() => isclose(a, b, { rtol: -1 })).toThrow("isclose: tolerances must be 0 or more");
    });

    test("means with weights and without NaN; interpolation as in NumPy", () => {
      expect(average(tensor([1, 2, 3]), tensor([3, 1, 0])).itemSync()).toBe(1.25);
      expect(average(tensor([[1, 2]]), tensor([3, 1]), 1).toArraySync()).toEqual([1.25]);
      expectClose(nanvar(tensor([1, NaN, 3])), 2);
      expectClose(interp(tensor([-1, 0.5, 2.5, 9]), tensor([0, 1, 3]), tensor([10, 20, 0])), [10, 15, 5, 0]);
      expect(fullLike(ids(1, 2), 7).toArraySync()).toEqual([7, 7]);
      expect(cov(tensor([[1, 2, 3]])).shape).toEqual([1, 1]);
    });
  });
});

describe("errors say what came and what was wanted", () => {
  const x: Tensor = zeros([2, 3]);
  test.each<[() => unknown, string]>([
    [() => chunk(x, 0), "chunk: the number of chunks must be a whole number above 0, got 0"],
    [() => tensorSplit(x, 0), "tensorSplit: the number of sections must be a whole number above 0, got 0"],
    [
      () => repeatInterleave(x, [1], 1),
      "repeatInterleave: repeats must be a whole number of 0 or more, or 3 of them, got [1]",
    ],
    [() => rot90(x, 1, [0, 0]), "rot90: needs two different axes of [2, 3], got 0 and 0"],
    [() => unflatten(x, 1, [2, -1]), "unflatten: axis 1 of [2, 3] does not divide into [2, -1]"],
    [() => unfold(x, 1, 4, 1), "unfold: windows of 4, 1 apart, do not fit in axis 1 of [2, 3]"],
    [() => diag(zeros([1, 1, 1])), "diag: needs one or two axes, got [1, 1, 1]. Use diagonal or diagEmbed"],
    [() => meshgrid([x], "yx" as "xy"), 'meshgrid: the indexing must be "ij" or "xy", got "yx"'],
    [() => tensordot(x, zeros([2]), 1), "tensordot: summed axes differ: [3] of [2, 3] and [2] of [2]"],
    [() => pdist(zeros([2])), "pdist: needs a matrix, got [2]"],
    [() => cov(zeros([1, 1, 1])), "cov: needs variables × observations, got [1, 1, 1]"],
    [() => interp(x, zeros([2]), zeros([3])), "interp: needs two points or more in one axis, got [2] and [3]"],
  ])("%#", (f, message) => expect(f).toThrow(message));
});
