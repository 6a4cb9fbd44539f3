import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { TypedArray } from "../../core/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { compiledOn } from "../compiled.testing.ts";
import type { Program } from "../device.ts";
import { randomGraphs, type RandomGraphOptions } from "../random-graphs.testing.ts";
import { evaluateGraph } from "../reference/graph.ts";
import { opCases, type SampleValue } from "../suite.ts";
import { NativeDevice } from "./device.ts";
import { availableTier } from "./tier.ts";

/** A compiler takes milliseconds for a kernel where WebAssembly takes microseconds: fewer graphs, all compiled together. */
const GRAPHS = process.env["MYELIN_FULL"] ? 4_000 : 200;
const LIMIT = 1_800_000;

const missing = availableTier();
if (missing) console.warn(`native ops: skipped, ${missing}`);

describe.skipIf(missing !== undefined)("compiled, C", () => {
  const device = new NativeDevice({ name: "native", runsBefore: 0 });
  const evaluate = compiledOn(device);
  const cases = opCases({ evaluate });
  const graphs: Omit<RandomGraphOptions, "evaluate"> = { count: GRAPHS, seed: 20261121 };

  beforeAll(async () => {
    const programs: Program[] = [];
    const learn = (roots: readonly Node[]): void => {
      if (roots.length) programs.push(compile({ results: roots, updates: [] }).program);
    };
    const stop = new Error("learned");
    for (const { run } of opCases({
      evaluate: (roots) => {
        learn(roots);
        return Promise.reject(stop);
      },
    }))
      await run().catch((error: unknown) => expect(error).toBe(stop));
    await randomGraphs({
      ...graphs,
      evaluate: (roots): Promise<readonly TypedArray[]> => {
        learn(roots);
        return Promise.resolve(evaluateGraph(roots, (node) => (node.source as SampleValue | undefined)?.array));
      },
    });
    await device.warm(programs);
  }, LIMIT);

  for (const { title, run } of cases) test(title, run, LIMIT);
  test("random graphs", () => randomGraphs({ ...graphs, evaluate }), LIMIT);

  afterAll(() => expect(device.tier).toBe("native"));
});
