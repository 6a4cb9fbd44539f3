// Runs the TypeScript compiler on bad.check.ts without its directives and compares what it prints with bad.errors.txt.
// After a change that is meant: MYELIN_RECORD=1 npx vitest run src/tensor/types
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../..");
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** What tsc prints for a program, one line per mistake, without the file's name. */
async function messages(program: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "myelin-types-"));
  try {
    writeFileSync(join(folder, "program.mts"), program.replaceAll("../../index.ts", join(root, "src/index.ts")));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: { isolatedDeclarations: false, typeRoots: [join(root, "node_modules/@types")] },
        files: ["program.mts"],
        include: [],
      }),
    );
    const printed = await promisify(execFile)(process.execPath, [compiler, "-p", folder, "--pretty", "false"]).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
    return printed
      .split("\n")
      .filter((line) => line.includes("program.mts"))
      .map((line) => line.replace(/^.*program\.mts\((\d+),\d+\): error /, "$1 "));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("[B19] the type checker refuses bad shapes with sentences that name them", async () => {
  const source = readFileSync(join(here, "bad.check.ts"), "utf8");
  const printed = await messages(source.replaceAll(/^\/\/ @ts-expect-error.*$/gm, "//"));
  const lines = source.split("\n");
  // Each message under the line it is about.
  const report = printed.map((text) => {
    const [, line, message] = /^(\d+) (.*)$/.exec(text)!;
    return `${lines[Number(line) - 1]!.trim()}\n  ${message}\n`;
  });
  const recorded = join(here, "bad.errors.txt");
  if (process.env["MYELIN_RECORD"]) writeFileSync(recorded, report.join(""));
  expect(report.join("")).toBe(readFileSync(recorded, "utf8"));
  expect(printed).toHaveLength(source.match(/^\/\/ @ts-expect-error/gm)!.length);
});
