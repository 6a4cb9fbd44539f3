/** The package as it is published, bundled for browsers and run by a real one. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { chromium, type Browser, type Page } from "playwright";
import { build, type InlineConfig } from "tsdown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import configs from "../../../tsdown.config.ts";
import { CHROMIUM, CHROMIUM_FLAGS, hasChromium } from "../../platform/chromium.testing.ts";
import type { Outcome } from "./browser.testing.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Cores that pages believe to have, so that the test means the same on every machine. */
const CORES = 3;

/** Headers by the first part of a page's path. */
const ISOLATION = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  isolated: ISOLATION,
  // Isolated, but helpers come from a blob, which this policy does not allow.
  guarded: { ...ISOLATION, "content-security-policy": "worker-src 'self'" },
};

const pretend = `Object.defineProperty(navigator, "hardwareConcurrency", { value: ${CORES} });`;

/** What pages and workers load, by the rest of the path. */
const scripts: Readonly<Record<string, string>> = {
  "page.js": `${pretend} export { train } from "./train.js";`,
  "worker.js": `${pretend} const { train } = await import("./train.js"); postMessage(await train());`,
};

/** Runs in a page: a dedicated worker's own outcome. */
const inWorker = `new Promise((resolve, reject) => {
  const worker = new Worker("./worker.js", { type: "module" });
  worker.onmessage = (event) => { worker.terminate(); resolve(event.data); };
  worker.onerror = (event) => reject(new Error(event.message));
})`;
const inPage = `import(new URL("./page.js", location.href).href).then(({ train }) => train())`;

describe.skipIf(!hasChromium())("the built package in a browser", () => {
  let folder: string;
  /** Scripts by name. */
  let bundle: ReadonlyMap<string, string>;
  let server: Server;
  let origin: string;
  let browser: Browser;
  let expected: readonly number[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-browser-"));
    await buildProgram(folder);
    const names = await readdir(join(folder, "page"));
    const read = async (name: string) => [name, await readFile(join(folder, "page", name), "utf8")] as const;
    bundle = new Map(await Promise.all(names.map(read)));
    expected = await valuesOfNode(folder);
    server = createServer((request, response) => {
      const [, kind = "", name = ""] = (request.url ?? "").split("/");
      const script = bundle.get(name) ?? scripts[name];
      const type = script === undefined ? "text/html" : "text/javascript";
      response
        .writeHead(200, { "content-type": type, ...HEADERS[kind] })
        .end(script ?? "<!doctype html><title>-</title>");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a page of this kind and evaluates an expression there, once after every load. */
  const visit = async (
    kind: keyof typeof HEADERS,
    expression: string,
    loads = 1,
  ): Promise<{
    readonly outcomes: readonly Outcome[];
    readonly said: readonly string[];
    readonly isolated: boolean;
  }> => {
    const page: Page = await browser.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    try {
      const outcomes: Outcome[] = [];
      await page.goto(`${origin}/${kind}/`);
      for (let load = 0; load < loads; load++) {
        if (load > 0) await page.reload();
        outcomes.push(await page.evaluate<Outcome>(expression));
      }
      return { outcomes, said, isolated: await page.evaluate(() => globalThis.crossOriginIsolated) };
    } finally {
      await page.close();
    }
  };

  test("is bundled without a word of Node", () => {
    const foreign = /["'`]node:\w+|\brequire\(|\bprocess\.|#platform|#native|gcc/g;
    const imports = /\b(?:from|import)\s*\(?\s*["'`]([^"'`]*)["'`]/g;
    let [first, all] = [0, 0];
    for (const code of bundle.values()) {
      expect(code.match(foreign)).toBeNull();
      for (const [, module] of code.matchAll(imports)) expect([...bundle.keys()]).toContain(module!.slice("./".length));
      const bytes = gzipSync(code).length;
      all += bytes;
      // What writes shaders is loaded by those who compute by WebGPU. Layers, losses and an optimizer are in it, too.
      if (!code.includes("@compute")) first += bytes;
    }
    expect(first).toBeLessThan(112 * 1024);
    expect(all).toBeLessThan(137 * 1024);
    expect(first).toBeLessThan(all);
  });

  test("learns in Node, from which browsers must not differ, even when it was bundled for them", async () => {
    expect(expected.length).toBe(21);
    expect(expected[19]).toBeLessThan(expected[0]! / 2);
    // Node 20 has relaxed SIMD switched off, as no browser has it, and a program for pages does not know the switch.
    const flags = process.versions.node.startsWith("20.") ? ["--experimental-wasm-relaxed-simd"] : [];
    expect(await valuesOfNode(join(folder, "page"), flags)).toEqual(expected);
  });

  test("isolated pages have several threads, at the second load too, though the page's own must not sleep", async () => {
    const { outcomes, said, isolated } = await visit("isolated", inPage, 2);
    const outcome = { values: expected, helpers: CORES - 1, ready: CORES - 1, maySleep: false };
    expect({ outcomes, said, isolated }).toEqual({ outcomes: [outcome, outcome], said: [], isolated: true });
  });

  test("so have workers of isolated pages, which may sleep", async () => {
    const { outcomes, said } = await visit("isolated", inWorker, 2);
    const outcome = { values: expected, helpers: CORES - 1, ready: CORES - 1, maySleep: true };
    expect({ outcomes, said }).toEqual({ outcomes: [outcome, outcome], said: [] });
  });

  test.each([
    ["pages", inPage, false],
    ["pages' workers", inWorker, true],
  ])("other %s have one thread", async (_, expression, maySleep) => {
    const { outcomes, said, isolated } = await visit("plain", expression, 2);
    const outcome = { values: expected, helpers: 0, ready: 0, maySleep };
    expect({ outcomes, said, isolated }).toEqual({ outcomes: [outcome, outcome], said: [], isolated: false });
  });

  test("where a policy forbids helpers, one thread goes on", async () => {
    const { outcomes, said } = await visit("guarded", inPage);
    expect(outcomes).toEqual([{ values: expected, helpers: 0, ready: 0, maySleep: false }]);
    expect(said.filter((text) => text.startsWith("myelin:"))).toEqual([
      "myelin: a helper thread ended; going on with one thread.",
    ]);
  });
});

/** Builds the library as it is published, a program that uses it by its name, and that program as one file for pages. */
async function buildProgram(folder: string): Promise<void> {
  const [library] = configs;
  const installed = join(folder, "node_modules", "myelin");
  await cp(join(root, "package.json"), join(installed, "package.json"));
  const common: InlineConfig = { config: false, logLevel: "silent", dts: false, format: "esm", target: "es2022" };
  await build({ ...library, ...common, cwd: root, outDir: join(installed, "dist") });
  const extension: InlineConfig = { outExtensions: () => ({ js: ".js" }), tsconfig: false };
  await build({
    ...common,
    ...extension,
    entry: { train: fileURLToPath(new URL("browser.testing.ts", import.meta.url)) },
    outDir: folder,
    clean: false,
    deps: { neverBundle: [/^myelin/] },
  });
  await build({
    ...common,
    ...extension,
    cwd: folder,
    entry: { train: join(folder, "train.js") },
    outDir: join(folder, "page"),
    platform: "browser",
    minify: true,
    deps: { alwaysBundle: [/./] },
  });
  await writeFile(join(folder, "package.json"), `{ "type": "module" }`);
}

/** The same training in Node, on one thread. */
async function valuesOfNode(folder: string, flags: readonly string[] = []): Promise<readonly number[]> {
  const source = `import { train } from "./train.js"; console.log(JSON.stringify((await train()).values));`;
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "--input-type=module", "-e", source], {
    cwd: folder,
    env: { ...process.env, MYELIN_THREADS: "1" },
  });
  return JSON.parse(stdout) as number[];
}
