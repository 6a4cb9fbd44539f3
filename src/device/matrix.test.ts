import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TypedArray } from "../core/dtype.ts";
import { countsOf, DEVICES, matrixDocument, type DeviceName, type DeviceResults } from "./matrix.testing.ts";
import { opCases } from "./suite.ts";

const document = new URL("../../docs/op-matrix.md", import.meta.url);
const folder = process.env["MYELIN_MATRIX"];
const names = Object.keys(DEVICES) as DeviceName[];

/** Every device of the list as its tests left it. */
function passed(from: string): DeviceResults[] {
  const written = readdirSync(from).map((file) => JSON.parse(readFileSync(join(from, file), "utf8")) as DeviceResults);
  return names.map((name) => {
    const found = written.find(({ device }) => device === name);
    if (!found) throw new Error(`the tests of ops wrote nothing for ${name}: see tools/matrix/main.mjs`);
    return found;
  });
}

if (folder)
  test("writes the document from what passed", () => {
    writeFileSync(document, matrixDocument(passed(folder)));
  });

test("docs/op-matrix.md says what the suite of ops tries now: npm run matrix", () => {
  const evaluate = async (): Promise<readonly TypedArray[]> => [];
  const declared = names.map((device): DeviceResults => ({
    device,
    counts: countsOf(opCases({ evaluate, dtypes: DEVICES[device] })),
  }));
  expect(readFileSync(document, "utf8")).toBe(matrixDocument(declared));
});
