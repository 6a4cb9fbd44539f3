// npm run coverage              how many rows of the catalogue have a test, group by group
// npm run coverage -- --json    the same as { group: { covered, total, missing } }
// npm run coverage -- --write   writes docs/coverage.md
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { coverage, filesById, table, unknownIds } from "./coverage.mjs";
import { coverageDocument } from "./document.mjs";
import { reasons } from "./reasons.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const flags = process.argv.slice(2);
const unknownFlag = flags.find((flag) => !["--json", "--write"].includes(flag));
if (unknownFlag) {
  console.error(`coverage: unknown flag ${unknownFlag}; it takes --json, --write or nothing`);
  process.exit(2);
}

/** @type {import("./coverage.mjs").Catalogue} */
const catalogue = JSON.parse(readFileSync(join(root, "docs/catalogue.json"), "utf8"));
const files = filesById(root);
for (const id of unknownIds(catalogue, files.keys()))
  console.error(`${files.get(id)?.join(", ")}: the catalogue has no row ${id}`);

if (flags.includes("--write"))
  writeFileSync(join(root, "docs/coverage.md"), coverageDocument(catalogue, files, reasons));
const groups = coverage(catalogue, files);
console.log(flags.includes("--json") ? JSON.stringify(groups, null, 2) : table(catalogue, groups));
