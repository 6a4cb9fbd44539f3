// Comparing models, forecasts and their residuals, speed, and what weights look like.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import { timeSeriesSplit } from "../../data/splits/folds.ts";
import type { Split } from "../../data/splits/trainTestSplit.ts";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { randn, tensor } from "../../tensor/create.ts";
import { jit } from "../../tensor/jit.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { accuracy } from "../metrics.ts";
import * as metrics from "./index.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/metrics.json", import.meta.url), "utf8"),
) as {
  readonly truth: number[];
  readonly splits: Readonly<Record<"default" | "rolling", number[][]>>;
  readonly acf: number[];
  readonly pacf: number[];
};

const noise = (count: number, seed: number): number[] => {
  const random = new HostRandom(seed);
  return Array.from({ length: count }, () => random.normal());
};
/** xₜ = 0.7·xₜ₋₁ + noise. */
const autoregressive = (count: number, seed: number): number[] => {
  let value = 0;
  return noise(count, seed).map((e) => (value = 0.7 * value + e));
};

describe("[R9] models side by side", () => {
  const sold = [100, 120, 140, 160];
  const said = { linear: [104, 116, 145, 152], "random forest": [101, 121, 138, 161], ARIMA: [90, 130, 150, 170] };
  const { meanAbsoluteError: mae, meanAbsolutePercentageError: mape } = metrics;

  it("three rows of MAE and MAPE, sorted by MAE", () => {
    const compared = metrics.compareModels(sold, said, { mae, mape }, "mae");
    expect(compared.rows.map(({ model }) => model)).toEqual(["random forest", "linear", "ARIMA"]);
    expect(compared.rows.map((row) => row.mae)).toEqual([1.25, 5.25, 10]);
    expect(`\n${compared}`).toMatchInlineSnapshot(`
      "
      model            mae    mape
      random forest  1.250  0.9717
      linear         5.250   3.976
      ARIMA          10.00   7.932"
    `);
    expect(() => metrics.compareModels(sold, said, { mae }, "mape" as "mae")).toThrow(/sort by one of mae, got "mape"/);
    expect(() => metrics.compareModels(sold, {}, { mae }, "mae")).toThrow(ArgumentError);
  });
});

describe("[R10] [R11] folds in the order of time", () => {
  /** First and one past the last, of training and of test. */
  const ends = ({ train, test }: Split<Uint32Array>): number[] =>
    [train, test].flatMap((part) => [part[0]!, part.at(-1)! + 1]);

  it("are scikit-learn's, growing or rolling", () => {
    expect(timeSeriesSplit(23).map(ends)).toEqual(golden.splits.default);
    const rolling = { splits: 4, testSize: 3, gap: 2, maxTrainSize: 5 };
    expect(timeSeriesSplit(23, rolling).map(ends)).toEqual(golden.splits.rolling);
  });
  it("test parts come after all of training, and cover the end without overlap", () => {
    for (const options of [{}, { splits: 3, gap: 2 }, { splits: 10, testSize: 1 }, { splits: 2, maxTrainSize: 4 }]) {
      const folds = timeSeriesSplit(40, options).map(ends);
      folds.forEach(([from, to, start, end], i) => {
        expect(to! + (options.gap ?? 0)).toBe(start);
        expect(to).toBeGreaterThan(from!);
        expect(end).toBe(folds[i + 1]?.[2] ?? 40);
      });
    }
  });
  it("back-testing gives a forecaster nothing of what it is asked for", async () => {
    const series = Array.from({ length: 20 }, (_, t) => t);
    const seen: number[] = [];
    const naive = (known: Float64Array, wanted: number): number[] => {
      seen.push(known.at(-1)!);
      const last = known.at(-1)!;
      known.fill(NaN);
      return Array.from({ length: wanted }, () => last);
    };
    const errors = await metrics.backTest(series, naive, metrics.meanAbsoluteError, { splits: 4, testSize: 1 });
    expect(seen).toEqual([15, 16, 17, 18]);
    expect(errors).toEqual([1, 1, 1, 1]);
  });
  it("too few examples and sizes of 0 are errors", async () => {
    expect(() => timeSeriesSplit(5, { splits: 5, testSize: 1 })).toThrow(/5 examples are too few for 5 tests/);
    expect(() => timeSeriesSplit(3)).toThrow(ArgumentError);
    expect(() => timeSeriesSplit(30, { gap: -1 })).toThrow(/the gap must be/);
    expect(() => timeSeriesSplit(30, { maxTrainSize: 0 })).toThrow(/maxTrainSize must be/);
    await expect(metrics.backTest([1, 2, 3], () => [0], metrics.meanAbsoluteError)).rejects.toThrow(ArgumentError);
  });
});

describe("[R12] accuracy of nodes", () => {
  it("a graph convolution beats a network that does not see the edges, on a planted graph", () => {
    const [count, classes, features] = [90, 3, 6];
    const random = new HostRandom(4);
    const kind = (i: number): number => i % classes;
    const x = Float32Array.from({ length: count * features }, (_, at) => {
      const [node, feature] = [Math.floor(at / features), at % features];
      return 0.5 * +(feature === kind(node)) + random.normal();
    });
    // Edges mostly inside classes; each node is its own neighbour (Kipf and Welling 2017).
    const edges = new Float32Array(count * count);
    for (let i = 0; i < count; i++)
      for (let j = 0; j <= i; j++)
        if (i === j || random.uniform(0, 1) < (kind(i) === kind(j) ? 0.25 : 0.02))
          edges[i * count + j] = edges[j * count + i] = 1;
    const degree = Array.from({ length: count }, (_, i) =>
      edges.subarray(i * count, (i + 1) * count).reduce((a, b) => a + b),
    );
    const adjacency = tensor(
      edges.map((e, at) => e / Math.sqrt(degree[Math.floor(at / count)]! * degree[at % count]!)),
      [count, count],
    );
    const nodes = tensor(x, [count, features]);
    const labels = tensor(Int32Array.from({ length: count }, (_, i) => kind(i)));
    const rows = (t: Tensor, from: number, to: number): Tensor => t.slice([from, to]);

    const trained = (spread: (t: Tensor) => Tensor): number => {
      manualSeed(2);
      const [first, second] = [new nn.Linear(features, 16), new nn.Linear(16, classes)];
      const forward = (): Tensor => spread(second.forward(spread(first.forward(nodes)).relu()));
      const adam = new optim.Adam([...first.parameters(), ...second.parameters()], { lr: 0.02, weightDecay: 0.01 });
      const step = jit(() => {
        const loss = losses.crossEntropy(rows(forward(), 0, 18), rows(labels, 0, 18));
        adam.zeroGrad();
        loss.backward();
        adam.step();
      });
      for (let i = 0; i < 60; i++) step();
      return accuracy(rows(forward(), 18, count), rows(labels, 18, count)).itemSync();
    };
    const [alone, together] = [trained((t) => t), trained((t) => adjacency.matmul(t))];
    expect(together).toBeGreaterThan(alone + 0.15);
    expect(together).toBeGreaterThan(0.85);
  });
});

describe("[R13] throughput", () => {
  it("one positive row for each batch size, all results waited for", async () => {
    const model = nn.sequential(new nn.Linear(8, 16), nn.relu, new nn.Linear(16, 4));
    const seen: number[] = [];
    const rows = await metrics.throughput(
      (x) => {
        seen.push(x.shape[0]!);
        return model.forward(x);
      },
      (size) => randn([size, 8]),
      [1, 16, 64],
      { repetitions: 2, warmUp: 1 },
    );
    expect(rows.map(({ batchSize }) => batchSize)).toEqual([1, 16, 64]);
    expect(seen).toEqual([1, 1, 1, 16, 16, 16, 64, 64, 64]);
    for (const { batchSize, millisecondsPerBatch, examplesPerSecond } of rows) {
      expect(millisecondsPerBatch).toBeGreaterThan(0);
      expect(examplesPerSecond).toBeCloseTo((1000 * batchSize) / millisecondsPerBatch, 6);
    }
    await expect(
      metrics.throughput(
        (x) => x,
        (n) => randn([n]),
        [0],
      ),
    ).rejects.toThrow(ArgumentError);
  });
});

describe("[R14] residuals", () => {
  it("auto- and partial correlations are those of SciPy's equations", () => {
    const near = (got: Float64Array, wanted: number[]): void =>
      wanted.forEach((value, lag) => expect(got[lag]).toBeCloseTo(value, 10));
    near(metrics.autocorrelation(golden.truth, 10), golden.acf);
    near(metrics.partialAutocorrelation(golden.truth, 10), golden.pacf);
  });
  it("white noise passes, an autoregressive series fails; hardly ever otherwise", () => {
    expect(metrics.whiteness(noise(500, 1)).isWhite).toBe(true);
    const coloured = metrics.whiteness(autoregressive(500, 1));
    expect(coloured.isWhite).toBe(false);
    expect(metrics.partialAutocorrelation(autoregressive(20_000, 1), 1)[1]).toBeCloseTo(0.7, 1);
    expect(coloured.band).toBeCloseTo(1.96 / Math.sqrt(500), 12);
    const seeds = Array.from({ length: 200 }, (_, seed) => seed);
    const passed = seeds.filter((seed) => metrics.whiteness(noise(500, seed)).isWhite).length;
    expect(passed).toBeGreaterThanOrEqual(190);
    expect(seeds.some((seed) => metrics.whiteness(autoregressive(500, seed)).isWhite)).toBe(false);
    // What requiring every lag would do: most series of white noise would fail.
    const strict = seeds.filter((seed) => metrics.whiteness(noise(500, seed), 20, 1).isWhite).length;
    expect(strict).toBeLessThan(110);
  });
  it("a constant series and too many lags are errors", () => {
    expect(() => metrics.autocorrelation([1, 1, 1], 1)).toThrow(/all values are the same/);
    expect(() => metrics.whiteness([1, 2, 3])).toThrow(/lags must be from 1 to 2, got 20/);
  });
});

describe("[R15] templates", () => {
  it("the rows of W (10, 784) are ten images, each what its unit looks for", () => {
    const layer = new nn.Linear(784, 10);
    const images = layer.weight.reshape([10, 28, 28]);
    expect(images.shape).toEqual([10, 28, 28]);
    const first = images.slice(3).reshape([1, 784]);
    const score = layer.forward(first).slice(0).slice(3).itemSync() - layer.bias!.dataSync()[3]!;
    expect(score).toBeCloseTo(first.square().sum().itemSync(), 4);
  });
});
