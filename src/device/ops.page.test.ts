/** The suite of ops in a page, on the devices that pages have. */
import { describe, test } from "vitest";
import { compiledOn } from "./compiled.testing.ts";
import { opCases } from "./suite.ts";
import { WasmDevice } from "./wasm/device.ts";

describe("in a page, WebAssembly", () => {
  for (const { title, run } of opCases({ evaluate: compiledOn(new WasmDevice()) })) test(title, run);
});
