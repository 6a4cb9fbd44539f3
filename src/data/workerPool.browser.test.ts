/** Threads of a browser, in a real one. */
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../bench/bundle.ts";

const executable = process.env["CHROMIUM"] || "/usr/bin/chromium";
const root = fileURLToPath(new URL("../../", import.meta.url));
if (!existsSync(executable))
  console.warn(
    `Not tested in a browser: there is none at ${executable}. Install chromium, or set CHROMIUM to its path.`,
  );

const PROGRAM = `import { Dataset } from "myelin"; globalThis.Dataset = Dataset;`;
const AUGMENT = `
export default ({ x }, { index }) => ({ x: x.map((v) => 2 * v), index });
export const picky = (x) => { if (x === 2) throw new RangeError("too dark"); return x; };
`;

describe.skipIf(!existsSync(executable))("map in threads, in a browser", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    const files: Readonly<Record<string, string>> = {
      "/page.js": (await bundle(PROGRAM, { root, from: "src" })).code,
      "/augment.js": AUGMENT,
    };
    server = createServer((request, response) => {
      const script = files[request.url ?? ""];
      response
        .writeHead(200, { "content-type": script === undefined ? "text/html" : "text/javascript" })
        .end(script ?? `<!doctype html><title>-</title><script type="module" src="/page.js"></script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await chromium.launch({
      executablePath: executable,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test("elements go there and back in order; errors and modules that are missing are told; prefetch takes turns", async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const found = await page.evaluate(`(async () => {
      const url = new URL("/augment.js", location.href);
      const doubled = Dataset.range(6).map((v) => ({ x: Float32Array.of(v) })).map(url, { parallel: 2 }).prefetch(2);
      const values = (await doubled.toArray()).map(({ x, index }) => [x[0], index]);
      const told = (dataset) => dataset.toArray().catch((error) => error.message);
      return {
        values,
        failed: await told(Dataset.range(4).map(url, { export: "picky", parallel: 1 })),
        missing: await told(Dataset.range(4).map(new URL("/none.js", location.href), { parallel: 1 })),
      };
    })()`);
    expect(found).toEqual({
      values: [0, 1, 2, 3, 4, 5].map((v) => [2 * v, v]),
      failed: expect.stringMatching(/^map \(stage 2\), element 2 of epoch 0: http.*augment\.js: too dark/),
      missing: expect.stringMatching(/a thread for http.*none\.js was lost with 4 elements in it: /),
    });
  });
});
