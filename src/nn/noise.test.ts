// Layers that are random while they train: statistics over many elements, masks by hand, nothing at all in eval mode.
import { beforeAll, describe, expect, it } from "vitest";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { ones, randn, zeros } from "../tensor/create.ts";
import { grad } from "../tensor/autodiff.ts";
import { setDevice } from "../tensor/engine.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";

const numbers = (x: Tensor): number[] => [...x.dataSync()];
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return mean(values.map((v) => (v - centre) ** 2));
};
const run = (layer: nn.Module, x: Tensor): Tensor => Reflect.apply(layer.forward, layer, [x]);

/** Each with a shape that it takes. */
const family: [nn.Module, number[]][] = [
  [new nn.Dropout(0.3), [40, 50]],
  [new nn.Dropout1d(0.3), [40, 50, 2]],
  [new nn.Dropout2d(0.3), [40, 50, 2, 1]],
  [new nn.Dropout3d(0.3), [40, 50, 1, 2, 1]],
  [new nn.AlphaDropout(0.3), [40, 50]],
  [new nn.FeatureAlphaDropout(0.3), [40, 50, 2]],
  [new nn.GaussianDropout(0.3), [40, 50]],
  [new nn.GaussianNoise(0.3), [40, 50]],
  [new nn.StochasticDepth(0.3), [2000, 1]],
  [new nn.StochasticDepth(0.3, "batch"), [40, 50]],
];

onEachDevice(() => {
  describe("[N13] the dropout family", () => {
    it.each(family.map(([layer, shape]) => [`${layer}`, layer, shape] as const))(
      "%s: nothing in eval mode, another draw at every call, the same from the same seed, also traced",
      (_, layer, shape) => {
        const x: Tensor = fixed(shape, 1).float();
        expect(numbers(run(layer.eval(), x))).toEqual(numbers(x));
        layer.train();
        const step = jit((input: Tensor) => run(layer, input));
        const draws = (call: (input: Tensor) => Tensor): number[][] => {
          manualSeed(7);
          return Array.from({ length: 5 }, () => numbers(call(x)));
        };
        const [plain, traced] = [draws((input) => run(layer, input)), draws(step)];
        const apart = plain.map((values, i) => Math.max(...values.map((v, k) => Math.abs(v - traced[i]![k]!))));
        expect(Math.max(...apart)).toBeLessThan(1e-6);
        expect(new Set(plain.map(String)).size).toBeGreaterThan(1);
      },
    );

    it("[L3] elements: the mean stays", () => {
      manualSeed(1);
      expect(Math.abs(mean(numbers(new nn.Dropout(0.4).forward(ones([20_000])))) - 1)).toBeLessThan(0.03);
    });

    it("[L4] whole feature maps are zero or scaled", () => {
      manualSeed(2);
      const x: Tensor = fixed([20, 30, 3, 4], 1).float();
      const [before, after] = [numbers(x), numbers(new nn.Dropout2d(0.3).forward(x))];
      let dropped = 0;
      for (let map = 0; map < 600; map++) {
        const [from, to] = [before, after].map((values) => values.slice(12 * map, 12 * map + 12)) as [
          number[],
          number[],
        ];
        if (to.every((v) => v === 0)) dropped++;
        else to.forEach((v, i) => expect(v).toBeCloseTo(from[i]! / 0.7, 5));
      }
      expect(dropped / 600).toBeCloseTo(0.3, 1);
      expect(() => new nn.Dropout2d().forward(zeros([2, 3, 4]))).toThrow(
        "Dropout2d(0.5): the input must have 4 axes, batch and channels first, got [2, 3, 4]",
      );
    });

    it("[L5] AlphaDropout keeps mean 0 and variance 1 of normal numbers; what is dropped has one value", () => {
      manualSeed(3);
      const values = numbers(new nn.AlphaDropout(0.2).forward(randn([20_000])));
      expect(mean(values)).toBeCloseTo(0, 1.5);
      expect(variance(values)).toBeCloseTo(1, 1.4);
      const scale = 1 / Math.sqrt(0.8 * (1 + 0.2 * 1.7580993408473766 ** 2));
      const lowest = 1.7580993408473766 * scale * (0.2 - 1);
      expect(values.filter((v) => Math.abs(v - lowest) < 1e-5).length / 20_000).toBeCloseTo(0.2, 2);
    });

    it("Gaussian: added with its deviation, multiplied with dropout's variance", () => {
      manualSeed(5);
      const added = numbers(new nn.GaussianNoise(0.5).forward(zeros([20_000])));
      expect(mean(added)).toBeCloseTo(0, 1.5);
      expect(Math.sqrt(variance(added))).toBeCloseTo(0.5, 1.5);
      const multiplied = numbers(new nn.GaussianDropout(0.2).forward(ones([20_000])));
      expect(mean(multiplied)).toBeCloseTo(1, 1.5);
      expect(variance(multiplied)).toBeCloseTo(0.25, 1.5);
    });

    it("[L7] StochasticDepth leaves examples out, or all of them: 1 − rate survive in expectation, all in eval", () => {
      manualSeed(8);
      const x: Tensor = ones([5_000, 2]);
      const rows = new nn.StochasticDepth(0.3).forward(x).toArraySync() as number[][];
      for (const [a, b] of rows.slice(0, 100))
        expect([
          [0, 0],
          [Math.fround(1 / 0.7), Math.fround(1 / 0.7)],
        ]).toContainEqual([a, b]);
      expect(rows.filter(([a]) => a !== 0).length / 5_000).toBeCloseTo(0.7, 1.4);
      const batches = Array.from(
        { length: 200 },
        () => new Set(numbers(new nn.StochasticDepth(0.3, "batch").forward(ones([4, 3])))),
      );
      expect(batches.every((values) => values.size === 1)).toBe(true);
      // Four standard deviations of 200 draws.
      expect(Math.abs(batches.filter((values) => !values.has(0)).length / 200 - 0.7)).toBeLessThan(0.13);
      expect(() => new nn.StochasticDepth(0.3, "column" as "row")).toThrow(/mode must be "row" or "batch", got column/);
    });

    it("everything dropped is zeros, with a gradient of zeros", () => {
      for (const layer of [new nn.Dropout(1), new nn.AlphaDropout(1), new nn.StochasticDepth(1)]) {
        expect(numbers(layer.forward(ones([3])))).toEqual([0, 0, 0]);
        expect(numbers(grad((x: Tensor) => layer.forward(x).sum())(ones([3])))).toEqual([0, 0, 0]);
      }
    });

    it("rates that are no probabilities", () => {
      expect(() => new nn.Dropout1d(1.5)).toThrow("Dropout1d: the rate must lie in [0, 1], got 1.5");
      expect(() => new nn.GaussianDropout(1)).toThrow("GaussianDropout: the rate must lie in [0, 1), got 1");
      expect(() => new nn.GaussianNoise(-1)).toThrow("GaussianNoise: the deviation must be 0 or more, got -1");
      expect(() => nn.dropConnect(new nn.Linear(2, 2), 2)).toThrow("dropConnect: the rate must lie in [0, 1], got 2");
    });
  });
});

describe("many draws, where they are quick", () => {
  beforeAll(() => setDevice("wasm"));

  it("[M9] twenty layers of SELU with AlphaDropout, from normal weights of variance 1 / in, keep mean 0 and variance 1", () => {
    manualSeed(4);
    const drop = new nn.AlphaDropout(0.05);
    for (const noisy of [false, true]) {
      let x: Tensor = randn([256, 128]);
      for (let layer = 0; layer < 20; layer++) {
        const weight = randn([128, 128]).div(Math.sqrt(128));
        x = x.matmul(weight).selu();
        if (noisy) x = drop.forward(x);
      }
      const values = numbers(x);
      expect(Math.abs(mean(values))).toBeLessThan(0.1);
      expect(Math.abs(variance(values) - 1)).toBeLessThan(0.2);
    }
  });

  it("[L6] DropConnect drops weights: the expectation is that of the whole weight, eval uses it as it is", () => {
    manualSeed(6);
    const plain = new nn.Linear(3, 2, { bias: false });
    const layer = nn.dropConnect(new nn.Linear(3, 2, { bias: false }), 0.4);
    expect(Object.keys(layer.stateDict())).toEqual(["parametrizations.weight.original"]);
    layer.loadStateDict({ "parametrizations.weight.original": plain.weight });
    const x: Tensor = fixed([1, 3], 1).float();
    const wanted = numbers(plain.forward(x));
    expect(numbers(layer.eval().forward(x))).toEqual(wanted);
    layer.train();
    const step = jit((input: Tensor) => layer.forward(input));
    const draws = Array.from({ length: 2000 }, () => numbers(step(x)));
    expect(new Set(draws.map(String)).size).toBeGreaterThan(20);
    wanted.forEach((value, i) => expect(Math.abs(mean(draws.map((draw) => draw[i]!)) - value)).toBeLessThan(0.05));
  });
});
