import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError } from "../core/errors.ts";
import { gzip } from "../formats/gzip.ts";
import { serializeIdx } from "../formats/idx.ts";
import { findMnist, loadMnist, pairMnist, type MnistFile } from "./mnist.ts";

const images = (name: string, count: number): MnistFile => ({ name, kind: "images", count });
const labels = (name: string, count: number): MnistFile => ({ name, kind: "labels", count });

describe("pairMnist", () => {
  const cases: [string, MnistFile[], train: string[] | undefined, test: string[] | undefined][] = [
    [
      "MNIST as it is published",
      [
        images("t10k-images-idx3-ubyte", 10_000),
        labels("t10k-labels-idx1-ubyte", 10_000),
        images("train-images-idx3-ubyte", 60_000),
        labels("train-labels-idx1-ubyte", 60_000),
      ],
      ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
      ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    ],
    [
      "60,000 labels without images are ignored",
      [
        images("cazala10k-train-images-idx3-ubyte.gz", 10_000),
        labels("cazala10k-train-labels-idx1-ubyte.gz", 10_000),
        images("t10k-images-idx3-ubyte.gz", 10_000),
        labels("t10k-labels-idx1-ubyte.gz", 10_000),
        labels("train-labels-idx1-ubyte.gz", 60_000),
      ],
      ["cazala10k-train-images-idx3-ubyte.gz", "cazala10k-train-labels-idx1-ubyte.gz"],
      ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
    ],
    [
      "the largest pair wins",
      [
        images("a-train-images", 10),
        labels("a-train-labels", 10),
        images("b-train-images", 20),
        labels("b-train-labels", 20),
      ],
      ["b-train-images", "b-train-labels"],
      undefined,
    ],
    [
      "of equal counts the labels named like the images win",
      [
        images("b-train-images", 10),
        labels("a-train-labels", 10),
        labels("b-train-labels", 10),
        labels("c-train-labels", 10),
      ],
      ["b-train-images", "b-train-labels"],
      undefined,
    ],
    [
      "other names pair by count",
      [images("train-images", 10), labels("my-train-labels", 10)],
      ["train-images", "my-train-labels"],
      undefined,
    ],
    ["roles do not mix", [images("train-images", 10), labels("t10k-labels", 10)], undefined, undefined],
    ["counts do not mix", [images("test-images", 10), labels("test-labels", 11)], undefined, undefined],
    ["nothing", [], undefined, undefined],
  ];
  test.each(cases)("%s", (_name, files, train, test) => {
    for (const order of [files, [...files].reverse()]) {
      const found = pairMnist(order);
      expect(found.train && [found.train.images, found.train.labels]).toEqual(train);
      expect(found.test && [found.test.images, found.test.labels]).toEqual(test);
    }
  });
});

describe("loadMnist", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-mnist-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const pixels = (count: number): Uint8Array =>
    serializeIdx({ data: new Uint8Array(count * 6).fill(count), shape: [count, 2, 3] });
  const classes = (count: number): Uint8Array => serializeIdx({ data: new Uint8Array(count).fill(1), shape: [count] });
  const write = async (files: Record<string, Uint8Array>, place: string = folder): Promise<void> => {
    await mkdir(place, { recursive: true });
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(place, name), bytes);
  };
  const whole = (): Record<string, Uint8Array> => ({
    "train-images-idx3-ubyte": pixels(4),
    "train-labels-idx1-ubyte": classes(4),
    "t10k-images.idx3-ubyte": pixels(2),
    "t10k-labels.idx1-ubyte": classes(2),
    "README-images.txt": Uint8Array.of(1),
  });

  test("reads plain and gzipped files, from the folder or the mnist in it", async () => {
    const expected = {
      train: { images: new Uint8Array(24).fill(4), labels: new Uint8Array(4).fill(1), count: 4, rows: 2, columns: 3 },
      test: { images: new Uint8Array(12).fill(2), labels: new Uint8Array(2).fill(1), count: 2, rows: 2, columns: 3 },
      files: { test: { images: "t10k-images.idx3-ubyte", labels: "t10k-labels.idx1-ubyte", count: 2 } },
    };
    await write({ ...whole(), "train-images-idx3-ubyte": await gzip(pixels(4)) }, join(folder, "inner", "mnist"));
    expect(await loadMnist(join(folder, "inner"))).toMatchObject(expected);
    await write(whole());
    expect(await loadMnist(folder)).toMatchObject(expected);
  });

  test("says what it found where it is not complete", async () => {
    await expect(loadMnist(join(folder, "none"))).rejects.toThrow(
      /in ".*none", .* found no IDX files; put train-images/,
    );
    expect(await findMnist(join(folder, "none"))).toBeUndefined();
    expect(await findMnist(folder)).toBeUndefined();
    await write({ "train-labels-idx1-ubyte": classes(4), "train-images-idx3-ubyte": pixels(3) });
    expect(await findMnist(folder)).toBeUndefined();
    await expect(loadMnist(folder)).rejects.toThrow(
      /found train-images-idx3-ubyte \(3 images\), train-labels-idx1-ubyte \(4 labels\)/,
    );
    await expect(loadMnist(folder)).rejects.toThrow(FormatError);
  });

  const damaged: [string, string, Uint8Array, RegExp][] = [
    [
      "labels under the images' name",
      "train-images-idx3-ubyte",
      classes(4),
      /^train-images-idx3-ubyte: images should be u8 with 3 axes, this file holds u8 of sizes \[4\]; it carries another/,
    ],
    [
      "images under the labels' name",
      "t10k-labels.idx1-ubyte",
      pixels(2),
      /^t10k-labels.idx1-ubyte: labels should be u8 with 1 axis/,
    ],
    [
      "floats",
      "train-labels-idx1-ubyte",
      serializeIdx({ data: Float32Array.of(1), shape: [1] }),
      /this file holds f32/,
    ],
    [
      "an HTML page",
      "train-labels-idx1-ubyte",
      new TextEncoder().encode("<html>"),
      /^train-labels-idx1-ubyte: .* it looks like an HTML page/,
    ],
    [
      "cut off",
      "t10k-images.idx3-ubyte",
      pixels(2).slice(0, 20),
      /^t10k-images.idx3-ubyte: .* the file has 20; it is cut off/,
    ],
    ["too long", "t10k-images.idx3-ubyte", Uint8Array.of(...pixels(2), 0), /^t10k-images.idx3-ubyte: .* it is damaged/],
  ];
  test.each(damaged)("refuses: %s", async (_what, name, bytes, message) => {
    await write({ ...whole(), [name]: bytes });
    await expect(findMnist(folder)).rejects.toThrow(FormatError);
    await expect(loadMnist(folder)).rejects.toThrow(message);
  });

  const shared = process.env["MYELIN_DATA"] || "../shared/data";
  test.skipIf(!existsSync(`${shared}/mnist`))(
    "[S22] the shared files (skipped without MYELIN_DATA or ../shared/data)",
    async () => {
      const { train, test, files } = await loadMnist(shared);
      expect([train.count, train.rows, train.columns, test.count]).toEqual([10_000, 28, 28, 10_000]);
      expect(files.train.images).toMatch(/^cazala10k-train-images/);
      expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
      expect(Math.max(...train.labels)).toBe(9);
      await mkdir(join(folder, "mnist"));
      await copyFile(`${shared}/mnist/train-labels-idx1-ubyte.gz`, join(folder, "mnist", "train-labels-idx1-ubyte.gz"));
      await expect(loadMnist(folder)).rejects.toThrow(/found train-labels-idx1-ubyte.gz \(60000 labels\)/);
    },
  );
});
