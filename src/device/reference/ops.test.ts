import { describe, test } from "vitest";
import type { Node } from "../../graph/node.ts";
import { opCases, type SampleValue } from "../suite.ts";
import { evaluateGraph } from "./graph.ts";

const leaf = (node: Node) => (node.source as SampleValue | undefined)?.array;

describe("reference", () => {
  for (const { title, run } of opCases({
    evaluate: async (roots) => evaluateGraph(roots, leaf),
    recorded: () => undefined,
  }))
    test(title, run);
});
