/** The page as its visitors use it: by mouse and by keys, on a desk and on a phone. */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright";
// It comes with Vitest.
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, ISOLATION, serveBrowser, type ServedBrowser } from "../../src/platform/chromium.testing.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** MNIST's two files of a part, with images that say little. */
function mnistFiles(part: string, count: number): { name: string; mimeType: string; buffer: Buffer }[] {
  const file = (kind: string, shape: readonly number[], content: Buffer) => {
    const head = Buffer.alloc(4 + 4 * shape.length);
    head.writeUInt32BE(0x0800 + shape.length);
    shape.forEach((extent, axis) => head.writeUInt32BE(extent, 4 + 4 * axis));
    const name = `${part}-${kind}-idx${shape.length}-ubyte`;
    return { name, mimeType: "application/octet-stream", buffer: Buffer.concat([head, content]) };
  };
  const label = (image: number): number => image % 10;
  return [
    file(
      "images",
      [count, 28, 28],
      Buffer.from(Array.from({ length: count * 784 }, (_, at) => 25 * label(Math.floor(at / 784)))),
    ),
    file("labels", [count], Buffer.from(Array.from({ length: count }, (_, at) => label(at)))),
  ];
}

describe.skipIf(!hasChromium())("the page that trains", () => {
  let built: string;
  /** Where pictures of the page go: MYELIN_SCREENSHOTS, to be looked at, or a folder that is removed. */
  let pictures: string;
  let served: ServedBrowser;
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), "myelin-page-"));
    pictures = process.env["MYELIN_SCREENSHOTS"] || join(built, "pictures");
    await mkdir(pictures, { recursive: true });
    const outDir = join(built, "site");
    await build({
      configFile: join(folder, "vite.config.ts"),
      logLevel: "error",
      build: { outDir, emptyOutDir: true },
    });
    served = await serveBrowser(
      (path) => readFile(join(outDir, path === "/" ? "index.html" : path)).catch(() => undefined),
      ISOLATION,
    );
  }, 120_000);
  afterAll(async () => {
    await served?.close();
    await rm(built, { recursive: true, force: true });
  });

  /** Opens the page for a device, and notes what it complains about. */
  const visit = async (device = "wasm"): Promise<{ page: Page; complaints: string[] }> => {
    const page = await served.open(`/?device=${device}`);
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    return { page, complaints };
  };
  const reach = (page: Page, state: string): Promise<unknown> =>
    page.waitForSelector(`#status[data-state="${state}"]`, { timeout: 100_000 });
  const number = async (page: Page, name: "step" | "accuracy"): Promise<number> =>
    Number(await page.getAttribute("#status", `data-${name}`));
  const overflow = (page: Page): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const picture = (page: Page, name: string): Promise<unknown> =>
    page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });

  test("trains to 97 %, pauses, is read while it trains, reads what is written, and all by keys", async () => {
    const { page, complaints } = await visit();
    try {
      await page.setViewportSize({ width: 1200, height: 900 });
      await reach(page, "ready");
      expect(await page.textContent("#status")).toMatch(/Ready\. WebAssembly.* · drawn digits: 8,000 to learn from/);

      // Everything is reached by the Tab key, in the order in which it is read.
      const order: string[] = [];
      await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
      for (let key = 0; key < 20; key++) {
        await page.keyboard.press("Tab");
        order.push(
          await page.evaluate(() => document.activeElement!.id || document.activeElement!.textContent!.trim()),
        );
        if (order.at(-1) === "clear") break;
      }
      expect(order).toEqual(["device", "channels", "epochs", "files", "train", ..."0123456789", "clear"]);

      await page.focus("#train");
      await page.keyboard.press("Enter");
      await reach(page, "training");
      await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#status")!.dataset["step"]) > 0);

      await page.focus("#pause");
      await page.keyboard.press("Space");
      await reach(page, "paused");
      // The worker answers while it is paused, and what it answers is not training.
      await page.click(".samples button >> nth=3");
      await page.waitForSelector('#answer[data-seen]:not([data-seen=""])');
      // A report may have been on its way.
      await page.waitForTimeout(300);
      const paused = await number(page, "step");
      await page.waitForTimeout(500);
      expect(await number(page, "step")).toBe(paused);
      await page.focus("#pause");
      await page.keyboard.press("Space");
      await reach(page, "training");

      await reach(page, "done");
      expect(await number(page, "accuracy")).toBeGreaterThanOrEqual(0.97);
      expect(await number(page, "step")).toBe(4 * Math.ceil(8000 / 64));
      const points = (await page.getAttribute("#curve polyline", "points"))!.split(" ");
      expect(points.length).toBeGreaterThan(4);
      // Down is up in SVG: the loss fell.
      expect(Number(points.at(-1)!.split(",")[1])).toBeGreaterThan(Number(points[0]!.split(",")[1]) + 50);
      expect(await page.locator("#gallery .right").count()).toBeGreaterThanOrEqual(37);

      let right = 0;
      for (let digit = 0; digit < 10; digit++) {
        await page.focus(`.samples button >> nth=${digit}`);
        await page.keyboard.press("Enter");
        const seen = await page
          .waitForSelector(`#answer[data-seen="${digit}"]`, { timeout: 2_000 })
          .catch(() => undefined);
        if (seen) right++;
      }
      expect(right).toBeGreaterThanOrEqual(9);

      // A one, as a hand writes it.
      await page.click("#clear");
      await page.waitForSelector('#answer[data-seen=""]');
      const pad = (await page.locator("#pad").boundingBox())!;
      const to = (x: number, y: number): Promise<void> =>
        page.mouse.move(pad.x + x * pad.width, pad.y + y * pad.height);
      await to(0.55, 0.2);
      await page.mouse.down();
      for (const y of [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]) await to(0.55 - (y - 0.2) / 8, y);
      await page.mouse.up();
      await page.waitForSelector('#answer[data-seen="1"]', { timeout: 5_000 });
      expect(await overflow(page)).toBe(0);
      await picture(page, "desktop");

      await page.setViewportSize({ width: 360, height: 740 });
      expect(await overflow(page)).toBe(0);
      await picture(page, "phone");
      await page.emulateMedia({ colorScheme: "dark" });
      await picture(page, "phone-dark");
      expect(complaints).toEqual([]);
    } finally {
      await page.close();
    }
  }, 180_000);

  test("trains on WebGPU, where there is one, if only in software", async ({ skip }) => {
    const { page, complaints } = await visit("webgpu");
    try {
      if (!(await page.evaluate(async () => await navigator.gpu?.requestAdapter()))) skip();
      await page.selectOption("#channels", "8");
      await reach(page, "ready");
      expect(await page.textContent("#status")).toMatch(/Ready\. WebGPU: /);
      await page.click("#train");
      // In software a step takes a third of a second: what it learns is what it learns on WebAssembly (fit.page.test.ts).
      await page.waitForFunction(
        () => Number(document.querySelector<HTMLElement>("#status")!.dataset["step"]) > 10,
        undefined,
        {
          timeout: 100_000,
        },
      );
      await page.click("#stop");
      await reach(page, "stopped");
      await picture(page, "webgpu");
      expect(complaints).toEqual([]);
    } finally {
      await page.close();
    }
  }, 180_000);

  test("goes on from its last epoch when the GPU was lost", async ({ skip }) => {
    const { page } = await visit("webgpu");
    try {
      if (!(await page.evaluate(async () => await navigator.gpu?.requestAdapter()))) skip();
      await page.selectOption("#channels", "8");
      await reach(page, "ready");
      // Few images, so that an epoch is short.
      await page.setInputFiles("#files", [...mnistFiles("train", 128), ...mnistFiles("t10k", 50)]);
      await page.waitForFunction(() => document.querySelector("#status")!.textContent!.includes("MNIST: 128"));
      await page.fill("#epochs", "100");
      await page.click("#train");
      await page.waitForSelector('#status[data-accuracy]:not([data-accuracy=""])', { timeout: 100_000 });

      const devtools = await page.context().browser()!.newBrowserCDPSession();
      await devtools.send("Browser.crashGpuProcess").catch(() => undefined);
      await reach(page, "failed");
      expect(await page.textContent("#error")).toMatch(/the GPU was lost.*“Try again” goes on/);
      await page.focus("#train");
      await page.keyboard.press("Enter");
      await reach(page, "ready");
      expect(await page.textContent("#status")).toMatch(/% of test images right/);
      expect(await page.textContent("#train")).toBe("Train more");
      await page.click("#train");
      await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#status")!.dataset["step"]) > 0);
    } finally {
      await page.close();
    }
  }, 180_000);

  test("stops when asked to, and goes on from there", async () => {
    const { page, complaints } = await visit();
    try {
      await page.selectOption("#channels", "8");
      await reach(page, "ready");
      await page.click("#train");
      await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#status")!.dataset["step"]) > 0);
      await page.click("#stop");
      await reach(page, "stopped");
      await page.fill("#epochs", "1");
      await page.click("#train");
      await reach(page, "done");
      expect(complaints).toEqual([]);
    } finally {
      await page.close();
    }
  }, 120_000);

  test("says what is wrong with files that are not MNIST's", async () => {
    const { page } = await visit();
    try {
      await reach(page, "ready");
      await page.setInputFiles("#files", { name: "cat.png", mimeType: "image/png", buffer: Buffer.from("no digits") });
      await reach(page, "failed");
      expect(await page.textContent("#error")).toMatch(/IDX/);
    } finally {
      await page.close();
    }
  });
});
