import { describe, test } from "vitest";
import { compiledOn } from "./compiled.testing.ts";
import { RANDOM_GRAPHS, randomGraphs } from "./random-graphs.testing.ts";
import { InterpretingDevice } from "./reference/interpreting.ts";
import { WasmDevice } from "./wasm/device.ts";

/** The same graphs at every change of the code, so that a failure is the change's; the long sweep looks for new ones. */
const SEED = process.env["MYELIN_FULL"] ? {} : { seed: 20261121 };
/** The long sweep takes minutes on each device. */
const LIMIT = 3_600_000;

describe("random graphs, compiled", () => {
  test(
    "interpreted",
    () => randomGraphs({ count: RANDOM_GRAPHS, ...SEED, evaluate: compiledOn(new InterpretingDevice()) }),
    LIMIT,
  );
  test(
    "WebAssembly",
    () => randomGraphs({ count: RANDOM_GRAPHS, ...SEED, evaluate: compiledOn(new WasmDevice()) }),
    LIMIT,
  );
});
