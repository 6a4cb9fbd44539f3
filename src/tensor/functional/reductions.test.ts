import { describe, expect, test } from "vitest";
import { grad, gradCheck, randn, tensor, zeros, type Tensor } from "../../index.ts";
import { expectClose, onEachDevice, spread } from "../devices.testing.ts";

const f64 = (values: number[], shape: number[] = [values.length]): Tensor => tensor(Float64Array.from(values), shape);

onEachDevice(() => {
  describe("sums and their kin", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);

    test("[C3] reducing axis 0 or 1 of [[1, 2], [3, 4]] gives [4, 6] and [3, 7]", () => {
      expect(x.sum(0).toArraySync()).toEqual([4, 6]);
      expect(x.sum(1).toArraySync()).toEqual([3, 7]);
      expect(x.sum(0, true).toArraySync()).toEqual([[4, 6]]);
      expect(x.sum().itemSync()).toBe(10);
    });

    test("[B16] sum mean max min prod argmax argmin, keepdims and squeeze", () => {
      expect(x.sum(0, true).shape).toEqual([1, 2]);
      expect(x.mean(1).toArraySync()).toEqual([1.5, 3.5]);
      expect(x.prod(-1).toArraySync()).toEqual([2, 12]);
      expect(x.max(0).toArraySync()).toEqual([3, 4]);
      expect(x.min([0, 1]).itemSync()).toBe(1);
      expect(
        tensor([[0.1, 0.9]])
          .argmax(1)
          .toArraySync(),
      ).toEqual([1]);
      expect(x.argmin().itemSync()).toBe(0);
      expect(x.argmax().itemSync()).toBe(3);
      expect(x.max(0, true).squeeze(0).shape).toEqual([2]);
      expect(() => (x as Tensor).sum(2)).toThrow("sum: axis 2 is out of range for [2, 2]. Axes go from -2 to 1");
      expect(() => x.sum([0, -2])).toThrow("an axis is repeated");
    });

    test("bool and u8 count in i32, integers average as f32", () => {
      expect(tensor([true, true, false]).sum().itemSync()).toBe(2);
      expect(tensor([true, true, false]).mean().itemSync()).toBeCloseTo(2 / 3, 6);
      const bytes = tensor([200, 100], { dtype: "u8" });
      expect(bytes.sum().itemSync()).toBe(300);
      expect(bytes.sum().dtype).toBe("i32");
      expect(tensor([1, 2], { dtype: "i32" }).mean().itemSync()).toBe(1.5);
    });

    test("any, all", () => {
      const t = tensor([
        [0, 2],
        [0, 0],
      ]);
      expect(t.any(1).toArraySync()).toEqual([true, false]);
      expect(t.all(0).toArraySync()).toEqual([false, false]);
      expect(t.any().itemSync()).toBe(1);
      expect(zeros([0]).any().itemSync()).toBe(0);
      expect(zeros([0]).all().itemSync()).toBe(1);
    });

    test("NaN wins over every maximum and minimum", () => {
      const t = tensor([1, NaN, 3]);
      expect(t.max().itemSync()).toBeNaN();
      expect(t.min().itemSync()).toBeNaN();
      expect(t.argmax().itemSync()).toBe(1);
    });

    test("over nothing: sum 0, product 1, mean NaN, and no maximum", () => {
      const none = zeros([2, 0]);
      expect(none.sum(1).toArraySync()).toEqual([0, 0]);
      expect(none.prod(1).toArraySync()).toEqual([1, 1]);
      expect(none.mean(1).toArraySync()).toEqual([NaN, NaN]);
      expect(() => none.max(1)).toThrow("axis 1 of [2, 0] is empty and has no max");
    });

    test("variance and std with their corrections; a large mean costs no digits", () => {
      const t = tensor([1, 2, 3, 4]);
      expectClose(t.variance(), 5 / 3);
      expectClose(t.variance(undefined, false, 0), 1.25);
      expectClose(t.std(0, true), [Math.sqrt(5 / 3)]);
      expectClose(tensor([1e4, 1e4 + 1, 1e4 + 2]).variance(), 1, 1e-5);
      expect(tensor([3]).variance().itemSync()).toBeNaN();
    });

    test("norms", () => {
      const t = tensor([[3, -4]]);
      expectClose(t.norm(), 5);
      expectClose(t.norm(1, false, 1), [7]);
      expectClose(t.norm(1, true, Infinity), [[4]]);
      expectClose(t.norm(1, false, 3), [91 ** (1 / 3)]);
      expect(() => t.norm(1, false, 0)).toThrow("norm: the order must be above 0, got 0");
      expect(grad((v: Tensor) => v.norm())(tensor([0, 0])).toArraySync()).toEqual([0, 0]);
      expect(grad((v: Tensor) => v.std())(tensor([2, 2])).toArraySync()).toEqual([0, 0]);
    });
  });

  describe("softmax", () => {
    const scores = tensor([[2, 1, 0.1]]);
    const shares = [0.6590011388859679, 0.24243297070471392, 0.09856589040931818];

    test("[AI6] softmax [2, 1, 0.1] = [0.659001, 0.242433, 0.098566], sums to 1", () => {
      expectClose(f64([2, 1, 0.1]).softmax(), shares, 1e-12);
      expect(Math.abs(f64([2, 1, 0.1]).softmax().sum().itemSync() - 1)).toBeLessThanOrEqual(1e-12);
    });

    test("[AK5] axis 0 of shape [1, 3] gives ones, the last axis the shares", () => {
      expect(scores.softmax(0).toArraySync()).toEqual([[1, 1, 1]]);
      expectClose(scores.softmax(-1), [shares]);
      expectClose(scores.softmax(), [shares]);
    });

    test("[AI7] [[1000, -1000], [2000, -2000]] along axis 0 stays finite", () => {
      const z = tensor([
        [1000, -1000],
        [2000, -2000],
      ]);
      expect(z.softmax(0).toArraySync()).toEqual([
        [0, 1],
        [1, 0],
      ]);
      expect(z.softmax(0).sum(0).toArraySync()).toEqual([1, 1]);
    });

    test("[AI8] 3 × 4 scores along axis 0", () => {
      const z = f64([2, 1, 0.1, -1.2, 1, 0.5, 0.3, 0, 0.1, 0.2, 0.4, 1], [3, 4]);
      expectClose(
        z.softmax(0).T,
        [
          [0.659001, 0.242433, 0.098566],
          [0.486415, 0.295025, 0.21856],
          [0.280013, 0.342009, 0.377978],
          [0.074934, 0.248789, 0.676278],
        ],
        1e-6,
      );
    });

    test("[AI9] randn(5, 10): shape kept, sums 1", () => {
      const y = randn([5, 10]).softmax(0);
      expect(y.shape).toEqual([5, 10]);
      expectClose(y.sum(0), new Array(10).fill(1), 1e-6);
    });

    test("[AI30] [AI31] four classes sum to 1; two classes are the logistic function of the difference", () => {
      expect(
        f64(spread(4).map((v) => v * 5))
          .softmax()
          .sum()
          .itemSync(),
      ).toBeCloseTo(1, 12);
      const [z1, z2] = [1.3, -0.4];
      const first = f64([z1, z2]).softmax().slice(0).itemSync();
      expect(
        Math.abs(
          first -
            f64([z1 - z2])
              .sigmoid()
              .itemSync(),
        ),
      ).toBeLessThan(1e-12);
    });

    test("[AI5] 2/10000 directly, and as a difference that loses digits", () => {
      const one = f64([1]);
      const small = one.div(10000);
      expect(one.mul(2).div(10000).itemSync()).toBe(0.0002);
      expect(one.add(small).sub(one.sub(small)).itemSync()).toBe(0.00019999999999997797);
    });

    test("[AI29] [F26] thresholds of several labels, and every share moves with every score", () => {
      expect(tensor([2, -1, 0.5]).sigmoid().ge(0.5).int().toArraySync()).toEqual([1, 0, 1]);
      const before = tensor([1, 2, 3, 4]).softmax().dataSync();
      const after = tensor([1.5, 2, 3, 4]).softmax().dataSync();
      expect(after.every((share, i) => share !== before[i])).toBe(true);
    });

    test("[G16] log-softmax and logsumexp of [1000, 2000] stay finite", () => {
      expect(tensor([1000, 2000]).logSoftmax().toArraySync()).toEqual([-1000, 0]);
      expectClose(tensor([1000, 2000]).logsumexp(), 2000);
      expectClose(tensor([-1000, -1000]).logsumexp(), -1000 + Math.LN2);
      expectClose(
        tensor([
          [1, 2],
          [3, 4],
        ]).logsumexp([0, 1], true),
        [[Math.log(Math.E + Math.E ** 2 + Math.E ** 3 + Math.E ** 4)]],
      );
      expect(tensor([-Infinity, -Infinity]).logsumexp().itemSync()).toBe(-Infinity);
      expectClose(tensor([-Infinity, 0]).logSoftmax(), [-Infinity, 0]);
      expectClose(grad((v: Tensor) => v.logsumexp())(tensor([-Infinity, 0])), [0, 1]);
    });

    test("[A18] [AI10] its gradient S·(g − Σ S·g) matches central differences; all ones give 0", () => {
      const z = f64(spread(12), [3, 4]);
      gradCheck((v) => v.softmax(0), [z], { eps: 1e-7, tolerance: 1e-5 });
      expectClose(grad((v: Tensor) => v.softmax(0).sum())(z), [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ]);
    });
  });

  test("[B18] gradients agree with central differences, twice where smooth", () => {
    const x = f64(spread(12), [3, 4]);
    const second = { order: 2 } as const;
    for (const f of [
      (v: Tensor) => v.sum(0).sin(),
      (v: Tensor) => v.mean([0, 1], true).exp(),
      (v: Tensor) => v.prod(1),
      (v: Tensor) => v.variance(1),
      (v: Tensor) => v.std(1, true, 0),
      (v: Tensor) => v.norm(0),
      (v: Tensor) => v.norm(1, true, 3),
      (v: Tensor) => v.logsumexp(1),
      (v: Tensor) => v.logsumexp(),
      (v: Tensor) => v.softmax(),
      (v: Tensor) => v.softmax([0, 1]),
      (v: Tensor) => v.logSoftmax(0),
    ])
      gradCheck(f, [x], second);
    for (const f of [
      (v: Tensor) => v.max(1),
      (v: Tensor) => v.min(),
      (v: Tensor) => v.norm(1, false, 1),
      (v: Tensor) => v.norm(1, false, Infinity),
    ])
      gradCheck(f, [x]);
    // One zero among the factors still passes a gradient.
    gradCheck((v) => v.prod(), [f64([2, 0, 3])]);
  });
});
