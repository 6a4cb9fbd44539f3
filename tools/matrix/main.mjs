/**
 * Writes docs/op-matrix.md: runs the suite of ops on every device, collects what passed, and makes the document of it.
 *
 * Usage: npm run matrix
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "matrix-"));
/** @type {(...files: string[]) => number | null} */
const run = (...files) =>
  spawnSync("npx", ["vitest", "run", "--reporter=dot", ...files], {
    stdio: "inherit",
    env: { ...process.env, MYELIN_MATRIX: folder },
  }).status;

// First the results, then the document.
const status = run("src/device/ops.test.ts", "src/device/reference/ops.test.ts") || run("src/device/matrix.test.ts");
rmSync(folder, { recursive: true });
process.exitCode = status ?? 1;
