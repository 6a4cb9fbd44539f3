// The files of docs/activations are what the functions say. With MYELIN_WRITE=1 they are written first.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { setDevice } from "../../src/tensor/engine.ts";
import { pages } from "./draw.ts";

const folder = new URL("../../docs/activations/", import.meta.url);

describe("[G25] the pages of activations", () => {
  let files = new Map<string, string>();
  beforeAll(() => {
    // Plain double precision: the same points everywhere.
    setDevice("reference");
    files = pages();
    if (process.env["MYELIN_WRITE"]) for (const [name, text] of files) writeFileSync(new URL(name, folder), text);
  });

  it("are those in docs/activations, and nothing else is there", () => {
    expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort());
    for (const [name, text] of files) expect(readFileSync(new URL(name, folder), "utf8"), name).toBe(text);
  });

  it("[AK1] [AK2] say where other texts differ", () => {
    const text = files.get("README.md")!;
    expect(text).toContain("−0.25 as its least value; by this definition it is −0.375");
    expect(text).toContain("range as all numbers; its least value is −0.1700");
  });

  it("draw every curve through its points", () => {
    for (const [name, text] of files)
      if (name.endsWith(".svg")) expect(text.match(/[ML]\d/g)!.length, name).toBeGreaterThan(400);
  });
});
