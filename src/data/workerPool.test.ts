import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, DataError } from "../core/errors.ts";
import { tensor } from "../tensor/create.ts";
import { Dataset } from "./dataset.ts";
import { hostArray, type HostArray } from "./hostArray.ts";
import { slices } from "./slices.ts";

/** Reads to the end. */
async function all(iterator: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of iterator);
}

const MODULE = `
import { threadId } from "node:worker_threads";
export default (x, { epoch, index }) => ({ x: 2 * x, epoch, index, threadId });
export const late = async (x) => {
  await new Promise((resolve) => setTimeout(resolve, x % 3 === 0 ? 12 : 1));
  return x;
};
export const picky = (x) => {
  if (x === 3) throw new RangeError("too dark");
  return x;
};
export const dies = (x) => (x === 3 ? process.exit(7) : x);
export const invert = ({ image, label }) => ({ image: { ...image, data: image.data.map((v) => 255 - v) }, label });
export const length = ({ data }) => data.buffer.byteLength;
const constant = new Float32Array([1, 2]);
export const again = () => constant;
export const part = () => constant.subarray(1);
export const odd = (x) => (x === 2 ? { f: () => x } : x);
export const never = () => new Promise(() => {});
`;

describe("map in threads", () => {
  let folder: string;
  let module: URL;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-workers-"));
    await writeFile(join(folder, "augment.mjs"), MODULE);
    await writeFile(join(folder, "broken.mjs"), "export default (");
    module = pathToFileURL(join(folder, "augment.mjs"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("[S2] [S14] every element in order, told its place, by as many threads as there are processors", async () => {
    const dataset = Dataset.range(20).map<{ x: number; epoch: number; index: number; threadId: number }>(module);
    expect(dataset.describe()).toMatch(/^range \(20 elements\) → map \(augment.mjs, \d+ threads?, auto: \d+\)$/);
    for (const epoch of [0, 1]) {
      const made = await dataset.toArray();
      expect(made.map(({ x, epoch, index }) => ({ x, epoch, index }))).toEqual(
        Array.from({ length: 20 }, (_, index) => ({ x: 2 * index, epoch, index })),
      );
    }
    const two = await Dataset.range(20).map<{ threadId: number }>(module, { parallel: 2 }).toArray();
    expect(new Set(two.map(({ threadId }) => threadId)).size).toBe(2);
  });

  test("threads stay for the next pass, unless another runs at the same time", async () => {
    const dataset = Dataset.range(6).map<{ threadId: number }>(module, { parallel: 1 });
    const thread = async (): Promise<number> => (await dataset.toArray())[5]!.threadId;
    const first = await thread();
    expect(await thread()).toBe(first);
    const [one, other] = await Promise.all([thread(), thread()]);
    expect(one === first || other === first).toBe(true);
    expect(one).not.toBe(other);
  });

  test("order is kept whoever is first, and a restored epoch goes on", async () => {
    const dataset = Dataset.range(30).shuffle({ seed: 1 }).map<number>(module, { parallel: 3, export: "late" });
    const whole = await dataset.toArray();
    expect(whole).toEqual(await Dataset.range(30).shuffle({ seed: 1 }).toArray());
    dataset.restore({ epoch: 0, position: 21 });
    expect(await dataset.toArray()).toEqual(whole.slice(21));
    expect(dataset.stats().stages.find(({ name }) => name === "map")!.elements).toBeGreaterThanOrEqual(39);
  });

  test("arrays go there and back, the source keeps its own, and only the row's memory travels", async () => {
    const images = hostArray(
      Uint8Array.from({ length: 600 }, (_, at) => at % 256),
      [100, 2, 3],
    );
    const rows = Dataset.from(slices({ image: images, label: hostArray(new Uint8Array(100)) })).take(5);
    const [first] = await rows
      .map<{ image: HostArray; label: HostArray }>(module, { export: "invert", parallel: 1 })
      .toArray();
    expect(first!.image).toEqual(hostArray(Uint8Array.of(255, 254, 253, 252, 251, 250), [2, 3]));
    expect(images.data.slice(0, 3)).toEqual(Uint8Array.of(0, 1, 2));
    expect(
      await rows
        .map((row) => row.image)
        .map<number>(module, { export: "length", parallel: 1 })
        .toArray(),
    ).toEqual([6, 6, 6, 6, 6]);
    const batched = await rows
      .map<{ image: HostArray; label: HostArray }>(module, { export: "invert" })
      .batch(5)
      .toArray();
    expect(batched[0]!.image.shape).toEqual([5, 2, 3]);
  });

  test("what the function throws names module, stage and element, in its turn", async () => {
    const seen: number[] = [];
    const error: unknown = await (async () => {
      for await (const x of Dataset.range(9).map<number>(module, { export: "picky", parallel: 2 })) seen.push(x);
    })().catch((thrown: unknown) => thrown);
    expect(seen).toEqual([0, 1, 2]);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(/^map \(stage 2\), element 3 of epoch 0: file:.*augment\.mjs: too dark/);
    expect(((error as Error).cause as Error).name).toBe("RangeError");
  });

  test("a thread that dies is an error, for this element and those after it", async () => {
    const dataset = Dataset.range(9).map<number>(module, { export: "dies", parallel: 1 });
    const iterator = dataset[Symbol.asyncIterator]();
    // What it had answered may be lost with it.
    await expect(all(iterator)).rejects.toThrow(
      /element [0-3] of epoch 0: a thread for file:.*augment\.mjs was lost with \d elements in it: it ended by itself/,
    );
    expect((await iterator.next()).done).toBe(true);
    await expect(dataset.toArray()).rejects.toThrow(DataError);
  });

  test("a module that is missing, is no module, or has no such function", async () => {
    const all = (url: URL, name?: string): Promise<unknown> =>
      Dataset.range(3)
        .map(url, { parallel: 1, ...(name && { export: name }) })
        .toArray();
    await expect(all(new URL("none.mjs", module))).rejects.toThrow(
      /a thread for .*none\.mjs was lost with 3 elements in it: .*Cannot find module/,
    );
    await expect(all(new URL("broken.mjs", module))).rejects.toThrow(DataError);
    await expect(all(module, "missing")).rejects.toThrow(
      /exports no function "missing", but .*default.*; name one as in/,
    );
  });

  test("a result that was handed over cannot be given again; a part of an array is copied", async () => {
    await expect(Dataset.range(3).map(module, { export: "again", parallel: 1 }).toArray()).rejects.toThrow(
      /element 1 .*returned an array that it had returned before/,
    );
    expect(await Dataset.range(2).map(module, { export: "part", parallel: 1 }).toArray()).toEqual([
      Float32Array.of(2),
      Float32Array.of(2),
    ]);
  });

  test("what cannot be copied is an error of its own element, on the way there and back", async () => {
    const seen: number[] = [];
    const read = async (dataset: Dataset<unknown>): Promise<void> => {
      for await (const value of dataset) seen.push(value as number);
    };
    await expect(read(Dataset.range(5).map(module, { export: "odd", parallel: 1 }))).rejects.toThrow(
      /element 2 of epoch 0: .*could not be cloned/,
    );
    const source = Dataset.from([0, 1, () => 2, 3]);
    await expect(read(source.map(module, { export: "odd", parallel: 1 }))).rejects.toThrow(
      /element 2 of epoch 0: .*could not be cloned/,
    );
    expect(seen).toEqual([0, 1, 0, 1]);
  });

  test("tensors cannot cross", async () => {
    const error = await Dataset.from([tensor([1])])
      .map(module)
      .toArray()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(/tensors cannot go to another thread; map in threads before batch/);
  });

  test("leaving early closes the source and ends the threads", async () => {
    let [asked, closed] = [0, false];
    const source = Dataset.generator(function* () {
      try {
        for (;;) yield asked++;
      } finally {
        closed = true;
      }
    });
    for await (const _ of source.map(module, { export: "late", parallel: 2 }).prefetch(2)) break;
    expect(closed).toBe(true);
    expect(asked).toBeLessThan(40);
  });

  test.each([0, -1, 1.5])("parallel: %d", (parallel) => {
    expect(() => Dataset.range(1).map(module, { parallel })).toThrow(
      /map: parallel must be a whole number of 1 or more/,
    );
  });
});
