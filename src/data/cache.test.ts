import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Dataset } from "./dataset.ts";
import { bytesOf, decodeElement, encodeElement } from "./elementBytes.ts";
import { hostArray } from "./hostArray.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-cache-"));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** Numbers that are counted while they are made, with random access or without. */
function counted(indexed: boolean, count: number = 12): { dataset: Dataset<number>; made: number[] } {
  const made: number[] = [];
  const source = Dataset.range(count);
  const dataset = (indexed ? source : source.prefetch(1)).map((x, { epoch }) => {
    made.push(x);
    return 100 * epoch + x;
  });
  return { dataset, made };
}
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
let keys = 0;
const ways: [string, (d: Dataset<number>) => Dataset<number>][] = [
  ["memory", (d) => d.cache()],
  ["disk", (d) => d.cache({ folder, key: `test ${keys++}` })],
];

describe.each(ways)("Dataset.cache in %s", (_name, cache) => {
  test.each([true, false])("[S7] every element is made once; random access: %s", async (indexed) => {
    const { dataset, made } = counted(indexed);
    const cached = cache(dataset);
    expect(cached.length).toBe(12);
    for (let epoch = 0; epoch < 3; epoch++) expect(await cached.toArray()).toEqual(numbers(12));
    expect(made).toEqual(numbers(12));
  });

  test.each([true, false])("an epoch that was left early is a beginning; random access: %s", async (indexed) => {
    const { dataset, made } = counted(indexed);
    const cached = cache(dataset);
    for (const stop of [5, 8]) {
      let seen = 0;
      for await (const _ of cached) if (++seen === stop) break;
    }
    expect(await cached.toArray()).toEqual(numbers(12));
    expect(await cached.toArray()).toEqual(numbers(12));
    expect([...made].sort((a, b) => a - b)).toEqual(numbers(12));
  });

  test.each([true, false])("a resumed epoch makes nothing before its position; random access: %s", async (indexed) => {
    const { dataset, made } = counted(indexed);
    const cached = cache(dataset);
    cached.restore({ epoch: 4, position: 9 });
    expect(await cached.toArray()).toEqual([9, 10, 11]);
    expect(made).toEqual([9, 10, 11]);
    expect(await cached.toArray()).toEqual(numbers(12));
    expect(await cached.toArray()).toEqual(numbers(12));
    expect(made.length).toBeLessThanOrEqual(15);
  });

  test("shuffling and batching behind it: exact, and each element made once", async () => {
    const { dataset, made } = counted(true);
    const pipeline = cache(dataset)
      .shuffle({ seed: 1 })
      .batch(5, { collate: (e) => e })
      .prefetch();
    const [first, second] = [(await pipeline.toArray()).flat(), (await pipeline.toArray()).flat()];
    expect(first).not.toEqual(second);
    expect([...second].sort((a, b) => a - b)).toEqual(numbers(12));
    expect(made.length).toBe(12);
  });

  test("two iterations at once; shuffled before; an element that fails is tried again", async () => {
    const { dataset } = counted(true);
    const both = cache(dataset.shuffle({ seed: 2 }));
    const [a, b] = await Promise.all([both.toArray(), both.toArray()]);
    expect([...a].sort((x, y) => x - y)).toEqual(numbers(12));
    expect(b).toEqual(a);
    let failures = 1;
    const flaky = cache(
      Dataset.range(4).map(async (x) => {
        if (x === 2 && failures-- > 0) throw new Error("busy");
        return x;
      }),
    );
    await expect(flaky.toArray()).rejects.toThrow("busy");
    expect(await flaky.toArray()).toEqual([0, 1, 2, 3]);
  });
});

describe("cache in memory", () => {
  test("[AD9] warns once when it holds more than its budget, and says how much", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const rows = Dataset.range(10).map(() => new Float32Array(1000));
    const small = rows.cache({ budget: 40_000 });
    await small.toArray();
    expect(warn).not.toHaveBeenCalled();
    const large = rows.cache({ budget: 20_000 });
    await large.toArray();
    await large.toArray();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(
      /^myelin: cache holds 23\.4 KiB after a part of the data, above its budget of 19\.5 KiB; cache before/,
    );
    await rows.prefetch().cache({ budget: 20_000 }).toArray();
    expect(warn).toHaveBeenCalledTimes(2);
  });

  test("what elements weigh", () => {
    // Two sizes and the letters of "u8" count as well.
    expect(bytesOf([hostArray(new Uint8Array(784), [28, 28]), "ab", 1])).toBe(784 + 16 + 4 + 4 + 8);
    expect(bytesOf(tensor([1, 2, 3]))).toBe(12);
    expect(bytesOf({ a: new Float64Array(2), b: [true, null] })).toBe(32);
  });
});

describe("cache on disk", () => {
  const images = (made: { count: number }): Dataset<{ image: ReturnType<typeof hostArray>; name: string }> =>
    Dataset.range(20).map((x) => {
      made.count++;
      return { image: hostArray(Uint8Array.of(x, 255), [2, 1]), name: `image ${x}` };
    });

  test("another process, or another dataset, uses the file; another key does not", async () => {
    const made = { count: 0 };
    const first = await images(made)
      .cache({ folder: join(folder, "new"), key: "v1" })
      .toArray();
    expect(await readdir(join(folder, "new"))).toEqual([expect.stringMatching(/^v1-[0-9a-f]{16}\.cache$/)]);
    const again = images(made).cache({ folder: join(folder, "new"), key: "v1" });
    expect(await again.toArray()).toEqual(first);
    expect(await again.shuffle({ seed: 1 }).batch(4).take(1).toArray()).toMatchObject([
      { image: { shape: [4, 2, 1] } },
    ]);
    again.restore({ epoch: 0, position: 17 });
    expect(await again.toArray()).toEqual(first.slice(17));
    expect(made.count).toBe(20);
    await images(made)
      .cache({ folder: join(folder, "new"), key: "v2" })
      .toArray();
    expect(made.count).toBe(40);
  });

  test("a file that was not finished is never used", async () => {
    const made = { count: 0 };
    const half = images(made).cache({ folder: join(folder, "half"), key: "v1" });
    let seen = 0;
    for await (const _ of half) if (++seen === 10) break;
    expect(await readdir(join(folder, "half"))).toEqual([expect.stringMatching(/\.tmp$/)]);
    // A process that begins now makes all of them.
    const other = images(made).cache({ folder: join(folder, "half"), key: "v1" });
    await other.toArray();
    expect(made.count).toBe(30);
  });

  test("damage is found: cut off, other content, other key", async () => {
    const made = { count: 0 };
    const build = (): Dataset<unknown> => images(made).cache({ folder: join(folder, "bad"), key: "v1" });
    await build().toArray();
    const path = join(folder, "bad", (await readdir(join(folder, "bad")))[0]!);
    const whole = await readFile(path);
    for (const bytes of [whole.subarray(0, 3), whole.subarray(0, 400), Buffer.concat([whole, Buffer.alloc(8, 255)])]) {
      await writeFile(path, bytes);
      await expect(build().toArray()).rejects.toThrow(FormatError);
      await expect(build().toArray()).rejects.toThrow(/is no cache that was finished; delete it/);
    }
    const wrong = Buffer.from(whole);
    wrong.fill(0xff, 0, 64);
    await writeFile(path, wrong);
    await expect(build().toArray()).rejects.toThrow(/an element on disk is damaged; delete the file/);
  });

  test("batches of tensors, before and after", async () => {
    const batches = (): Dataset<Tensor> => Dataset.range(5).batch(2).cache({ folder, key: "tensors" });
    const read = async (d: Dataset<Tensor>): Promise<unknown> => (await d.toArray()).map((t) => t.toArraySync());
    const first = await read(batches());
    expect(first).toEqual([[0, 1], [2, 3], [4]]);
    expect(await read(batches())).toEqual(first);
  });

  test("property: elements are read back the same", () => {
    const leaf = fc.oneof(
      fc.double(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.float32Array({ maxLength: 5 }),
      fc.uint8Array({ maxLength: 5 }),
      fc.float64Array({ maxLength: 3 }),
      fc.int32Array({ maxLength: 3 }),
      fc.uint32Array({ maxLength: 3 }),
    );
    const element = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: "small" },
        leaf,
        fc.array(tie("any"), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie("any"), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).any;
    fc.assert(
      fc.property(element, (value) => {
        const bytes = encodeElement(value);
        expect(decodeElement(bytes)).toEqual(value);
        for (const cut of [0, 3, bytes.length - 8]) {
          if (cut < 0 || cut >= bytes.length) continue;
          try {
            decodeElement(bytes.subarray(0, cut));
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        }
      }),
    );
    expect(() => encodeElement(new Map())).toThrow(/a Map cannot be kept on disk; turn it into/);
    expect(() => encodeElement(() => 1)).toThrow(ArgumentError);
  });

  test("a key is needed", () => {
    expect(() => Dataset.range(1).cache({ folder, key: "" })).toThrow(/needs a key that names its content/);
    expect(() => Dataset.range(1).cache({ budget: -1 })).toThrow(ArgumentError);
  });
});
