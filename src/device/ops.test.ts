import { describe } from "vitest";
import { compiledOn } from "./compiled.testing.ts";
import { testOps } from "./matrix.testing.ts";
import { ReferenceDevice } from "./reference/device.ts";
import { WasmDevice } from "./wasm/device.ts";

describe("compiled, interpreted", () => {
  testOps("compiled, interpreted", { evaluate: compiledOn(new ReferenceDevice()) });
});

describe("compiled, WebAssembly", () => {
  testOps("compiled, WebAssembly", { evaluate: compiledOn(new WasmDevice()) });
});
