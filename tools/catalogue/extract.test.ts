import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { extract } from "./extract.mjs";

const group = (rows: number, ...lines: string[]): string =>
  [`## Q. Callbacks (${rows} rows)`, "", "| id | name | what |", "| --- | --- | --- |", ...lines].join("\n");

it("reads groups and rows", () => {
  expect(extract(group(2, "| Q1 | early stopping | stops |", "| Q2 | size \\|w\\| | a \\| b |"))).toEqual({
    groups: [{ id: "Q", title: "Callbacks", rows: 2 }],
    rows: [
      { id: "Q1", name: "early stopping", group: "Q" },
      { id: "Q2", name: "size |w|", group: "Q" },
    ],
  });
});

it("refuses tables that contradict themselves", () => {
  expect(() => extract(group(2, "| Q1 | one | … |"))).toThrow("group Q announces 2 rows and has 1");
  expect(() => extract(group(2, "| Q1 | one | … |", "| Q1 | two | … |"))).toThrow("row Q1 comes twice");
  expect(() => extract(group(1, "| R1 | one | … |"))).toThrow("row R1 stands in group Q");
});

it("docs/catalogue.json is whole", () => {
  const file = new URL("../../docs/catalogue.json", import.meta.url);
  const { groups, rows } = JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof extract>;
  expect(groups).toHaveLength(38);
  expect(rows).toHaveLength(829);
  expect(groups.reduce((sum, entry) => sum + entry.rows, 0)).toBe(829);
});
