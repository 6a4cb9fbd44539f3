import { describe } from "vitest";
import { compiledOn } from "./compiled.testing.ts";
import { testOps } from "./matrix.testing.ts";
import { InterpretingDevice } from "./reference/interpreting.ts";
import { WasmDevice } from "./wasm/device.ts";

describe("compiled, interpreted", () => {
  testOps("compiled, interpreted", { evaluate: compiledOn(new InterpretingDevice()) });
});

describe("compiled, WebAssembly", () => {
  testOps("compiled, WebAssembly", { evaluate: compiledOn(new WasmDevice()) });
});
