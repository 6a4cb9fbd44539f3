// Which rows of the catalogue have a test: a test carries the row's id in its title, as in it("[A9] [AI1] one unit").
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAst } from "vitest/node";

/** @typedef {{ groups: { id: string, title: string }[], rows: { id: string, name: string, group: string }[] }} Catalogue */
/**
 * The fields read here of a node of the syntax tree (ESTree).
 *
 * @typedef {object} SyntaxNode
 * @property {string} type
 * @property {string} [name]
 * @property {unknown} [value]
 * @property {SyntaxNode} [callee]
 * @property {SyntaxNode} [object]
 * @property {SyntaxNode} [property]
 * @property {SyntaxNode} [tag]
 * @property {SyntaxNode} [left]
 * @property {SyntaxNode} [right]
 * @property {SyntaxNode[]} [arguments]
 * @property {{ value: { cooked: string } }[]} [quasis]
 */
/** @typedef {{ covered: number, total: number, missing: string[] }} GroupCoverage */

/**
 * The titles of all tests and suites of one file: the literal text of the first argument of `it`, `test` and
 * `describe`, with or without modifiers (`it.each(table)("title")`). Of templates and concatenations, the parts
 * that stand in the source. What is skipped or still to be done has no title here.
 *
 * @param {string} source TypeScript
 * @returns {string[]}
 */
export function testTitles(source) {
  /** @type {string[]} */
  const titles = [];
  /** @param {unknown} value */
  const visit = (value) => {
    if (typeof value !== "object" || value === null) return;
    const node = /** @type {SyntaxNode} */ (value);
    if (node.type === "CallExpression") {
      const names = chain(node.callee);
      if (["it", "test", "describe"].includes(names[0])) {
        if (names.includes("skip") || names.includes("todo")) return;
        const title = literalText(node.arguments?.[0]);
        if (title) titles.push(title);
      }
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(source, { lang: "ts" }));
  return titles;
}

/**
 * `it.skipIf(x).each(table)` as ["it", "skipIf", "each"].
 *
 * @param {SyntaxNode | undefined} node
 * @returns {string[]}
 */
function chain(node) {
  switch (node?.type) {
    case "Identifier":
      return [node.name ?? ""];
    case "MemberExpression":
      return [...chain(node.object), ...chain(node.property)];
    case "CallExpression":
      return chain(node.callee);
    case "TaggedTemplateExpression":
      return chain(node.tag);
    default:
      return [""];
  }
}

/**
 * @param {SyntaxNode | undefined} node an expression
 * @returns {string} the text it holds literally
 */
function literalText(node) {
  switch (node?.type) {
    case "Literal":
      return typeof node.value === "string" ? node.value : "";
    case "TemplateLiteral":
      return (node.quasis ?? []).map((part) => part.value.cooked).join(" ");
    case "BinaryExpression":
      return literalText(node.left) + literalText(node.right);
    default:
      return "";
  }
}

/**
 * @param {string} title
 * @returns {string[]} the ids in its square brackets: "[A9] [AI1, AI2] …" names three
 */
export function idsIn(title) {
  const brackets = title.match(/\[[A-Z]{1,2}\d+(?:,\s*[A-Z]{1,2}\d+)*\]/g) ?? [];
  return brackets.flatMap((text) => text.slice(1, -1).split(/,\s*/));
}

/**
 * @param {string} root
 * @param {string} [folder] below it
 * @returns {string[]} the test files, by their paths from the root
 */
function testFiles(root, folder = "") {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    if (entry.name.startsWith(".") || ["node_modules", "dist", "build"].includes(entry.name)) return [];
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return testFiles(root, path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

/**
 * @param {string} root the repository
 * @returns {Map<string, string[]>} the test files that name each id, sorted
 */
export function filesById(root) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const path of testFiles(root).sort()) {
    const ids = new Set(testTitles(readFileSync(join(root, path), "utf8")).flatMap(idsIn));
    for (const id of ids) found.set(id, [...(found.get(id) ?? []), path]);
  }
  return found;
}

/**
 * @param {Catalogue} catalogue
 * @param {Iterable<string>} ids
 * @returns {string[]} those that the catalogue does not have
 */
export function unknownIds(catalogue, ids) {
  const known = new Set(catalogue.rows.map(({ id }) => id));
  return [...ids].filter((id) => !known.has(id));
}

/**
 * @param {Catalogue} catalogue
 * @param {{ has(id: string): boolean }} ids the rows that have a test
 * @returns {Record<string, GroupCoverage>} by group id, in the catalogue's order
 */
export function coverage(catalogue, ids) {
  return Object.fromEntries(
    catalogue.groups.map(({ id }) => {
      const rows = catalogue.rows.filter((row) => row.group === id);
      const missing = rows.map((row) => row.id).filter((row) => !ids.has(row));
      return [id, { covered: rows.length - missing.length, total: rows.length, missing }];
    }),
  );
}

/**
 * @param {Catalogue} catalogue
 * @param {Record<string, GroupCoverage>} groups
 * @returns {string} a line per group, and the total
 */
export function table(catalogue, groups) {
  const width = Math.max(...catalogue.groups.map(({ title }) => title.length));
  /** @type {(id: string, title: string, covered: number, total: number) => string} */
  const line = (id, title, covered, total) =>
    `${id.padEnd(3)} ${title.padEnd(width)} ${String(covered).padStart(4)} of ${String(total).padStart(3)}`;
  /** @param {"covered" | "total"} field */
  const sum = (field) => Object.values(groups).reduce((total, group) => total + group[field], 0);
  const lines = catalogue.groups.map(({ id, title }) => {
    const { covered, total, missing } = groups[id];
    const left = covered > 0 && missing.length > 0 ? `   missing: ${missing.join(" ")}` : "";
    return line(id, title, covered, total) + left;
  });
  return [...lines, line("", "all", sum("covered"), sum("total"))].join("\n");
}
