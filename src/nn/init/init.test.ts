import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";
import { onEachDevice } from "../../tensor/devices.testing.ts";
import { SGD } from "../../optim/sgd.ts";
import { noGrad } from "../../tensor/autodiff.ts";
import { randn } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Initializer } from "./distributions.ts";
import * as nn from "../index.ts";

const { init } = nn;

function sample(initializer: Initializer, shape: Shape): { values: number[]; deviation: number; largest: number } {
  const next = initializer(shape, new HostRandom(1));
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next());
  const squares = values.reduce((sum, v) => sum + v * v, 0);
  const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return { values, deviation: Math.sqrt(squares / values.length), largest };
}

/** Within 2 %. */
const near = (value: number, wanted: number): void => expect(Math.abs(value / wanted - 1)).toBeLessThan(0.02);

describe("initial values", () => {
  it("[K1] [K2] He: variance 2 / fan in", () => {
    near(sample(init.kaimingNormal(), [256, 784]).deviation, 0.0505076);
    const uniform = sample(init.kaimingUniform(), [256, 784]);
    expect(uniform.largest).toBeLessThanOrEqual(Math.sqrt(6 / 784));
    near(uniform.deviation ** 2, 2 / 784);
    near(sample(init.kaimingNormal({ mode: "fanOut" }), [256, 784]).deviation, Math.sqrt(2 / 256));
    near(sample(init.kaimingNormal(), [64, 32, 3, 3]).deviation, Math.sqrt(2 / (32 * 9)));
  });
  it("[K3] [K4] Glorot: variance 2 / (fan in + fan out)", () => {
    const uniform = sample(init.xavierUniform(), [128, 784]);
    expect(uniform.largest).toBeLessThanOrEqual(0.0811107);
    expect(uniform.largest).toBeGreaterThan(0.081);
    near(sample(init.xavierNormal({ gain: 5 / 3 }), [128, 784]).deviation, (5 / 3) * Math.sqrt(2 / 912));
  });
  it("[K6] small normal numbers, constants, cut tails", () => {
    near(sample(init.normal(0, 0.01), [10, 784]).deviation, 0.01);
    const cut = sample(init.truncatedNormal(1, 0.5), [100, 100]).values;
    expect(Math.min(...cut)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...cut)).toBeLessThanOrEqual(2);
    expect(new Set(sample(init.constant(3), [10]).values)).toEqual(new Set([3]));
    expect(new Set([...sample(init.zeros, [4]).values, ...sample(init.ones, [4]).values])).toEqual(new Set([0, 1]));
    const ranged = sample(init.uniform(2, 5), [1000]).values;
    expect(Math.min(...ranged)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...ranged)).toBeLessThan(5);
  });
  it("gains are PyTorch's", () => {
    expect(["linear", "sigmoid", "tanh", "relu", "selu"].map((f) => init.gainOf(f as "relu"))).toEqual([
      1,
      1,
      5 / 3,
      Math.SQRT2,
      0.75,
    ]);
    expect(init.gainOf("leakyRelu", 0.2)).toBe(Math.sqrt(2 / 1.04));
    expect(() => init.gainOf("step" as "relu")).toThrow(/no gain is known for "step"/);
    expect(() => init.fans([3])).toThrow(ShapeError);
  });
  it.each([
    ["linear", [128, 784], { layer: "linear" }, 784, 128],
    ["convolution", [64, 32, 3, 3], {}, 288, 576],
    ["grouped convolution", [64, 8, 3, 3], { layer: "conv", groups: 4 }, 72, 144],
    ["depthwise convolution", [32, 1, 5], { layer: "conv", groups: 32 }, 5, 5],
    ["transposed convolution", [32, 64, 3, 3], { layer: "convTranspose" }, 288, 576],
    ["grouped transposed convolution", [32, 16, 2, 2], { layer: "convTranspose", groups: 4 }, 32, 64],
    ["embedding", [1000, 64], { layer: "embedding" }, 1000, 64],
  ] as const)("fans of a %s", (_, shape, layout, fanIn, fanOut) => {
    expect(init.fans(shape, layout)).toEqual({ fanIn, fanOut });
    near(
      sample(init.kaimingNormal({ ...layout, mode: "fanOut" }), [...shape, 40]).deviation,
      Math.sqrt(2 / (fanOut * 40)),
    );
    if (shape.length === 2) near(sample(init.xavierUniform(layout), shape).deviation, Math.sqrt(2 / (fanIn + fanOut)));
  });
  it("[K8] LeCun: variance 1 / fan in", () => {
    near(sample(init.lecunNormal(), [256, 784]).deviation, Math.sqrt(1 / 784));
    const uniform = sample(init.lecunUniform(), [256, 784]);
    expect(uniform.largest).toBeLessThanOrEqual(Math.sqrt(3 / 784));
    near(uniform.deviation, Math.sqrt(1 / 784));
  });
  it("variance scaling: Keras's modes and distributions", () => {
    const fans = { fanIn: 784, fanOut: 256, fanAvg: 520 };
    for (const mode of ["fanIn", "fanOut", "fanAvg"] as const)
      for (const distribution of ["truncatedNormal", "untruncatedNormal", "uniform"] as const) {
        const { deviation, largest } = sample(init.varianceScaling({ scale: 3, mode, distribution }), [256, 784]);
        const wanted = Math.sqrt(3 / fans[mode]);
        near(deviation, wanted);
        const most = { truncatedNormal: 2 / 0.87962566, untruncatedNormal: 10, uniform: Math.sqrt(3) }[distribution];
        expect(largest).toBeLessThanOrEqual(most * wanted * 1.000001);
      }
    expect(() => init.varianceScaling({ scale: 0 })).toThrow(ArgumentError);
    expect(() => init.varianceScaling({ mode: "fan_in" as "fanIn" })).toThrow(/mode must be/);
  });
  it.each([
    [0, 1, -2, 2, 0, 0.7737],
    [0, 1, 0, Infinity, 0.79788, 0.36338],
    [0, 1, 3, 4, 3.26045, 0.04928],
    [5, 2, 4.9, 5.1, 5, 0.00333],
    [0, 1, 10, Infinity, 10.0981, 0.00944],
  ])(
    "a normal of mean %d and deviation %d within %d and %d",
    (mean, deviation, low, high, wantedMean, wantedVariance) => {
      const { values } = sample(init.truncatedNormal(mean, deviation, low, high), [200, 500]);
      expect(values.every((v) => v >= low && v <= high)).toBe(true);
      const average = values.reduce((sum, v) => sum + v, 0) / values.length;
      expect(average).toBeCloseTo(wantedMean, 2);
      const variance = values.reduce((sum, v) => sum + (v - average) ** 2, 0) / values.length;
      expect(Math.abs(variance / wantedVariance - 1)).toBeLessThan(0.03);
      expect(() => init.truncatedNormal(0, 1, 2, 1)).toThrow(ArgumentError);
    },
  );
  it.each([
    [[40, 30], 1],
    [[30, 40], 1],
    [[16, 4, 3, 3], Math.SQRT2],
    [[24, 24], 5 / 3],
  ] as const)("orthogonal %j times %d", (shape, gain) => {
    const { values } = sample(init.orthogonal({ gain }), shape);
    const [rows, columns] = [shape[0], values.length / shape[0]];
    const vectors =
      rows <= columns
        ? Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns))
        : Array.from({ length: columns }, (_, j) => values.filter((__, i) => i % columns === j));
    vectors.forEach((a, i) =>
      vectors.forEach((b, j) => {
        const product = a.reduce((sum, x, k) => sum + x * b[k]!, 0);
        expect(Math.abs(product - (i === j ? gain * gain : 0))).toBeLessThan(1e-9);
      }),
    );
    expect(() => sample(init.orthogonal(), [5])).toThrow(/needs two axes or more, got \[5\]/);
  });
  it("sparse columns", () => {
    const { values } = sample(init.sparse({ sparsity: 0.3, deviation: 0.5 }), [25, 400]);
    const zeros = Array.from({ length: 400 }, (_, j) => values.filter((v, i) => i % 400 === j && v === 0).length);
    expect(new Set(zeros)).toEqual(new Set([8]));
    const kept = values.filter((v) => v !== 0);
    near(Math.sqrt(kept.reduce((sum, v) => sum + v * v, 0) / kept.length), 0.5);
    expect(() => sample(init.sparse({ sparsity: 0.5 }), [2, 2, 2])).toThrow(ShapeError);
    expect(() => init.sparse({ sparsity: 2 })).toThrow(ArgumentError);
  });
  it("identities", () => {
    expect(sample(init.eye({ gain: 3 }), [2, 3]).values).toEqual([3, 0, 0, 0, 3, 0]);
    expect(sample(init.dirac(), [3, 2, 3]).values).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect(sample(init.dirac({ groups: 2 }), [4, 1, 1, 2]).values).toEqual([0, 1, 0, 0, 0, 1, 0, 0]);
    expect(() => sample(init.eye(), [2])).toThrow(ShapeError);
    expect(() => sample(init.dirac(), [2, 2])).toThrow(ShapeError);
    expect(() => sample(init.dirac({ groups: 2 }), [3, 1, 2])).toThrow(ArgumentError);
  });
  it("[K9] names: Keras's and PyTorch's", () => {
    near(sample(init.named("he_normal"), [256, 784]).deviation, Math.sqrt(2 / 784));
    expect(sample(init.named("heNormal"), [256, 784]).largest).toBeLessThan((2.001 / 0.8796) * Math.sqrt(2 / 784));
    expect(sample(init.named("kaimingNormal"), [256, 784]).largest).toBeGreaterThan(4 * Math.sqrt(2 / 784));
    near(sample(init.named("he_uniform"), [256, 784]).largest, Math.sqrt(6 / 784));
    near(sample(init.named("glorot_uniform"), [128, 784]).largest, 0.0811107);
    near(sample(init.named("glorot_normal"), [128, 784]).deviation, Math.sqrt(2 / 912));
    near(sample(init.named("random_normal"), [256, 784]).deviation, 0.05);
    near(sample(init.named("lecun_normal"), [256, 784]).deviation, Math.sqrt(1 / 784));
    expect(new Set(sample(init.named("zeros"), [4]).values)).toEqual(new Set([0]));
    expect(sample(init.named("identity"), [2, 2]).values).toEqual([1, 0, 0, 1]);
    expect(() => init.named("he_round")).toThrow(/init.named: no "he_round" is known; the names are zeros, ones/);
  });
});

onEachDevice(() => {
  it("assign draws again, the same from the same seed, another sequence at each call", () => {
    const layer = new nn.Linear(20, 10);
    const drawn = (seed: number): number[][] => {
      manualSeed(seed);
      return [0, 1].map(() => {
        init.assign(layer.weight, init.xavierNormal());
        return [...layer.weight.dataSync()];
      });
    };
    const [first, second] = drawn(3);
    expect(drawn(3)).toEqual([first, second]);
    expect(first).not.toEqual(second);
    expect(drawn(4)[0]).not.toEqual(first);
  });
  it("[K5] a bias of zeros", () => {
    const layer = new nn.Linear(20, 10);
    init.assign(layer.bias!, init.named("zeros"));
    expect([...layer.bias!.dataSync()]).toEqual(new Array(10).fill(0));
  });
  it("[K7] neurons that start alike stay alike", () => {
    const rowsAfter = (initializer: Initializer): number[][] => {
      manualSeed(1);
      const model = nn.sequential(new nn.Linear(3, 4), nn.tanh, new nn.Linear(4, 1));
      for (const layer of model.modules())
        if (layer instanceof nn.Linear) {
          init.assign(layer.weight, initializer);
          init.assign(layer.bias!, init.zeros);
        }
      const optimizer = new SGD(model.parameters(), { lr: 0.1 });
      for (let i = 0; i < 5; i++) {
        optimizer.zeroGrad();
        model
          .forward(randn([16, 3]))
          .sub(1)
          .square()
          .mean()
          .backward();
        optimizer.step();
      }
      const weight = (model.modules().find((m) => m instanceof nn.Linear) as nn.Linear).weight.dataSync();
      return [0, 1, 2, 3].map((row) => Array.from(weight.slice(3 * row, 3 * row + 3)));
    };
    const alike = rowsAfter(init.constant(0));
    for (const row of alike) expect(row).toEqual(alike[0]);
    const stuck = rowsAfter(init.constant(0.3));
    for (const row of stuck) expect(row).toEqual(stuck[0]);
    expect(stuck[0]).not.toEqual([0.3, 0.3, 0.3].map(Math.fround));
    const free = rowsAfter(init.xavierNormal());
    expect(free[1]).not.toEqual(free[0]);
  });
});

/** Mean and mean square of what comes out of each of many layers. */
function signal(layers: number, initializer: Initializer, activation: (x: Tensor) => Tensor): [number, number][] {
  manualSeed(2);
  let x: Tensor = randn([64, 128]);
  return Array.from({ length: layers }, () => {
    const layer = new nn.Linear(128, 128, { bias: false });
    init.assign(layer.weight, initializer);
    x = noGrad(() => activation(layer.forward(x as Tensor<[number, 128]>)));
    return [x.mean().itemSync(), x.square().mean().itemSync()];
  });
}

describe("signals through many layers", () => {
  it("[K8] SELU with LeCun's weights keeps mean near 0 and variance near 1", () => {
    for (const [mean, square] of signal(20, init.lecunNormal(), (x) => x.selu())) {
      expect(Math.abs(mean)).toBeLessThan(0.15);
      expect(Math.abs(square - mean ** 2 - 1)).toBeLessThan(0.35);
    }
  });
  it("[K10] fifty layers of ReLU: He keeps the signal, Glorot's fades, larger weights explode", () => {
    const relu = (x: Tensor): Tensor => x.relu();
    const he = signal(50, init.kaimingNormal(), relu).map(([, square]) => square);
    expect(Math.max(...he) / Math.min(...he)).toBeLessThan(20);
    expect(signal(50, init.xavierNormal(), relu).at(-1)![1]).toBeLessThan(1e-12);
    expect(signal(50, init.normal(0, 0.2), relu).at(-1)![1]).toBeGreaterThan(1e12);
  });
});
