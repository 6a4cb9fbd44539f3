/** For tests: a GPU whose passes are interpreted, with every race, every access out of bounds and every barrier checked. */
import { viewOf, byteSize, type StoredArray } from "../../core/dtype.ts";
import type { Limits, Step } from "../device.ts";
import { InterpretingDevice } from "../reference/interpreting.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { WORKGROUP_LIMITS, type KernelLaunch, type Statistics, type WorkgroupLimits } from "../reference/workers.ts";
import { LEAST_GPU, type GpuTarget, type Pass } from "./kernel.ts";
import { lowerLaunch } from "./lower.ts";

/** What kernels for this GPU may use. A processor keeps on its stack what its registers do not hold. */
export const limitsOf = (target: GpuTarget): WorkgroupLimits => ({
  ...WORKGROUP_LIMITS,
  ...target,
  ...(target.software ? { registerBytes: 8192 } : {}),
});

export class SimulatedGpu extends InterpretingDevice {
  override readonly name: string = "simulator";
  override readonly about: string = "a GPU's passes, interpreted";
  override readonly limits: Limits = { maxBytes: 2 ** 31 - 8, lanes: 1, threads: 1, f64: false };
  /** What loops are lowered for. */
  readonly target: GpuTarget;
  /** Called after every pass with what it did. */
  onPass: ((pass: Pass, statistics: Statistics) => void) | undefined;

  constructor(target: GpuTarget = LEAST_GPU) {
    super();
    this.target = target;
  }

  protected override interpret(step: Step, launches: readonly KernelLaunch[]): Statistics {
    const scalars = step.kernel.parameters.scalars.length;
    // Tiles of matrices have the sizes that every GPU has room for.
    const target = step.kernel.kind === "contract" ? LEAST_GPU : this.target;
    const ready = launches.map(({ buffers, parameters }) => {
      const { passes, temporaries } = lowerLaunch(step, parameters.slice(scalars), target);
      const memories = temporaries.map((bytes) => new Uint8Array(bytes).fill(255).buffer);
      return passes.map((pass) => {
        const globals = pass.kernel.buffers.filter((b) => b.space === "global");
        const bound = pass.buffers.map((b, i): StoredArray => {
          if (typeof b === "number") return buffers[b]!;
          const { dtype } = globals[i]!;
          return viewOf(dtype, memories[b.temporary]!, 0, memories[b.temporary]!.byteLength / byteSize(dtype));
        });
        return { pass, launch: { buffers: bound, parameters: [...parameters.slice(0, scalars), ...pass.sizes] } };
      });
    });
    const limits = target === LEAST_GPU ? WORKGROUP_LIMITS : limitsOf(target);
    const total: Statistics = { workgroups: 0, threads: 1, barriers: 0, reads: [], writes: [] };
    // Launches of a step may run in any order, their passes one after another.
    for (let turn = 0; ready.some((passes) => turn < passes.length); turn++) {
      const now = ready.flatMap((passes) => passes[turn] ?? []);
      for (const kernel of new Set(now.map(({ pass }) => pass.kernel))) {
        const together = now.filter(({ pass }) => pass.kernel === kernel);
        const statistics = interpretKernel(
          kernel,
          together.map(({ launch }) => launch),
          limits,
        );
        total.workgroups += statistics.workgroups;
        total.threads = Math.max(total.threads, statistics.threads);
        total.barriers += statistics.barriers;
        this.onPass?.(together[0]!.pass, statistics);
      }
    }
    return total;
  }
}
