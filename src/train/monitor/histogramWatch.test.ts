import { describe, expect, test } from "vitest";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { randn, tensor, zeros } from "../../tensor/create.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { fit } from "../fit.ts";
import { histogramWatch, type HistogramOptions, type Histograms } from "./histogramWatch.ts";

const model = (): nn.Module & { forward(x: Tensor): Tensor } =>
  nn.sequential(new nn.Linear(3, 5), new nn.ReLU(), new nn.Linear(5, 2));

async function histogramsOf(options: HistogramOptions, x: Tensor, net = model()): Promise<Histograms[]> {
  const seen: Histograms[] = [];
  const watch = histogramWatch(options, (histograms) => void seen.push(histograms));
  await fit(net, [[x, zeros([x.shape[0]!, 2])]] as [Tensor, Tensor][], {
    optimizer: new optim.SGD(net.parameters(), { lr: 0.1 }),
    loss: losses.mse,
    epochs: 4,
    callbacks: [{ name: "histograms", watch }],
    display: false,
  });
  return seen;
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

describe("histograms of a step", () => {
  test("[Q6] [Q7] bins sum to the number of parameters, and to batch times units", async () => {
    manualSeed(1);
    const seen = await histogramsOf({ every: 2 }, randn([16, 3]));
    expect(seen.length).toBe(2);
    for (const histograms of seen) {
      const sums = Object.entries(histograms).map(([name, { limits, counts, count, nonFinite }]) => {
        expect([counts.length, total(counts), nonFinite]).toEqual([limits.length - 1, count, 0]);
        return [name, count];
      });
      expect(Object.fromEntries(sums)).toEqual({
        "weights/0.weight": 15,
        "weights/0.bias": 5,
        "weights/2.weight": 10,
        "weights/2.bias": 2,
        "gradients/0.weight": 15,
        "gradients/0.bias": 5,
        "gradients/2.weight": 10,
        "gradients/2.bias": 2,
        "activations/0": 16 * 5,
        "activations/1": 16 * 5,
        "activations/2": 16 * 2,
      });
    }
  });

  test.each([3, 1500])("counts are those of the values, read or counted on the device (%d inputs)", async (inputs) => {
    const net = new nn.Linear(inputs, 2);
    const values = [...net.weight.dataSync()];
    const [first] = await histogramsOf({ every: 1, of: ["weights"] }, zeros([2, inputs]), net);
    const { limits, counts, min, max } = first!["weights/weight"]!;
    expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
    const expected = counts.map((_, at) => {
      const [from, to] = [limits[at]!, limits[at + 1]!];
      // A bin of negative numbers has its end, one of others its beginning.
      return values.filter((value) => (from < 0 ? value > from && value <= to : value >= from && value < to)).length;
    });
    expect(counts).toEqual(expected);
    expect(total(counts)).toBe(2 * inputs);
    expect(Object.keys(first!)).toEqual(["weights/weight", "weights/bias"]);
  });

  test("what is not finite is counted apart; a constant has its bin", async () => {
    class Logarithm extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.log();
      }
    }
    const net = nn.sequential(new Logarithm(), (x: Tensor) => x.relu(), new nn.Linear(3, 2));
    const [first] = await histogramsOf({ every: 1, of: ["activations"] }, tensor([[1, 0, 3]]), net);
    const { counts, nonFinite } = first!["activations/0"]!;
    expect([total(counts), nonFinite]).toEqual([2, 1]);
    const dead = new nn.Linear(3, 2);
    dead.weight.assign(zeros([2, 3]));
    const [constant] = await histogramsOf({ every: 1, of: ["weights"] }, zeros([1, 3]), dead);
    expect(total(constant!["weights/weight"]!.counts)).toBe(6);
  });

  test("refuses numbers that make no sense", () => {
    for (const every of [0, 1.5])
      expect(() => histogramWatch({ every }, () => undefined)).toThrow(
        `every must be a whole number of 1 or more, got ${every}`,
      );
  });
});
