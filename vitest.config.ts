import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const config: ViteUserConfig = defineConfig({
  resolve: {
    // Tests run the TypeScript sources; package.json's `imports` and `exports` point at dist.
    alias: [
      { find: "#platform", replacement: source("platform/node.ts") },
      { find: "#native", replacement: source("device/native/index.ts") },
      { find: /^myelin$/, replacement: source("index.ts") },
      { find: /^myelin\/([\w-]+)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    include: ["src/**/*.test.ts", "tools/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
    // Processes, not threads: tests start worker threads of their own and share memory with them.
    pool: "forks",
    maxWorkers: 2,
    // Tests that name no device are about what stands above devices.
    env: { MYELIN_DEVICE: "wasm" },
    testTimeout: 60_000,
  },
});

export default config;
