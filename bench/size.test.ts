/** What a page downloads of the package as it is published. */
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as myelin from "myelin";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import configs from "../tsdown.config.ts";
import { bundle, CORE, DENSE, DENSE_OF_FACES, denseAlone, kilobytes } from "./bundle.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

describe("the package in a bundle", () => {
  let folder: string;
  const sizeOf = async (program: string): Promise<number> => kilobytes((await bundle(program, { root: folder })).code);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-size-"));
    await cp(join(root, "package.json"), join(folder, "package.json"));
    const outDir = join(folder, "dist");
    await build({ ...configs[0], config: false, logLevel: "silent", dts: false, cwd: root, outDir });
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("tensors, autodiff, compiler, wasm and WebGPU stay below 130 KB", async () => {
    expect(await sizeOf(CORE)).toBeLessThan(130);
  });

  test.each([
    ["myelin", DENSE],
    ["myelin/nn and myelin/optim", DENSE_OF_FACES],
  ])("a program that names one layer and one optimizer of %s keeps no other", async (_, program) => {
    const alone = kilobytes((await bundle(denseAlone(root), { root, from: "src" })).code);
    expect(await sizeOf(program)).toBeLessThan(alone + 2);
    const { code } = await bundle(program, { root: folder, minify: false });
    expect(
      code.match(
        /\bclass (Linear|SGD|Conv2d|LSTM|MSELoss|Adam|Dataset)\b|\b(Linear|SGD|Conv2d|LSTM|MSELoss|Adam|Dataset) = class\b/g,
      ),
    ).toHaveLength(2);
  });

  test("a model of Keras's face keeps the layers that it names, and no callback", async () => {
    const program =
      'import { layers, sequential } from "myelin/layers";\n' +
      "console.log(sequential([layers.dense({ units: 1, inputShape: [2] })]).countParams());\n";
    const { code } = await bundle(program, { root: folder, minify: false });
    const found = code.match(/className = "(Dense|Conv2D|LSTM|GRU|MultiHeadAttention|Embedding|Bidirectional)"/g);
    expect(found).toEqual(['className = "Dense"']);
    expect(code).not.toContain("earlyStopping");
  });

  test("every namespace is a file that exports name", () => {
    const namespaces = Object.entries(myelin).filter(
      ([, value]) => Object.prototype.toString.call(value) === "[object Module]",
    );
    const files: Readonly<Record<string, unknown>> = manifest.exports;
    // Keras's face is no part of the index.
    const apart = [".", "./layers", "./scalar", "./package.json"];
    const named = Object.keys(files).filter((name) => !apart.includes(name));
    expect(named.sort()).toEqual(namespaces.map(([name]) => `./${name}`).sort());
    for (const { default: file } of Object.values(manifest.exports).filter((value) => typeof value !== "string"))
      expect(existsSync(join(folder, file)), file).toBe(true);
  });
});
