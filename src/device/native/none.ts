/** What `#native` means in a browser: there is no compiler, nobody tests devices, and none of the code for it is bundled. */
import type { Device } from "../device.ts";
import { WasmDevice } from "../wasm/device.ts";

class CpuDevice extends WasmDevice {
  override readonly name: string = "cpu";
}

/** The processor, by WebAssembly. */
export const createCpuDevice = (): Device => new CpuDevice();

export const createNativeDevice: (() => Device) | undefined = undefined;

export const createReferenceDevice: (() => Device) | undefined = undefined;
