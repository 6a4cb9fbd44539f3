import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TypedArray } from "../../core/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { titleOf } from "../../graph/sample.ts";
import { allSamples } from "../../graph/samples.ts";
import { testOps } from "../matrix.testing.ts";
import { recordedValues } from "../recorded.ts";
import type { SampleValue } from "../suite.ts";
import { evaluateGraph } from "./graph.ts";

const folder = new URL("../../../tools/goldens/results/ops/", import.meta.url);
const text = readdirSync(folder)
  .map((file) => readFileSync(new URL(file, folder), "utf8"))
  .join("");
const leaf = (node: Node): TypedArray | undefined => (node.source as SampleValue | undefined)?.array;

describe("reference", () => {
  testOps("reference", { evaluate: async (roots) => evaluateGraph(roots, leaf), recorded: recordedValues(text) });
});

test("PyTorch's values are recorded for every sample but these", () => {
  const titles = new Set(
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { title: string }).title),
  );
  const missing = allSamples
    .flatMap(({ name, valid }) => valid.map((sample) => titleOf(name, sample)))
    .filter((title) => !titles.has(title));
  // Why: see tools/goldens/operations.py.
  const named = missing.map((title) => title.replace(/ .*\(/, " (").replace(/ (f32|f64) .*/, ""));
  expect([...new Set(named)]).toEqual([
    "abs (NaN)",
    "sign (NaN)",
    "cast (out of range)",
    "polygamma (limits)",
    "mod (infinite)",
    "mod (by 0)",
    "idiv (infinite)",
    "idiv (by 0)",
    "prod (limits)",
    "gather (of nothing)",
    "scatter (into nothing)",
    "cumulate (limits of products)",
  ]);
});
