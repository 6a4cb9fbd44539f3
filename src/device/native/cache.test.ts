import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeSystem } from "../../platform/node-system.ts";
import type { System } from "../../platform/platform.ts";
import { KernelCache, type CacheOptions, type KernelSource } from "./cache.ts";
import { openCacheFolder } from "./folder.ts";
import { fakeCompiler, NEEDS_COMPILER, newPath, refusal, toolchain } from "./native.testing.ts";
import type { Toolchain } from "./toolchain.ts";

const PRELUDE = "#include <stdint.h>\n";
/** Kernels with private names that are all alike. */
const source = (number: number): KernelSource => ({
  prelude: PRELUDE,
  body: `static int helper$(int x) { return x + ${number}; }\nint kernel$(int x) { return helper$(x) * ${number}; }`,
});
const sources = (count: number): KernelSource[] => Array.from({ length: count }, (_, i) => source(i));

interface Opened {
  readonly cache: KernelCache;
  readonly path: string;
  /** Compilers that were started. */
  readonly started: string[];
}

function open(path = newPath("cache"), options?: CacheOptions, compiler: Toolchain = toolchain!): Opened {
  const started: string[] = [];
  const os: System = {
    ...nodeSystem,
    startCommand(command, args, folder) {
      started.push(folder);
      return nodeSystem.startCommand(command, args, folder);
    },
  };
  return { cache: new KernelCache(openCacheFolder(path, os), compiler, options), path, started };
}

const namesIn = (path: string, ending: string): string[] => readdirSync(path).filter((name) => name.endsWith(ending));
const leftovers = (path: string): string[] => readdirSync(path).filter((name) => !/\.(so|kernel)$/.test(name));

describe.skipIf(!toolchain)(`compiled kernels${NEEDS_COMPILER}`, () => {
  test("are compiled by several processes at once, and found by the next run", () => {
    const { cache, path, started } = open(undefined, { processes: 2 });
    const kernels = cache.compile(sources(5)).wait();
    expect(started).toHaveLength(2);
    expect(new Set(kernels.map((kernel) => kernel.symbol)).size).toBe(5);
    for (const kernel of kernels) expect(readFileSync(kernel.path, "latin1")).toContain(`${kernel.symbol}\0`);
    expect([namesIn(path, ".so").length, namesIn(path, ".kernel").length, leftovers(path)]).toEqual([2, 5, []]);
    const again = open(path);
    expect(again.cache.compile(sources(5).reverse()).wait()).toEqual([...kernels].reverse());
    expect(again.cache.compile([]).wait()).toEqual([]);
    expect(again.started).toEqual([]);
  });

  test("arrive while the event loop lives, or stands still", async () => {
    const { cache } = open(undefined, { processes: 1 });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const awaited = cache.compile([source(1)]);
    expect(awaited.done).toBe(false);
    expect(await awaited.result()).toHaveLength(1);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    const polled = cache.compile([source(2)]);
    while (!polled.done);
    expect(polled.wait()).toHaveLength(1);
  });

  test("that are on their way, or asked for twice, are compiled once", () => {
    const { cache, started } = open(undefined, { processes: 1 });
    const [first, second] = [cache.compile([source(1), source(2), source(1)]), cache.compile([source(2)])];
    const [one, two, same] = first.wait();
    expect(same).toEqual(one);
    expect(second.wait()).toEqual([two]);
    expect(started).toHaveLength(1);
  });

  test("are told apart by text, prelude, compiler and processor", () => {
    const { cache, path } = open();
    const key = (other: KernelCache, kernel: KernelSource): string => other.compile([kernel]).wait()[0]!.symbol;
    const keys = [
      key(cache, source(1)),
      key(cache, { ...source(1), body: `${source(1).body}\n` }),
      key(cache, { ...source(1), prelude: `${PRELUDE}\n` }),
      key(open(path, {}, { ...toolchain!, identity: "another processor" }).cache, source(1)),
    ];
    expect(new Set(keys).size).toBe(4);
  });

  test("are found by what they are made from, and then their text is not asked for", () => {
    const asked: string[] = [];
    const named = (name: string, number: number): KernelSource => ({
      prelude: PRELUDE,
      name,
      get body() {
        asked.push(name);
        return source(number).body;
      },
    });
    const { cache, path, started } = open();
    const [one, same] = cache.compile([named("one", 1), named("the same", 1)]).wait();
    expect(same).toEqual(one);
    expect(asked.splice(0)).toEqual(["one", "the same"]);
    const again = open(path);
    expect(again.cache.compile([named("the same", 1), named("one", 1)]).wait()).toEqual([one, one]);
    expect(asked).toEqual([]);
    // As after an update of the library: under names nobody knows yet the text is the same.
    const updated = open(path);
    expect(updated.cache.compile([named("renamed", 1), source(1)]).wait()).toEqual([one, one]);
    expect(asked.splice(0)).toEqual(["renamed"]);
    expect(
      open(path)
        .cache.compile([named("renamed", 1)])
        .wait(),
    ).toEqual([one]);
    expect([asked, started.length, again.started, updated.started]).toEqual([[], 1, [], []]);
    expect(
      open(path)
        .cache.compile([named("one", 1), named("another", 2)])
        .wait()[1],
    ).not.toEqual(one);
  });

  const damages: readonly [string, (library: string, note: string) => void][] = [
    ["is cut off", (library) => writeFileSync(library, readFileSync(library).subarray(0, 1000))],
    ["is empty", (library) => writeFileSync(library, "")],
    [
      "has a wrong byte",
      (library) => {
        const bytes = readFileSync(library);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(library, bytes);
      },
    ],
    ["is gone", (library) => nodeSystem.remove(library)],
    ["has an empty note", (_library, note) => writeFileSync(note, "")],
    ["has a note that is cut off", (_library, note) => writeFileSync(note, readFileSync(note).subarray(0, 20))],
    ["has a note that leads elsewhere", (_library, note) => writeFileSync(note, "../../evil.so 100\n")],
    ["has a note of garbage", (_library, note) => writeFileSync(note, new Uint8Array(5000).fill(255))],
  ];
  test.each(damages)("whose file %s are compiled again", (_what, damage) => {
    const { cache, path } = open();
    const [kernel] = cache.compile([source(7)]).wait();
    const before = readFileSync(kernel!.path);
    damage(kernel!.path, join(path, namesIn(path, ".kernel")[0]!));
    const again = open(path);
    expect(readFileSync(again.cache.compile([source(7)]).wait()[0]!.path).length).toBe(before.length);
    expect(again.started).toHaveLength(1);
    expect(open(path).cache.compile([source(7)]).done).toBe(true);
    expect(leftovers(path)).toEqual([]);
  });

  test("make room when they are too many: those used last stay", () => {
    const path = newPath("cache");
    const libraries = [1, 2, 3, 4].map((number) => {
      const { path: library } = open(path)
        .cache.compile([source(number)])
        .wait()[0]!;
      const days = new Date(Date.now() - (5 - number) * 24 * 3_600_000);
      utimesSync(library, days, days);
      return library;
    });
    // The first was the oldest: using it makes it the newest.
    open(path)
      .cache.compile([source(1)])
      .wait();
    const { size } = statSync(libraries[0]!);
    const { cache, started } = open(path, { bound: size * 4.5 });
    cache.compile([source(5)]).wait();
    expect(libraries.map((library) => existsSync(library))).toEqual([true, false, false, true]);
    expect(namesIn(path, ".kernel")).toHaveLength(3);
    cache.compile([source(2)]).wait();
    expect(started).toHaveLength(2);
  });

  test("refused by the compiler are an error that says why, and nothing stays", () => {
    const { cache, path } = open();
    const broken = { prelude: PRELUDE, body: "int kernel$(void) { return missing; }" };
    const { reason, message } = refusal(() => cache.compile([broken]).wait());
    expect(reason).toBe("compiler");
    expect(message).toMatch(
      /^native: the compiler .* refused a kernel \(.*error: .*missing.*\)\. Name another one in MYELIN_CC\.$/,
    );
    expect(readdirSync(path)).toEqual([]);
    expect(cache.compile([source(1)]).wait()).toHaveLength(1);
  });

  test("fail where they are awaited, too, and poll as done", async () => {
    const { cache } = open();
    const compilation = cache.compile([{ prelude: PRELUDE, body: "int kernel$(void) { return missing; }" }]);
    await expect(compilation.result()).rejects.toThrow(/refused a kernel/);
    expect(compilation.done).toBe(true);
  });

  test("are compiled elsewhere when the disk is full", () => {
    const path = newPath("cache");
    const command = fakeCompiler(
      `case $PWD in ${path}*) echo "fatal error: error writing: No space left on device" >&2; exit 1;; esac; exec ${toolchain!.command} "$@"`,
    );
    const { cache, started } = open(path, {}, { ...toolchain!, command });
    const [kernel] = cache.compile([source(1)]).wait();
    expect(kernel!.path.startsWith(path)).toBe(false);
    expect(started.map((folder) => folder.startsWith(path))).toEqual([true, false]);
    expect(readdirSync(path)).toEqual([]);
  });
});

test.skipIf(!toolchain)(`a disk without room for the compiler's last words is full${NEEDS_COMPILER}`, () => {
  const { cache, path, started } = open();
  const { startCommand } = cache.folder.system;
  const full: System["startCommand"] = (command, args, folder) => {
    if (!folder.startsWith(path)) return startCommand(command, args, folder);
    writeFileSync(join(folder, "ended"), "");
    return startCommand("/bin/sh", ["-c", "exit"], folder);
  };
  Object.assign(cache.folder.system, { startCommand: full });
  const [kernel] = cache.compile([source(1)]).wait();
  expect(kernel!.path.startsWith(path)).toBe(false);
  expect(started).toHaveLength(2);
});

describe("a compiler that", () => {
  const compiler = (script: string): Toolchain => ({
    command: fakeCompiler(script),
    flags: [],
    libraries: [],
    version: "fake 1.0",
    lanes: 4,
    features: [],
    identity: script,
  });

  test.each([
    ["crashes", "kill -SEGV $$", /refused a kernel \(.+\)/],
    ["fails silently", "exit 7", /refused a kernel \(status 7\)/],
    ["makes nothing", "exit 0", /made no machine code/],
    ["makes an empty file", ": > kernels.so", /made no machine code/],
  ])("%s is an error", (_what, script, why) => {
    const { cache, path } = open(undefined, {}, compiler(script));
    const { reason, message } = refusal(() => cache.compile([source(1)]).wait());
    expect([reason, message]).toEqual(["compiler", expect.stringMatching(why)]);
    expect(readdirSync(path)).toEqual([]);
  });

  test("hangs is killed, with what it started", async () => {
    const clock = newPath("clock");
    const script = `(while :; do date +%N > ${clock}; sleep 0.02; done) & wait`;
    const { cache, path } = open(undefined, { timeLimit: 300 }, compiler(script));
    expect(refusal(() => cache.compile([source(1)]).wait()).message).toMatch(/took longer than its time/);
    expect(readdirSync(path)).toEqual([]);
    const stopped = readFileSync(clock, "utf8");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(readFileSync(clock, "utf8")).toBe(stopped);
  });

  test("cannot be started is an error", () => {
    const { cache, path } = open(undefined, {}, compiler(""));
    const startCommand: System["startCommand"] = () => nodeSystem.startCommand("/none/sh", [], "/");
    Object.assign(cache.folder.system, { startCommand });
    const { reason, message } = refusal(() => cache.compile([source(1)]).wait());
    expect([reason, message]).toEqual([
      "compiler",
      expect.stringMatching(/fake-cc \(fake 1\.0\) could not be started/),
    ]);
    expect(readdirSync(path)).toEqual([]);
  });
});
