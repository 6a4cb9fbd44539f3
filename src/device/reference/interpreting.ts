/** A device whose programs are interpreted: what the compiler writes, run without rendering it. */
import { byteSize, viewOf, type DType, type StoredArray } from "../../core/dtype.ts";
import { DeviceError } from "../../core/errors.ts";
import type { Launch, Memory, Program, Region, Runnable, Step, TapeEntry } from "../device.ts";
import { castFunction } from "./arithmetic.ts";
import { HostDevice } from "./host.ts";
import { interpretKernel } from "./interpret.ts";
import type { KernelLaunch, Statistics } from "./workers.ts";

/**
 * Runs programs by interpreting their kernels, and finds what other devices would not tell: accesses out of bounds, races,
 * and (the scratch heap starts every run as NaN) intermediates read before they were computed.
 */
export class InterpretingDevice extends HostDevice {
  readonly about: string = "kernels, interpreted";
  /** Called after every step with what it did: tests count the traffic of memory with it. */
  onStep: ((step: Step, statistics: Statistics) => void) | undefined;

  prepare(program: Program): Runnable {
    return { device: this, program };
  }

  run({ program }: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void {
    program.bindings.forEach((bytes, i) => {
      const given = bindings[i]?.bytes ?? 0;
      if (given < bytes) throw new DeviceError(`reference: binding ${i} needs ${bytes} bytes, got ${given}`);
    });
    const values = scalars.map((value, i) => castFunction("f64", program.scalars[i]!)(value));
    const scratch = new Uint8Array(program.scratchBytes).fill(255).buffer;
    const view = (region: Region, dtype: DType): StoredArray => {
      const [buffer, start, bytes] =
        "binding" in region
          ? [this.bufferOf(bindings[region.binding]!), 0, program.bindings[region.binding]!]
          : [scratch, region.scratch, region.bytes];
      return viewOf(dtype, buffer, start, Math.floor(bytes / byteSize(dtype)));
    };
    const run = (entry: TapeEntry): void => {
      if ("times" in entry) {
        for (let i = 0; i < entry.times; i++) {
          values[entry.counter] = i;
          entry.steps.forEach(run);
        }
        return;
      }
      const globals = entry.kernel.buffers.filter((b) => b.space === "global");
      const launches = entry.launches.map(({ buffers, scalars: used, sizes }: Launch) => ({
        buffers: buffers.map((region, i) => view(region, globals[i]!.dtype)),
        parameters: [...used.map((i) => values[i]!), ...sizes],
      }));
      const statistics = this.interpret(entry, launches);
      this.onStep?.(entry, statistics);
    };
    program.tape.forEach(run);
  }

  /** Runs the launches of a step: its buffers as arrays, its scalars and sizes in one list. */
  protected interpret({ kernel }: Step, launches: readonly KernelLaunch[]): Statistics {
    return interpretKernel(kernel, launches);
  }
}
