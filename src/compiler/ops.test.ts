import { describe, test } from "vitest";
import { ReferenceDevice } from "../device/reference/device.ts";
import { opCases } from "../device/suite.ts";
import { WasmDevice } from "../device/wasm/device.ts";
import { compiledOn } from "./compiled.testing.ts";

describe("compiled, interpreted", () => {
  for (const { title, run } of opCases({ evaluate: compiledOn(new ReferenceDevice()) })) test(title, run);
});

describe("compiled, WebAssembly", () => {
  for (const { title, run } of opCases({ evaluate: compiledOn(new WasmDevice()) })) test(title, run);
});
