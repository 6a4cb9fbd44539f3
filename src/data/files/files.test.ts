import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError } from "../../core/errors.ts";
import { encodeImage } from "../../formats/image.ts";
import { tensor } from "../../tensor/create.ts";
import { Dataset } from "../dataset.ts";
import { hostArray } from "../hostArray.ts";
import { slices } from "../slices.ts";
import { imageFolder, images } from "./imageFolder.ts";
import { jsonLines, writeJsonLines } from "./jsonLines.ts";
import { readNpy, readNpz, writeNpy, writeNpz } from "./npy.ts";
import { textLines } from "./textLines.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("NumPy's files", () => {
  test("[S37] rows of a .npy file are examples", async () => {
    const path = join(folder, "batch.npy");
    await writeNpy(
      path,
      tensor(
        Float32Array.from({ length: 300 }, (_, at) => at),
        [100, 3],
      ),
    );
    const examples = Dataset.from(slices(await readNpy(path)));
    expect(examples.length).toBe(100);
    expect((await examples.toArray())[7]).toEqual({ dtype: "f32", shape: [3], data: Float32Array.of(21, 22, 23) });
    await truncate(path, 200);
    await expect(readNpy(path)).rejects.toThrow(
      /batch\.npy": shape \[100, 3\] of "<f4" takes 1200 bytes, 72 are there/,
    );
  });

  test("[Z2] tensors and arrays in a .npz file", async () => {
    const path = join(folder, "weights.npz");
    await writeNpz(path, { W1: tensor([[1, 2]]), b1: hostArray(Int32Array.of(3)) }, { compress: true });
    expect(await readNpz(path)).toEqual({
      W1: { dtype: "f32", shape: [1, 2], data: Float32Array.of(1, 2) },
      b1: { dtype: "i32", shape: [1], data: Int32Array.of(3) },
    });
  });
});

describe("lines", () => {
  test("[S9] of text files, epoch after epoch, packed or not", async () => {
    const [unix, dos] = [join(folder, "unix.txt"), join(folder, "dos.txt.gz")];
    await writeFile(unix, "a\nb\n");
    await writeFile(dos, gzipSync("a\r\nb"));
    const lines = textLines([unix, dos]);
    for (let epoch = 0; epoch < 2; epoch++) expect(await lines.toArray()).toEqual(["a", "b", "a", "b"]);
    await writeFile(unix, Uint8Array.of(97, 10, 0xe4, 97));
    await expect(textLines(unix).toArray()).rejects.toThrow(/unix\.txt": line 2 is no UTF-8 text/);
    expect(await textLines(unix, { encoding: "latin1" }).toArray()).toEqual(["a", "äa"]);
  });

  test("[Z11] of JSON", async () => {
    const path = join(folder, "values.jsonl");
    const values = [{ text: "zwei\nZeilen", label: 1 }, [1, 2.5, null], "ü", -0.1];
    expect(await writeJsonLines(path, values)).toBe(4);
    expect(await jsonLines(path).toArray()).toEqual(values);
    await writeFile(path, '{"a":1}\n\n{"a":}\n');
    await expect(jsonLines(path).toArray()).rejects.toThrow(/values\.jsonl": line 3 is no JSON \(/);
    await expect(writeJsonLines(path, [undefined])).rejects.toThrow(FormatError);
    expect(await readFile(path, "utf8")).toBe('{"a":1}\n\n{"a":}\n');
  });
});

describe("folders of images", () => {
  test("[S13] a folder for each class: names sorted, labels the same on every run", async () => {
    const root = join(folder, "pets");
    for (const [at, path] of ["dogs/b.png", "cats/z.jpg", "cats/a/deep.PNG", "birds/1.webp"].entries()) {
      await mkdir(join(root, path, ".."), { recursive: true });
      const format = path.endsWith("jpg") ? "jpeg" : path.endsWith("webp") ? "webp" : "png";
      await writeFile(
        join(root, path),
        await encodeImage(
          { dtype: "u8", shape: [6, 8, 3], data: Uint8Array.from({ length: 144 }, (_, i) => 40 * at + (i % 50)) },
          format,
        ),
      );
    }
    await writeFile(join(root, "cats", "notes.txt"), "no image");
    await writeFile(join(root, "README.md"), "no class");
    for (let run = 0; run < 2; run++) {
      const { classes, files, dataset } = await imageFolder(root, { size: [4, 4] });
      expect(classes).toEqual(["birds", "cats", "dogs"]);
      expect(files.map(({ path, label }) => [path.slice(root.length + 1), label])).toEqual([
        ["birds/1.webp", 0],
        ["cats/a/deep.PNG", 1],
        ["cats/z.jpg", 1],
        ["dogs/b.png", 2],
      ]);
      expect(dataset.length).toBe(4);
      const [x, y] = (await dataset.batch(4).toArray())[0]!;
      expect([x.shape, x.dtype, y.dtype, [...y.dataSync()]]).toEqual([[4, 4, 4, 3], "u8", "i32", [0, 1, 1, 2]]);
    }
    const broken = join(root, "cats", "z.jpg");
    await truncate(broken, 200);
    const { files: list, dataset } = await imageFolder(root);
    await expect(dataset.toArray()).rejects.toThrow(/cats\/z\.jpg": the image cannot be decoded/);
    const errors: string[] = [];
    const rest = images(Dataset.from(list), { onDamaged: ({ message }) => errors.push(message) });
    expect((await rest.toArray()).map(([, label]) => label.data[0])).toEqual([0, 1, 2]);
    expect(errors).toEqual([expect.stringContaining("z.jpg")]);
    await expect(
      images(Dataset.from([{ path: "none.jpg", label: 0 }]), { onDamaged: () => undefined }).toArray(),
    ).rejects.toThrow(/does not exist/);
  });

  test("says what is missing", async () => {
    await mkdir(join(folder, "empty"), { recursive: true });
    await expect(imageFolder(join(folder, "empty"))).rejects.toThrow(/has no folders in it, where one for each class/);
    await mkdir(join(folder, "empty", "cats"));
    await expect(imageFolder(join(folder, "empty"))).rejects.toThrow(/empty\/cats" has no images/);
    for (const part of ["train", "test"]) await mkdir(join(folder, "parts", part, "cats"), { recursive: true });
    await expect(imageFolder(join(folder, "parts"))).rejects.toThrow(
      /has the folders test, train, which are parts of a dataset and no classes; read one of them: imageFolder\(".*parts\/train"\)/,
    );
    await expect(imageFolder(join(folder, "none"))).rejects.toThrow(/does not exist/);
  });

  const clothing = `${process.env["MYELIN_DATA"] || "../shared/data"}/images/clothing/train`;
  test.skipIf(!existsSync(clothing))("[S12] photographs (skipped without MYELIN_DATA or ../shared/data)", async () => {
    const found = await imageFolder(clothing, { size: [224, 224] });
    const [x, y] = (await found.dataset.take(4).batch(4).toArray())[0]!;
    const pixels = x.float().div(255);
    expect([x.shape, y.shape]).toEqual([[4, 224, 224, 3], [4]]);
    const [low, high] = [pixels.min().itemSync(), pixels.max().itemSync()];
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThanOrEqual(1);
    expect(high).toBeGreaterThan(0.5);
  });
});
