import { describe, expect, it } from "vitest";
import { ShapeError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";
import { onEachDevice } from "../../tensor/devices.testing.ts";
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
    expect(init.fans([64, 32, 3, 3])).toEqual({ fanIn: 288, fanOut: 576 });
    expect(() => init.fans([3])).toThrow(ShapeError);
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
});
