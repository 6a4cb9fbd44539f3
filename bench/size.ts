/**
 * `node build/bench/size.js`: what the library costs before it does anything. Kilobytes that a page downloads for tensors,
 * autodiff, compiler and wasm, and milliseconds that an import takes in Node.
 */
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { rolldown as Rolldown } from "rolldown";

const MOST_KILOBYTES = 100;
const MOST_MS = 80;
const IMPORTS = 10;
const LARGEST = 25;

const root = dirname(fileURLToPath(import.meta.resolve("myelin/package.json")));
const core = 'import { tensor, jit, grad } from "myelin"; console.log(tensor, jit, grad);';
const everything = 'export * from "myelin";';
const built = {
  myelin: join(root, "dist/index.js"),
  "#platform": join(root, "dist/platform/browser.js"),
  "#native": join(root, "dist/device/native/none.js"),
};
const sources = {
  myelin: join(root, "src/index.ts"),
  "#platform": join(root, "src/platform/browser.ts"),
  "#native": join(root, "src/device/native/none.ts"),
};

/** What is left of a program. */
interface Bundle {
  readonly code: string;
  /** Characters by module, of what was kept. Minified code keeps no record of its modules. */
  readonly modules: ReadonlyMap<string, number>;
}

// Found at run time (it comes with tsdown): what bundles this program would bundle its bundler too.
const bundlerName = "rolldown";
const { rolldown } = (await import(bundlerName)) as { readonly rolldown: typeof Rolldown };

/** Bundles a program for browsers, without what it does not use. */
async function bundle(program: string, places: Readonly<Record<string, string>>, minify: boolean): Promise<Bundle> {
  const build = await rolldown({
    input: "entry",
    platform: "browser",
    // This project's own settings send every import to the sources and to Node.
    tsconfig: false,
    plugins: [
      {
        name: "modules",
        resolveId(id) {
          if (id === "entry") return id;
          // As package.json says of every module.
          return Object.hasOwn(places, id) ? { id: places[id]!, moduleSideEffects: false } : null;
        },
        load: (id) => (id === "entry" ? program : null),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm", minify, codeSplitting: false });
  await build.close();
  const [chunk] = output;
  const modules = Object.entries(chunk.modules).map(([id, { renderedLength }]) => [id, renderedLength] as const);
  return { code: chunk.code, modules: new Map(modules) };
}

const kilobytes = (code: string): number => Number((gzipSync(code, { level: 9 }).length / 1000).toFixed(1));

function importMs(): number {
  const program = `const begin = performance.now(); await import("myelin"); console.log(performance.now() - begin);`;
  const run = (): number =>
    Number(execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root, encoding: "utf8" }));
  const times = Array.from({ length: IMPORTS }, run).sort((a, b) => a - b);
  return Number(times[IMPORTS >> 1]!.toFixed(1));
}

const verdict = (value: number, most: number): string => (value < most ? `under ${most}` : `OVER ${most}`);

const coreKilobytes = kilobytes((await bundle(core, built, true)).code);
console.log(`core, minified and gzipped: ${coreKilobytes} KB (${verdict(coreKilobytes, MOST_KILOBYTES)})`);
console.log(`everything: ${kilobytes((await bundle(everything, built, true)).code)} KB`);
const ms = importMs();
console.log(`import in Node, median of ${IMPORTS} processes: ${ms} ms (${verdict(ms, MOST_MS)})`);
if (coreKilobytes >= MOST_KILOBYTES || process.argv.includes("--modules")) {
  const { modules } = await bundle(core, sources, false);
  const total = [...modules.values()].reduce((sum, length) => sum + length, 0);
  console.log(`largest of ${modules.size} modules, part of the core before it is minified:`);
  for (const [id, length] of [...modules].sort((a, b) => b[1] - a[1]).slice(0, LARGEST))
    console.log(`${((100 * length) / total).toFixed(1).padStart(6)} %  ${id.replace(`${root}/`, "")}`);
}
