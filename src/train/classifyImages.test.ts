import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, FormatError, ShapeError } from "../core/errors.ts";
import { imageFolder, imagesIn } from "../data/files/imageFolder.ts";
import { loadModel, saveModel } from "../formats/model.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { classifyImages } from "./classifyImages.ts";
import { fit } from "./fit.ts";

const data = process.env["MYELIN_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const clothing = `${data}/images/clothing`;
const missing = !existsSync(clothing);

/** Photos of clothes, 32 pixels a side. */
class Tiny extends nn.Module {
  conv: nn.Conv2d = new nn.Conv2d(3, 8, 3);
  fc: nn.Linear = new nn.Linear(8 * 225, 2);

  forward(photos: Tensor): Tensor {
    const x: Tensor = photos.float().div(255).permute([0, 3, 1, 2]);
    return this.fc.forward(this.conv.forward(x).relu().maxPool2d(2).flatten(1));
  }
}

describe.skipIf(missing)(`labels for photos${missing ? ` (no photos in ${clothing})` : ""}`, () => {
  let folder: string;
  const classes = ["pants", "shoes"];
  const size = [32, 32] as const;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-photos-"));
    for (const [i, name] of classes.entries()) {
      await mkdir(join(folder, "train", name), { recursive: true });
      await mkdir(join(folder, "holiday"), { recursive: true });
      const from = `${clothing}/train/${name}`;
      for (const file of await readdir(from)) await copyFile(`${from}/${file}`, join(folder, "train", name, file));
      const test = `${clothing}/test/${name}`;
      for (const file of await readdir(test))
        await copyFile(`${test}/${file}`, join(folder, "holiday", `${i}-${file}`));
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("[X7] a tiny model that was trained and stored gives one label and probability for each JPEG in a folder", async () => {
    manualSeed(2);
    const model = new Tiny();
    const { dataset } = await imageFolder(join(folder, "train"), { size });
    await fit(model, dataset.cache().shuffle().batch(8), {
      optimizer: new optim.Adam(model.parameters(), { lr: 2e-3 }),
      loss: losses.crossEntropy,
      epochs: 20,
      display: false,
    });
    await saveModel(model, join(folder, "tiny.safetensors"));
    const stored = new Tiny();
    await loadModel(stored, join(folder, "tiny.safetensors"));
    const paths = await imagesIn(join(folder, "holiday"));
    const found = await classifyImages(stored, join(folder, "holiday"), { classes, size, batchSize: 5 });
    expect(found.map(({ path }) => path)).toEqual(paths);
    expect(paths.length).toBeGreaterThan(10);
    for (const { label, probability } of found) {
      expect(classes).toContain(label);
      expect(probability >= 0.5 && probability <= 1).toBe(true);
    }
    const right = found.filter(({ path, label }) => path.includes(`/${classes.indexOf(label)}-`)).length;
    expect(right / found.length).toBeGreaterThan(0.7);
    expect(stored.training).toBe(true);
  });

  test("damaged files, folders without images and models of other classes are told", async () => {
    const model = new Tiny();
    const bad = join(folder, "bad");
    await mkdir(bad);
    await expect(classifyImages(model, bad, { classes, size })).rejects.toThrow(ArgumentError);
    const [first] = await imagesIn(join(folder, "holiday"));
    await copyFile(first!, join(bad, "b.jpg"));
    await writeFile(join(bad, "a.jpg"), "no photo");
    await expect(classifyImages(model, bad, { classes, size })).rejects.toThrow(FormatError);
    const damaged: string[] = [];
    const onDamaged = (error: FormatError): void => void damaged.push(error.message);
    const found = await classifyImages(model, bad, { classes, size, onDamaged });
    expect(found.map(({ path }) => path)).toEqual([join(bad, "b.jpg")]);
    expect(damaged[0]).toMatch(/a\.jpg/);
    const three = classifyImages(model, [first!], { classes: ["a", "b", "c"], size });
    await expect(three).rejects.toThrow(ShapeError);
    await expect(three).rejects.toThrow(/the model gave \[1, 2\], and there are names of 3 classes/);
  });
});
