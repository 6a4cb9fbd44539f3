import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ArgumentError, DataError, ShapeError, type MyelinError } from "../core/errors.ts";
import { HostRandom } from "../core/random.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Dataset } from "./dataset.ts";
import { hostArray, type HostArray } from "./hostArray.ts";
import { slices } from "./slices.ts";
import * as transforms from "./transforms/index.ts";
import { parseNpy, serializeNpy } from "../formats/npy.ts";
import { pipelineStats } from "./stages/describe.ts";
import { indexedSource } from "./stages/source.ts";

type Lists = (number | Lists)[];
/** What tf.data gives for the same pipelines. */
const recorded = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/pipelines.json", import.meta.url), "utf8"),
) as {
  windows: { options: [number, number, number, number, boolean]; elements: Lists }[];
  interleaved: { options: [number[], number, number]; elements: Lists }[];
  shards: Lists[];
} & Record<
  | "padded"
  | "padded to 6 with -1"
  | "buckets"
  | "flat map"
  | "zip"
  | "enumerate"
  | "skip, take, repeat, batch"
  | "unbatch",
  Lists
>;

const asIs = <T>(elements: T[]): T[] => elements;
const lists = (tensors: readonly Tensor[]): Lists => tensors.map((t) => t.toArraySync() as Lists);
/** 1 to 7, each as often as its remainder by 4 and one says. */
const ragged = Dataset.range(1, 8).map((x) => Float32Array.from({ length: (x % 4) + 1 }, () => x));

describe("Dataset against tf.data", () => {
  test("windows", async () => {
    for (const { options, elements } of recorded.windows) {
      const [count, size, shift, stride, dropRemainder] = options;
      for (const source of [Dataset.range(count), Dataset.range(count).prefetch(1)]) {
        const windows = source.window(size, { shift, stride, dropRemainder });
        expect([options, await windows.toArray()]).toEqual([options, elements]);
        expect(windows.length).toBe(elements.length);
      }
    }
  });

  test("interleave", async () => {
    for (const { options, elements } of recorded.interleaved) {
      const [counts, cycle, block] = options;
      const made = Dataset.range(counts.length).interleave((i) => new Array<number>(counts[i]!).fill(i), {
        cycle,
        block,
      });
      expect([options, await made.toArray()]).toEqual([options, elements]);
    }
  });

  const cases: [keyof typeof recorded, () => Promise<unknown>][] = [
    ["padded", async () => lists(await ragged.paddedBatch(3).toArray())],
    [
      "padded to 6 with -1",
      async () => lists(await ragged.paddedBatch(3, { shapes: [6], value: -1, dropLast: true }).toArray()),
    ],
    [
      "buckets",
      async () => {
        const options = { boundaries: [2, 4], sizes: [2, 2, 3] };
        return lists(await ragged.bucketBySequenceLength((x) => x.length, options).toArray());
      },
    ],
    ["shards", () => Promise.all([0, 1, 2].map((which) => Dataset.range(10).shard(3, which).toArray()))],
    [
      "flat map",
      () =>
        Dataset.range(4)
          .flatMap((x) => Dataset.range(x))
          .toArray(),
    ],
    ["zip", () => Dataset.zip([Dataset.range(3), Dataset.range(10, 20)]).toArray()],
    ["enumerate", async () => await Dataset.range(5, 8).enumerate().toArray()],
    [
      "skip, take, repeat, batch",
      () => Dataset.range(10).skip(2).take(5).repeat(2).batch(3, { collate: asIs }).toArray(),
    ],
    [
      "unbatch",
      async () => {
        const rows = await Dataset.fromTensorSlices(
          tensor([
            [1, 2],
            [3, 4],
          ]),
        )
          .unbatch()
          .toArray();
        return rows.map(({ data }) => data[0]);
      },
    ],
  ];
  test.each(cases)("%s", async (name, made) => {
    expect(await made()).toEqual(recorded[name]);
  });
});

describe("Dataset stages", () => {
  test("filter, with functions that take time, and told the place", async () => {
    expect(
      await Dataset.range(6)
        .filter((x) => x % 2 === 0)
        .toArray(),
    ).toEqual([0, 2, 4]);
    expect(
      await Dataset.range(6)
        .filter(async (_, { index }) => index > 3)
        .toArray(),
    ).toEqual([4, 5]);
    expect(Dataset.range(6).filter(() => true).length).toBe(undefined);
  });

  test("range, fromTensors, fromTensorSlices, generator", async () => {
    expect(await Dataset.range(2, 8, 3).toArray()).toEqual([2, 5]);
    expect(await Dataset.range(3, 0, -1).toArray()).toEqual([3, 2, 1]);
    expect(Dataset.range(5, 1).length).toBe(0);
    const pair = [tensor([1, 2]), "a"] as const;
    expect(await Dataset.fromTensors(pair).toArray()).toEqual([pair]);
    const rows = Dataset.fromTensorSlices({
      x: tensor([
        [1, 2],
        [3, 4],
      ]),
      y: hostArray(Uint8Array.of(5, 6)),
    });
    expect(rows.length).toBe(2);
    expect((await rows.toArray())[1]!.y).toEqual(hostArray(Uint8Array.of(6), []));
    const known = Dataset.generator((epoch) => [epoch, 1, 2], { length: 3 });
    expect(known.batch(2).length).toBe(2);
    expect(await known.toArray()).toEqual([0, 1, 2]);
  });

  test("zip of an object; concat of several; lengths", async () => {
    const zipped = Dataset.zip({ x: Dataset.range(3), t: Dataset.from(["a", "b"]) });
    expect(zipped.length).toBe(2);
    expect(await zipped.toArray()).toEqual([
      { x: 0, t: "a" },
      { x: 1, t: "b" },
    ]);
    expect(
      (
        await Dataset.zip([Dataset.range(3), Dataset.from([9, 8, 7])])
          .shuffle({ seed: 1 })
          .toArray()
      ).length,
    ).toBe(3);
    const all = Dataset.range(2).concat(
      Dataset.range(10, 12),
      Dataset.generator(() => [7]),
    );
    expect(all.length).toBe(undefined);
    expect(await all.toArray()).toEqual([0, 1, 10, 11, 7]);
    expect(Dataset.range(2).concat(Dataset.range(3)).length).toBe(5);
  });

  test("select: a subset, a sample with repetitions, another in every epoch", async () => {
    expect(await Dataset.range(10).select([9, 3, 3]).toArray()).toEqual([9, 3, 3]);
    const each = Dataset.range(10).select({ length: 2, of: (epoch) => [epoch, epoch + 1] });
    expect([await each.toArray(), await each.toArray()]).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(() => Dataset.range(10).select([3, 10])).toThrow(/position 10 \(number 1\) is none of a dataset of 10/);
    expect(() => Dataset.range(10).prefetch().select([1])).toThrow(ArgumentError);
    await expect(
      Dataset.range(3)
        .select({ length: 1, of: () => [] })
        .toArray(),
    ).rejects.toThrow(/1 positions were/);
  });

  test("paddedBatch pads every field, in every axis, by its own value", async () => {
    const [batch] = await Dataset.from([
      { ids: [1, 2, 3], grid: hostArray(Int32Array.of(1, 2), [2, 1]), name: "a", y: 1 },
      { ids: [4], grid: hostArray(Int32Array.of(3, 4, 5), [1, 3]), name: "b", y: 0 },
    ])
      .paddedBatch(2, { value: { ids: -1, grid: 9 }, shapes: { ids: [4] } })
      .toArray();
    const { ids, grid, name, y } = batch!;
    expect([ids.toArraySync(), name, y.toArraySync()]).toEqual([
      [
        [1, 2, 3, -1],
        [4, -1, -1, -1],
      ],
      ["a", "b"],
      [1, 0],
    ]);
    expect([grid.dtype, grid.toArraySync()]).toEqual([
      "i32",
      [
        [
          [1, 9, 9],
          [2, 9, 9],
        ],
        [
          [3, 4, 5],
          [9, 9, 9],
        ],
      ],
    ]);
    const long = Dataset.from([
      [1, 2],
      [1, 2, 3],
    ]).paddedBatch(2, { shapes: [2] });
    await expect(long.toArray()).rejects.toThrow(
      /element 1 has shape \[3\], which does not fit into \[2\]; crop it with map/,
    );
    await expect(
      Dataset.from([[1]])
        .paddedBatch(2, { shapes: [2, 2] })
        .toArray(),
    ).rejects.toThrow(ShapeError);
  });

  test("sample mixes by weight, gives every element once, and can stop with the first that is empty", async () => {
    const [a, b] = [Dataset.range(1000), Dataset.range(1000, 4000)];
    const mixed = Dataset.sample([a, b], { weights: [1, 3], seed: 5 });
    expect(mixed.length).toBe(4000);
    const values = await mixed.toArray();
    expect([...values].sort((x, y) => x - y)).toEqual(await Dataset.range(4000).toArray());
    const share = values.slice(0, 2000).filter((x) => x < 1000).length / 2000;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
    expect(await mixed.toArray()).not.toEqual(values);
    mixed.nextEpoch = 0;
    expect(await mixed.toArray()).toEqual(values);
    const stopped = await Dataset.sample([Dataset.range(5), b], { stopOnEmpty: true }).toArray();
    expect(stopped.filter((x) => x < 5).length).toBe(5);
    expect(stopped.length).toBeLessThan(40);
    expect(() => Dataset.sample([a, b], { weights: [1] })).toThrow(/1 weights for 2 datasets/);
    expect(() => Dataset.sample([])).toThrow(ArgumentError);
  });

  test("rejectionResample evens out classes, whether shares are told or counted", async () => {
    const random = new HostRandom(3);
    const skewed = Dataset.from(Array.from({ length: 8000 }, () => Number(random.uniform() < 0.1)));
    for (const initial of [undefined, [0.9, 0.1]]) {
      const even = skewed.rejectionResample((x) => x, { target: [0.5, 0.5], seed: 1, ...(initial && { initial }) });
      const values = await even.toArray();
      const ones = values.filter((x) => x === 1).length;
      expect(Math.abs(ones / values.length - 0.5)).toBeLessThan(0.05);
      // Of the rare class hardly any is lost.
      expect(ones).toBeGreaterThan(700);
    }
    await expect(skewed.rejectionResample(() => 2, { target: [1, 1] }).toArray()).rejects.toThrow(
      /rejectionResample \(stage 2\), element 0 of epoch 0: class 2 is none of the 2 of target/,
    );
  });

  test("rows that are gathered at once are what stacking each would give, in any order and behind any cut", async () => {
    const arrays = {
      x: hostArray(
        Float32Array.from({ length: 30 }, (_, at) => at),
        [10, 3],
      ),
      y: hostArray(Int32Array.from({ length: 10 }, (_, at) => -at)),
      wide: hostArray(
        Uint8Array.from({ length: 500 }, (_, at) => at % 251),
        [10, 5, 10],
      ),
      flag: hostArray(
        Uint8Array.from({ length: 10 }, (_, at) => at % 2),
        [10],
        "bool",
      ),
    };
    const { length, get } = slices(arrays);
    const cut = (d: Dataset<Record<string, HostArray>>): Dataset<Record<string, HostArray>> =>
      d.shuffle({ seed: 4 }).skip(1).shard(2, 1).take(4);
    const gathered = Dataset.from(slices(arrays));
    const each = Dataset.from({ length, get: (index: number) => get(index) as Record<string, HostArray> });
    expect(await cut(gathered).batch(3, { host: true }).toArray()).toEqual(
      await cut(each).batch(3, { host: true }).toArray(),
    );
    const [tuple] = await Dataset.from(slices([arrays.x, arrays.flag]))
      .batch(2)
      .toArray();
    expect(tuple!.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ["f32", [2, 3]],
      ["bool", [2]],
    ]);
    const [one] = await Dataset.fromTensorSlices(arrays.y).batch(3).take(1).toArray();
    expect(one!.toArraySync()).toEqual([0, -1, -2]);
  });

  test("[S15] stages are at work at the same time: the next elements are made while one is used", async () => {
    const events: string[] = [];
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
    const staged = Dataset.range(4)
      .map(async (x) => {
        events.push(`make ${x}`);
        await pause();
        return x;
      })
      .prefetch(2);
    for await (const x of staged) {
      events.push(`use ${x}`);
      await pause();
      await pause();
      await pause();
      events.push(`used ${x}`);
    }
    for (const x of [1, 2]) expect(events.indexOf(`make ${x + 1}`)).toBeLessThan(events.indexOf(`used ${x}`));
    expect(events.filter((event) => event.startsWith("make")).length).toBe(4);
  });

  test("[S17] training images are shuffled, normalised and flipped, other ones in every epoch; validation is as it is", async () => {
    const count = 300;
    const images = hostArray(
      Uint8Array.from({ length: count * 4 }, (_, at) => (at % 4 === 0 ? 255 : at % 251)),
      [count, 2, 2, 1],
    );
    const labels = hostArray(Int32Array.from({ length: count }, (_, index) => index));
    const steps = transforms.pipeline([transforms.toFloat(), transforms.randomHorizontalFlip()], { seed: 42 });
    const data = slices([images, labels]);
    const build = (): Dataset<[Tensor, Tensor]> =>
      Dataset.from(data)
        .shuffle({ seed: 42, buffer: 10_000 })
        .map(([image, label], place) => [steps.train(image, place), label] as const)
        .batch(64)
        .prefetch();
    const train = build();
    const epochs = [await train.toArray(), await train.toArray()];
    expect(epochs[0]!.map(([x, y]) => [x.dtype, x.shape, y.shape])).toEqual(
      [64, 64, 64, 64, 44].map((size) => ["f32", [size, 2, 2, 1], [size]]),
    );
    const [first, second] = epochs.map((batches) => batches.flatMap(([, y]) => y.toArraySync() as number[]));
    expect([...first!].sort((a, b) => a - b)).toEqual([...labels.data]);
    expect(second).not.toEqual(first);
    // Flipped: the full pixel stands on the right. About half of them.
    const flipped = epochs[0]!.flatMap(([x]) =>
      (x.toArraySync() as number[][][][]).filter((image) => image[0]![1]![0] === 1),
    );
    expect(Math.abs(flipped.length / count - 0.5)).toBeLessThan(0.12);
    const again = await build().toArray();
    expect(again.map(([x]) => x.toArraySync())).toEqual(epochs[0]!.map(([x]) => x.toArraySync()));

    const validation = Dataset.from(data)
      .map(([image, label]) => [steps.evaluate(image), label] as const)
      .batch(64);
    for (let epoch = 0; epoch < 2; epoch++) {
      const batches = await validation.toArray();
      expect(batches.flatMap(([, y]) => y.toArraySync() as number[])).toEqual([...labels.data]);
      expect((batches[0]![0].toArraySync() as number[][][][])[0]![0]![0]![0]).toBe(1);
    }
  });

  test("[S37] an array of a NumPy file, [100, 3], is 100 examples", async () => {
    const bytes = serializeNpy(
      hostArray(
        Float32Array.from({ length: 300 }, (_, at) => at),
        [100, 3],
      ),
    );
    const rows = Dataset.fromTensorSlices(parseNpy(bytes) as HostArray);
    expect(rows.length).toBe(100);
    expect((await rows.skip(99).toArray())[0]).toEqual(hostArray(Float32Array.of(297, 298, 299)));
  });

  test("[S15] the line of stages as text", () => {
    const pipeline = Dataset.from([1, 2, 3])
      .map((x) => x, { parallel: 4 })
      .shuffle({ seed: 7 })
      .batch(2)
      .prefetch();
    expect(pipeline.describe()).toBe(
      "array (3 elements) → map (4) → shuffle (seed 7) → batch (2) → prefetch (auto: 2)",
    );
    expect(
      Dataset.zip([Dataset.range(2), Dataset.generator(() => [1])])
        .repeat()
        .describe(),
    ).toBe("[range (2 elements) | generator] → zip → repeat (for ever)");
  });
});

describe("Dataset errors", () => {
  const boom = (x: number): number => {
    if (x === 2) throw new RangeError("too dark");
    return x;
  };
  const failing: [string, Dataset<unknown>, RegExp][] = [
    ["map", Dataset.range(5).map(boom), /^map \(stage 2\), element 2 of epoch 0: too dark/],
    [
      "map behind shuffle",
      Dataset.range(5)
        .map((x) => x)
        .map(async (x) => boom(x)),
      /^map \(stage 3\), element 2/,
    ],
    ["map of a stream", Dataset.range(5).prefetch().map(boom), /^map \(stage 3\), element 2/],
    ["filter", Dataset.range(5).filter((x) => boom(x) >= 0), /^filter \(stage 2\), element 2/],
    ["flatMap", Dataset.range(5).flatMap((x) => [boom(x)]), /^flatMap \(stage 2\), element 2/],
    ["interleave", Dataset.range(5).interleave((x) => [boom(x)]), /^interleave \(stage 2\), element 2/],
    ["source", Dataset.from({ length: 5, get: boom }), /^source \(stage 1\), element 2/],
    ["collate", Dataset.range(6).batch(2, { collate: ([x]) => boom(x!) }), /^batch \(stage 2\), element 1 of/],
    ["buckets", Dataset.range(5).bucketBySequenceLength(boom, { boundaries: [3], sizes: 9 }), /element 2 of/],
  ];
  test.each(failing)("what a function throws names stage and element: %s", async (_name, dataset, message) => {
    const error: unknown = await dataset.toArray().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).cause).toBeInstanceOf(RangeError);
  });

  test("typed errors keep their type, and name the user's line once", async () => {
    const error = (await Dataset.range(3)
      .map(() => {
        throw new ShapeError("no", { line: "train.ts:14" });
      })
      .toArray()
      .catch((thrown: unknown) => thrown)) as MyelinError;
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toBe("map (stage 2), element 0 of epoch 0: no  at train.ts:14");
  });

  test("ragged batches name batch, element and shapes", async () => {
    const shapes = Dataset.from([[1], [1], [1], [1, 2]]);
    await expect(shapes.batch(2).toArray()).rejects.toThrow(
      /^batch \(stage 2\), element 1 of epoch 0: batch: element 1 has shape \[2\], the first \[1\]; pad or crop/,
    );
    await expect(shapes.batch(2).toArray()).rejects.toThrow(ShapeError);
  });

  test("an iterator that a generator function gives twice", async () => {
    const once = [1, 2, 3].values();
    const dataset = Dataset.generator(() => once);
    expect(await dataset.toArray()).toEqual([1, 2, 3]);
    await expect(dataset.toArray()).rejects.toThrow(/gave an iterator that had been used; make a new one/);
  });

  test("no end: toArray refuses, stages that need an end say so", async () => {
    await expect(Dataset.range(3).repeat().toArray()).rejects.toThrow(/there is no end to these elements; use take/);
    expect(await Dataset.range(3).repeat().batch(2, { collate: asIs }).take(2).toArray()).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });

  test("nothing in, nothing out", async () => {
    const empty = Dataset.from<number>([]);
    const made = [
      empty.map(boom),
      empty.filter(() => true),
      empty.shuffle().batch(3),
      empty.paddedBatch(3),
      empty.window(2),
      empty.interleave(() => [1]),
      empty.flatMap(() => [1]),
      Dataset.zip([empty, Dataset.range(3)]),
      empty.concat(empty),
      empty.repeat(3),
      Dataset.sample([empty, empty]),
      empty.prefetch(),
      empty.shard(2, 1),
      empty.enumerate(),
    ];
    for (const dataset of made) {
      expect(await dataset.toArray()).toEqual([]);
      expect(dataset.length).toBe(0);
    }
  });
});

describe("Dataset.stats", () => {
  const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

  test("counts elements, finds who holds the others up", async () => {
    const slow = Dataset.range(30)
      .map(async (x) => {
        await sleep(4);
        return x;
      })
      .batch(3, { collate: asIs })
      .prefetch(2);
    expect(slow.stats().bottleneck).toBe(undefined);
    await slow.toArray();
    const stats = slow.stats();
    expect(stats.stages.map(({ name, elements }) => [name, elements])).toEqual([
      ["range", 30],
      ["map", 30],
      ["batch", 10],
      ["prefetch", 10],
    ]);
    expect([stats.elements, stats.bottleneck]).toEqual([10, "2 map"]);
    expect(stats.stalled).toBeGreaterThan(0.8);
    expect(stats.stages[1]!.busySeconds).toBeGreaterThan(30 * 0.003);
    expect(stats.stages[3]!.ready).toBeLessThan(2);
    expect(`${stats}`).toMatch(/2 {2}map .*\n.*batch \(3\)[^]*held up by: 2 map$/);

    const fed = Dataset.range(20).batch(2, { collate: asIs }).prefetch(2);
    for await (const _ of fed) await sleep(5);
    expect(fed.stats().stalled).toBeLessThan(stats.stalled);
    expect(fed.stats().stages[2]!.ready).toBeGreaterThan(1);
    const { stages } = stats;
    expect(stages.every(({ busySeconds, waitSeconds }) => busySeconds >= 0 && waitSeconds >= 0)).toBe(true);
  });

  test("every stage counts each element once, with random access and without", async () => {
    const names = async (d: Dataset<unknown>): Promise<unknown> => {
      await d.toArray();
      return d.stats().stages.map(({ name, elements }) => [name, elements]);
    };
    const rows = Dataset.fromTensorSlices(hostArray(new Float32Array(12))).shuffle({ seed: 1 });
    expect(await names(rows.batch(5))).toEqual([
      ["slices", 12],
      ["shuffle", 12],
      ["batch", 3],
    ]);
    const late = Dataset.generator(() => [1, 2, 3, 4])
      .map(async (x) => x, { parallel: 2 })
      .filter((x) => x > 1);
    expect(await names(late.shuffle(2).batch(2))).toEqual([
      ["generator", 4],
      ["map", 4],
      ["filter", 3],
      ["shuffle", 3],
      ["batch", 2],
    ]);
    const parallel = Dataset.range(6)
      .map(async (x) => x, { parallel: 2 })
      .cache()
      .batch(2)
      .prefetch();
    expect(await names(parallel)).toEqual([
      ["range", 6],
      ["map", 6],
      ["cache", 6],
      ["batch", 3],
      ["prefetch", 3],
    ]);
  });

  test("nobody holds up a consumer that hardly waits", () => {
    const stage = indexedSource("array", { length: 1, get: () => 1 });
    const flow = { elements: 10, total: 2000, stalled: 50 };
    const { bottleneck, stalled, seconds, elementsPerSecond, stallSeconds } = pipelineStats(stage, flow);
    expect([bottleneck, stalled, seconds, elementsPerSecond, stallSeconds]).toEqual(["consumer", 0.025, 2, 5, 0.05]);
    expect(pipelineStats(stage, { ...flow, stalled: 200 }).bottleneck).toBe("1 array");
  });

  test("[S14] automatic parallelism and depth: the number that was found is told, and order is kept", async () => {
    const map = Dataset.range(120).map(
      async (x) => {
        await sleep(3);
        return x;
      },
      { parallel: "auto" },
    );
    expect(map.stats().stages[1]!.window).toBe(2);
    expect(await map.toArray()).toEqual(await Dataset.range(120).toArray());
    expect(map.stats().stages[1]!.window).toBeGreaterThan(2);
    // Elements that come in bursts: a queue that was full runs empty.
    const bursts = Dataset.range(60)
      .map(async (x) => {
        if (x % 12 === 0) await sleep(12);
        return x;
      })
      .prefetch();
    for await (const _ of bursts) await sleep(1);
    expect(bursts.stats().stages[2]!.window).toBeGreaterThan(2);
    // And one that is always full stays short.
    const steady = Dataset.range(20).prefetch();
    for await (const _ of steady) await sleep(1);
    expect(steady.stats().stages[1]!.window).toBe(2);
  });
});
