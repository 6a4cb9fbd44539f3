/**
 * `node build/bench/types.js`: how long TypeScript checks a program of 1,400 calls with shapes in its types, beside the same
 * program without them. Prints seconds, medians of five runs, and their ratio.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { calls, program } from "./types/program.ts";

const RUNS = 5;

const root = dirname(fileURLToPath(import.meta.resolve("myelin/package.json")));
const compiler = join(root, "node_modules", "typescript");
const { version, bin } = JSON.parse(readFileSync(join(compiler, "package.json"), "utf8")) as {
  readonly version: string;
  readonly bin: { readonly tsc: string };
};

/** Inside the package, where its own name finds the declarations that users get. */
const folder = join(root, "build", "types");

const programs = {
  typed: program(true),
  untyped: program(false),
  "declarations alone": 'export type { Tensor } from "myelin";\n',
};

function write(name: string, text: string): string {
  const place = join(folder, name.replaceAll(" ", "-"));
  mkdirSync(place, { recursive: true });
  const compilerOptions = { strict: true, noEmit: true, target: "es2022", module: "nodenext", types: [] };
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  writeFileSync(join(place, "program.ts"), text);
  return place;
}

/** Seconds for one check, the compiler's start included. Throws with the compiler's words when the program is wrong. */
function check(place: string): number {
  const begin = performance.now();
  try {
    execFileSync(process.execPath, [join(compiler, bin.tsc), "-p", place], { encoding: "utf8", stdio: "pipe" });
  } catch (cause) {
    throw new Error(`types: ${place} does not check\n${(cause as { readonly stdout?: string }).stdout}`, { cause });
  }
  return (performance.now() - begin) / 1000;
}

const places = Object.entries(programs).map(([name, text]) => [name, write(name, text)] as const);
const times = new Map<string, number[]>(places.map(([name]) => [name, []]));
// In turn, so that whatever else the machine does meets all of them.
for (let run = 0; run < RUNS; run++) for (const [name, place] of places) times.get(name)!.push(check(place));
const median = (name: string): number => times.get(name)!.sort((a, b) => a - b)[RUNS >> 1]!;
const lines = programs.typed.split("\n").length;
console.log(`TypeScript ${version}, ${lines} lines, ${calls} calls`);
for (const [name] of places) console.log(`${name.padEnd(20)} ${median(name).toFixed(2)} s`);
console.log(`typed / untyped      ${(median("typed") / median("untyped")).toFixed(2)}`);
