// Writes docs/catalogue.json, the ids and names that test titles refer to, from the catalogue's Markdown:
//
//   node tools/catalogue/extract.mjs <catalogue.md> [docs/catalogue.json]
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Reads the groups ("## A. Title (27 rows)") and their tables ("| A1 | name | …").
 *
 * @param {string} markdown the catalogue
 * @returns {{ groups: { id: string, title: string, rows: number }[], rows: { id: string, name: string, group: string }[] }}
 * @throws {Error} when a row stands under another group's heading, an id comes twice, or a heading counts its rows wrongly
 */
export function extract(markdown) {
  /** @type {ReturnType<typeof extract>} */
  const catalogue = { groups: [], rows: [] };
  const ids = new Set();
  for (const line of markdown.split(/\r?\n/)) {
    const heading = /^## ([A-Z]+)\. (.+) \((\d+) rows\)$/.exec(line);
    if (heading) catalogue.groups.push({ id: heading[1], title: heading[2], rows: Number(heading[3]) });
    // A "\|" belongs to the text of a cell.
    const row = /^\| ([A-Z]+)(\d+) \| ((?:\\.|[^|\\])+) \|/.exec(line);
    if (!row) continue;
    const [id, group] = [row[1] + row[2], catalogue.groups.at(-1)?.id];
    if (row[1] !== group) throw new Error(`catalogue: row ${id} stands in group ${group}`);
    if (ids.has(id)) throw new Error(`catalogue: row ${id} comes twice`);
    ids.add(id);
    catalogue.rows.push({ id, name: row[3].replace(/\\(.)/g, "$1").trim(), group });
  }
  for (const { id, rows } of catalogue.groups) {
    const found = catalogue.rows.filter((row) => row.group === id).length;
    if (found !== rows) throw new Error(`catalogue: group ${id} announces ${rows} rows and has ${found}`);
  }
  return catalogue;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [from, to = fileURLToPath(new URL("../../docs/catalogue.json", import.meta.url))] = process.argv.slice(2);
  if (!from) throw new Error("usage: node tools/catalogue/extract.mjs <catalogue.md> [docs/catalogue.json]");
  const { groups, rows } = extract(readFileSync(from, "utf8"));
  /** @param {object[]} list one object a line, so that a change reads well */
  const lines = (list) => list.map((item) => `    ${JSON.stringify(item)}`).join(",\n");
  writeFileSync(to, `{\n  "groups": [\n${lines(groups)}\n  ],\n  "rows": [\n${lines(rows)}\n  ]\n}\n`);
  console.log(`${rows.length} rows in ${groups.length} groups`);
}
