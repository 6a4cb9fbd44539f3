import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectConfiguration, type ViteUserConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };
import { CHROMIUM, CHROMIUM_FLAGS } from "./src/platform/chromium.testing.ts";

/** A file of `dist` in the sources. */
const source = (file: string): string =>
  fileURLToPath(new URL(file.replace("./dist/", "./src/").replace(/js$/, "ts"), import.meta.url));

/** What package.json's `exports` names, in the sources: "myelin/nn" is src/nn/index.ts. */
const faces = Object.entries(manifest.exports).flatMap(([name, file]) =>
  typeof file === "string"
    ? []
    : [{ find: new RegExp(`^${name.replace(".", "myelin")}$`), replacement: source(file.default) }],
);

/** Tests run the TypeScript sources; package.json's `imports` and `exports` point at dist. */
const aliases = (condition: "node" | "default") => [
  ...Object.entries(manifest.imports).map(([name, files]) => ({ find: name, replacement: source(files[condition]) })),
  ...faces,
];

/** Where no driver of a GPU is named, the one in software that comes with Debian's chromium. */
function softwareGpu(): Record<string, string> {
  const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
  return process.env["VK_ICD_FILENAMES"] === undefined && existsSync(driver) ? { VK_ICD_FILENAMES: driver } : {};
}

/** Tests that run in Node; some of them drive a browser. */
const node: TestProjectConfiguration = {
  resolve: { alias: aliases("node") },
  test: {
    name: "node",
    include: ["src/**/*.test.ts", "tools/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
    exclude: ["**/*.page.test.ts"],
    // Processes, not threads: tests start worker threads of their own and share memory with them.
    pool: "forks",
    // Tests that name no device are about what stands above devices.
    env: { MYELIN_DEVICE: "wasm", ...softwareGpu() },
    testTimeout: 60_000,
  },
};

/** Tests that run in a page, cross-origin isolated, so that it has threads. */
const page: TestProjectConfiguration = {
  resolve: { alias: aliases("default") },
  // The page that runs tests has policies of its own, to which Vite's must be added.
  server: {
    headers: { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" },
  },
  test: {
    name: "page",
    include: ["src/**/*.page.test.ts"],
    testTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] } }),
      instances: [{ browser: "chromium" }],
    },
  },
};

const config: ViteUserConfig = defineConfig({
  test: { maxWorkers: 2, projects: existsSync(CHROMIUM) ? [node, page] : [node] },
});

export default config;
