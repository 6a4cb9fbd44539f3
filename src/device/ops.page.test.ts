/** The suite of ops in a page, on the devices that pages have. */
import { describe, test } from "vitest";
import type { DType } from "../core/dtype.ts";
import { compiledOn } from "./compiled.testing.ts";
import { opCases } from "./suite.ts";
import { WasmDevice } from "./wasm/device.ts";
import { hasWebGpu, webgpu } from "./webgpu/webgpu.testing.ts";

/** GPUs have no f64. */
const DTYPES: readonly DType[] = ["f32", "f16", "bf16", "i32", "u32", "u8", "bool"];

/** In software a GPU takes long, and Node tries every case on it: here every tenth. */
const EACH = 10;

describe("in a page, WebAssembly", () => {
  for (const { title, run } of opCases({ evaluate: compiledOn(new WasmDevice()) })) test(title, run);
});

describe.skipIf(!hasWebGpu)("in a page, WebGPU", () => {
  const cases = opCases({ evaluate: compiledOn(webgpu), dtypes: DTYPES });
  for (const { title, run } of cases.filter((_, at) => at % EACH === 0)) test(title, run);
});
