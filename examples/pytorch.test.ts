// What docs/pytorch.md shows is what the example does.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as myelin from "myelin";
import { main } from "./pytorch.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const unindented = (code: string): string => code.replaceAll(/^ +/gm, "");

test("every piece of code in docs/pytorch.md stands in the example", () => {
  const program = unindented(read("pytorch.ts"));
  const blocks = [...read("../docs/pytorch.md").matchAll(/```ts\n(.*?)\n```/gs)].map(([, code]) => code!);
  expect(blocks.length).toBeGreaterThan(7);
  for (const block of blocks) expect(program.includes(unindented(block)) ? "" : block).toBe("");
});

test("every name of Myelin's in the table of docs/pytorch.md exists", () => {
  const rows = read("../docs/pytorch.md").matchAll(/^\| `[^|]*\| (.*) \|$/gm);
  const names = [...rows].flatMap(([, here]) =>
    [...here!.matchAll(/`(?:await |new )?((?:\w+\.)*\w+)[^`]*`/g)].map((m) => m[1]!),
  );
  const model = new myelin.nn.Linear(1, 1);
  const objects: Readonly<Record<string, object>> = {
    x: myelin.zeros([1]),
    p: model.weight,
    model,
    optimizer: new myelin.optim.SGD(model.parameters()),
  };
  const exists = (name: string): boolean => {
    const [first, ...rest] = name.split(".");
    let at: unknown = objects[first!] ?? (myelin as Readonly<Record<string, unknown>>)[first!];
    for (const part of rest)
      at = at && part in Object(at) ? ((at as Readonly<Record<string, unknown>>)[part] ?? true) : undefined;
    return at !== undefined;
  };
  expect(names.length).toBeGreaterThan(25);
  expect(names.filter((name) => !exists(name))).toEqual([]);
});

test("the example learns, and what was saved answers as what was trained", async () => {
  const { right, loaded, seen, ends, text } = await main({ count: 400, epochs: 3, print: () => undefined });
  expect(right).toBeGreaterThan(0.5);
  expect(loaded).toBe(right);
  expect(seen).toBe("50,8,7,7");
  expect(ends).toBe(1);
  expect(text).toHaveLength(8);
}, 60_000);
