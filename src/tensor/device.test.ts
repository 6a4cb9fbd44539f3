import { expect, it } from "vitest";
import { DeviceError } from "../core/errors.ts";
import { tensor } from "./create.ts";
import { availableDevices, registerDevice, setDevice } from "./engine.ts";
import { WasmDevice } from "../device/wasm/device.ts";

it("[B20] tensors move between devices, and mixing devices is an error that says how", () => {
  expect(availableDevices()).toEqual(expect.arrayContaining(["wasm", "reference"]));
  expect(availableDevices()).not.toContain("cuda");
  const here = tensor([1, 2, 3]).mul(2);
  const there = here.to("reference");
  expect(there.device).toBe("reference");
  expect(here.to("wasm")).toBe(here);
  expect(() => here.add(there).dataSync()).toThrow(DeviceError);
  expect(() => here.add(there).dataSync()).toThrow(/a tensor on reference meets one on wasm.*x\.to\("wasm"\)/);
  expect([...here.add(there.add(1).to("wasm")).dataSync()]).toEqual([5, 9, 13]);
  expect(() => here.to("cuda")).toThrow(/"cuda" is not known/);
  expect(() => here.to("bf16")).toThrow(/for another dtype use cast\("bf16"\)/);
  expect(() => setDevice("cuda")).toThrow(DeviceError);
});

it("a device registered again takes over from the old one, programs included", () => {
  for (const threads of [1, 2]) {
    registerDevice("own", () => new WasmDevice({ threads }));
    setDevice("own");
    try {
      expect([...tensor([1, 2]).add(1).dataSync()]).toEqual([2, 3]);
    } finally {
      setDevice("wasm");
    }
  }
});
