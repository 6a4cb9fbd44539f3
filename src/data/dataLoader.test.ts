import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, expectTypeOf, test } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import { HostRandom } from "../core/random.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Linear } from "../nn/linear.ts";
import { mse } from "../nn/losses/index.ts";
import { SGD } from "../optim/index.ts";
import { fit } from "../train/fit.ts";
import { DataLoader } from "./dataLoader.ts";
import { Dataset } from "./dataset.ts";
import { hostArray } from "./hostArray.ts";
import * as samplers from "./samplers/index.ts";
import { slices } from "./slices.ts";

const recorded = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/pipelines.json", import.meta.url), "utf8"),
) as {
  distributed: { length: number; replicas: number; drop: boolean; indices: number[][] }[];
  "batch sampler": { length: number; size: number; drop: boolean; batches: number[][] }[];
  "loader lengths": { length: number; size: number; drop: boolean; batches: number }[];
};
const numbers = (length: number): number[] => Array.from({ length }, (_, index) => index);
const inOrder = (values: ArrayLike<number>): number[] => Array.from(values).sort((a, b) => a - b);
const asIs = { collate: (elements: number[]): number[] => elements };
const all = async <T>(loader: AsyncIterable<T>): Promise<T[]> => {
  const batches: T[] = [];
  for await (const batch of loader) batches.push(batch);
  return batches;
};

/** As the notes write it: data, labels and a transform. */
class CustomDataset {
  readonly length: number;
  readonly #data: readonly number[][];
  readonly #labels: readonly number[];
  readonly #transform: ((row: number[]) => number[]) | undefined;
  constructor(data: readonly number[][], labels: readonly number[], transform?: (row: number[]) => number[]) {
    this.length = data.length;
    this.#data = data;
    this.#labels = labels;
    this.#transform = transform;
  }
  get(index: number): { x: number[]; y: number } {
    const row = this.#data[index]!;
    return { x: this.#transform ? this.#transform(row) : row, y: this.#labels[index]! };
  }
}

describe("DataLoader", () => {
  test("[S18] a class with length, get and a transform, which is applied", async () => {
    const rows = new CustomDataset(
      [
        [0, 2],
        [4, 6],
        [8, 10],
      ],
      [0, 1, 2],
      (row) => row.map((v) => v / 2),
    );
    const loader = new DataLoader(rows, { batchSize: 2 });
    expect(loader.length).toBe(2);
    const batches = await all(loader);
    expectTypeOf(batches).toEqualTypeOf<{ x: Tensor; y: Tensor }[]>();
    expect(batches.map(({ x, y }) => [x.toArraySync(), y.toArraySync()])).toEqual([
      [
        [
          [0, 1],
          [2, 3],
        ],
        [0, 1],
      ],
      [[[4, 5]], [2]],
    ]);
  });

  test("[S19] the length is the number of elements over the batch size, rounded as PyTorch does", async () => {
    for (const { length, size, drop, batches } of recorded["loader lengths"]) {
      const loader = new DataLoader(numbers(length), { batchSize: size, dropLast: drop, ...asIs });
      expect([length, size, drop, loader.length]).toEqual([length, size, drop, batches]);
      expect((await all(loader)).length).toBe(batches);
    }
    expect(new DataLoader(numbers(3)).length).toBe(3);
  });

  test("[S19] batches of 64, shuffled anew in every epoch, the same again for the same seed", async () => {
    const build = (seed: number): DataLoader<number, number, number[]> =>
      new DataLoader(numbers(1000), { batchSize: 64, shuffle: true, seed, ...asIs });
    const loader = build(3);
    const [first, second] = [(await all(loader)).flat(), (await all(loader)).flat()];
    expect(inOrder(first)).toEqual(numbers(1000));
    expect(inOrder(second)).toEqual(numbers(1000));
    expect(second).not.toEqual(first);
    const again = build(3);
    expect([(await all(again)).flat(), (await all(again)).flat()]).toEqual([first, second]);
    expect((await all(build(4))).flat()).not.toEqual(first);
    expect(loader.describe()).toBe("array (1000 elements) → shuffle (seed 3) → batch (64)");
  });

  test("[S19] workers: as many gets under way, the order of one after the other", async () => {
    let [running, peak] = [0, 0];
    const slow = {
      length: 20,
      get: async (index: number) => {
        peak = Math.max(peak, ++running);
        await new Promise((resolve) => setTimeout(resolve, index % 3 === 0 ? 6 : 1));
        running--;
        return index;
      },
    };
    for (const workers of [0, 4]) {
      peak = 0;
      expect((await all(new DataLoader(slow, { batchSize: 4, workers, ...asIs }))).flat()).toEqual(numbers(20));
      expect(peak).toBe(Math.max(1, workers));
    }
  });

  test("[S19] workers: threads with a transform that is a module, the order kept", async () => {
    const folder = await mkdtemp(join(tmpdir(), "myelin-loader-"));
    await writeFile(join(folder, "double.mjs"), "export default async (x) => 2 * x;");
    const transform = pathToFileURL(join(folder, "double.mjs"));
    const loader = new DataLoader<number, number, number[]>(numbers(10), {
      batchSize: 4,
      workers: 2,
      transform,
      ...asIs,
    });
    expect(await all(loader)).toEqual([
      [0, 2, 4, 6],
      [8, 10, 12, 14],
      [16, 18],
    ]);
    expect(loader.length).toBe(3);
    await rm(folder, { recursive: true });
  });

  test("a restored loader goes on in mid-epoch; stats; a stream as the source", async () => {
    const build = (): DataLoader<number, number, number[]> =>
      new DataLoader(numbers(50), { batchSize: 4, shuffle: true, workers: 2, transform: async (x) => x + 1, ...asIs });
    const loader = build();
    const iterator = loader[Symbol.asyncIterator]();
    for (let batch = 0; batch < 5; batch++) await iterator.next();
    const resumed = build();
    resumed.restore(loader.state());
    const rest: number[][] = [];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) rest.push(next.value);
    expect(await all(resumed)).toEqual(rest);
    expect(loader.stats().elements).toBe(13);
    const streamed = new DataLoader(
      function* () {
        yield* numbers(5);
      },
      { batchSize: 2, ...asIs },
    );
    expect([streamed.length, await all(streamed)]).toEqual([undefined, [[0, 1], [2, 3], [4]]]);
  });

  test("[S16] [S20] fit takes it, with another for validation, for ten epochs; and a generator", async () => {
    manualSeed(1);
    const random = new HostRandom(1);
    const x = hostArray(
      Float32Array.from({ length: 80 }, () => random.normal()),
      [40, 2],
    );
    const y = hostArray(
      Float32Array.from({ length: 40 }, (_, at) => 3 * x.data[2 * at]! - x.data[2 * at + 1]!),
      [40, 1],
    );
    const model = new Linear(2, 1);
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const stalls: number[] = [];
    const history = await fit(model, new DataLoader(slices([x, y]), { batchSize: 8, shuffle: true }), {
      optimizer,
      loss: mse,
      epochs: 10,
      validation: new DataLoader(slices([x, y]), { batchSize: 40 }),
      display: false,
      callbacks: [{ name: "stalls", endEpoch: (_, { stalled }) => void stalls.push(stalled!) }],
    });
    expect(stalls.length).toBe(10);
    for (const stalled of stalls) expect(stalled > 0 && stalled <= 1).toBe(true);
    expect(history.val_loss!.length).toBe(10);
    expect(history.val_loss![9]!).toBeLessThan(0.01);
    const generated = Dataset.generator(function* () {
      for (let at = 0; at < 40; at++) yield [x.data.slice(2 * at, 2 * at + 2), y.data.slice(at, at + 1)] as const;
    }).batch(8);
    const more = await fit(model, generated, { optimizer, loss: mse, epochs: 2, display: false });
    expect(more.loss[1]!).toBeLessThan(0.01);
  });

  const mistakes: [string, () => unknown, RegExp][] = [
    ["sampler and shuffle", () => new DataLoader([1], { sampler: [0], shuffle: true }), /exclude each other/],
    [
      "batchSampler and batchSize",
      () => new DataLoader([1], { batchSampler: { length: 0, batches: () => [] }, batchSize: 2 }),
      /batchSampler says all of/,
    ],
    ["workers -1", () => new DataLoader([1], { workers: -1 }), /workers must be a whole number/],
    ["batchSize 0", () => new DataLoader([1], { batchSize: 0 }), /batchSize must be/],
    ["a stream shuffled", () => new DataLoader(() => [1], { shuffle: true }), /come as a stream/],
    ["a stream sampled", () => new DataLoader(() => [1], { sampler: [0] }), /without random access/],
    ["a position too large", () => new DataLoader([1], { sampler: [1] }), /position 1 .* is none of a dataset of 1/],
  ];
  test.each(mistakes)("refuses %s", (_name, make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});

describe("samplers", () => {
  const ten = numbers(10);

  test("sequential, a list of positions, a subset", async () => {
    expect([...new samplers.SequentialSampler(ten).indices()]).toEqual(ten);
    expect((await all(new DataLoader(ten, { sampler: [3, 3, 9], ...asIs }))).flat()).toEqual([3, 3, 9]);
    const subset = new samplers.SubsetRandomSampler([2, 4, 8], { seed: 1 });
    expect(subset.length).toBe(3);
    const orders = numbers(8).map((epoch) => subset.indices(epoch));
    for (const order of orders) expect(inOrder(order)).toEqual([2, 4, 8]);
    expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
  });

  test("random, with and without replacement, fewer and more than there are", () => {
    const random = new samplers.RandomSampler(ten, { seed: 2 });
    expect(inOrder(random.indices(0))).toEqual(ten);
    expect([...random.indices(0)]).not.toEqual([...random.indices(1)]);
    expect([...random.indices(1)]).toEqual([...random.indices(1)]);
    const some = new samplers.RandomSampler(ten, { samples: 4 });
    expect(new Set(some.indices(0)).size).toBe(4);
    const more = new samplers.RandomSampler(ten, { samples: 25 }).indices(0);
    expect([inOrder(more.slice(0, 10)), inOrder(more.slice(10, 20)), more.length]).toEqual([ten, ten, 25]);
    const again = new samplers.RandomSampler(ten, { replacement: true, samples: 5000 }).indices(0);
    for (const value of ten) expect(Math.abs(again.filter((x) => x === value).length - 500)).toBeLessThan(100);
    expect(() => new samplers.RandomSampler(Dataset.generator(() => ten))).toThrow(/this dataset has no length/);
    expect(() => new samplers.RandomSampler([], { samples: 1 })).toThrow(ArgumentError);
  });

  test("weighted, with and without replacement", () => {
    const weights = [1, 0, 3];
    const many = new samplers.WeightedRandomSampler(weights, 8000, { seed: 1 }).indices(0);
    const counts = [0, 1, 2].map((value) => many.filter((x) => x === value).length);
    expect(counts[1]).toBe(0);
    expect(Math.abs(counts[0]! / 8000 - 0.25)).toBeLessThan(0.02);
    const once = new samplers.WeightedRandomSampler(weights, 2, { replacement: false });
    const firsts = numbers(4000).map((epoch) => {
      const order = once.indices(epoch);
      expect(inOrder(order)).toEqual([0, 2]);
      return order[0];
    });
    // The first is drawn by weight: element 2 in three of four.
    expect(Math.abs(firsts.filter((x) => x === 2).length / 4000 - 0.75)).toBeLessThan(0.03);
    expect(() => new samplers.WeightedRandomSampler([1, -1], 1)).toThrow(/got -1 for element 1/);
    expect(() => new samplers.WeightedRandomSampler([0, 0], 1)).toThrow(/all weights are 0/);
    expect(() => new samplers.WeightedRandomSampler(weights, 3, { replacement: false })).toThrow(/where 2 weights are/);
  });

  test("stratified: every batch has each class in its share", () => {
    const labels = Array.from({ length: 600 }, (_, index) => (index < 60 ? "rare" : index < 240 ? "some" : "most"));
    const sampler = new samplers.StratifiedSampler(labels, { seed: 4 });
    const order = [...sampler.indices(0)];
    expect(inOrder(order)).toEqual(numbers(600));
    for (let start = 0; start < 600; start += 20) {
      const batch = order.slice(start, start + 20).map((index) => labels[index]);
      for (const [label, share] of [
        ["rare", 2],
        ["some", 6],
        ["most", 12],
      ] as const)
        expect(Math.abs(batch.filter((x) => x === label).length - share)).toBeLessThanOrEqual(2);
    }
    expect([...sampler.indices(1)]).not.toEqual(order);
    expect(new samplers.StratifiedSampler([]).indices(0).length).toBe(0);
  });

  test("batches of another sampler, as PyTorch's; a loader of lists of different lengths", async () => {
    for (const { length, size, drop, batches } of recorded["batch sampler"]) {
      const sampler = new samplers.BatchSampler(new samplers.SequentialSampler(numbers(length)), size, drop);
      expect([sampler.length, sampler.batches(0)]).toEqual([batches.length, batches]);
      expect(await all(new DataLoader(numbers(length), { batchSampler: sampler, ...asIs }))).toEqual(batches);
    }
    const lists = { length: 2, batches: (epoch: number) => [[epoch], [9, 8, 7]] };
    const loader = new DataLoader(slices(hostArray(Int32Array.from(ten))), { batchSampler: lists });
    expect((await all(loader)).map((t) => t.toArraySync())).toEqual([[0], [9, 8, 7]]);
    expect((await all(loader)).map((t) => t.toArraySync())).toEqual([[1], [9, 8, 7]]);
    const wrong = new DataLoader(ten, { batchSampler: { length: 1, batches: () => [[10]] }, ...asIs });
    await expect(all(wrong)).rejects.toThrow(/batchBy: position 10/);
  });

  test("[S21] distributed: PyTorch's positions without shuffling", () => {
    for (const { length, replicas, drop, indices } of recorded.distributed) {
      const parts = numbers(replicas).map((rank) => {
        const sampler = new samplers.DistributedSampler(numbers(length), {
          replicas,
          rank,
          shuffle: false,
          dropLast: drop,
        });
        const part = [...sampler.indices(0)];
        expect(part.length).toBe(sampler.length);
        return part;
      });
      expect([length, replicas, drop, parts]).toEqual([length, replicas, drop, indices]);
    }
  });

  test("[S21] distributed: disjoint parts that are the whole, different in every epoch; setEpoch", async () => {
    const build = (rank: number): samplers.DistributedSampler =>
      new samplers.DistributedSampler(numbers(12), { replicas: 3, rank, seed: 5 });
    const epochs = [0, 1].map((epoch) => [0, 1, 2].map((rank) => [...build(rank).indices(epoch)]));
    for (const parts of epochs) expect(inOrder(parts.flat())).toEqual(numbers(12));
    expect(epochs[0]).not.toEqual(epochs[1]);
    const sampler = build(1);
    const loader = new DataLoader(numbers(12), { sampler, ...asIs });
    expect((await all(loader)).flat()).toEqual(epochs[0]![1]);
    expect((await all(loader)).flat()).toEqual(epochs[1]![1]);
    sampler.setEpoch(0);
    expect((await all(loader)).flat()).toEqual(epochs[0]![1]);
    expect(() => build(3)).toThrow(/the rank must be below 3/);
  });
});
