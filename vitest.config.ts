import { existsSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectConfiguration, type ViteUserConfig } from "vitest/config";
import { aliases } from "./aliases.config.ts";
import { CHROMIUM, CHROMIUM_FLAGS, ISOLATION } from "./src/platform/chromium.testing.ts";

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
  server: { headers: ISOLATION },
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
