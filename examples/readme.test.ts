// What the README and CONTRIBUTING show is what the examples and the sources say.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import * as myelin from "myelin";
import * as layers from "myelin/layers";

const folder = new URL("./", import.meta.url);
const programs = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => readFileSync(new URL(file, folder), "utf8").trim());
const codeIn = (text: string): string[] => [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!.trim());
const readme = readFileSync(new URL("../README.md", folder), "utf8");

describe("CONTRIBUTING.md", () => {
  test("every piece of code in it stands in the sources", () => {
    const ops = new URL("../src/graph/ops/", folder);
    const sources = readdirSync(ops).map((file) => readFileSync(new URL(file, ops), "utf8"));
    const blocks = codeIn(readFileSync(new URL("../CONTRIBUTING.md", folder), "utf8"));
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) expect(sources.some((source) => source.includes(block)) ? "" : block).toBe("");
  });
});

describe("README.md", () => {
  test("every program in it is an example", () => {
    const blocks = codeIn(readme);
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) expect(programs).toContain(block);
  });

  test("every name in its tables of what there is exists", () => {
    const { nn, Dataset, Tensor } = myelin;
    const places = [
      myelin,
      nn,
      myelin.losses,
      myelin.optim,
      myelin.metrics,
      myelin.linalg,
      myelin.fft,
      myelin.random,
      myelin.sparse,
      myelin.callbacks,
      myelin.checkpoints,
      myelin.tune,
      myelin.files,
      myelin.datasets,
      myelin.transforms,
      myelin.preprocessing,
      myelin.memory,
      layers,
      layers.Sequential.prototype,
    ];
    const folders = [nn.init, nn.regularizers, nn.constraints, Dataset.prototype, Tensor.prototype];
    const known = (name: string): boolean => [...places, ...folders].some((place) => name in place);
    const [, section] = /## What there is.*?\n(.*?)\nNot yet/s.exec(readme)!;
    const names = [...section!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(150);
    expect(names.filter((name) => !known(name))).toEqual([]);
  });

  test("its first program learns", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    await import("./first.ts");
    const lines = log.mock.calls.map(([line]) => String(line));
    log.mockRestore();
    expect(lines.length).toBe(5);
    expect(Number(/test accuracy ([\d.]+) %$/.exec(lines[4]!)?.[1])).toBeGreaterThan(94);
  });

  test("a dense layer with softmax is two kernels, as it says", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    await import("./explain.ts");
    const [[text]] = log.mock.calls as [[string]];
    log.mockRestore();
    expect(text).toMatch(/^2 kernels/);
  });
});
