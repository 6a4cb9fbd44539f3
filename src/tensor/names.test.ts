// docs/functions.md: what PyTorch and NumPy call a function, and what it is called here.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as myelin from "../index.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const [there, left] = read("docs/functions.md").split("## What is left out") as [string, string];

/** The rows of a table as the names on their left and what stands on their right. */
function rows(text: string): { names: string[]; right: string }[] {
  return text.split("\n").flatMap((line) => {
    const [, names, right] = /^\| (`.*?`) +\| (.*?) *\|$/.exec(line) ?? [];
    return names ? [{ names: names.split(", ").map((name) => name.replaceAll("`", "")), right: right! }] : [];
  });
}

/** Whether `x.name` is a member of tensors, or a dotted name an export. */
function exists(name: string): boolean {
  if (name.startsWith("x.")) return name.slice(2) in myelin.Tensor.prototype;
  return (
    name.split(".").reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], myelin) !==
    undefined
  );
}

test("every name of Myelin in it exists", () => {
  const targets = rows(there).map(({ right }) => right.replaceAll("`", ""));
  expect(targets.length).toBeGreaterThan(300);
  expect(targets.filter((name) => !exists(name))).toEqual([]);
});

test("every name of torch.Tensor, torch, torch.linalg, torch.fft and jax.numpy stands in it once", () => {
  const lists = Object.values(JSON.parse(read("tools/goldens/results/names.json")) as Record<string, string[]>);
  const listed = [...rows(there), ...rows(left)].flatMap(({ names }) => names);
  expect([...listed].sort()).toEqual([...new Set(lists.flat())].sort());
});

test("what is left out has a reason", () => {
  for (const { right } of rows(left)) expect(right.length).toBeGreaterThan(20);
});
