import { describe, test } from "vitest";
import { ReferenceDevice } from "./reference/device.ts";
import { opCases } from "./suite.ts";
import { WasmDevice } from "./wasm/device.ts";
import { compiledOn } from "./compiled.testing.ts";

describe("compiled, interpreted", () => {
  for (const { title, run } of opCases({ evaluate: compiledOn(new ReferenceDevice()) })) test(title, run);
});

describe("compiled, WebAssembly", () => {
  for (const { title, run } of opCases({ evaluate: compiledOn(new WasmDevice()) })) test(title, run);
});
