// docs/coverage.md: every row of the groups that are done, with its test or the reason why it has none; the others counted.
import { coverage } from "./coverage.mjs";

/** @typedef {import("./coverage.mjs").Catalogue} Catalogue */

/** Groups whose rows are told one by one. */
export const DONE = [..."ABCDEFGHIJKLMNPQRSTUVWXYZ", "AC", "AD", "AE", "AF", "AK"].filter((group) => group !== "O");

/**
 * @param {Catalogue} catalogue
 * @param {ReadonlyMap<string, readonly string[]>} files the test files of each row
 * @param {Readonly<Record<string, string>>} reasons why rows have none
 * @param {readonly string[]} [done] groups whose rows are told one by one
 * @returns {string} Markdown
 * @throws {Error} where a row of these groups has neither test nor reason, or both
 */
export function coverageDocument(catalogue, files, reasons, done = DONE) {
  const groups = coverage(catalogue, files);
  const told = catalogue.groups.filter(({ id }) => done.includes(id));
  const rows = catalogue.rows.filter(({ group }) => done.includes(group));
  const bare = rows.filter(({ id }) => !files.has(id) && !reasons[id]).map(({ id }) => id);
  if (bare.length > 0) throw new Error(`no test and no reason: ${bare.join(", ")}. See tools/coverage/reasons.mjs`);
  const idle = Object.keys(reasons).filter((id) => files.has(id) || !rows.some((row) => row.id === id));
  if (idle.length > 0)
    throw new Error(`a reason that nothing needs: ${idle.join(", ")}. See tools/coverage/reasons.mjs`);

  /** @type {(title: string, head: readonly string[], lines: readonly (readonly string[])[]) => string[]} */
  const section = (title, head, lines) => [`## ${title}`, "", ...columns([head, ...lines]), ""];
  return [
    "# What the tests cover",
    "",
    "Written by `npm run coverage -- --write` from the titles of the tests, which name the rows of the",
    "[catalogue](catalogue.json) that they are about.",
    "",
    ...section(
      "By group",
      ["group", "about", "rows", "tested"],
      catalogue.groups.map(({ id, title }) => [id, title, `${groups[id].total}`, `${groups[id].covered}`]),
    ),
    ...told.flatMap(({ id: group, title }) =>
      section(
        `${group}. ${title}`,
        ["row", "what", "tested in, or why not yet"],
        rows
          .filter((row) => row.group === group)
          .map(({ id, name }) => [
            id,
            name,
            files
              .get(id)
              ?.map((path) => `\`${path}\``)
              .join(", ") ?? reasons[id],
          ]),
      ),
    ),
  ].join("\n");
}

/**
 * @param {readonly (readonly string[])[]} cells the head first
 * @returns {string[]} a table, its columns as wide as the formatter wants them
 */
function columns(cells) {
  const escaped = cells.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = escaped[0].map((_, i) => Math.max(...escaped.map((row) => row[i].length)));
  /** @type {(row: readonly string[]) => string} */
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const [head, ...body] = escaped.map(line);
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body];
}
