import type { UserConfig } from "tsdown";

/** The library as one file per entry: a hundred small ones would take Node longer to find than to run. Bundlers drop what a program does not use by name. */
const library: UserConfig = {
  entry: ["src/index.ts", "src/scalar/index.ts", "src/platform/{node,browser}.ts", "src/device/native/{index,none}.ts"],
  outDir: "dist",
  format: "esm",
  target: "es2022",
  platform: "neutral",
  dts: { oxc: true },
  // Left as it is: package.json's `imports` picks Node's or a browser's part where the package is used.
  deps: { neverBundle: ["#platform", "#native", /^node:/] },
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

const config: UserConfig[] = [library, programs];

export default config;
