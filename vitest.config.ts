import { existsSync, readdirSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectConfiguration, type ViteUserConfig } from "vitest/config";
import { aliases } from "./aliases.config.ts";
import { CHROMIUM, CHROMIUM_FLAGS, ISOLATION } from "./src/platform/chromium.testing.ts";

/** A GPU in software, where no driver of a GPU is named: the first of these that is there. */
function softwareGpu(...drivers: readonly string[]): Record<string, string> {
  const driver = process.env["VK_ICD_FILENAMES"] === undefined ? drivers.find((path) => existsSync(path)) : undefined;
  return driver === undefined ? {} : { VK_ICD_FILENAMES: driver };
}
/** It comes with Debian's chromium. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
/** Mesa's, which has half precision: `x86_64` or another machine stands in its name in older versions. */
const DRIVERS = "/usr/share/vulkan/icd.d";
const LAVAPIPE = (existsSync(DRIVERS) ? readdirSync(DRIVERS) : [])
  .filter((name) => /^lvp_icd.*\.json$/.test(name))
  .map((name) => `${DRIVERS}/${name}`);

/** Tests that run in Node; some of them drive a browser. */
const node: TestProjectConfiguration = {
  resolve: { alias: aliases("node") },
  test: {
    name: "node",
    include: ["src/**/*.test.ts", "tools/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
    exclude: ["**/*.page.test.ts", "**/*.f16.test.ts"],
    // Processes, not threads: tests start worker threads of their own and share memory with them.
    pool: "forks",
    // Tests that name no device are about what stands above devices.
    env: { MYELIN_DEVICE: "wasm", ...softwareGpu(SWIFTSHADER) },
    testTimeout: 60_000,
  },
};

/** Tests of what needs a GPU with half precision. */
const f16: TestProjectConfiguration = {
  resolve: { alias: aliases("node") },
  test: {
    name: "f16",
    include: ["src/**/*.f16.test.ts"],
    pool: "forks",
    env: { MYELIN_DEVICE: "wasm", ...softwareGpu(...LAVAPIPE, SWIFTSHADER) },
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
  test: { maxWorkers: 2, projects: existsSync(CHROMIUM) ? [node, f16, page] : [node, f16] },
});

export default config;
