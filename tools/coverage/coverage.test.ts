import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { coverage, filesById, idsIn, table, testTitles, unknownIds, type Catalogue } from "./coverage.mjs";
import { coverageDocument } from "./document.mjs";
import { reasons } from "./reasons.mjs";

it("finds the titles of tests and suites, whatever stands around them", () => {
  const source = `
    import { describe, it as specify, it, test } from "vitest";
    describe("suite", () => { it('single \\'quoted\\'', (): void => {}); });
    it.each([["row", 1]] as const)("each %s", (name: string) => {});
    test.skipIf(!gpu).concurrent(\`template \${a + "x"} end\`, async () => {});
    it.each\`a | b\n\${1} | \${2}\`("tagged", () => {});
    it("one " + "sum", () => {});
    for (const name of names) { if (/["'\`]/.test(name)) it("in a loop", { timeout: 5 }, () => {}); }
    // it("in a comment", () => {})
    const text = 'it("in a string")';
    call("elsewhere", () => fit("not a test"));
  `;
  expect(testTitles(source)).toEqual([
    "suite",
    "single 'quoted'",
    "each %s",
    "template   end",
    "tagged",
    "one sum",
    "in a loop",
  ]);
});

it("counts nothing that is skipped or still to do", () => {
  const source = `it.skip("a", f); test.todo("b"); describe.skip("c", () => { it("d", f); }); it("e", f);`;
  expect(testTitles(source)).toEqual(["e"]);
});

it("reads ids in square brackets only", () => {
  expect(idsIn("[A9] [AI1, AI2][B3] shape [2, 3] of A4, [x1] and [2A]")).toEqual(["A9", "AI1", "AI2", "B3"]);
  expect(idsIn("no ids")).toEqual([]);
});

const catalogue = {
  groups: [
    { id: "Y", title: "some" },
    { id: "Z", title: "rest" },
  ],
  rows: [
    { id: "Y1", name: "one", group: "Y" },
    { id: "Y2", name: "a | b", group: "Y" },
    { id: "Z1", name: "three", group: "Z" },
  ],
};

it("counts per group and lists what is missing", () => {
  const groups = coverage(catalogue, new Set(["Y2"]));
  expect(groups).toEqual({
    Y: { covered: 1, total: 2, missing: ["Y1"] },
    Z: { covered: 0, total: 1, missing: ["Z1"] },
  });
  expect(table(catalogue, groups)).toBe(
    ["Y   some    1 of   2   missing: Y1", "Z   rest    0 of   1", "    all     1 of   3"].join("\n"),
  );
});

it("tells rows with their tests or the reason why they have none, and refuses a row with neither or both", () => {
  const files = new Map([["Y2", ["a.test.ts", "b.test.ts"]]]);
  const text = coverageDocument(catalogue, files, { Y1: "later" }, ["Y"]);
  expect(text).toContain("| Y     | some  | 2    | 1      |");
  expect(text).toMatch(/\| Y1 {2}\| one {4}\| later +\|/);
  expect(text).toContain("| Y2  | a \\| b | `a.test.ts`, `b.test.ts`");
  expect(text).not.toContain("Z1");
  expect(() => coverageDocument(catalogue, files, {}, ["Y"])).toThrow("no test and no reason: Y1");
  expect(() => coverageDocument(catalogue, files, { Y1: "", Y2: "later" }, ["Y"])).toThrow("no test and no reason: Y1");
  expect(() => coverageDocument(catalogue, files, { Y1: "later", Y2: "later" }, ["Y"])).toThrow("nothing needs: Y2");
  expect(() => coverageDocument(catalogue, files, { Y1: "later", Z1: "later" }, ["Y"])).toThrow("nothing needs: Z1");
});

it("docs/coverage.md says what the tests' titles say now: npm run coverage -- --write", () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const known = JSON.parse(read("docs/catalogue.json")) as Catalogue;
  const files = filesById(fileURLToPath(new URL("../..", import.meta.url)));
  expect(unknownIds(known, files.keys())).toEqual([]);
  expect(read("docs/coverage.md")).toBe(coverageDocument(known, files, reasons));
});
