/** What turns kernels into machine code here: a compiler, its cache, the runtime and its threads. */
import type { Kernel } from "../../ir/kernel.ts";
import type { Step } from "../device.ts";
import type { Target } from "../cpu/target.ts";
import { KernelCache, type Compilation, type KernelSource } from "./cache.ts";
import { contractScratch, renderContractKernel } from "./contract.ts";
import { NativeUnavailable } from "./errors.ts";
import { openCacheFolder } from "./folder.ts";
import { renderLoopKernel, scratchBytes } from "./kernels.ts";
import { loadRuntime, runtimeSource, type NativePool, type NativeRuntime } from "./library.ts";
import { preludeFor } from "./prelude.c.ts";
import { targetFor } from "./target.ts";
import { findToolchain } from "./toolchain.ts";

/** Why there is no machine code here, in a sentence; undefined where there is. */
export function availableTier(): string | undefined {
  try {
    const folder = openCacheFolder();
    loadRuntime(new KernelCache(folder, findToolchain(folder)));
    return undefined;
  } catch (error) {
    if (error instanceof NativeUnavailable) return error.message;
    throw error;
  }
}

/** @throws NativeUnavailable from everything here, where the machine lacks something. */
export class Tier {
  readonly target: Target;
  readonly #cache: KernelCache;
  readonly #prelude: string;
  readonly #memory: WebAssembly.Memory;
  readonly #threads: number;
  /** Sources of kernels, by their text. */
  readonly #sources = new Map<string, KernelSource>();
  #runtime: NativeRuntime | undefined;
  #pool: NativePool | undefined;

  constructor(memory: WebAssembly.Memory, threads: number) {
    const folder = openCacheFolder();
    const toolchain = findToolchain(folder);
    this.target = targetFor(toolchain.lanes);
    this.#cache = new KernelCache(folder, toolchain);
    this.#prelude = preludeFor(toolchain.lanes);
    this.#memory = memory;
    this.#threads = threads;
  }

  /** Starts compiling what the steps need and is not there yet; returns at once. */
  compile(steps: readonly Step[]): Compilation {
    if (!this.#runtime) this.#cache.compile([runtimeSource(this.#cache.toolchain)]);
    return this.#cache.compile(steps.map((step) => this.#source(step)));
  }

  /** The functions of steps, in their order, once all are there. */
  load(compilation: Compilation): number[] {
    this.#runtime ??= loadRuntime(this.#cache);
    return compilation.wait().map((kernel) => this.#runtime!.load(kernel));
  }

  /** The threads, each with scratch memory for these steps. */
  pool(steps: readonly Step[]): NativePool {
    this.#runtime ??= loadRuntime(this.#cache);
    this.#pool ??= this.#runtime.createPool(this.#memory, this.#threads);
    const bytes = steps.flatMap(({ kernel, launches }) => launches.map(({ sizes }) => this.#scratch(kernel, sizes)));
    this.#pool.reserve(bytes.reduce((a, b) => Math.max(a, b), 0));
    return this.#pool;
  }

  dispose(): void {
    this.#pool?.dispose();
    this.#pool = undefined;
  }

  #source({ key, kernel }: Step): KernelSource {
    let source = this.#sources.get(key);
    if (!source) {
      const render =
        kernel.kind === "loops" ? renderLoopKernel(kernel, this.target) : renderContractKernel(kernel, this.target);
      this.#sources.set(key, (source = { prelude: this.#prelude, body: render }));
    }
    return source;
  }

  #scratch(kernel: Kernel, sizes: readonly number[]): number {
    return kernel.kind === "loops" ? scratchBytes(kernel, sizes) : contractScratch(this.target);
  }
}
