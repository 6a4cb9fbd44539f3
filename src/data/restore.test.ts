import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import { Dataset } from "./dataset.ts";

type Numbers = Dataset<number>;
const asIs = <T>(elements: T[]): T[] => elements;
const sum = (elements: readonly number[]): number => elements.reduce((a, b) => 31 * a + b, 7);
const later = <T>(value: T, ticks: number): Promise<T> =>
  ticks === 0 ? Promise.resolve(value) : Promise.resolve().then(() => later(value, ticks - 1));

/** Sources of a few numbers, with and without random access. */
const sources: Record<string, (count: number) => Numbers> = {
  array: (count) => Dataset.from(Array.from({ length: count }, (_, index) => index)),
  range: (count) => Dataset.range(count),
  generator: (count) =>
    Dataset.generator(function* (epoch) {
      for (let index = 0; index < count; index++) yield 1000 * epoch + index;
    }),
  seekable: (count) =>
    Dataset.from({
      length: count,
      *open(epoch: number, from: number) {
        for (let index = from; index < count; index++) yield 1000 * epoch + index;
      },
    }),
};

/** Every stage, from numbers to numbers. */
const stages: Record<string, (dataset: Numbers, n: number) => Numbers> = {
  map: (d, n) => d.map((x, { epoch, index }) => 3 * x + epoch + index + n),
  "map in parallel": (d, n) => d.map((x, { index }) => later(x + index, (x + index) % 5), { parallel: 1 + (n % 4) }),
  "map in parallel, automatic": (d) => d.map((x) => later(x, x % 3), { parallel: "auto" }),
  filter: (d, n) => d.filter((x) => x % (2 + (n % 3)) !== 0),
  flatMap: (d, n) => d.flatMap((x) => Array.from({ length: (x + n) % 3 }, (_, at) => x + at)),
  "exact shuffle": (d, n) => d.shuffle({ seed: n, buffer: 1 + n }),
  "buffered shuffle": (d, n) => d.prefetch(1).shuffle({ seed: n, buffer: 1 + (n % 6) }),
  batch: (d, n) => d.batch(1 + (n % 3), { collate: sum }),
  "batches and back": (d, n) => d.batch(1 + (n % 3), { collate: asIs, dropLast: n % 2 === 0 }).flatMap(asIs),
  window: (d, n) => d.window(1 + (n % 3), { shift: 1 + (n % 4), stride: 1 + (n % 2) }).map(sum),
  "full windows": (d, n) => d.window(1 + (n % 3), { shift: 1 + (n % 2), dropRemainder: true }).map(sum),
  interleave: (d, n) =>
    d.interleave((x) => Array.from({ length: (x + n) % 4 }, (_, at) => x + at), {
      cycle: 1 + (n % 3),
      block: 1 + (n % 2),
    }),
  "flatMap of datasets": (d, n) => d.flatMap((x) => Dataset.range(x % 4).shuffle({ seed: n })),
  sample: (d, n) =>
    Dataset.sample([d, d.take(n), Dataset.range(3)], { weights: [2, 1, n], seed: n, stopOnEmpty: n % 2 === 0 }),
  "sample of unknown lengths": (d, n) => Dataset.sample([d, d.filter((x) => x % 2 === 0)], { seed: n }),
  rejectionResample: (d, n) => d.rejectionResample((x) => x % 3, { target: [1, 2, 3], seed: n }),
  "padded batch": (d, n) =>
    d
      .map((x) => new Array<number>(x % 3).fill(x))
      .paddedBatch(1 + (n % 3))
      .map((t) => sum(t.shape)),
  buckets: (d, n) =>
    d
      .bucketBySequenceLength((x) => x % 5, { boundaries: [1, 3], sizes: [1, 2, 1 + n] })
      .map((t) => sum(t.toArraySync() as number[])),
  enumerate: (d) => d.enumerate().map(sum),
  zip: (d, n) => Dataset.zip([d, d.skip(n % 4)]).map(sum),
  "zip with a stream": (d, n) => Dataset.zip({ a: d, b: d.prefetch(1 + n) }).map(({ a, b }) => sum([a, b])),
  concat: (d, n) => d.concat(d.take(n), d),
  take: (d, n) => d.take(5 + n),
  skip: (d, n) => d.skip(n % 5),
  shard: (d, n) => d.shard(1 + (n % 3), n % (1 + (n % 3))),
  repeat: (d, n) => d.repeat(1 + (n % 3)),
  "repeat for ever": (d, n) => d.repeat().take(20 + n),
  cache: (d) => d.cache(),
  prefetch: (d, n) => d.prefetch(1 + (n % 4)),
  "prefetch, automatic": (d) => d.prefetch(),
};

interface Plan {
  readonly source: string;
  readonly count: number;
  readonly steps: readonly (readonly [string, number])[];
}

const build = ({ source, count, steps }: Plan): Numbers =>
  steps.reduce((dataset, [name, n]) => stages[name]!(dataset, n), sources[source]!(count)).take(60);

const plan: fc.Arbitrary<Plan> = fc.record({
  source: fc.constantFrom(...Object.keys(sources)),
  count: fc.nat(14),
  steps: fc.array(fc.tuple(fc.constantFrom(...Object.keys(stages)), fc.nat(9)), { maxLength: 4 }),
});

const runs = process.env["MYELIN_FULL"] ? 3000 : 300;

describe("Dataset.restore", () => {
  test("property: what follows a restored position is what would have followed, for any pipeline and in any epoch", async () => {
    await fc.assert(
      fc.asyncProperty(plan, fc.nat(3), fc.nat(), async (plan, epoch, stop) => {
        const whole = build(plan);
        whole.nextEpoch = epoch;
        const [first, second] = [await whole.toArray(), await whole.toArray()];
        const position = stop % (first.length + 1);

        const stopped = build(plan);
        stopped.nextEpoch = epoch;
        const begun: number[] = [];
        const iterator = stopped[Symbol.asyncIterator]();
        while (begun.length < position) begun.push((await iterator.next()).value as number);
        const state = JSON.parse(JSON.stringify(stopped.state())) as ReturnType<typeof stopped.state>;
        await iterator.return(undefined);
        expect(begun).toEqual(first.slice(0, position));
        expect(state).toEqual({ epoch, position });

        const resumed = build(plan);
        resumed.restore(state);
        expect(await resumed.toArray()).toEqual(first.slice(position));
        expect(await resumed.toArray()).toEqual(second);
        // The same dataset can go on as well.
        stopped.restore(state);
        expect(await stopped.toArray()).toEqual(first.slice(position));
      }),
      { numRuns: runs },
    );
  });

  test.each(Object.keys(stages))("every position behind: %s", async (name) => {
    for (const source of Object.keys(sources)) {
      const plan = { source, count: 13, steps: [[name, 4]] as const };
      const [first, second] = await (async (whole: Numbers) => [await whole.toArray(), await whole.toArray()])(
        build(plan),
      );
      for (let position = 0; position <= first!.length; position++) {
        const resumed = build(plan);
        resumed.restore({ epoch: 0, position });
        expect(await resumed.toArray()).toEqual(first!.slice(position));
        expect(await resumed.toArray()).toEqual(second);
      }
    }
  });

  /** Numbers by position, and those that were asked for. */
  function counted(): { dataset: Numbers; asked: number[] } {
    const asked: number[] = [];
    return {
      dataset: Dataset.from({
        length: 100,
        get: (index: number) => {
          asked.push(index);
          return index;
        },
      }),
      asked,
    };
  }
  const seeking: [string, (d: Numbers) => Dataset<unknown>, position: number, elements: number][] = [
    ["nothing", (d) => d, 90, 10],
    ["map", (d) => d.map((x) => x), 90, 10],
    ["shuffle", (d) => d.shuffle({ seed: 1 }), 90, 10],
    ["shuffled batches", (d) => d.shuffle({ seed: 1 }).batch(10, { collate: asIs }).shuffle({ seed: 2 }), 9, 10],
    ["batches of a parallel map", (d) => d.map(async (x) => x, { parallel: 4 }).batch(10, { collate: asIs }), 9, 10],
    ["prefetch", (d) => d.batch(10, { collate: asIs }).prefetch(2), 9, 10],
    ["second round", (d) => d.repeat(2), 190, 10],
    ["concat", (d) => d.prefetch(1).concat(Dataset.range(10)), 95, 5],
    ["windows", (d) => d.window(5, { dropRemainder: true }).prefetch(), 18, 10],
    ["shard and zip", (d) => Dataset.zip([d.shard(10, 3).prefetch(1), Dataset.range(20)]), 8, 2],
  ];
  test.each(seeking)("no element before the position is made: %s", async (_name, build, position, elements) => {
    const { dataset, asked } = counted();
    const pipeline = build(dataset);
    pipeline.restore({ epoch: 0, position });
    await pipeline.toArray();
    expect(asked.length).toBe(elements);
  });

  test("a buffer is filled with what lay in it; most of what came before is not made", async () => {
    const { dataset, asked } = counted();
    const shuffled = dataset.prefetch(1).shuffle({ seed: 3, buffer: 4 });
    const whole = await shuffled.toArray();
    asked.length = 0;
    shuffled.restore({ epoch: 0, position: 80 });
    expect(await shuffled.toArray()).toEqual(whole.slice(80));
    expect(asked.length).toBeLessThan(50);
    expect(asked.length).toBeGreaterThanOrEqual(20);
  });

  test("a generator is read again and what was given is dropped, before any map behind it", async () => {
    const made: number[] = [];
    const dataset = sources["generator"]!(10).map((x) => {
      made.push(x);
      return x;
    });
    dataset.restore({ epoch: 2, position: 7 });
    expect(await dataset.toArray()).toEqual([2007, 2008, 2009]);
    expect(made).toEqual([2007, 2008, 2009]);
  });

  test("states: before, within, at the last element, behind the end, after leaving", async () => {
    const dataset = Dataset.range(3);
    expect(dataset.state()).toEqual({ epoch: 0, position: 0 });
    const states: unknown[] = [];
    for await (const _ of dataset) states.push(dataset.state());
    expect(states).toEqual([1, 2, 3].map((position) => ({ epoch: 0, position })));
    expect(dataset.state()).toEqual({ epoch: 1, position: 0 });
    for await (const _ of dataset) break;
    expect(dataset.state()).toEqual({ epoch: 1, position: 1 });
    expect(dataset.nextEpoch).toBe(2);
    dataset.restore(dataset.state());
    expect(dataset.nextEpoch).toBe(1);
    expect(await dataset.toArray()).toEqual([1, 2]);
    dataset.restore({ epoch: 5, position: 3 });
    expect(await dataset.toArray()).toEqual([]);
    expect(dataset.state()).toEqual({ epoch: 6, position: 0 });
  });

  test("refuses what is no state", () => {
    const dataset = Dataset.range(3);
    expect(() => dataset.restore({ epoch: -1, position: 0 })).toThrow(ArgumentError);
    expect(() => dataset.restore({ epoch: 0, position: 0.5 })).toThrow(/restore: the position must be a whole number/);
    expect(() => dataset.restore(JSON.parse("{}") as { epoch: number; position: number })).toThrow(ArgumentError);
  });
});
