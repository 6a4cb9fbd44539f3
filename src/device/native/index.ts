/** What `#native` means in Node: the processor at its full speed. */
import type { Device } from "../device.ts";
import { ReferenceDevice } from "../reference/device.ts";
import { NativeDevice } from "./device.ts";

/** The processor: WebAssembly at first, machine code from a program's fourth run on. */
export const createCpuDevice = (): Device => new NativeDevice();

/** The processor: machine code from the first run on. */
export const createNativeDevice: (() => Device) | undefined = () => new NativeDevice({ name: "native", runsBefore: 0 });

/** Each operation alone, as it is defined: what others are tested against. */
export const createReferenceDevice: (() => Device) | undefined = () => new ReferenceDevice();
