import { defineConfig, type UserConfig } from "tsdown";

const config: UserConfig = defineConfig({
  entry: ["src/index.ts", "src/scalar/index.ts", "src/platform/{node,browser}.ts", "src/cli/main.ts"],
  outDir: "dist",
  format: "esm",
  target: "es2022",
  platform: "neutral",
  // One output file per source file: bundlers drop what a program does not use, file by file.
  unbundle: true,
  dts: { oxc: true },
  // Left as it is: package.json's `imports` picks node or browser where the package is used.
  deps: { neverBundle: ["#platform", /^node:/] },
  tsconfig: "tsconfig.json",
});

export default config;
