import { defineConfig, type UserConfig } from "tsdown";

/** The library: one output file per source file, so that bundlers drop what a program does not use, file by file. */
const library: UserConfig = {
  entry: ["src/index.ts", "src/scalar/index.ts", "src/platform/{node,browser}.ts"],
  outDir: "dist",
  format: "esm",
  target: "es2022",
  platform: "neutral",
  unbundle: true,
  dts: { oxc: true },
  // Left as it is: package.json's `imports` picks node or browser where the package is used.
  deps: { neverBundle: ["#platform", /^node:/] },
  tsconfig: "tsconfig.json",
};

/** Programs that use the library by its name, as its users do: examples and benchmarks. */
const programs: UserConfig = {
  entry: ["examples/*.ts", "bench/*.ts", "!**/*.test.ts"],
  outDir: "build",
  format: "esm",
  target: "es2022",
  platform: "node",
  dts: false,
  outExtensions: () => ({ js: ".js" }),
  deps: { neverBundle: [/^myelin/, /^node:/] },
  tsconfig: false,
};

export default defineConfig([library, programs]);
