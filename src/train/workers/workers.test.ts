import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../../bench/bundle.ts";
import { PlatformError } from "../../platform/platform.ts";
import { workerCases } from "./cases.testing.ts";
import { expose } from "./expose.ts";
import { start } from "./start.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

describe("workers in Node", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-workers-"));
    const program = `export * from ${JSON.stringify(join(root, "src/train/workers/training.testing.ts"))};`;
    const { code } = await bundle(program, { root, from: "src", platform: "node", minify: false });
    await writeFile(join(folder, "training.mjs"), code);
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  const at = (file: string) => (): URL => pathToFileURL(join(folder, file));
  workerCases(at("training.mjs"), at("missing.mjs"));

  test("a function that makes a browser's worker is refused", () => {
    expect(() => start(() => undefined as never)).toThrow(PlatformError);
  });

  test("a module that exposes nothing ends, which is told", async () => {
    await writeFile(join(folder, "silent.mjs"), "export const f = 1;");
    const worker = start<{ f: () => number }>(at("silent.mjs")());
    await expect(worker.call("f", undefined)).rejects.toThrow(/it ended by itself.*calls workers\.expose/);
  });

  test("what is exposed in no worker is left as it is", () => {
    const functions = { twice: (x: number): number => 2 * x };
    expect(expose(functions)).toBe(functions);
  });
});
