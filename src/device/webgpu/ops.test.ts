import { describe, test } from "vitest";
import type { DType } from "../../core/dtype.ts";
import { compiledOn } from "../compiled.testing.ts";
import { randomGraphs } from "../random-graphs.testing.ts";
import { opCases } from "../suite.ts";
import { hasWebGpu, webgpu } from "./webgpu.testing.ts";

const GRAPHS = process.env["MYELIN_FULL"] ? 10_000 : 100;
const LIMIT = 3_600_000;
/** GPUs have no f64. */
const DTYPES: readonly DType[] = ["f32", "f16", "bf16", "i32", "u32", "u8", "bool"];

describe.skipIf(!hasWebGpu)("WebGPU", () => {
  const evaluate = compiledOn(webgpu);
  for (const { title, run } of opCases({ evaluate, dtypes: DTYPES })) test(title, run, LIMIT);
  test("random graphs", () => randomGraphs({ count: GRAPHS, seed: 20261121, evaluate, dtypes: DTYPES }), LIMIT);
});
