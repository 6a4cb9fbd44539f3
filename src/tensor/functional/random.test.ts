import { describe, expect, test } from "vitest";
import { bernoulli, manualSeed, permutation, rand, randint, randn, tensor } from "../../index.ts";
import { onEachDevice } from "../devices.testing.ts";

/** The inverse of the standard normal distribution: Acklam's approximation, polished by one step of Halley's method. */
function quantile(p: number): number {
  const erf = (x: number): number => {
    // Series for small x, continued fraction for large: exact to double precision where it is used here.
    if (Math.abs(x) < 3) {
      let [sum, term] = [x, x];
      for (let n = 1; n < 100; n++) {
        term *= (-x * x) / n;
        sum += term / (2 * n + 1);
      }
      return (2 / Math.sqrt(Math.PI)) * sum;
    }
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / 2 / (Math.abs(x) + fraction);
    return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (Math.abs(x) + fraction));
  };
  let [low, high] = [-7, 7];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if ((1 + erf(middle / Math.SQRT2)) / 2 < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const key = (a: number, b: number): { key: ReturnType<typeof tensor<Uint32Array>> } => ({
  key: tensor(Uint32Array.of(a, b)),
});

onEachDevice(() => {
  describe("random numbers", () => {
    test("[AE3] are a function of the key and the position alone", () => {
      const all = rand([1000], key(1, 2)).dataSync();
      expect(rand([1000], key(1, 2)).dataSync()).toEqual(all);
      expect(rand([10, 100], key(1, 2)).dataSync()).toEqual(all);
      expect(rand([5], key(1, 2)).dataSync()).toEqual(all.slice(0, 5));
      expect(rand([1000], key(1, 3)).dataSync()).not.toEqual(all);
    });

    test("[B15] randn: mean 0, variance 1, kurtosis 3; each tail as heavy as it should be", () => {
      const values = Array.from(randn([50_000], key(7, 7)).dataSync());
      const moment = (n: number): number => values.reduce((sum, v) => sum + v ** n, 0) / values.length;
      expect(moment(1)).toBeCloseTo(0, 1);
      expect(moment(2)).toBeCloseTo(1, 1);
      expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
      const beyond = (limit: number): number => values.filter((v) => Math.abs(v) > limit).length / values.length;
      expect(beyond(1)).toBeCloseTo(0.3173, 2);
      expect(Math.abs(beyond(3) - 0.0027)).toBeLessThan(0.0012);
    });

    test("each normal is the quantile of its bits, to a few units in the last place, in the tails too", () => {
      // Bits come out of `integers` unchanged where the range is 2^31; the sign bit is found by comparing.
      const count = 4000;
      const normals = randn([count], key(3, 5)).dataSync();
      const rest = randint(0, 2 ** 31, [count], key(3, 5)).dataSync();
      let worst = 0;
      for (let i = 0; i < count; i++) {
        const half = (rest[i]! + 0.5) / 2 ** 31;
        const want = quantile((1 + half) / 2);
        worst = Math.max(worst, Math.abs(Math.abs(normals[i]!) - want) / (2 ** -23 * Math.max(want, 2 ** -30)));
      }
      expect(worst).toBeLessThan(8);
    });

    test("[B15] rand fills [0, 1) evenly", () => {
      const values = rand([64_000], key(9, 1)).dataSync();
      expect(values.every((v) => v >= 0 && v < 1)).toBe(true);
      const bins = new Array<number>(64).fill(0);
      for (const v of values) bins[Math.floor(v * 64)]!++;
      // 63 degrees of freedom: 0.001 % of fair generators lie above 126.
      expect(bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(126);
    });

    test("[B15] randint(0, 10), also below zero; bernoulli", () => {
      const digits = randint(0, 10, [5000], key(2, 2));
      expect(digits.dtype).toBe("i32");
      const counts = new Array<number>(10).fill(0);
      for (const d of digits.dataSync()) counts[d]!++;
      for (const n of counts) expect(Math.abs(n - 500)).toBeLessThan(120);
      expect([...new Set(randint(-2, 1, [200], key(2, 2)).dataSync())].sort()).toEqual([-1, -2, 0]);
      const coins = bernoulli(0.3, [10_000], key(4, 4));
      expect(coins.dtype).toBe("bool");
      expect(coins.mean().itemSync()).toBeCloseTo(0.3, 1);
      expect(bernoulli(0, [100], key(4, 4)).any().itemSync()).toBe(0);
      expect(bernoulli(1, [100], key(4, 4)).all().itemSync()).toBe(1);
    });

    test("[AE1] manualSeed starts the global numbers over, and every draw differs from the last", () => {
      manualSeed(42);
      const [first, second] = [randn([8]).dataSync(), randn([8]).dataSync()];
      expect(second).not.toEqual(first);
      manualSeed(42);
      expect(randn([8]).dataSync()).toEqual(first);
      expect(randn([8]).dataSync()).toEqual(second);
      manualSeed(43);
      expect(randn([8]).dataSync()).not.toEqual(first);
    });

    test("permutations hold every number once", () => {
      manualSeed(1);
      const order = permutation(100).dataSync();
      expect([...order].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
      expect([...permutation(100).dataSync()]).not.toEqual([...order]);
      expect(permutation(5, key(1, 1)).dataSync()).toEqual(permutation(5, key(1, 1)).dataSync());
    });

    test("other dtypes, and ranges that make no sense", () => {
      expect(rand([2], { dtype: "f64" }).dtype).toBe("f64");
      expect(() => randint(3, 3, [1])).toThrow("needs whole numbers low < high");
      expect(() => bernoulli(1.5, [1])).toThrow("must lie in [0, 1], got 1.5");
      expect(() => manualSeed(0.5)).toThrow("whole number");
    });
  });
});
