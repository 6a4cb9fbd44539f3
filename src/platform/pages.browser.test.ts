/** The package as it is published, in pages made without a bundler and in pages made by Vite, and in workers of both. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
// It comes with Vitest.
import { build as buildWithVite } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import configs from "../../tsdown.config.ts";
import { hasChromium, ISOLATION, serveBrowser, type ServedBrowser } from "./chromium.testing.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a page and a worker do: they learn XOR, in the page and where `task` says. */
const task = `
export async function learn(report = () => undefined) {
  manualSeed(2);
  const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
  const y = tensor([0, 1, 1, 0], { dtype: "i32" });
  const model = nn.sequential(new nn.Linear(2, 8), nn.tanh, new nn.Linear(8, 2));
  const { loss } = await fit(model, [x, y], {
    optimizer: new optim.Adam(model.parameters(), { lr: 0.1 }),
    loss: losses.crossEntropy,
    epochs: 60,
    batchSize: 4,
    callbacks: [workers.progressTo(report)],
    display: false,
  });
  return { loss: loss.at(-1), threads: deviceThreads(), isolated: globalThis.crossOriginIsolated };
}`;
const names = "deviceThreads, fit, losses, manualSeed, nn, optim, tensor, workers";
const worker = `
import { learn } from "./task.js";
import { workers } from "MYELIN";
workers.expose({ train: (_, { report }) => learn(report) });`;
const page = (module: string): string => `
import { learn } from "./task.js";
import { workers } from "MYELIN";
globalThis.inPage = learn;
globalThis.inWorker = async () => {
  let reports = 0;
  const result = await workers.trainInWorker(${module}, null, { onProgress: () => reports++ });
  return { ...result, reports };
};`;

/** A program's files, importing Myelin from somewhere. */
const program = (from: string, module: string): Readonly<Record<string, string>> => ({
  "task.js": `import { ${names} } from "MYELIN";${task}`.replaceAll("MYELIN", from),
  "worker.js": worker.replaceAll("MYELIN", from),
  "page.js": page(module).replaceAll("MYELIN", from),
});

describe.skipIf(!hasChromium())("the package in pages", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-pages-"));
    const [library, bundled] = configs;
    const installed = join(folder, "node_modules", "myelin");
    await cp(join(root, "package.json"), join(installed, "package.json"));
    const common = { config: false, logLevel: "silent", dts: false, cwd: root } as const;
    await build({ ...library, ...common, outDir: join(installed, "dist") });
    await build({ ...bundled, ...common, outDir: join(installed, "dist", "browser") });
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** What is served: the folder, and `dist` of the package. */
  const serve = (base: string, headers?: Readonly<Record<string, string>>): Promise<ServedBrowser> =>
    serveBrowser(async (path) => {
      const file = path.startsWith("/myelin/") ? join(folder, "node_modules", path) : join(base, path);
      return readFile(file).catch(() => undefined);
    }, headers);

  /** Opens the page, and learns in it and in its worker. */
  const visit = async (browser: ServedBrowser): Promise<{ outcomes: unknown; said: readonly string[] }> => {
    try {
      const view = await browser.open();
      const said: string[] = [];
      view.on("console", (message) => said.push(message.text()));
      view.on("pageerror", (error) => said.push(String(error)));
      await view.waitForFunction("globalThis.inWorker");
      const outcomes = await view.evaluate("(async () => ({ page: await inPage(), worker: await inWorker() }))()");
      return { outcomes, said };
    } finally {
      await browser.close();
    }
  };
  const learnt = (isolated: boolean): object => ({
    loss: expect.toSatisfy((loss: number) => loss < 0.1),
    threads: isolated ? expect.any(Number) : 1,
    isolated,
  });
  const expected = (isolated: boolean): object => ({
    outcomes: {
      page: learnt(isolated),
      worker: { ...learnt(isolated), reports: expect.toSatisfy((reports: number) => reports >= 60) },
    },
    said: [],
  });

  test.each([false, true])("a script and its worker import one file, by its URL; isolated: %s", async (isolated) => {
    const base = join(folder, "plain");
    await mkdir(base, { recursive: true });
    const files = program("/myelin/dist/browser/myelin.js", `new URL("./worker.js", import.meta.url)`);
    for (const [name, text] of Object.entries(files)) await writeFile(join(base, name), text);
    expect(await visit(await serve(base, isolated ? ISOLATION : {}))).toEqual(expected(isolated));
  });

  test("Vite builds the page and its worker from the package's name", async () => {
    const source = join(folder, "vite");
    await mkdir(source, { recursive: true });
    const files = {
      ...program("myelin", `() => new Worker(new URL("./worker.js", import.meta.url), { type: "module" })`),
      "index.html": `<!doctype html><title>-</title><script type="module" src="./page.js"></script>`,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text);
    const outDir = join(folder, "built");
    await buildWithVite({
      root: source,
      configFile: false,
      logLevel: "error",
      build: { outDir, emptyOutDir: true },
    });
    const html = await readFile(join(outDir, "index.html"), "utf8");
    const served = await serveBrowser((path) =>
      path === "/" ? Promise.resolve(html) : readFile(join(outDir, path)).catch(() => undefined),
    );
    expect(await visit(served)).toEqual(expected(false));
  });
});
