/** What turns kernels into machine code here: a compiler, its cache, the runtime and its threads. */
import type { Kernel } from "../../ir/kernel.ts";
import type { System } from "../../platform/platform.ts";
import { loopsOf } from "../cpu/lowered.ts";
import type { Step } from "../device.ts";
import type { Target } from "../cpu/target.ts";
import { KernelCache, type Compilation } from "./cache.ts";
import { contractScratch, renderContractKernel } from "./contract.ts";
import { NativeUnavailable } from "./errors.ts";
import type { FarMemory } from "./far.ts";
import { openCacheFolder } from "./folder.ts";
import { scratchBytes } from "../cpu/scratch.ts";
import { renderLoopKernel } from "./kernels.ts";
import { loadRuntime, requireKoffi, runtimeSource, type NativePool, type NativeRuntime } from "./library.ts";
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

/**
 * Changes with the code that makes C of kernels; undefined where that is in many files, as in sources. Built, this file has all
 * of it, or names what it imports by its content (see tsdown.config.ts).
 */
function rendererIn(system: System): string | undefined {
  // Some bundlers leave no address.
  const url = import.meta.url as string | undefined;
  if (!url?.startsWith("file:") || url.endsWith(".ts")) return undefined;
  const file = system.readNow(decodeURIComponent(new URL(url).pathname));
  return file && system.hash(file);
}

/** Kernels that are being compiled. */
export interface Order {
  readonly keys: readonly string[];
  readonly compilation: Compilation;
}

/** @throws NativeUnavailable from everything here, where the machine lacks something. */
export class Tier {
  readonly target: Target;
  /** For people: who compiles, for what. */
  readonly about: string;
  /** Bytes of the machine's memory. */
  readonly memoryBytes: number;
  readonly #cache: KernelCache;
  readonly #prelude: string;
  readonly #renderer: string | undefined;
  readonly #memory: WebAssembly.Memory;
  #threads: number;
  /** Kernels that were loaded, by their text. */
  readonly #functions = new Map<string, number>();
  #runtime: NativeRuntime | undefined;
  #pool: NativePool | undefined;
  #far: FarMemory | undefined;

  constructor(memory: WebAssembly.Memory, threads: number) {
    const folder = openCacheFolder();
    requireKoffi(folder.system);
    const toolchain = findToolchain(folder);
    this.about = `C by ${toolchain.version} for vectors of ${32 * toolchain.lanes} bits`;
    this.target = targetFor(toolchain.lanes);
    this.memoryBytes = folder.system.memoryBytes;
    this.#cache = new KernelCache(folder, toolchain);
    this.#prelude = preludeFor(toolchain.lanes);
    this.#renderer = rendererIn(folder.system);
    this.#memory = memory;
    this.#threads = threads;
  }

  /** The kernel in C. */
  codeOf(kernel: Kernel): string {
    if (kernel.kind === "contract") return renderContractKernel(kernel, this.target);
    return renderLoopKernel(loopsOf(kernel, this.target), this.target);
  }

  /** Starts compiling what the steps need and is not there yet; returns at once. */
  compile(steps: readonly Step[]): Order {
    if (!this.#runtime) this.#cache.compile([runtimeSource(this.#cache.toolchain)]);
    const missing = [...new Map(steps.map((step) => [step.key, step])).values()].filter(
      ({ key }) => !this.#functions.has(key),
    );
    const codeOf = (kernel: Kernel): string => this.codeOf(kernel);
    const compilation = this.#cache.compile(
      missing.map(({ key, kernel }) => ({
        prelude: this.#prelude,
        ...(this.#renderer === undefined ? {} : { name: `${this.#renderer} ${key}` }),
        get body() {
          return codeOf(kernel);
        },
      })),
    );
    return { keys: missing.map(({ key }) => key), compilation };
  }

  /** Waits for an order, and makes its kernels ready to be called. */
  load({ keys, compilation }: Order): void {
    this.#runtime ??= loadRuntime(this.#cache);
    compilation.wait().forEach((kernel, i) => this.#functions.set(keys[i]!, this.#runtime!.load(kernel)));
  }

  /** Memory beyond the heap: as much as the machine has. */
  far(): FarMemory {
    return (this.#far ??= this.pool([]).far(this.memoryBytes));
  }

  /** The function of a kernel that was loaded. */
  functionOf({ key }: Step): number {
    return this.#functions.get(key)!;
  }

  /** The threads, each with scratch memory for these steps. */
  pool(steps: readonly Step[]): NativePool {
    this.#runtime ??= loadRuntime(this.#cache);
    this.#pool ??= this.#runtime.createPool(this.#memory, this.#threads);
    const bytes = steps.flatMap(({ kernel, launches }) => launches.map(({ sizes }) => this.#scratch(kernel, sizes)));
    this.#pool.reserve(bytes.reduce((a, b) => Math.max(a, b), 0));
    return this.#pool;
  }

  /** From now on there are so many threads. */
  setThreads(threads: number): void {
    this.#pool?.resize(threads);
    this.#threads = threads;
  }

  dispose(): void {
    this.#pool?.dispose();
    this.#pool = undefined;
  }

  #scratch(kernel: Kernel, sizes: readonly number[]): number {
    return kernel.kind === "contract" ? contractScratch(this.target) : scratchBytes(kernel, sizes, this.target);
  }
}
