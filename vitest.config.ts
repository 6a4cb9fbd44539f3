import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** What package.json's `exports` names, in the sources: "myelin/nn" is src/nn/index.ts. */
const faces = Object.entries(manifest.exports).flatMap(([name, file]) =>
  typeof file === "string"
    ? []
    : [
        {
          find: new RegExp(`^${name.replace(".", "myelin")}$`),
          replacement: source(file.default.replace("./dist/", "").replace(/js$/, "ts")),
        },
      ],
);

const config: ViteUserConfig = defineConfig({
  resolve: {
    // Tests run the TypeScript sources; package.json's `imports` and `exports` point at dist.
    alias: [
      { find: "#platform", replacement: source("platform/node.ts") },
      { find: "#native", replacement: source("device/native/index.ts") },
      ...faces,
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
