/** Native code in processes as they are outside of tests: how they share a cache, and how they end. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
import { beforeAll, describe, expect, test } from "vitest";
import { fakeCompiler, NEEDS_COMPILER, newPath, toolchain } from "./native.testing.ts";

interface Ended {
  readonly code: unknown;
  readonly out: string;
  readonly error: string;
}

describe.skipIf(!toolchain)(`a process${NEEDS_COMPILER}`, () => {
  const folder = newPath("built");
  const cache = newPath("cache");
  let scripts = 0;

  beforeAll(async () => {
    const here = fileURLToPath(new URL(".", import.meta.url));
    const names = ["folder", "toolchain", "cache", "library", "header.c"];
    await build({
      entry: Object.fromEntries(names.map((name) => [name, join(here, `${name}.ts`)])),
      outDir: folder,
      format: "esm",
      platform: "node",
      dts: false,
      config: false,
      logLevel: "silent",
      alias: { "#platform": join(here, "../../platform/node.ts") },
    });
    symlinkSync(join(here, "../../../node_modules"), join(folder, "node_modules"));
  });

  /** Runs a script that has `cache`, and `start()` for a pool with `count`, an endless program, and `once`, a short one. */
  const run = (body: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const source = `
      import { openCacheFolder } from "${folder}/folder.mjs";
      import { findToolchain } from "${folder}/toolchain.mjs";
      import { KernelCache } from "${folder}/cache.mjs";
      import { loadRuntime } from "${folder}/library.mjs";
      import { RUNTIME_HEADER } from "${folder}/header.c.mjs";
      import { readdirSync } from "node:fs";
      import { Worker, isMainThread, parentPort } from "node:worker_threads";
      const cache = new KernelCache(openCacheFolder(), findToolchain(openCacheFolder()));
      const kernel = (number) => ({ prelude: RUNTIME_HEADER, body:
        "void kernel$(char *heap, const uint32_t *block, uint32_t begin, uint32_t end, char *scratch, const struct runtime *rt) {" +
        "(void)scratch; (void)rt; for (uint32_t i = begin; i < end; i++) ((uint32_t *)(heap + block[0]))[i] += " + number + "; }" });
      const start = (runtime, threads) => {
        const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
        const words = new Uint32Array(memory.buffer);
        const place = runtime.load(cache.compile([kernel(1)]).wait()[0]);
        words.set([8192], 256);
        words.set([1024, 0, 5, 1024, 5, 9], 300);
        words.set([1200, 1212, 1224], 400);
        words.set([3, 4294967295, 4096, 16, 2, place, 2, 1600], 500);
        const pool = runtime.createPool(memory, threads);
        return { pool, words, once: [2016, 2032], endless: [2000, 2032] };
      };
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      ${body}`;
    const file = join(folder, `script-${scripts++}.mjs`);
    writeFileSync(file, source);
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ["--expose-gc", file],
        { timeout: 50_000, env: { ...process.env, MYELIN_CACHE: cache, ...environment } },
        (error, out, errors) => resolve({ code: error?.code ?? error?.signal ?? 0, out, error: errors }),
      );
    });
  };

  test("shares its cache with others that compile the same at the same time", async () => {
    const own = { MYELIN_CACHE: newPath("cache") };
    const compile = "console.log(cache.compile([1, 2, 3, 4].map(kernel)).wait().length); loadRuntime(cache);";
    const all = await Promise.all([1, 2, 3].map(() => run(compile, own)));
    expect(all).toEqual(all.map(() => ({ code: 0, out: "4\n", error: "" })));
    expect(readdirSync(own.MYELIN_CACHE).filter((name) => !/^toolchain-\w+$|\.(so|kernel)$/.test(name))).toEqual([]);
    // Nothing is left to be done: not even a compiler that is gone would be missed.
    const last = await run(compile, { ...own, PATH: mkdtempSync(newPath("none")), MYELIN_CC: toolchain!.command });
    expect(last).toEqual(all[0]);
  });

  test.each([
    ["asleep", "await pause(30);", "9\n"],
    ["awake", "for (let i = 0; i < 99; i++) pool.run(...once);", "9\n"],
    ["in the middle of a program", "pool.submit(...endless); await pause(30);", "9\n"],
    [
      "in the middle of a program that is awaited",
      "pool.wait(pool.submit(...endless)); await pause(30); setTimeout(() => process.exit(), 20);",
      "9\n",
    ],
  ])("ends by itself, its threads %s", async (_how, body, out) => {
    const script = `const { pool, words, once, endless } = start(loadRuntime(cache), 3);
      pool.run(...once);
      console.log(words.subarray(2048, 2057).reduce((a, b) => a + b));
      ${body}`;
    expect(await run(script)).toEqual({ code: 0, out, error: "" });
    expect(await run(`${script}\n process.exit(3);`)).toEqual({ code: 3, out, error: "" });
  });

  test.skipIf(process.platform !== "linux")("ends the threads of pools that nobody holds", async () => {
    const script = `
      const threads = () => readdirSync("/proc/self/task").length;
      const runtime = loadRuntime(cache);
      const before = threads();
      for (let i = 0; i < 10; i++) { const { pool, once } = start(runtime, 4); pool.run(...once); pool.waitSync(pool.submit(...once)); }
      const during = threads() - before;
      for (let i = 0; i < 100 && threads() > before + 4; i++) { gc(); await pause(10); }
      // The last one may still be held by the loop's own register.
      console.log(during >= 40, threads() <= before + 4);`;
    expect(await run(script)).toEqual({ code: 0, out: "true true\n", error: "" });
  });

  test.each([
    ["that use native code", ""],
    ["in the middle of a program", "words[501] = 300_000; pool.submit(...endless);"],
  ])("survives the termination of workers %s", async (_how, body) => {
    const script = `
      if (!isMainThread) {
        const { pool, words, once, endless } = start(loadRuntime(cache), 3);
        pool.run(...once);
        ${body}
        parentPort.postMessage("ready");
        setInterval(() => pool.threads, 1000);
      } else {
        const { pool, words, once } = start(loadRuntime(cache), 2);
        for (let i = 0; i < 5; i++) {
          const worker = new Worker(new URL(import.meta.url));
          await new Promise((resolve, reject) => { worker.on("message", resolve); worker.on("error", reject); });
          await pause(20);
          await worker.terminate();
          pool.run(...once);
        }
        await pause(20);
        console.log(words[2048]);
      }`;
    expect(await run(script)).toEqual({ code: 0, out: "5\n", error: "" });
  });

  test("that ends while it compiles leaves neither files nor compilers", async () => {
    const own = { MYELIN_CACHE: newPath("cache") };
    const clock = newPath("clock");
    const command = fakeCompiler(`(while :; do date +%N > ${clock}; sleep 0.02; done) & wait`);
    const script = `
      const slow = new KernelCache(cache.folder, { ...cache.toolchain, command: ${JSON.stringify(command)} });
      slow.compile([kernel(1)]); await pause(100); console.log(readdirSync(cache.folder.path).length);`;
    expect(await run(script, own)).toEqual({ code: 0, out: "2\n", error: "" });
    expect(readdirSync(own.MYELIN_CACHE)).toEqual([expect.stringMatching(/^toolchain-/)]);
  });
});
