/** A device's compiled kernels: functions in one table, found by their text. */
import type { Kernel } from "../../ir/kernel.ts";
import { loopsOf } from "../cpu/lowered.ts";
import type { MemoryType } from "../cpu/device.ts";
import type { Step } from "../device.ts";
import { ModuleBuilder } from "./assembler.ts";
import { emitContractKernel } from "./contract.ts";
import { emitLoopKernel } from "./kernels.ts";
import { WASM } from "./target.ts";

/**
 * So many are kept, about a hundred megabytes. More than that are programs that come and go: all are forgotten, and those
 * that are still run compile theirs again.
 */
export const MOST_KERNELS = 2048;

/** A compiled module. The functions that it exports belong into the table, one after the other from `first` on. */
export interface KernelModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly first: number;
}

/** What kernels are compiled for. */
export interface KernelHost {
  readonly memory: WebAssembly.Memory;
  readonly memoryType: MemoryType;
  /** May they use relaxed SIMD? */
  readonly relaxed: boolean;
}

export class KernelTable {
  /**
   * What the runner calls through. Kernel modules do not import it: engines keep every instance that does for as long as the
   * table lives, whatever became of its functions.
   */
  readonly table: WebAssembly.Table = new WebAssembly.Table({ element: "anyfunc", initial: 0 });
  /** Changes when all kernels are forgotten: places in the table that were known before mean others then. */
  generation = 0;
  /** The modules of what is in the table, in order. */
  readonly modules: KernelModule[] = [];
  readonly #places = new Map<string, number>();
  readonly #host: KernelHost;

  constructor(host: KernelHost) {
    this.#host = host;
  }

  /** The place of a kernel that was compiled. */
  placeOf(step: Step): number {
    return this.#places.get(step.key)!;
  }

  /** Compiles the kernels that are not in the table yet, as one module; undefined when all are. */
  compile(steps: readonly Step[]): KernelModule | undefined {
    let missing = this.#missing(steps);
    if (!missing.size) return undefined;
    if (this.#places.size + missing.size > MOST_KERNELS) {
      this.#forget();
      missing = this.#missing(steps);
    }
    const { memory, memoryType, relaxed } = this.#host;
    const builder = new ModuleBuilder({ relaxed });
    builder.importMemory("env", "memory", memoryType);
    [...missing.values()].forEach((kernel, i) => emit(builder, kernel, `${i}`));
    const module = { bytes: builder.toBytes(), first: this.#places.size };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), { env: { memory } });
    const end = module.first + missing.size;
    if (end > this.table.length) this.table.grow(end - this.table.length);
    Object.values(exports).forEach((f, i) => this.table.set(module.first + i, f));
    for (const key of missing.keys()) this.#places.set(key, this.#places.size);
    this.modules.push(module);
    return module;
  }

  #missing(steps: readonly Step[]): Map<string, Kernel> {
    return new Map(steps.filter(({ key }) => !this.#places.has(key)).map(({ key, kernel }) => [key, kernel]));
  }

  #forget(): void {
    this.#places.clear();
    this.modules.length = 0;
    for (let i = 0; i < this.table.length; i++) this.table.set(i, null);
    this.generation++;
  }
}

/** Writes a kernel as a function of the module. */
function emit(module: ModuleBuilder, kernel: Kernel, name: string): void {
  if (kernel.kind === "contract") emitContractKernel(module, kernel, name);
  else emitLoopKernel(module, loopsOf(kernel, WASM), name);
}
