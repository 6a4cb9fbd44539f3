import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { UserConfig } from "tsdown";
import manifest from "./package.json" with { type: "json" };

/** What depends on where the package is used. */
const imports: Readonly<Record<string, { readonly default: string }>> = manifest.imports;

/** What `dist` has been built from. */
const sourceOf = (file: string): string => file.replace("./dist/", "./src/").replace(/js$/, "ts");

/** Packages that users install for what needs them. */
const optional = Object.keys(manifest.peerDependencies).map((name) => new RegExp(`^${name}($|/)`));

/** What an index re-exports as one name, such as `nn` and `losses`: paths from its folder. */
const namespacesOf = (index: string): readonly string[] =>
  Array.from(
    readFileSync(new URL(index, import.meta.url), "utf8").matchAll(/^export \* as \w+ from "\.\/(.+)\.ts";$/gm),
    ([, path]) => path!,
  );

/** The index, and that of Keras's face, with their namespaces. */
const faces = ["", "layers/"].map((folder) => ({ folder, namespaces: namespacesOf(`src/${folder}index.ts`) }));

/**
 * The library in few files: a hundred small ones would take Node longer to find than to run. Bundlers drop what a program
 * does not use by name. They can do so inside a namespace only if it is a file of its own; in one file it would be an
 * object, and `nn.Linear` would keep every layer.
 */
const library: UserConfig = {
  entry: [
    ...faces.map(({ folder }) => `src/${folder}index.ts`),
    "src/scalar/index.ts",
    "src/cli/main.ts",
    "src/platform/{node,browser}.ts",
    "src/device/native/{index,none}.ts",
    ...faces.flatMap(({ folder, namespaces }) => namespaces.map((path) => `src/${folder}${path}.ts`)),
  ],
  plugins: [
    {
      name: "namespaces",
      resolveId: {
        order: "pre",
        handler: (id, importer = "") => {
          const folder = /[/\\]src[/\\]((?:layers[/\\])?)index\.(?:d\.)?ts$/.exec(importer)?.[1];
          const face = faces.find((one) => one.folder === folder?.replace("\\", "/"));
          return face?.namespaces.includes(id.slice("./".length, -".ts".length))
            ? { id: id.replace(/\.ts$/, ".js"), external: true }
            : null;
        },
      },
    },
  ],
  outputOptions: {
    codeSplitting: {
      groups: [
        // `#native` stands on these, and what stands on `#native` is in the other: one file would need itself.
        {
          name: "device",
          test: /[/\\]src[/\\](core|ir|device[/\\](?!reference)).+(?<!\.d)\.ts$/,
          minShareCount: 2,
          priority: 1,
        },
        { name: "shared", test: /[/\\]src[/\\](?!platform).+(?<!\.d)\.ts$/, minShareCount: 2 },
      ],
    },
  },
  outDir: "dist",
  // Shared files keep the hash of their content in their names: src/device/native/tier.ts knows its code by them.
  format: "esm",
  target: "es2022",
  platform: "neutral",
  dts: { oxc: true },
  // `using` works with some classes, also where a program's own `lib` has no Symbol.dispose.
  banner: { dts: '/// <reference lib="esnext.disposable" />' },
  // Left as it is: package.json's `imports` picks Node's or a browser's part where the package is used.
  deps: { neverBundle: [...Object.keys(imports), /^node:/, ...optional] },
  tsconfig: "tsconfig.json",
};

/**
 * The library for pages without a bundler, `<script type="module">`, and for their workers, which know no import map: everything by a relative
 * URL. `myelin.js` is the index with its namespaces, `layers.js` Keras's face.
 */
const page: UserConfig = {
  entry: { myelin: "src/index.ts", layers: "src/layers/index.ts" },
  plugins: [
    {
      name: "page",
      resolveId: {
        order: "pre",
        handler: (id) =>
          id in imports ? fileURLToPath(new URL(sourceOf(imports[id]!.default), import.meta.url)) : null,
      },
    },
  ],
  outDir: "dist/browser",
  // The library's build has emptied `dist`.
  clean: false,
  format: "esm",
  target: "es2022",
  platform: "browser",
  // The names of classes are in summaries and messages.
  minify: {
    mangle: { keepNames: { class: true, function: false } },
    compress: { keepNames: { class: true, function: false } },
  },
  dts: false,
  outputOptions: { chunkFileNames: "shared.js" },
  outExtensions: () => ({ js: ".js" }),
  deps: { neverBundle: optional },
  tsconfig: false,
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
  deps: { neverBundle: [/^myelin/, /^node:/, "papaparse", "rolldown", "playwright", "webgpu"] },
  tsconfig: false,
};

const config: UserConfig[] = [library, page, programs];

export default config;
