/**
 * `node build/bench/size.js`: what the library costs before it does anything. Kilobytes that a page downloads for tensors,
 * autodiff, compiler and wasm, and milliseconds that an import takes in Node.
 */
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, CORE, DENSE, denseAlone, EVERYTHING, kilobytes } from "./bundle.ts";

const MOST_KILOBYTES = 130;
/** What names of namespaces may keep beyond what they name. */
const MOST_KEPT_KILOBYTES = 2;
const MOST_MS = 80;
const IMPORTS = 10;
const LARGEST = 25;

const root = dirname(fileURLToPath(import.meta.resolve("myelin/package.json")));

function importMs(): number {
  const program = `const begin = performance.now(); await import("myelin"); console.log(performance.now() - begin);`;
  const run = (): number =>
    Number(execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root, encoding: "utf8" }));
  const times = Array.from({ length: IMPORTS }, run).sort((a, b) => a - b);
  return Number(times[IMPORTS >> 1]!.toFixed(1));
}

const verdict = (value: number, most: number): string => (value < most ? `under ${most}` : `OVER ${most}`);
const sizeOf = async (program: string, from: "dist" | "src" = "dist"): Promise<number> =>
  kilobytes((await bundle(program, { root, from })).code);

const core = await sizeOf(CORE);
console.log(`core, minified and gzipped: ${core} KB (${verdict(core, MOST_KILOBYTES)})`);
const dense = await sizeOf(DENSE);
const kept = Number(Math.max(0, dense - (await sizeOf(denseAlone(root), "src"))).toFixed(1));
console.log(
  `nn.Linear forward and backward, and optim.SGD: ${dense} KB, of which nobody asked for ${kept} (${verdict(kept, MOST_KEPT_KILOBYTES)})`,
);
console.log(`everything: ${await sizeOf(EVERYTHING)} KB`);
const ms = importMs();
console.log(`import in Node, median of ${IMPORTS} processes: ${ms} ms (${verdict(ms, MOST_MS)})`);
if (core >= MOST_KILOBYTES || process.argv.includes("--modules")) {
  const { modules } = await bundle(CORE, { root, from: "src", minify: false });
  const total = [...modules.values()].reduce((sum, length) => sum + length, 0);
  console.log(`largest of ${modules.size} modules, part of the core before it is minified:`);
  for (const [id, length] of [...modules].sort((a, b) => b[1] - a[1]).slice(0, LARGEST))
    console.log(`${((100 * length) / total).toFixed(1).padStart(6)} %  ${id.replace(`${root}/`, "")}`);
}
