import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HostRandom } from "../../core/random.ts";
import { ArgumentError } from "../../core/errors.ts";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { jit } from "../../tensor/jit.ts";
import { manualSeed } from "../../tensor/random.ts";
import { toTensor } from "../collate.ts";
import * as files from "../files/index.ts";
import * as generators from "./index.ts";
import type { Examples } from "./index.ts";

/** The numbers of an example. */
const row = ({ x }: Examples, at: number): Float64Array => {
  const size = x.data.length / x.shape[0]!;
  return Float64Array.from(x.data.subarray(at * size, (at + 1) * size));
};

/** How many of the second half are nearest to the mean of their class in the first half. */
function nearestMean(examples: Examples): number {
  const count = examples.x.shape[0]!;
  const half = count >> 1;
  const classes = Math.max(...examples.y.data) + 1;
  const sums = Array.from({ length: classes }, () => new Float64Array(row(examples, 0).length));
  const sizes = new Float64Array(classes);
  for (let at = 0; at < half; at++) {
    const label = examples.y.data[at]!;
    sizes[label]!++;
    row(examples, at).forEach((value, i) => (sums[label]![i]! += value));
  }
  let right = 0;
  for (let at = half; at < count; at++) {
    const own = row(examples, at);
    const far = sums.map((sum, label) =>
      own.reduce((total, value, i) => total + (value - sum[i]! / sizes[label]!) ** 2, 0),
    );
    right += Number(far.indexOf(Math.min(...far)) === examples.y.data[at]);
  }
  return right / (count - half);
}

/** How many of the second half a small network tells apart after it was trained on the first. */
function learnt({ x, y }: Examples): number {
  manualSeed(1);
  const half = x.shape[0]! >> 1;
  const inputs = toTensor(x).float().flatten(1).div(255);
  const labels = toTensor(y);
  const net = nn.sequential(new nn.Linear(inputs.shape[1]!, 32), new nn.ReLU(), new nn.Linear(32, 2));
  const optimizer = new optim.AdamW(net.parameters(), { lr: 0.003, weightDecay: 0.1 });
  const step = jit(() => {
    const loss = losses.crossEntropy(net.forward(inputs.slice([0, half])), labels.slice([0, half]));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  });
  for (let at = 0; at < 100; at++) step();
  const answers = net
    .forward(inputs.slice([half, 2 * half]))
    .argmax(-1)
    .dataSync();
  return answers.filter((answer, at) => answer === y.data[half + at]).length / half;
}

const all: Readonly<Record<string, (seed: number, count: number) => Examples>> = {
  moons: (seed, count) => generators.moons({ seed, count, noise: 0.1 }),
  circles: (seed, count) => generators.circles({ seed, count, noise: 0.05 }),
  spirals: (seed, count) => generators.spirals({ seed, count, classes: 3, noise: 0.02 }),
  blobs: (seed, count) => generators.blobs({ seed, count }),
  classification: (seed, count) => generators.classification({ seed, count }),
  regression: (seed, count) => generators.regression({ seed, count, features: 5 }),
  coffee: (seed, count) => generators.coffee({ seed, count }),
  shirts: (seed, count) => generators.shirts({ seed, count }),
  smallDigits: (seed, count) => generators.smallDigits({ seed, count }),
  heartbeats: (seed, count) => generators.heartbeats({ seed, count }),
  faces: (seed, count) => generators.faces({ seed, count }),
  cars: (seed, count) => generators.cars({ seed, count }),
};

describe("made-up data", () => {
  test.each(Object.entries(all))("%s: as many as asked for, the same by seed, all finite", (_name, make) => {
    for (const count of [0, 1, 7, 60]) {
      const { x, y } = make(3, count);
      expect([x.shape[0], y.shape[0]]).toEqual([count, count]);
      expect(x.data.every(Number.isFinite)).toBe(true);
    }
    expect(make(3, 60)).toEqual(make(3, 60));
    expect(make(4, 60).x).not.toEqual(make(3, 60).x);
  });

  test("[S29] moons, circles, blobs and classification have the shapes that scikit-learn's have", () => {
    const moons = generators.moons({ count: 200, seed: 1 });
    expect([moons.x.dtype, ...moons.x.shape, moons.y.dtype]).toEqual(["f32", 200, 2, "i32"]);
    for (let at = 0; at < 200; at++) {
      const [x, y] = row(moons, at) as unknown as [number, number];
      const upper = moons.y.data[at] === 0;
      expect(upper ? Math.hypot(x, y) : Math.hypot(x - 1, y - 0.5)).toBeCloseTo(1, 6);
      expect(upper ? y >= -1e-6 : y <= 0.5 + 1e-6).toBe(true);
    }
    const circles = generators.circles({ count: 300, factor: 0.5, noise: 0.05, seed: 2 });
    for (let at = 0; at < 300; at++) expect(Math.hypot(...row(circles, at)) < 0.75 ? 1 : 0).toBe(circles.y.data[at]);
    expect(
      new Set(generators.circles({ count: 20 }).x.data.map((value) => Math.round(1e5 * value))).size,
    ).toBeGreaterThan(15);
    const centers = [
      [0, 0, 0],
      [20, 0, 0],
      [0, 20, 5],
    ];
    const blobs = generators.blobs({ count: 90, centers, deviation: 2 });
    expect(blobs.x.shape).toEqual([90, 3]);
    expect([0, 1, 2].map((label) => blobs.y.data.filter((value) => value === label).length)).toEqual([30, 30, 30]);
    expect(nearestMean(blobs)).toBe(1);
    const many = generators.classification({
      count: 2000,
      features: 10,
      informative: 4,
      classes: 3,
      separation: 2,
      flip: 0,
    });
    expect(many.x.shape).toEqual([2000, 10]);
    expect(nearestMean(many)).toBeGreaterThan(0.85);
    const { x, y, coefficients } = generators.regression({ count: 50, features: 6, informative: 3, bias: 7 });
    expect([...coefficients.subarray(3)]).toEqual([0, 0, 0]);
    for (let at = 0; at < 50; at++)
      expect(row({ x, y }, at).reduce((sum, value, i) => sum + value * coefficients[i]!, 7)).toBeCloseTo(
        y.data[at]!,
        3,
      );
  });

  test("[S30] and, exclusive or", () => {
    const corners = [0, 0, 0, 1, 1, 0, 1, 1];
    expect([...generators.and().x.data, ...generators.and().y.data]).toEqual([...corners, 0, 0, 0, 1]);
    expect([...generators.xor().x.data, ...generators.xor().y.data]).toEqual([...corners, 0, 1, 1, 0]);
    expect(generators.xor().y.shape).toEqual([4, 1]);
  });

  test("[S31] coffee is good inside of a triangle only", () => {
    const coffee = generators.coffee({ count: 500, seed: 1 });
    let good = 0;
    for (let at = 0; at < 500; at++) {
      const [temperature, minutes] = row(coffee, at) as unknown as [number, number];
      expect(temperature >= 150 && temperature <= 285 && minutes >= 11.5 && minutes <= 15.5).toBe(true);
      // The triangle by its corners (175, 12), (175, 15), (260, 12).
      const [u, v] = [(temperature - 175) / 85, (minutes - 12) / 3];
      const inside = u > 0 && v > 0 && u + v < 1;
      expect(coffee.y.data[at]).toBe(Number(inside));
      good += Number(inside);
    }
    expect(good).toBeGreaterThan(60);
    expect(generators.isGoodRoast(200, 17)).toBe(false);
    expect(generators.isGoodRoast(200, 13)).toBe(true);
  });

  test("[S33] hearts, faces and cars: substitutes that can be learnt", () => {
    const beats = generators.heartbeats({ count: 300, seed: 1 });
    expect(beats.x.shape).toEqual([300, 180]);
    expect(nearestMean(beats)).toBeGreaterThan(0.9);
    for (const make of [generators.faces, generators.cars]) {
      const pictures = make({ count: 1000, seed: 1 });
      expect([pictures.x.dtype, ...pictures.x.shape]).toEqual(["u8", 1000, 32, 32]);
      expect(learnt(pictures)).toBeGreaterThan(0.9);
      expect(new Set(pictures.y.data)).toEqual(new Set([0, 1]));
      expect(make({ count: 10, seed: 1 }).x.data).toEqual(pictures.x.data.slice(0, 10 * 1024));
      expect(make({ count: 1, size: 64 }).x.shape).toEqual([1, 64, 64]);
    }
  });

  test("[S34] daily sales have days, a week's rhythm and promotions, and survive CSV", async () => {
    const table = generators.dailySales({ days: 730, seed: 2, trend: 0 });
    expect(table.date.slice(0, 3)).toEqual(["2023-01-01", "2023-01-02", "2023-01-03"]);
    expect(table.date.at(-1)).toBe("2024-12-30");
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const on = (weekday: number, promo: number): number =>
      mean(
        table.sales.filter((_, at) => new Date(table.date[at]!).getUTCDay() === weekday && table.promo[at] === promo),
      );
    expect(on(6, 0)).toBeGreaterThan(1.5 * on(2, 0));
    expect(on(3, 1)).toBeGreaterThan(1.25 * on(3, 0));
    expect(mean(table.promo)).toBeGreaterThan(0.06);
    expect(generators.dailySales({ days: 730, seed: 2, trend: 0 })).toEqual(table);
    const folder = await mkdtemp(join(tmpdir(), "myelin-sales-"));
    try {
      const path = join(folder, "sales.csv");
      await writeFile(path, files.serializeCsv(table));
      const rows = await files.csv(path, { columns: { date: "text" } }).toArray();
      expect(rows).toEqual(table.date.map((date, at) => ({ date, promo: table.promo[at], sales: table.sales[at] })));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("[S35] digits of 8 by 8 pixels, 64 numbers from 0 to 255 each", () => {
    const digits = generators.smallDigits({ count: 600, seed: 1 });
    expect([digits.x.dtype, ...digits.x.shape]).toEqual(["u8", 600, 64]);
    expect(Math.max(...digits.x.data)).toBeGreaterThan(150);
    expect(new Set(digits.y.data).size).toBe(10);
    expect(nearestMean(digits)).toBeGreaterThan(0.6);
  });

  test("[S36] t-shirts: four features, and a label by the planted rule", () => {
    const shirts = generators.shirts({ count: 400, seed: 1 });
    expect(shirts.x.shape).toEqual([400, 4]);
    for (let at = 0; at < 400; at++) {
      const [price, shipping, marketing, quality] = row(shirts, at) as unknown as [number, number, number, number];
      expect(Number(generators.isTopSeller({ price, shipping, marketing, quality }))).toBe(shirts.y.data[at]);
    }
    const sold = shirts.y.data.filter((value) => value === 1).length;
    expect(sold).toBeGreaterThan(100);
    expect(sold).toBeLessThan(300);
    expect(generators.isTopSeller({ price: 20, shipping: 5, marketing: 50, quality: 0 })).toBe(true);
    expect(generators.isTopSeller({ price: 50, shipping: 5, marketing: 50, quality: 0.1 })).toBe(false);
  });

  test("[AE3] the same seed gives the same numbers, in this version and on every machine; they are not NumPy's", () => {
    // Recorded: a change of these numbers changes every shuffle, split and generator.
    const random = new HostRandom(42);
    expect(Array.from({ length: 4 }, () => random.integer(100))).toEqual([71, 22, 90, 32]);
    for (const seed of [0, 1, 42]) {
      const [once, again] = [new HostRandom(seed), new HostRandom(seed)];
      expect(Array.from({ length: 9 }, () => once.normal())).toEqual(Array.from({ length: 9 }, () => again.normal()));
    }
    // np.random.seed(0); np.random.randn() is 1.764…
    expect(new HostRandom(0).normal()).not.toBeCloseTo(1.76405235, 3);
  });

  const wrong: [string, () => unknown, RegExp][] = [
    ["half a point", () => generators.moons({ count: 1.5 }), /moons: count must be a whole number/],
    ["negative noise", () => generators.circles({ noise: -1 }), /circles: noise must be a number of 0 or more/],
    ["circles that are one", () => generators.circles({ factor: 1 }), /factor must lie in \[0, 1\)/],
    ["no centers", () => generators.blobs({ centers: [] }), /centers must be points/],
    ["more classes than corners", () => generators.classification({ classes: 5 }), /have 4 corners for 5 classes/],
    ["no such day", () => generators.dailySales({ start: "2023-02-30" }), /start must be a day/],
    ["a tiny picture", () => generators.faces({ size: 2 }), /size must be a whole number of 8 or more/],
  ];
  test.each(wrong)("refuse %s", (_what, run, message) => {
    expect(run).toThrow(ArgumentError);
    expect(run).toThrow(message);
  });
});
