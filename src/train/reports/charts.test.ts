import { describe, expect, test } from "vitest";
import {
  linalg,
  losses,
  manualSeed,
  nn,
  optim,
  preprocessing,
  randn,
  tensor,
  valueAndGrad,
  type Tensor,
} from "../../index.ts";
import { epochsOf } from "./record.ts";
import { chart, heatmap, type Mark } from "./index.ts";
import { curvesOf } from "./curves.ts";

/** Numbers of an attribute that holds pairs, as drawn. */
const pairs = (text: string): number[][] => text.split(" ").map((pair) => pair.split(",").map(Number));
const polylines = (svg: string): number[][][] =>
  Array.from(svg.matchAll(/<polyline points="([^"]*)"/g), ([, points]) => pairs(points!));
const dots = (svg: string): number[][] =>
  Array.from(svg.matchAll(/<circle cx="([^"]*)" cy="([^"]*)"/g), ([, x, y]) => [Number(x), Number(y)]);

/** Whether a text is well-formed XML, as far as elements go. */
function expectNested(svg: string): void {
  const open: string[] = [];
  for (const [, end, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g))
    if (end) expect(open.pop()).toBe(name);
    else if (!self) open.push(name!);
  expect(open).toEqual([]);
}

describe("charts", () => {
  test("[AH4] loss curves have a point for each epoch, for training and for validation", () => {
    const [svg, ...others] = curvesOf(epochsOf({ loss: [4, 2, 1, 0.5], val_loss: [5, 3, 2, 2] }));
    expect(others).toEqual([]);
    const [train, validation] = polylines(svg!);
    expect([train!.length, validation!.length]).toEqual([4, 4]);
    // Epochs are equally far apart, and smaller losses lower (SVG counts downwards).
    const steps = train!.slice(1).map(([x], at) => x! - train![at]![0]!);
    for (const step of steps) expect(step).toBeCloseTo(steps[0]!, 0);
    for (const at of [1, 2, 3]) expect(train![at]![1]).toBeGreaterThan(train![at - 1]![1]!);
    // Twice as far from zero is twice as high.
    const [height, half] = [train![0]![1]! - train![1]![1]!, train![1]![1]! - train![2]![1]!];
    expect(height / half).toBeCloseTo(2, 1);
    expectNested(svg!);
    expect(svg).toContain('aria-label="loss"');
  });

  test("[AH5] loss by learning rate: a point for each rate, powers of ten equally far apart", () => {
    const model = new nn.Linear(3, 1);
    manualSeed(3);
    const x = randn([16, 3]);
    const rates = [1e-4, 1e-3, 1e-2, 1e-1, 1];
    const points = rates.map((lr) => {
      model.weight.assign(tensor([[1, 1, 1]]));
      const optimizer = new optim.SGD(model.parameters(), { lr });
      for (let step = 0; step < 5; step++) {
        optimizer.zeroGrad();
        losses.mse(model.forward(x), x.sum(1, true).mul(3)).backward();
        optimizer.step();
      }
      return [lr, losses.mse(model.forward(x), x.sum(1, true).mul(3)).itemSync()] as const;
    });
    const svg = chart({
      title: "loss after 5 steps",
      x: { log: true, label: "rate" },
      marks: [{ kind: "line", points }],
    });
    const [line] = polylines(svg);
    expect(line).toHaveLength(5);
    const steps = line!.slice(1).map(([at], i) => at! - line![i]![0]!);
    for (const step of steps) expect(step).toBeCloseTo(steps[0]!, 0);
  });

  test("[AH6] ReLU and its gradient at 200 points, the gradient dashed", () => {
    const x = Float64Array.from({ length: 200 }, (_, i) => -5 + (10 * i) / 199);
    const [value, slope] = valueAndGrad((at: Tensor) => nn.relu(at).sum())(tensor(x)) as [Tensor, Tensor];
    expect(value.itemSync()).toBeCloseTo(x.reduce((sum, at) => sum + Math.max(0, at), 0));
    const [values, slopes] = [nn.relu(tensor(x)).dataSync(), slope.dataSync()];
    const svg = chart({
      title: "ReLU and Its Gradient",
      marks: [
        { kind: "line", name: "relu", points: Array.from(x, (at, i) => [at, values[i]!]) },
        { kind: "line", name: "gradient", dashed: true, points: Array.from(x, (at, i) => [at, slopes[i]!]) },
      ],
    });
    expect(polylines(svg).map((line) => line.length)).toEqual([200, 200]);
    expect(svg).toMatch(/<polyline(?![^>]*dasharray)[^>]*>\n<polyline[^>]*dasharray[^>]*>/);
    expect(svg).toContain("ReLU and Its Gradient");
    expect(svg).toMatch(/class="legend".*relu.*gradient/);
  });

  test("[AH1] a decision boundary goes through its computed ends", () => {
    // 2x − y + 1 = 0 at x = −2 and x = 2.
    const ends = [-2, 2].map((x) => [x, 2 * x + 1] as const);
    const axes = { x: { from: -2, to: 2 }, y: { from: -3, to: 5 } };
    const groups = [0, 1].map((side) =>
      Array.from({ length: 40 }, (_, i) => [-2 + (i % 8) / 2, -3 + 1.5 * Math.floor(i / 8)] as const).filter(
        ([x, y]) => Number(2 * x - y + 1 > 0) === side,
      ),
    );
    const svg = chart({
      title: "boundary",
      ...axes,
      marks: [...groups.map((points) => ({ kind: "dots" as const, points })), { kind: "line", points: ends }],
    });
    expect(polylines(svg)[0]).toEqual([
      [58, 240],
      [466, 34],
    ]);
    expect(dots(svg)).toHaveLength(40);
  });

  test("[AH18] actual by predicted: a dot for each example, and the diagonal", () => {
    manualSeed(4);
    const actual = randn([50]).dataSync();
    const predicted = Array.from(actual, (y, i) => y + Math.sin(i) / 5);
    const [low, high] = [Math.min(...actual), Math.max(...actual)];
    const axis = { from: low, to: high };
    const svg = chart({
      title: "actual and predicted",
      x: axis,
      y: axis,
      marks: [
        { kind: "dots", points: Array.from(actual, (y, i) => [predicted[i]!, y]) },
        {
          kind: "line",
          points: [
            [low, low],
            [high, high],
          ],
        },
      ],
    });
    expect(dots(svg)).toHaveLength(50);
    const [[[x0, y0], [x1, y1]]] = polylines(svg) as [[[number, number], [number, number]]];
    expect([x0, y0, x1, y1]).toEqual([58, 240, 466, 34]);
  });

  test("[AH12] softmax by one logit: it rises, the others fall, and all sum to 1", () => {
    const at = Array.from({ length: 21 }, (_, i) => -5 + i / 2);
    const shares = at.map((z) =>
      Array.from(
        tensor(Float64Array.of(z, 0, 1))
          .softmax(-1)
          .dataSync(),
      ),
    );
    const svg = chart({
      title: "softmax",
      marks: [0, 1, 2].map((c) => ({ kind: "line", name: `p${c}`, points: at.map((z, i) => [z, shares[i]![c]!]) })),
    });
    const lines = polylines(svg);
    for (const share of shares) expect(share.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    for (let i = 1; i < at.length; i++) {
      expect(lines[0]![i]![1]).toBeLessThan(lines[0]![i - 1]![1]!);
      for (const other of [1, 2]) expect(lines[other]![i]![1]).toBeGreaterThanOrEqual(lines[other]![i - 1]![1]!);
    }
  });

  test("[AH13] softmax at several temperatures: bars that sum to 1", () => {
    for (const temperature of [0.5, 1, 2, 5]) {
      const shares = tensor(Float64Array.of(2, 1, 0.1))
        .div(temperature)
        .softmax(-1)
        .dataSync();
      const svg = chart({
        title: `T = ${temperature}`,
        x: { names: ["a", "b", "c"] },
        y: { from: 0, to: 1 },
        marks: [{ kind: "bars", points: Array.from(shares, (share, i) => [i, share]) }],
      });
      const heights = Array.from(svg.matchAll(/<rect [^>]*height="([^"]*)"/g), ([, height]) => Number(height));
      expect(heights).toHaveLength(3);
      expect(heights.reduce((a, b) => a + b) / (280 - 34 - 40)).toBeCloseTo(1, 2);
    }
  });

  test("[AH16] a demand series and its rolling mean, one over the other", () => {
    const demand = Array.from({ length: 60 }, (_, day) => 20 + 5 * Math.sin(day / 3) + (day % 7));
    const means = preprocessing.rolling(demand, 7);
    const marks: Mark[] = [
      { kind: "line", name: "demand", points: demand.map((y, day) => [day, y]) },
      { kind: "line", name: "mean of the 7 days before", points: Array.from(means, (y, day) => [day, y]) },
    ];
    const [raw, rolled] = polylines(chart({ title: "demand", marks }));
    // The first seven days have no seven days before them.
    expect([raw!.length, rolled!.length]).toEqual([60, 53]);
    expect(means[7]).toBeCloseTo(demand.slice(0, 7).reduce((a, b) => a + b) / 7, 10);
    expect(rolled![0]![0]).toBe(raw![7]![0]);
  });

  test("[AH19] the importance of features as bars, sorted, that sum to 1", () => {
    manualSeed(6);
    const x = randn([200, 4]);
    const y = x.matmul(tensor([[3], [0], [-1], [0.5]]));
    // How much worse the right weights do where one column comes from other rows.
    const worse = [0, 1, 2, 3].map((column) => {
      const values = x.toArraySync() as number[][];
      const mixed = values.map((row, i) => row.map((v, j) => (j === column ? values[(i + 77) % 200]![j]! : v)));
      return losses.mse(tensor(mixed).matmul(tensor([[3], [0], [-1], [0.5]])), y).itemSync();
    });
    const total = worse.reduce((a, b) => a + b);
    const shares = worse.map((value, i) => ({ name: `x${i}`, share: value / total })).sort((a, b) => b.share - a.share);
    expect(shares.map(({ name }) => name)).toEqual(["x0", "x2", "x3", "x1"]);
    const svg = chart({
      title: "importance",
      x: { names: shares.map(({ name }) => name) },
      y: { from: 0, to: 1 },
      marks: [{ kind: "bars", points: shares.map(({ share }, i) => [i, share]) }],
    });
    const heights = Array.from(svg.matchAll(/<rect [^>]*height="([^"]*)"/g), ([, height]) => Number(height));
    expect(heights.reduce((a, b) => a + b) / 206).toBeCloseTo(1, 2);
    expect([...heights].sort((a, b) => b - a)).toEqual(heights);
  });

  test("[AH21] residuals over time: those of least squares with an intercept have mean 0", () => {
    const days = Array.from({ length: 50 }, (_, day) => day);
    const demand = days.map((day) => 3 + 0.5 * day + Math.sin(day * day));
    const matrix = tensor(Float64Array.from(days.flatMap((day) => [1, day])), [50, 2]);
    const weights = linalg.lstsq(matrix, tensor(Float64Array.from(demand), [50, 1])).solution;
    const fitted = matrix.matmul(weights).dataSync();
    const points = days.map((day) => [day, demand[day]! - fitted[day]!] as const);
    expect(Math.abs(points.reduce((sum, [, residual]) => sum + residual, 0) / 50)).toBeLessThan(1e-6);
    expect(dots(chart({ title: "residuals", marks: [{ kind: "dots", points }] }))).toHaveLength(50);
  });

  test("[AH2] what a hidden layer says, in two principal components: a dot for each example, in the colour of its class", () => {
    manualSeed(7);
    const labels = Array.from({ length: 40 }, (_, i) => i % 2);
    const x = randn([40, 3]).add(tensor(labels, [40, 1]).mul(3));
    const hidden = new nn.Linear(3, 5).forward(x).tanh();
    const flat = new preprocessing.PCA({ components: 2 }).fit(hidden).transform(hidden);
    const rows = flat.toArraySync() as [number, number][];
    const svg = chart({
      title: "hidden layer",
      marks: [0, 1].map((label) => ({
        kind: "dots",
        name: `class ${label}`,
        points: rows.filter((_, i) => labels[i] === label),
      })),
    });
    expect(dots(svg)).toHaveLength(40);
    const groups = Array.from(svg.matchAll(/<g class="dots" fill="([^"]*)"[^>]*>(.*?)<\/g>/g), ([, colour, all]) => [
      colour,
      all!.match(/<circle/g)!.length,
    ]);
    expect(groups.map(([, count]) => count)).toEqual([20, 20]);
    expect(groups[0]![0]).not.toBe(groups[1]![0]);
  });

  test("[AH20] a band lies around its line", () => {
    const points = Array.from({ length: 30 }, (_, day) => [day, 10 + Math.sin(day)] as const);
    const svg = chart({
      title: "forecast",
      marks: [
        { kind: "band", points: points.map(([day, y]) => [day, y - 1 - day / 30, y + 1 + day / 30]) },
        { kind: "line", points },
      ],
    });
    const band = pairs(/class="band" d="M([^Z]*)Z"/.exec(svg)![1]!.replaceAll(" ", ",").replaceAll("L", " "));
    const [line] = polylines(svg);
    expect(band).toHaveLength(60);
    for (const [at, [, y]] of line!.entries()) {
      expect(band[at]![1]).toBeGreaterThan(y!);
      expect(band[59 - at]![1]).toBeLessThan(y!);
    }
  });

  test("what is not finite interrupts a line; an empty chart and one number are charts, too", () => {
    const svg = chart({
      title: "gap",
      marks: [
        {
          kind: "line",
          points: [
            [0, 1],
            [1, 2],
            [2, NaN],
            [3, 1],
            [4, 2],
            [5, Infinity],
            [6, 1],
          ],
        },
      ],
    });
    expect(polylines(svg).map((line) => line.length)).toEqual([2, 2]);
    expect(dots(svg)).toHaveLength(1);
    for (const points of [[], [[1, 1]], [[1, 0]], [[2, -3]]] as const)
      for (const log of [true, false]) {
        const picture = chart({ title: "x", x: { log }, y: { log }, marks: [{ kind: "line", points }] });
        expectNested(picture);
        expect(picture).not.toContain("NaN");
      }
  });

  test("ticks are round numbers, as short as their neighbours allow", () => {
    const texts = (low: number, high: number, log = false): string[] => {
      const svg = chart({
        title: "t",
        x: { names: [] },
        y: { log },
        marks: [
          {
            kind: "dots",
            points: [
              [0, low],
              [0, high],
            ],
          },
        ],
      });
      return Array.from(svg.matchAll(/text-anchor="end">([^<]*)</g), ([, text]) => text!);
    };
    expect(texts(0, 1)).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    expect(texts(-3, 12)).toEqual(["−5", "0", "5", "10", "15"]);
    expect(texts(0, 100000)).toEqual(["0", "20000", "40000", "60000", "80000", "100000"]);
    expect(texts(0.0001, 10, true)).toEqual(["1e−4", "0.001", "0.01", "0.1", "1", "10"]);
    expect(texts(0.003, 0.003)).toContain("0.0030");
  });

  test("text is text, and never markup", () => {
    const evil = `<script>alert("1")</script>&'`;
    const svg = chart({
      title: evil,
      x: { label: evil, names: [evil] },
      marks: [{ kind: "line", name: evil, points: [[0, 1]] }],
    });
    for (const picture of [svg, heatmap({ title: evil, values: [[1]], rows: [evil], columns: [evil] })]) {
      expect(picture).not.toContain("<script");
      expect(picture).not.toContain('alert("');
      expectNested(picture);
    }
  });
});

describe("heatmaps", () => {
  const cells = (svg: string): { share: number; text: string }[] =>
    Array.from(svg.matchAll(/fill-opacity="([^"]*)"><title>([^<]*)<\/title>/g), ([, share, text]) => ({
      share: Number(share),
      text: text!,
    }));

  test("[AH37] attention weights: a row for each query, whose cells sum to 1", () => {
    manualSeed(5);
    const [q, k] = [randn([4, 8]), randn([6, 8])] as [Tensor, Tensor];
    const weights = q.matmul(k.T).div(Math.sqrt(8)).softmax(-1);
    const svg = heatmap({ title: "attention", values: weights.toArraySync() as number[][], full: [1, 1, 1, 1] });
    const shares = cells(svg).map(({ share }) => share);
    expect(shares).toHaveLength(24);
    for (let row = 0; row < 4; row++)
      expect(shares.slice(6 * row, 6 * row + 6).reduce((a, b) => a + b)).toBeCloseTo(1, 2);
  });

  test("many cells are small and have no numbers in them", () => {
    const svg = heatmap({ title: "many", values: Array.from({ length: 60 }, (_, i) => Array(60).fill(i)) });
    expect(cells(svg)).toHaveLength(3600);
    expect(svg.match(/<text/g)!.length).toBeLessThan(200);
    expectNested(svg);
  });
});
