import { describe, test } from "vitest";
import { compiledOn } from "./compiled.testing.ts";
import { RANDOM_GRAPHS, randomGraphs } from "./random-graphs.testing.ts";
import { ReferenceDevice } from "./reference/device.ts";
import { WasmDevice } from "./wasm/device.ts";

/** The long sweep takes the better part of an hour on each device. */
const LIMIT = 3_600_000;

describe("random graphs, compiled", () => {
  test("interpreted", () => randomGraphs({ count: RANDOM_GRAPHS, evaluate: compiledOn(new ReferenceDevice()) }), LIMIT);
  test("WebAssembly", () => randomGraphs({ count: RANDOM_GRAPHS, evaluate: compiledOn(new WasmDevice()) }), LIMIT);
});
