/** A real browser for tests, and a server for it. */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Page } from "playwright";

/** Debian's Chromium, or the one that CHROMIUM names. */
export const CHROMIUM: string = process.env["CHROMIUM"] || "/usr/bin/chromium";

/** For a machine without a graphics card: WebGPU is computed by SwiftShader, which Chromium brings along. */
export const CHROMIUM_FLAGS: readonly string[] = [
  "--headless",
  "--no-sandbox",
  "--no-first-run",
  "--disable-background-networking",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
];

/** Whether there is a browser. Says so where there is none. */
export function hasChromium(): boolean {
  if (existsSync(CHROMIUM)) return true;
  console.warn(`Not tested in a browser: there is none at ${CHROMIUM}. Install chromium, or set CHROMIUM to its path.`);
  return false;
}

export interface ServedBrowser {
  /** A page in which `/page.js` runs. */
  open(): Promise<Page>;
  close(): Promise<void>;
}

/**
 * A browser, and a server of some files.
 * @param files by path; those that end with `.js` are scripts. What else is asked for is a page that runs `/page.js`.
 */
export async function serveBrowser(files: Readonly<Record<string, string | Uint8Array>>): Promise<ServedBrowser> {
  const server = createServer(({ url = "" }, response) => {
    const content = files[url];
    const type =
      content === undefined ? "text/html" : url.endsWith(".js") ? "text/javascript" : "application/octet-stream";
    response
      .writeHead(200, { "content-type": type })
      .end(content ?? `<!doctype html><title>-</title><script type="module" src="/page.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...CHROMIUM_FLAGS],
  });
  return {
    async open() {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      return page;
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
