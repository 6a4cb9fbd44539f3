import { describe, test } from "vitest";
import type { DType } from "../../core/dtype.ts";
import { compiledOn } from "../compiled.testing.ts";
import { randomGraphs } from "../random-graphs.testing.ts";
import { opCases } from "../suite.ts";
import type { GpuTarget } from "./kernel.ts";
import { SimulatedGpu } from "./simulator.testing.ts";

const GRAPHS = process.env["MYELIN_FULL"] ? 10_000 : 300;
const LIMIT = 3_600_000;
const DTYPES: readonly DType[] = ["f32", "i32", "u8", "bool", "f16", "bf16", "u32"];
/** So small that rows of a few elements are shared by lanes, two of which exchange values, and cut into chunks. */
const SMALL: GpuTarget = { threads: 4, sharedBytes: 96, exchange: 2 };

describe("as a GPU would", () => {
  const evaluate = compiledOn(new SimulatedGpu());
  for (const { title, run } of opCases({ evaluate, dtypes: DTYPES })) test(title, run, LIMIT);
  test("random graphs", () => randomGraphs({ count: GRAPHS, seed: 20261121, evaluate }), LIMIT);
});

describe("as a very small GPU would", () => {
  const evaluate = compiledOn(new SimulatedGpu(SMALL));
  const dtypes = process.env["MYELIN_FULL"] ? DTYPES : DTYPES.slice(0, 4);
  for (const { title, run } of opCases({ evaluate, dtypes })) test(title, run, LIMIT);
  test("random graphs", () => randomGraphs({ count: GRAPHS, seed: 20261121, evaluate }), LIMIT);
});
