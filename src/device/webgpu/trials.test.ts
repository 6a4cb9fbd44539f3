import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import type { Program } from "../device.ts";
import { product } from "../gpu/contract.testing.ts";
import { choiceKey } from "../gpu/lower.ts";
import { openGpu } from "./adapter.ts";
import { Choices, type ChoiceStore } from "./choices.ts";
import { Pages, USAGE } from "./pages.ts";
import { Recorder } from "./recorder.ts";
import { Trials } from "./trials.ts";
import { hasWebGpu } from "./webgpu.testing.ts";

/** A product as a program of one launch, and what a trial of it goes by. */
function program(m: number, n: number, k: number): { program: Program; key: string } {
  const { kernel, sizes } = parameterize(product(1, m, n, k));
  const key = printKernel(kernel);
  const launch = { buffers: [{ binding: 0 }, { binding: 1 }, { binding: 2 }], sizes, scalars: [] };
  const made = {
    tape: [{ kernel, key, launches: [launch], work: [{ items: m * n, cost: 0 }] }],
    bindings: [4 * m * k, 4 * k * n, 4 * m * n],
    scalars: [],
    scratchBytes: 0,
  };
  return { program: made, key: choiceKey(key, sizes) };
}

/** Keeps things as long as the test runs. */
function memoryStore(): ChoiceStore & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, bytes),
  };
}

const WAYS = ["large tiles", "small tiles"];

describe("choices", () => {
  test("[C14] are known to whoever opens the same GPU again, and to nobody else", async () => {
    const store = memoryStore();
    const choices = await Choices.open("one", store);
    choices.set("a product", WAYS[1]!);
    expect(choices.get("a product", WAYS)).toBe(1);
    expect((await Choices.open("one", store)).get("a product", WAYS)).toBeUndefined();
    await choices.save();
    const again = await Choices.open("one", store);
    expect([again.get("a product", WAYS), again.get("another", WAYS)]).toEqual([1, undefined]);
    // A way that there is not any more is chosen anew.
    expect(again.get("a product", ["other tiles", "large tiles"])).toBeUndefined();
    expect((await Choices.open("other", store)).get("a product", WAYS)).toBeUndefined();
  });

  test("of two programs at once are both kept", async () => {
    const store = memoryStore();
    const [first, second] = [await Choices.open("one", store), await Choices.open("one", store)];
    first.set("a", WAYS[0]!);
    await first.save();
    second.set("b", WAYS[1]!);
    await second.save();
    const all = await Choices.open("one", store);
    expect([all.get("a", WAYS), all.get("b", WAYS)]).toEqual([0, 1]);
  });

  test("that are damaged, made up or endless are ignored, and written anew", async () => {
    const store = memoryStore();
    const sound = await Choices.open("one", store);
    sound.set("a product", WAYS[1]!);
    await sound.save();
    const [[file, bytes]] = store.files as unknown as [[string, Uint8Array]];
    const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const [[key]] = Object.entries(JSON.parse(new TextDecoder().decode(bytes)) as object) as [[string, unknown]];
    const bad = [
      bytes.slice(0, bytes.length >> 1),
      new Uint8Array(100),
      Uint8Array.of(),
      text(null),
      text([1, 2]),
      text({ [key]: 99, ["__proto__"]: "x", constructor: "0000000000000000" }),
      text({ [key]: "ffffffffffffffff" }),
      new TextEncoder().encode(`{"${key}":"${"0".repeat(2 ** 19)}"}`),
    ];
    for (const content of bad) {
      store.files.set(file, content);
      const choices = await Choices.open("one", store);
      expect(choices.get("a product", WAYS)).toBeUndefined();
      choices.set("a product", WAYS[0]!);
      await choices.save();
      expect((await Choices.open("one", store)).get("a product", WAYS)).toBe(0);
    }
  });

  test("that cannot be kept are known while the program runs", async () => {
    const refuse = async (): Promise<never> => {
      throw new Error("no room");
    };
    const choices = await Choices.open("one", { read: refuse, write: refuse });
    choices.set("a product", WAYS[1]!);
    await choices.save();
    expect(choices.get("a product", WAYS)).toBe(1);
  });

  test("lie in the folder of the native device's cache, if that is this user's alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "myelin-choices-"));
    vi.stubEnv("MYELIN_CACHE", join(folder, "cache"));
    try {
      const choices = await Choices.open("one");
      choices.set("a product", WAYS[1]!);
      await choices.save();
      expect((await Choices.open("one")).get("a product", WAYS)).toBe(1);
      await chmod(join(folder, "cache"), 0o777);
      expect((await Choices.open("one")).get("a product", WAYS)).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  });
});

describe.skipIf(!hasWebGpu)("trials", () => {
  test("[C13] [C14] the fastest of the ways that were timed is chosen, once for an adapter and a shape", async () => {
    const opened = await openGpu();
    const store = memoryStore();
    const pagesOf = (usage: number): Pages => {
      const pages = new Pages({ usage, first: 4096, most: 4096, onFull: () => undefined, onEmpty: () => undefined });
      pages.attach(opened.gpu, opened.memory.bufferBytes, opened.memory.maxBytes);
      return pages;
    };
    const [storage, uniforms, gathered] = [pagesOf(USAGE.STORAGE), pagesOf(USAGE.UNIFORM), pagesOf(USAGE.STORAGE)];
    const trialsBy = (choices: Choices, operations?: number): Trials =>
      new Trials(new Recorder(opened, { storage, uniforms, gathered }, choices), choices, operations);
    const trialsOf = async (operations?: number): Promise<Trials> =>
      trialsBy(await Choices.open(opened.identity, store), operations);
    const [{ program: first, key }, other] = [program(48, 52, 40), program(48, 52, 44)];
    const trials = await trialsOf(1000);
    expect(trials.wants(first)).toBe(true);
    await trials.run(first);
    const times = trials.times.get(key)!;
    expect(times.length).toBeGreaterThan(1);
    for (const time of times) expect(time).toBeGreaterThan(0);
    expect(times[trials.chosen.get(key)!]).toBe(Math.min(...times));
    expect(trials.wants(first)).toBe(false);
    // Nothing is left of them.
    expect([storage.used, storage.buffers, uniforms.used]).toEqual([0, 0, 0]);
    // What was learnt is known wherever this adapter is opened.
    const again = await trialsOf(1000);
    expect(again.wants(first)).toBe(false);
    expect(again.chosen.get(key)).toBe(trials.chosen.get(key));
    expect(again.wants(other.program)).toBe(true);
    // Small products are not worth it.
    expect((await trialsOf()).wants(other.program)).toBe(false);
    opened.gpu.destroy();
  });
});
