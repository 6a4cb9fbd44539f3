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

/** What makes a page cross-origin isolated, so that its threads can share memory. */
export const ISOLATION: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

export interface ServedBrowser {
  /** A page, at a path of the server's: in which `/page.js` runs, where nothing else is said. */
  open(path?: string): Promise<Page>;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
};

/** Files by path, as a record or a function. What else is asked for is a page that runs `/page.js`. */
export type ServedFiles =
  | Readonly<Record<string, string | Uint8Array>>
  | ((path: string) => Promise<string | Uint8Array | undefined>);

/** A server of some files. @param headers of all answers. */
export async function serveFiles(
  files: ServedFiles,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly origin: string; close(): void }> {
  const contentOf = typeof files === "function" ? files : async (path: string) => files[path];
  const server = createServer(async ({ url = "" }, response) => {
    const path = url.replace(/[?#].*$/, "");
    const content = await contentOf(path);
    const ending = content === undefined || path.endsWith("/") ? "html" : (/\.(\w+)$/.exec(path)?.[1] ?? "html");
    response
      .writeHead(200, { "content-type": TYPES[ending ?? ""] ?? "application/octet-stream", ...headers })
      .end(content ?? `<!doctype html><title>-</title><script type="module" src="/page.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

/** A browser, and a server of some files. */
export async function serveBrowser(
  files: ServedFiles,
  headers: Readonly<Record<string, string>> = {},
): Promise<ServedBrowser> {
  const server = await serveFiles(files, headers);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] });
  return {
    async open(path = "/") {
      const page = await browser.newPage();
      await page.goto(`${server.origin}${path}`);
      return page;
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
