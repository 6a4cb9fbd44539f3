import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Dataset } from "./dataset.ts";
import { hostArray, type HostArray } from "./hostArray.ts";
import { slices } from "./slices.ts";
import { stack } from "./stack.ts";

const count = (length: number): number[] => Array.from({ length }, (_, index) => index);
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** The numbers from 0 on, as a stream without random access. */
const stream = (length: number): Dataset<number> =>
  Dataset.from(function* () {
    yield* count(length);
  });
const asIs = { collate: (elements: number[]): number[] => elements };

describe("Dataset sources", () => {
  const sources: [string, Dataset<number>][] = [
    ["array", Dataset.from([0, 1, 2])],
    ["typed array", Dataset.from(Uint8Array.of(0, 1, 2))],
    ["array-like", Dataset.from({ length: 3, 0: 0, 1: 1, 2: 2 })],
    ["length and get", Dataset.from({ length: 3, get: (index: number) => index })],
    ["length and get that takes time", Dataset.from({ length: 3, get: async (index: number) => index })],
    ["set", Dataset.from(new Set([0, 1, 2]))],
    ["generator function", stream(3)],
    [
      "async generator function",
      Dataset.from(async function* () {
        for (const value of [0, 1, 2]) {
          await sleep(1);
          yield value;
        }
      }),
    ],
    ["another dataset", Dataset.from(Dataset.from([0, 1, 2]))],
    ["another dataset, a stream", Dataset.from(stream(3))],
  ];
  test.each(sources)("%s, epoch after epoch", async (_name, dataset) => {
    for (let epoch = 0; epoch < 3; epoch++) {
      expect(dataset.nextEpoch).toBe(epoch);
      expect(await dataset.toArray()).toEqual([0, 1, 2]);
    }
  });

  test("get keeps its this", async () => {
    class Source {
      length = 2;
      #offset = 10;
      get(index: number): number {
        return this.#offset + index;
      }
    }
    expect(await Dataset.from(new Source()).toArray()).toEqual([10, 11]);
  });

  test("a generator function is told the epoch", async () => {
    const dataset = Dataset.from((epoch: number) => [epoch]);
    expect([await dataset.toArray(), await dataset.toArray()]).toEqual([[0], [1]]);
  });

  test("refuses an iterator, which would be empty in the second epoch", () => {
    expect(() => Dataset.from({ x: [1], y: [2] } as never)).toThrow(
      /got an object with x, y; .* use Dataset\.fromTensorSlices/,
    );
    expect(() => Dataset.from(count(3).values())).toThrow(/an iterator can be read only once.*; give the function/);
    expect(() => Dataset.from((async function* () {})())).toThrow(ArgumentError);
  });
});

describe("Dataset steps", () => {
  const steps: [string, (dataset: Dataset<number>) => Dataset<unknown>, length: number, elements: unknown[]][] = [
    ["map", (d) => d.map((x) => x * x), 5, [0, 1, 4, 9, 16]],
    ["map that takes time", (d) => d.map(async (x) => x * x), 5, [0, 1, 4, 9, 16]],
    ["take", (d) => d.take(2), 2, [0, 1]],
    ["take none", (d) => d.take(0), 0, []],
    ["take more than there are", (d) => d.take(9), 5, [0, 1, 2, 3, 4]],
    ["skip", (d) => d.skip(1), 4, [1, 2, 3, 4]],
    ["skip all", (d) => d.skip(9), 0, []],
    ["repeat", (d) => d.repeat(2), 10, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]],
    ["repeat none", (d) => d.repeat(0), 0, []],
    ["repeat for ever, and take", (d) => d.repeat().take(7), 7, [0, 1, 2, 3, 4, 0, 1]],
    ["batch", (d) => d.batch(2, asIs), 3, [[0, 1], [2, 3], [4]]],
    [
      "batch without the last",
      (d) => d.batch(2, { ...asIs, dropLast: true }),
      2,
      [
        [0, 1],
        [2, 3],
      ],
    ],
    ["batch larger than all", (d) => d.batch(9, asIs), 1, [[0, 1, 2, 3, 4]]],
    ["batch larger than all, without the last", (d) => d.batch(9, { ...asIs, dropLast: true }), 0, []],
    [
      "batch of mapped that take time",
      (d) => d.map(async (x) => -x).batch(3, asIs),
      2,
      [
        [-0, -1, -2],
        [-3, -4],
      ],
    ],
    ["collate that takes time", (d) => d.batch(3, { collate: async (elements) => elements.length }), 2, [3, 2]],
    [
      "batches mapped, skipped and taken",
      (d) =>
        d
          .batch(2, asIs)
          .map((batch) => batch.length)
          .skip(1)
          .take(1),
      1,
      [2],
    ],
    ["prefetch", (d) => d.prefetch(3), 5, [0, 1, 2, 3, 4]],
    ["shuffle of one", (d) => d.take(1).shuffle({ buffer: 4 }), 1, [0]],
    ["shuffle of none", (d) => d.take(0).shuffle({ buffer: 4 }), 0, []],
  ];
  test.each(steps)("%s", async (_name, step, length, elements) => {
    const indexed = step(Dataset.from(count(5)));
    expect(indexed.length).toBe(length);
    expect(await indexed.toArray()).toEqual(elements);
    // The same steps behind prefetch go the way of streams.
    const streamed = step(Dataset.from(count(5)).prefetch());
    expect(streamed.length).toBe(length);
    expect(await streamed.toArray()).toEqual(elements);
    // And a generator's length is unknown until it is told.
    const generated = step(stream(5));
    expect([undefined, length]).toContain(generated.length);
    expect(await generated.toArray()).toEqual(elements);
  });

  test("[S4] 1000 elements in batches of 32 are 32 batches, the last of 8", async () => {
    const dataset = Dataset.from(count(1000)).batch(32);
    expect(dataset.length).toBe(32);
    const batches = await dataset.toArray();
    expect(batches.map(({ shape }) => shape)).toEqual([...Array<number[]>(31).fill([32]), [8]]);
    expectTypeOf(batches).toEqualTypeOf<Tensor[]>();
    const onHost = await Dataset.from(count(3))
      .batch(2, { collate: (elements) => stack(elements) })
      .toArray();
    expectTypeOf(onHost).toEqualTypeOf<HostArray[]>();
    expect(onHost.map(({ shape }) => shape)).toEqual([[2], [1]]);
  });

  test("[S6] repeat(2) of 10 elements yields 20", async () => {
    const dataset = Dataset.from(count(10)).repeat(2);
    expect(dataset.length).toBe(20);
    expect(await dataset.toArray()).toEqual([...count(10), ...count(10)]);
  });

  test("[S8] [S20] skip(1) of a generator's lines starts behind the header, and take ends early", async () => {
    const lines = Dataset.from(function* () {
      yield* ["x,y", "1,2", "3,4"];
    });
    expect(await lines.skip(1).take(1).toArray()).toEqual(["1,2"]);
  });

  test("[S1] slices of (1000, 32) and (1000,) are 1000 elements of (32) and ()", async () => {
    const features = hostArray(
      Float32Array.from({ length: 32_000 }, (_, index) => index),
      [1000, 32],
    );
    const labels = hostArray(Int32Array.from(count(1000)));
    const dataset = Dataset.from(slices([features, labels]));
    expect(dataset.length).toBe(1000);
    const elements = await dataset.toArray();
    expect(elements.length).toBe(1000);
    expect(elements[999]!.map(({ dtype, shape }) => `${dtype} [${shape}]`)).toEqual(["f32 [32]", "i32 []"]);
    expect([...elements[999]![1].data]).toEqual([999]);

    const [x, y] = (await dataset.shuffle({ seed: 1 }).batch(64).take(1).toArray())[0]!;
    expectTypeOf(x).toEqualTypeOf<Tensor>();
    expect([x.dtype, x.shape, y.dtype, y.shape]).toEqual(["f32", [64, 32], "i32", [64]]);
    expect([...x.dataSync()].filter((_, at) => at % 32 === 0)).toEqual([...y.dataSync()].map((label) => label * 32));
  });

  test("slices of tensors", async () => {
    const pairs = Dataset.from(
      slices([
        tensor([
          [0, 1],
          [2, 3],
          [4, 5],
        ]),
        tensor([true, false, true]),
      ]),
    );
    const [[x, y], last] = (await pairs.batch(2).toArray()) as [[Tensor, Tensor], [Tensor, Tensor]];
    expect([x.toArraySync(), y.toArraySync(), y.dtype]).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
      [true, false],
      "bool",
    ]);
    expect(last[0].toArraySync()).toEqual([[4, 5]]);
    const [first] = await Dataset.from(slices(tensor([7, 8]))).toArray();
    expectTypeOf(first!).toEqualTypeOf<HostArray>();
    expect(first).toEqual(hostArray(Float32Array.of(7), []));
  });

  test("map tells every element's epoch and place", async () => {
    for (const dataset of [Dataset.from(["a", "b"]), Dataset.from(["a", "b"]).prefetch()]) {
      const placed = dataset.map((text, { epoch, index }) => `${text}${epoch}${index}`);
      expect([await placed.toArray(), await placed.toArray()]).toEqual([
        ["a00", "b01"],
        ["a10", "b11"],
      ]);
    }
  });

  test("[S18] a source with a transform, as PyTorch's Dataset class", async () => {
    const examples = Dataset.from(
      slices({ image: hostArray(Uint8Array.of(0, 51, 255, 102), [2, 2]), label: hostArray(Uint8Array.of(3, 7)) }),
    );
    const scaled = examples.map(({ image, label }) => ({
      image: Float32Array.from(image.data, (v) => v / 255),
      label,
    }));
    const [batch] = await scaled.batch(2).toArray();
    const { image, label } = batch!;
    expect([image.dtype, image.shape, label.dtype]).toEqual(["f32", [2, 2], "u8"]);
    expect([...image.dataSync()].map((v) => v.toFixed(1))).toEqual(["0.0", "0.2", "1.0", "0.4"]);
    expect(label.toArraySync()).toEqual([3, 7]);
  });

  test("steps compute nothing before an element is asked for, and skipped elements never", async () => {
    const seen: number[] = [];
    const dataset = Dataset.from(count(10)).map((x) => {
      seen.push(x);
      return x;
    });
    const last = dataset.skip(8).batch(1, asIs);
    expect(seen).toEqual([]);
    await last.toArray();
    expect(seen).toEqual([8, 9]);
  });
});

describe("Dataset shuffle", () => {
  const shuffled = (seed: number, length: number = 100): Dataset<number> =>
    Dataset.from(count(length)).shuffle({ seed });
  const inOrder = (values: number[]): number[] => [...values].sort((a, b) => a - b);

  test("[S3] [AE4] a permutation; same seed, same order; other epochs and seeds, other orders", async () => {
    const dataset = shuffled(42);
    const [first, second] = [await dataset.toArray(), await dataset.toArray()];
    expect(inOrder(first)).toEqual(count(100));
    expect(inOrder(second)).toEqual(count(100));
    expect(first).not.toEqual(count(100));
    expect(second).not.toEqual(first);
    const again = shuffled(42);
    expect([await again.toArray(), await again.toArray()]).toEqual([first, second]);
    expect(await shuffled(43).toArray()).not.toEqual(first);
  });

  test("[AE4] without reshuffling every epoch has the same order", async () => {
    for (const source of [Dataset.from(count(50)), stream(50)]) {
      const dataset = source.shuffle({ seed: 42, reshuffle: false, buffer: 20 });
      expect(await dataset.toArray()).toEqual(await dataset.toArray());
    }
  });

  test("nextEpoch resumes, and epoch(n) looks without counting", async () => {
    const run = shuffled(7);
    const orders = [await run.toArray(), await run.toArray(), await run.toArray()];
    const resumed = shuffled(7);
    resumed.nextEpoch = 2;
    expect(await resumed.toArray()).toEqual(orders[2]);
    const looked: number[] = [];
    for await (const value of resumed.epoch(1)) looked.push(value);
    expect(looked).toEqual(orders[1]);
    expect(resumed.nextEpoch).toBe(3);
  });

  test("an epoch left early counts; two iterations at once do not disturb each other", async () => {
    const dataset = shuffled(1, 10);
    for await (const _ of dataset) break;
    const [second, third] = [dataset[Symbol.asyncIterator](), dataset[Symbol.asyncIterator]()];
    const orders: [number[], number[]] = [[], []];
    for (let at = 0; at < 10; at++) {
      orders[0].push((await second.next()).value!);
      orders[1].push((await third.next()).value!);
    }
    const again = shuffled(1, 10);
    await again.toArray();
    expect(orders).toEqual([await again.toArray(), await again.toArray()]);
  });

  test("exact behind map, take, skip and batch", async () => {
    const dataset = Dataset.from(count(100))
      .map((x) => x + 1)
      .skip(10)
      .take(80)
      .shuffle({ seed: 3 });
    expect(inOrder(await dataset.toArray())).toEqual(count(80).map((x) => x + 11));
    const batches = await Dataset.from(count(100)).batch(10, asIs).shuffle().toArray();
    expect(batches.map(([first]) => first)).not.toEqual(count(10).map((x) => 10 * x));
    expect(inOrder(batches.flat())).toEqual(count(100));
  });

  test("before repeat every round has an order of its own, the rounds of other epochs too", async () => {
    const dataset = shuffled(5, 20).repeat(2);
    const rounds: number[][] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      const values = await dataset.toArray();
      rounds.push(values.slice(0, 20), values.slice(20));
    }
    expect(new Set(rounds.map(String)).size).toBe(4);
    for (const round of rounds) expect(inOrder(round)).toEqual(count(20));
  });

  test("[S3] streams go through a buffer: a permutation, and weak when the buffer is small", async () => {
    const first = await stream(1000).shuffle({ seed: 42, buffer: 10 }).toArray();
    expect(inOrder(first)).toEqual(count(1000));
    expect(first).toEqual(await stream(1000).shuffle({ seed: 42, buffer: 10 }).toArray());
    expect(first).not.toEqual(count(1000));
    // An element cannot come earlier than its place less the buffer.
    for (const [place, value] of first.entries()) expect(value - place).toBeLessThan(10);
    const strong = await stream(1000).shuffle(1000).toArray();
    expect(Math.max(...strong.slice(0, 100))).toBeGreaterThan(500);
    expect(() => stream(5).shuffle()).toThrow(/give its size, as in shuffle\(1000\)/);
  });

  test("property: any pipeline gives every element once, and the same again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.integer({ min: 1, max: 9 }),
        fc.integer(),
        fc.nat(5),
        async (length, size, seed, epoch) => {
          const build = (): Dataset<number> =>
            Dataset.from(count(length))
              .shuffle({ seed })
              .batch(size, asIs)
              .prefetch()
              .shuffle({ seed, buffer: 3 })
              .map((batch) => (batch.length === 0 ? [] : batch))
              .batch(2, { collate: (batches) => batches.flat() })
              .map((values) => values.length);
          const sizes: number[] = [];
          for await (const value of build().epoch(epoch)) sizes.push(value);
          expect(sizes.reduce((a, b) => a + b, 0)).toBe(length);
          const flat = Dataset.from(count(length))
            .shuffle({ seed })
            .batch(size, asIs)
            .prefetch()
            .shuffle({ seed, buffer: 3 });
          flat.nextEpoch = epoch;
          const values = (await flat.toArray()).flat();
          expect(inOrder(values)).toEqual(count(length));
          flat.nextEpoch = epoch;
          expect((await flat.toArray()).flat()).toEqual(values);
        },
      ),
    );
  });
});

describe("Dataset concurrency", () => {
  /** A function that takes longer for early elements, and counts how many calls are under way. */
  function worker(): { f: (x: number) => Promise<number>; peak: () => number } {
    let [running, peak] = [0, 0];
    return {
      f: async (x) => {
        peak = Math.max(peak, ++running);
        await sleep(x % 3 === 0 ? 6 : 1);
        running--;
        return x;
      },
      peak: () => peak,
    };
  }
  const ways: [string, (f: (x: number) => Promise<number>, parallel: number) => Dataset<unknown>][] = [
    ["indexed", (f, parallel) => Dataset.from(count(12)).map(f, { parallel })],
    ["streamed", (f, parallel) => stream(12).map(f, { parallel })],
    ["batched", (f, parallel) => Dataset.from(count(12)).map(f, { parallel }).batch(6, asIs)],
    [
      "shuffled and batched",
      (f, parallel) =>
        Dataset.from(count(12))
          .map(f, { parallel })
          .shuffle()
          .batch(12, { collate: (e) => e.sort((a, b) => a - b) }),
    ],
  ];
  test.each(ways)("[S2] map in parallel keeps the order and the bound: %s", async (_name, build) => {
    for (const parallel of [1, 4]) {
      const { f, peak } = worker();
      expect((await build(f, parallel).toArray()).flat()).toEqual(count(12));
      expect(peak()).toBe(parallel);
    }
  });

  test("[S5] prefetch overlaps making elements with working on them", async () => {
    const time = async (dataset: Dataset<number>): Promise<number> => {
      const start = performance.now();
      for await (const _ of dataset) await sleep(15);
      return performance.now() - start;
    };
    const slow = Dataset.from(count(10)).map(async (x) => {
      await sleep(15);
      return x;
    });
    // 10 × (15 + 15) against 15 + 10 × 15.
    const [apart, together] = [await time(slow), await time(slow.prefetch())];
    expect(together).toBeLessThan(0.9 * apart);
  });

  test("prefetch asks for no more than it was told to", async () => {
    let made = 0;
    const dataset = Dataset.from(count(20)).map((x) => {
      made++;
      return x;
    });
    let used = 0;
    for await (const _ of dataset.prefetch(3)) {
      used++;
      await sleep(1);
      expect(made).toBeLessThanOrEqual(Math.min(20, used + 3));
    }
    expect(used).toBe(20);
  });

  const failing: [string, () => Dataset<unknown>][] = [
    ["map", () => Dataset.from(count(9)).map(fail)],
    ["map of a stream", () => stream(9).map(fail)],
    ["parallel map", () => Dataset.from(count(9)).map(async (x) => fail(x), { parallel: 4 })],
    ["parallel map of a stream", () => stream(9).map(async (x) => fail(x), { parallel: 4 })],
    ["prefetch", () => Dataset.from(count(9)).map(fail).prefetch(4)],
    [
      "parallel map and prefetch",
      () =>
        Dataset.from(count(9))
          .map(async (x) => fail(x), { parallel: 4 })
          .prefetch(4),
    ],
  ];
  function fail(x: number): number {
    if (x >= 3) throw new Error(`element ${x}`);
    return x;
  }
  test.each(failing)("a failure is met at its element and ends the epoch: %s", async (_name, build) => {
    const seen: unknown[] = [];
    await expect(
      (async () => {
        for await (const value of build()) {
          seen.push(value);
          await sleep(1);
        }
      })(),
    ).rejects.toThrow("element 3");
    expect(seen).toEqual([0, 1, 2]);
  });

  test("leaving early closes the source", async () => {
    let closed = 0;
    const source = Dataset.from(async function* () {
      try {
        for (let value = 0; ; value++) yield value;
      } finally {
        closed++;
      }
    });
    const pipelines = [
      source,
      source.map((x) => x),
      source.batch(2),
      source.shuffle(3),
      source.prefetch(2),
      source.skip(1),
      source.repeat(),
      source.take(5),
    ];
    for (const pipeline of pipelines) for await (const _ of pipeline) break;
    expect(closed).toBe(pipelines.length);
    await source.take(3).toArray();
    expect(closed).toBe(pipelines.length + 1);
  });

  test("repeating nothing ends", async () => {
    expect(await Dataset.from([]).repeat().toArray()).toEqual([]);
    expect(Dataset.from([]).repeat().length).toBe(0);
    expect(Dataset.from([1]).repeat().length).toBe(Infinity);
  });
});

describe("Dataset mistakes", () => {
  const dataset = Dataset.from([1, 2, 3]);
  const mistakes: [string, () => unknown, RegExp][] = [
    ["batch 0", () => dataset.batch(0), /batch: the size must be a whole number of 1 or more, got 0/],
    ["batch 1.5", () => dataset.batch(1.5), /got 1.5/],
    ["take -1", () => dataset.take(-1), /take: the count must be a whole number of 0 or more/],
    ["skip NaN", () => dataset.skip(Number.NaN), /skip: .* got NaN/],
    ["repeat -1", () => dataset.repeat(-1), /repeat: /],
    ["prefetch 0", () => dataset.prefetch(0), /prefetch: /],
    ["shuffle 0", () => dataset.shuffle(0), /shuffle: the buffer/],
    ["seed 0.5", () => dataset.shuffle({ seed: 0.5 }), /seed must be a whole number/],
    ["parallel 0", () => dataset.map((x) => x, { parallel: 0 }), /map: parallel/],
    ["epoch -1", () => dataset.epoch(-1), /epoch: its number/],
    ["length -1", () => Dataset.from({ length: -1, get: () => 1 }), /Dataset.from: length/],
  ];
  test.each(mistakes)("%s", (_name, make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});
