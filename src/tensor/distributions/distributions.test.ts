import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  arange,
  full,
  grad,
  jit,
  manualSeed,
  ones,
  permutation,
  random,
  setDevice,
  tensor,
  zeros,
  type Tensor,
} from "../../index.ts";
import { onEachDevice } from "../devices.testing.ts";

interface Recorded {
  readonly mean: number | null;
  readonly variance: number | null;
  /** Of a continuous distribution: where its distribution function is 0.005, 0.015 … */
  readonly quantiles?: readonly number[];
  /** Of one of whole numbers: where, and what its distribution function is there. */
  readonly at?: readonly number[];
  readonly below?: readonly number[];
}
const goldens = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/distributions.json", import.meta.url), "utf8"),
) as Record<string, Recorded>;

type Draw = (count: number, key: Tensor) => Tensor;
const first = (x: Tensor): Tensor => x.narrow(-1, 0, 1).squeeze(-1);
const draws: Record<string, Draw> = {
  uniform: (n, key) => random.uniform(-1, 2, { shape: [n], key }),
  normal: (n, key) => random.normal(2, 0.5, { shape: [n], key }),
  logNormal: (n, key) => random.logNormal(0.25, 0.5, { shape: [n], key }),
  truncatedNormal: (n, key) => random.truncatedNormal(-2, 2, 0, 1, { shape: [n], key }),
  "truncatedNormal aside": (n, key) => random.truncatedNormal(0, 3, 1, 2, { shape: [n], key }),
  exponential: (n, key) => random.exponential(2.5, { shape: [n], key }),
  laplace: (n, key) => random.laplace(1, 2, { shape: [n], key }),
  gumbel: (n, key) => random.gumbel(-1, 0.5, { shape: [n], key }),
  cauchy: (n, key) => random.cauchy(1, 2, { shape: [n], key }),
  gamma: (n, key) => random.gamma(2.5, 3, { shape: [n], key }),
  "gamma 0.3": (n, key) => random.gamma(0.3, 1, { shape: [n], key }),
  "gamma 50": (n, key) => random.gamma(50, 1, { shape: [n], key }),
  chiSquared: (n, key) => random.chiSquared(3, { shape: [n], key }),
  studentT: (n, key) => random.studentT(5, { shape: [n], key }),
  beta: (n, key) => random.beta(0.5, 2, { shape: [n], key }),
  dirichlet: (n, key) => first(random.dirichlet(tensor([2, 1, 0.5]), { shape: [n, 3], key })),
  multivariateNormal: (n, key) => {
    const covariance = tensor([
      [2, -1],
      [-1, 3],
    ]);
    return first(random.multivariateNormal(tensor([-1, 4]), { covariance }, { shape: [n, 2], key }));
  },
  "poisson 0.5": (n, key) => random.poisson(0.5, { shape: [n], key }),
  "poisson 9": (n, key) => random.poisson(9, { shape: [n], key }),
  "poisson 10.5": (n, key) => random.poisson(10.5, { shape: [n], key }),
  "poisson 1000": (n, key) => random.poisson(1000, { shape: [n], key }),
  "binomial few": (n, key) => random.binomial(20, 0.3, { shape: [n], key }),
  "binomial many": (n, key) => random.binomial(100, 0.4, { shape: [n], key }),
  "binomial often": (n, key) => random.binomial(1000, 0.9, { shape: [n], key }),
  "binomial rare": (n, key) => random.binomial(100_000, 0.00005, { shape: [n], key }),
  geometric: (n, key) => random.geometric(0.25, { shape: [n], key }),
  categorical: (n, key) => random.categorical(tensor([0.7, 0.1, 0.2]).log(), { shape: [n], key }),
};

test("every recorded distribution is tested", () => expect(Object.keys(draws)).toEqual(Object.keys(goldens)));

describe("random numbers follow their distribution", () => {
  const count = 40_000;
  beforeAll(() => setDevice("wasm"));

  test.each(Object.entries(draws))("%s", (name, draw) => {
    const { mean, variance, quantiles, at, below } = goldens[name]!;
    const values = Float64Array.from(draw(count, random.key(20)).dataSync());
    // Kolmogorov and Smirnov: of fair generators one in a thousand lies further from the distribution function.
    const limit = 1.95 / Math.sqrt(count);
    const places = quantiles ?? at!;
    const wanted = below ?? places.map((_, i) => (i + 0.5) / 100);
    const sorted = values.slice().sort();
    let distance = 0;
    places.forEach((place, i) => {
      const share = sorted.filter((value) => value <= place).length / count;
      distance = Math.max(distance, Math.abs(share - wanted[i]!));
    });
    expect(distance).toBeLessThan(limit);
    if (mean === null || variance === null) return;
    const average = values.reduce((sum, value) => sum + value, 0) / count;
    expect(Math.abs(average - mean)).toBeLessThan(4 * Math.sqrt(variance / count));
    const squares = values.map((value) => (value - mean) ** 2);
    const found = squares.reduce((sum, value) => sum + value, 0) / count;
    const spread = Math.sqrt(squares.reduce((sum, value) => sum + (value - found) ** 2, 0) / count / count);
    expect(Math.abs(found - variance)).toBeLessThan(5 * spread);
  });
});

test("equal keys give equal numbers on every device, traced or not, whatever else was drawn", () => {
  for (const [name, draw] of Object.entries(draws)) {
    setDevice("reference");
    const reference = draw(8, random.key(3)).dataSync();
    setDevice("wasm");
    const key = random.key(3);
    const eager = draw(8, key).dataSync();
    const traced = jit((k: Tensor) => draw(8, k))(key).dataSync();
    reference.forEach((value, i) => {
      expect(Math.abs(eager[i]! - value), `${name} on wasm`).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
      expect(Math.abs(traced[i]! - value), `${name} traced`).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
    });
  }
});

onEachDevice(() => {
  describe("parameters and keys", () => {
    test("tensors broadcast, say the shape and the dtype, and get gradients where a formula has them", () => {
      const mean = tensor([0, 100]);
      const drawn = random.normal(mean, tensor([[1], [0]], { dtype: "f64" }));
      expect([drawn.shape, drawn.dtype]).toEqual([[2, 2], "f64"]);
      expect(drawn.slice(1).toArraySync()).toEqual([0, 100]);
      expect(random.poisson(full([3], 4), { dtype: "i32" }).dtype).toBe("i32");
      const key = random.key(1);
      const slope = grad((scale: Tensor) => random.laplace(1, scale, { key }).sum())(ones([3]));
      expect(slope.dataSync()).toEqual(random.laplace(0, ones([3]), { key }).dataSync());
      const rate = grad((b: Tensor) => random.gamma(2, b, { key }).sum())(ones([1]));
      expect(rate.itemSync()).toBeCloseTo(-random.gamma(2, ones([1]), { key }).itemSync(), 5);
    });

    test("impossible parameters give NaN, certain ones what is certain", () => {
      expect(random.poisson(-1).itemSync()).toBeNaN();
      expect(random.binomial(5, 1.5).itemSync()).toBeNaN();
      expect(random.poisson(0).itemSync()).toBe(0);
      expect(random.binomial(tensor([7, 7, 500]), tensor([0, 1, 1])).toArraySync()).toEqual([0, 7, 500]);
      expect(random.bernoulli(tensor([0, 1])).toArraySync()).toEqual([false, true]);
    });

    test("keys from a number, and several from one", () => {
      const keys = random.split(random.key(5), 3).map((key) => [...key.dataSync()].join());
      expect(new Set(keys).size).toBe(3);
      expect(random.split(random.key(5), 3).map((key) => [...key.dataSync()].join())).toEqual(keys);
      expect([...random.key(-1).dataSync()]).not.toEqual([...random.key(2 ** 32 - 1).dataSync()]);
    });

    test("the global generator gives the next key, traced as well", () => {
      const traced = jit(() => random.exponential(1, { shape: [4] }));
      manualSeed(4);
      const [a, b] = [random.exponential(1, { shape: [4] }).dataSync(), traced().dataSync()];
      manualSeed(4);
      expect(traced().dataSync()).toEqual(a);
      expect(traced().dataSync()).toEqual(b);
    });
  });

  describe("choices", () => {
    test("[AK10] [AI33] weighted draws: one of two versions in a tenth of 10000", () => {
      const drawn = random.choice(2, [10_000], { weights: tensor([0.9, 0.1]), key: random.key(7) });
      expect(Math.abs(drawn.float().mean().itemSync() - 0.1)).toBeLessThan(0.01);
      const named = random.choice(tensor([10, 20]), [50], { weights: tensor([0, 3]), key: random.key(7) });
      expect(new Set(named.dataSync())).toEqual(new Set([20]));
    });

    test("without putting back nothing comes twice; whole rows are chosen", () => {
      const five = random.choice(5, [5], { replace: false, key: random.key(1) }).dataSync();
      expect([...five].sort()).toEqual([0, 1, 2, 3, 4]);
      const weighted = random.choice(5, [4], { replace: false, weights: tensor([1, 0, 1, 1, 1]), key: random.key(1) });
      expect([...weighted.dataSync()].sort()).toEqual([0, 2, 3, 4]);
      expect(random.choice(zeros([4, 2]), [3]).shape).toEqual([3, 2]);
      expect(random.choice(4).shape).toEqual([]);
      expect(random.choice(4, [0]).shape).toEqual([0]);
    });

    test("multinomial: rows of labels; categorical along any axis", () => {
      const weights = tensor([
        [0, 1, 1],
        [2, 0, 0],
      ]);
      expect([...random.multinomial(weights, 2).slice(0).dataSync()].sort()).toEqual([1, 2]);
      const many = random.multinomial(weights, 4, { replacement: true });
      expect(many.shape).toEqual([2, 4]);
      expect(many.slice(1).toArraySync()).toEqual([0, 0, 0, 0]);
      expect(random.categorical(weights.T.log(), { axis: 0 }).shape).toEqual([2]);
    });

    test("orders hold every number once, inside a traced function as well", () => {
      const traced = jit((key: Tensor) => permutation(100, { key }));
      const order = traced(random.key(2)).dataSync();
      expect([...order].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
      expect(permutation(100, { key: random.key(2) }).dataSync()).toEqual(order);
      expect(permutation(0).shape).toEqual([0]);
      expect(permutation(1).toArraySync()).toEqual([0]);
      const rows = random.shuffle(arange(6).reshape([3, 2]), 0, { key: random.key(9) });
      expect((rows.toArraySync() as number[][]).map(([a, b]) => b! - a!)).toEqual([1, 1, 1]);
    });

    test("every order of three is equally likely", () => {
      const seen = new Map<string, number>();
      const draw = jit((key: Tensor) => permutation(3, { key }));
      for (let i = 0; i < 600; i++) {
        const order = draw(random.key(i)).dataSync().join();
        seen.set(order, (seen.get(order) ?? 0) + 1);
      }
      // Five degrees of freedom: one fair generator in a thousand lies above 20.5.
      expect([...seen.values()].reduce((sum, n) => sum + (n - 100) ** 2 / 100, 0)).toBeLessThan(20.5);
      expect(seen.size).toBe(6);
    });
  });
});

describe("errors say what came and what was wanted", () => {
  const x: Tensor = zeros([3]);
  test.each<[() => unknown, string]>([
    [() => random.normal(x, 1, { shape: [2] }), "normal: parameters of shape [3] do not broadcast to [2]"],
    [() => random.split(random.key(1), 0), "split: the number of keys must be a whole number above 0, got 0"],
    [() => random.key(0.5), "key: the seed must be a whole number, got 0.5"],
    [() => random.categorical(zeros([2, 3]), { shape: [3] }), "categorical: the shape must end in [2], got [3]"],
    [() => random.multinomial(x, 4), "multinomial: cannot draw 4 of 3 labels without putting back"],
    [() => random.choice(2, [3], { replace: false }), "choice: cannot choose 3 of 2 without putting back"],
    [() => random.choice(0, [1]), "choice: cannot choose 1 of 0"],
    [() => random.choice(2, [1], { weights: x }), "choice: 2 things want as many weights, got [3]"],
    [() => permutation(-1), "permutation: the count must be a whole number of 0 or more, got -1"],
    [() => random.multivariateNormal(x, {}), "multivariateNormal: needs either covariance or scaleTril"],
    [
      () => random.multivariateNormal(x, { scaleTril: zeros([3, 3]) }, { shape: [2] }),
      "multivariateNormal: covariances [3, 3] do not fit [2]",
    ],
  ])("%#", (f, message) => expect(f).toThrow(message));
});
