/** The device that others are held against. */
import { DeviceError } from "../../core/errors.ts";
import type { Runnable } from "../device.ts";
import { evaluateGraph } from "./graph.ts";
import { HostDevice } from "./host.ts";

/** Computes each operation alone, as it is defined. */
export class ReferenceDevice extends HostDevice {
  readonly about: string = "each operation alone, interpreted";
  readonly evaluate: typeof evaluateGraph = evaluateGraph;

  prepare(): Runnable {
    throw new DeviceError("reference: takes operations one by one and runs no compiled programs");
  }

  run(): void {
    this.prepare();
  }
}
