import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError } from "../../core/errors.ts";
import { decodeImage, encodeImage } from "../../formats/image.ts";
import { drawnDigits } from "../digits.ts";
import { imageDataset } from "../labelledImages.ts";
import { tfRecords, writeTfRecords } from "./tfrecords.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-tfrecords-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("tfRecords", () => {
  test("[S11] [Z10] a dataset of images is stored and read again, in every form", async () => {
    const digits = drawnDigits({ count: 300, seed: 1 });
    const examples = imageDataset(digits).map(([image, label]) => ({
      image: image.data as Uint8Array,
      label: Int32Array.from(label.data),
    }));
    const example = { image: { dtype: "u8", shape: [28, 28], raw: true }, label: { dtype: "i32" } } as const;
    for (const compression of ["none", "gzip", "zlib"] as const) {
      const path = join(folder, `digits-${compression}`);
      expect(await writeTfRecords(path, examples, { compression })).toBe(300);
      const one = await tfRecords(path, { example }).toArray();
      expect(one.length).toBe(300);
      expect(Buffer.concat(one.map(({ image }) => image.data as Uint8Array))).toEqual(Buffer.from(digits.images));
      const batches = tfRecords([path, path], { example, batch: 128 });
      for (let epoch = 0; epoch < 2; epoch++) {
        const labels: number[] = [];
        const sizes: number[] = [];
        for await (const { image, label } of batches) {
          sizes.push(image.shape[0]!);
          expect(image.shape.slice(1)).toEqual([28, 28]);
          labels.push(...(await label.data()));
        }
        expect(sizes).toEqual([128, 128, 128, 128, 88]);
        expect(labels).toEqual([...digits.labels, ...digits.labels]);
      }
      expect((await tfRecords(path).take(2).toArray()).length).toBe(2);
    }
  });

  test("[S12] images as files within records are decoded on the way", async () => {
    const path = join(folder, "photos");
    const colours = [40, 120, 200];
    const photo = (colour: number): Promise<Uint8Array> =>
      encodeImage({ dtype: "u8", shape: [9, 12, 3], data: new Uint8Array(324).fill(colour) }, "jpeg");
    const records = await Promise.all(
      colours.map(async (colour, at) => ({ image: await photo(colour), label: Int32Array.of(at) })),
    );
    await writeTfRecords(path, records);
    const examples = tfRecords(path, { example: { image: { dtype: "bytes" }, label: { dtype: "i32" } } })
      .map(async ({ image, label }) => [await decodeImage(image, { size: [4, 5] }), label] as const, { parallel: 2 })
      .batch(3);
    const [x, y] = (await examples.toArray())[0]!;
    expect([x.shape, [...y.dataSync()]]).toEqual([
      [3, 4, 5, 3],
      [0, 1, 2],
    ]);
    for (const [at, colour] of colours.entries())
      expect(Math.abs(x.dataSync()[at * 60]! - colour)).toBeLessThanOrEqual(2);
  });

  test("errors name file and record; damaged ones can be left out", async () => {
    const path = join(folder, "damaged");
    await writeTfRecords(
      path,
      [0, 1, 2].map((label) => ({ label: Int32Array.of(label) })),
    );
    const bytes = await readFile(path);
    bytes[bytes.length / 3 + 14]! ^= 1;
    await writeFile(path, bytes);
    const example = { label: { dtype: "i32" } } as const;
    await expect(tfRecords(path, { example }).toArray()).rejects.toThrow(/damaged": record 1 at byte 34: /);
    const errors: FormatError[] = [];
    const rest = tfRecords(path, { example, batch: 9, onDamaged: (error) => errors.push(error) });
    expect((await rest.toArray()).map(({ label }) => [...label.dataSync()])).toEqual([[0, 2]]);
    expect(errors.length).toBe(1);
    await expect(tfRecords(path, { example: { x: { dtype: "f32" } } }).toArray()).rejects.toThrow(
      /damaged": record 0: the example has no feature "x"; it has "label"/,
    );
    await expect(tfRecords(join(folder, "none")).toArray()).rejects.toThrow(/does not exist/);
  });

  test("a file that cannot be finished leaves the old one as it was", async () => {
    const path = join(folder, "kept");
    await writeTfRecords(path, [Uint8Array.of(1)]);
    function* failing(): Generator<Uint8Array, void, undefined> {
      yield new Uint8Array(1e6);
      throw new FormatError("no more");
    }
    await expect(writeTfRecords(path, failing())).rejects.toThrow(/no more/);
    expect(await tfRecords(path).toArray()).toEqual([Uint8Array.of(1)]);
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});
