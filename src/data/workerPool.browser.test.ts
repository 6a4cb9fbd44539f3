/** Threads of a browser, in a real one. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../bench/bundle.ts";
import { hasChromium, serveBrowser, type ServedBrowser } from "../platform/chromium.testing.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const PROGRAM = `import { Dataset } from "myelin"; globalThis.Dataset = Dataset;`;
const AUGMENT = `
export default ({ x }, { index }) => ({ x: x.map((v) => 2 * v), index });
export const picky = (x) => { if (x === 2) throw new RangeError("too dark"); return x; };
`;

describe.skipIf(!hasChromium())("map in threads, in a browser", () => {
  let browser: ServedBrowser;
  beforeAll(async () => {
    browser = await serveBrowser({
      "/page.js": (await bundle(PROGRAM, { root, from: "src" })).code,
      "/augment.js": AUGMENT,
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
  });

  test("elements go there and back in order; errors and modules that are missing are told; prefetch takes turns", async () => {
    const page = await browser.open();
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
