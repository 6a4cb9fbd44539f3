import { fileURLToPath } from "node:url";
import manifest from "./package.json" with { type: "json" };

/** What a name of package.json stands for in the sources. */
export interface Alias {
  readonly find: string | RegExp;
  readonly replacement: string;
}

/** A file of `dist` in the sources. */
const source = (file: string): string =>
  fileURLToPath(new URL(file.replace("./dist/", "./src/").replace(/js$/, "ts"), import.meta.url));

/** What package.json's `exports` names, in the sources: "myelin/nn" is src/nn/index.ts. */
const faces: readonly Alias[] = Object.entries(manifest.exports).flatMap(([name, file]) =>
  typeof file === "string"
    ? []
    : [{ find: new RegExp(`^${name.replace(".", "myelin")}$`), replacement: source(file.default) }],
);

/** Tests and the page in `examples/browser` use the TypeScript sources; package.json's `imports` and `exports` point at dist. */
export const aliases = (condition: "node" | "default"): Alias[] => [
  ...Object.entries(manifest.imports).map(([name, files]) => ({ find: name, replacement: source(files[condition]) })),
  ...faces,
];
