/** The native runtime as TypeScript sees it: compiled like any kernel, loaded and called through koffi. */
import { showBytes } from "../../core/bytes.ts";
import { DeviceError } from "../../core/errors.ts";
import type { System } from "../../platform/platform.ts";
import type { CompiledKernel, KernelCache, KernelSource } from "./cache.ts";
import { NativeUnavailable } from "./errors.ts";
import { FarMemory } from "./far.ts";
import { runtimeFor } from "./runtime.c.ts";
import type { Toolchain } from "./toolchain.ts";

/** The package, as far as it is used: it is optional, and so are its types. */
interface Koffi {
  load(path: string): { func(declaration: string): ForeignFunction };
}
interface ForeignFunction {
  (...args: readonly unknown[]): unknown;
  async(...args: readonly unknown[]): void;
}

/** Bytes that 32-bit addresses reach. */
const MOST_HEAP = 2 ** 32;

/** What the runtime's library offers, as C declares it. */
const DECLARATIONS = {
  load: "int32_t myelin_load(const char *path, const char *symbol)",
  error: "const char *myelin_error()",
  address: "uint64_t myelin_address(const void *bytes)",
  create: "uintptr_t myelin_create(uintptr_t heap, uint64_t most, uint32_t threads)",
  threads: "uint32_t myelin_threads(uintptr_t pool)",
  resize: "int32_t myelin_resize(uintptr_t pool, uint32_t threads)",
  reserve: "int32_t myelin_reserve(uintptr_t pool, uint64_t bytes)",
  run: "void myelin_run(uintptr_t pool, uint32_t from, uint32_t to)",
  submit: "uint32_t myelin_submit(uintptr_t pool, uint32_t from, uint32_t to)",
  finished: "int32_t myelin_finished(uintptr_t pool, uint32_t ticket)",
  wait: "void myelin_wait(uintptr_t pool, uint32_t ticket)",
  stop: "void myelin_stop(uintptr_t pool)",
  free: "void myelin_free(uintptr_t pool)",
  reach: "int64_t myelin_reach(uintptr_t pool, uint64_t bytes)",
  back: "int32_t myelin_back(uintptr_t pool, int64_t from, uint64_t bytes)",
  copy: "void myelin_copy(uintptr_t pool, int64_t to, int64_t from, uint64_t bytes)",
  fill: "void myelin_fill(uintptr_t pool, int64_t to, int32_t value, uint64_t bytes)",
  write: "void myelin_write(uintptr_t pool, int64_t to, const void *bytes, uint64_t count)",
  read: "void myelin_read(uintptr_t pool, void *bytes, int64_t from, uint64_t count)",
} as const;
/** The runtime's functions, as they are called. */
export type Functions = Readonly<Record<keyof typeof DECLARATIONS, ForeignFunction>>;

/**
 * Compiles the runtime if it has to be, and loads it.
 * @throws NativeUnavailable when koffi is missing or refuses ("koffi"), the runtime does not compile ("compiler", "cache")
 * or does not load ("runtime").
 */
export function loadRuntime(cache: KernelCache): NativeRuntime {
  const { system } = cache.folder;
  const koffi = loadKoffi(system);
  const [{ path }] = cache.compile([runtimeSource(cache.toolchain)]).wait() as [CompiledKernel];
  try {
    const library = koffi.load(path);
    const functions = Object.entries(DECLARATIONS).map(([name, text]) => [name, library.func(text)]);
    return new NativeRuntime(Object.fromEntries(functions) as Functions, system);
  } catch (cause) {
    throw new NativeUnavailable(
      "runtime",
      `the compiled runtime "${path}" could not be loaded (${reason(cause)}). Name a folder whose files may be run in MYELIN_CACHE, or another compiler in MYELIN_CC.`,
      { cause },
    );
  }
}

/** The runtime's C for a machine. */
export const runtimeSource = ({ lanes }: Toolchain): KernelSource => ({ prelude: runtimeFor(lanes), body: "" });

/** @throws NativeUnavailable ("koffi") where it is missing or refuses to load. */
export const requireKoffi = (system: System): void => void loadKoffi(system);

function loadKoffi(system: System): Koffi {
  try {
    // A package of CommonJS, or the module object of one that is not.
    const loaded = system.loadPackage("koffi") as Koffi & { readonly default?: Koffi };
    return loaded.default ?? loaded;
  } catch (cause) {
    const missing = (cause as { readonly code?: unknown } | undefined)?.code === "MODULE_NOT_FOUND";
    throw new NativeUnavailable(
      "koffi",
      missing
        ? "koffi, through which native code is called, is not installed. Run npm install koffi."
        : `koffi, through which native code is called, refuses to load (${reason(cause)}). Run npm install koffi again.`,
      { cause },
    );
  }
}

const reason = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n", 1)[0]!.slice(0, 300);

/** The runtime of this process. */
export class NativeRuntime {
  readonly #functions: Functions;
  readonly #system: System;
  readonly #loaded = new Map<string, number>();

  constructor(functions: Functions, system: System) {
    this.#functions = functions;
    this.#system = system;
  }

  /**
   * Loads a kernel. Returns its place among the functions, which tapes name it by; the same for the same kernel.
   * @throws NativeUnavailable ("runtime") when its library cannot be loaded.
   */
  load({ path, symbol }: CompiledKernel): number {
    let place = this.#loaded.get(symbol);
    if (place === undefined) {
      place = this.#functions.load(path, symbol) as number;
      if (place < 0)
        throw new NativeUnavailable(
          "runtime",
          `a compiled kernel could not be loaded (${String(this.#functions.error())}). Remove the folder of "${path}".`,
        );
      this.#loaded.set(symbol, place);
    }
    return place;
  }

  /**
   * Threads that run programs of this memory, the calling one included; fewer than asked for where the system gives no
   * more. The memory stays where it is, however it grows.
   */
  createPool(memory: WebAssembly.Memory, threads: number): NativePool {
    const heap = this.#functions.address(new Uint8Array(memory.buffer, 0, 1)) as number | bigint;
    const handle = this.#functions.create(heap, MOST_HEAP, threads) as number | bigint;
    if (!Number(handle)) throw new NativeUnavailable("runtime", "there is no memory for its threads.");
    return new NativePool(this.#functions, this.#system, memory, handle);
  }
}

/** What a pool leaves to be ended: held by the pool, and by the registry that ends pools nobody holds. */
interface Threads {
  readonly functions: Functions;
  readonly handle: number | bigint;
  /** Kept as long as threads may write to it. */
  readonly memory: WebAssembly.Memory;
  readonly forgetExit: () => void;
}

const abandoned = new FinalizationRegistry<Threads>(end);

function end({ functions, handle, forgetExit }: Threads): void {
  forgetExit();
  functions.stop(handle);
  functions.free(handle);
}

/** Somebody who waits for a program. */
interface Waiting {
  readonly ticket: number;
  resolve(): void;
  reject(reason: unknown): void;
}

/** Threads that run programs. Used from one thread. */
export class NativePool {
  readonly #functions: Functions;
  readonly #own: Threads;
  readonly #isMainThread: boolean;
  /** Those who wait. As long as there are any, a thread waits for them, and the pool cannot be freed under it. */
  #waiting: readonly Waiting[] = [];
  #disposed = false;

  constructor(functions: Functions, system: System, memory: WebAssembly.Memory, handle: number | bigint) {
    this.#functions = functions;
    this.#isMainThread = system.isMainThread;
    // Memory goes with the process's engine, so programs have to stop before.
    const forgetExit = system.onExit(() => functions.stop(handle));
    this.#own = { functions, handle, memory, forgetExit };
    abandoned.register(this, this.#own, this);
  }

  /** Threads that compute, the leader included. */
  get threads(): number {
    return this.#functions.threads(this.#handle) as number;
  }

  /**
   * Ends threads or starts more, after what was submitted before. There may be fewer than asked for.
   * @throws NativeUnavailable ("runtime") without memory for their scratch.
   */
  resize(threads: number): void {
    if (!this.#functions.resize(this.#handle, threads))
      throw new NativeUnavailable("runtime", `there is no memory for the scratch of ${threads} threads.`);
  }

  /**
   * Gives every thread's scratch at least so many bytes; what was in it is lost.
   * @throws NativeUnavailable ("runtime") without memory.
   */
  reserve(bytes: number): void {
    if (!this.#functions.reserve(this.#handle, bytes))
      throw new NativeUnavailable("runtime", `there is no memory for ${bytes} bytes of scratch in each thread.`);
  }

  /** Runs the tape between two addresses of the memory, after what was submitted before. */
  run(from: number, to: number): void {
    this.#functions.run(this.#handle, from, to);
  }

  /** Lets the pool's own leader run a tape, after what was submitted before. Returns the ticket by which to ask for it. */
  submit(from: number, to: number): number {
    const ticket = this.#functions.submit(this.#handle, from, to) as number;
    // A worker's memory goes when it is terminated, but not as long as something waits on one of the system's threads.
    if (!this.#isMainThread) void this.wait(ticket);
    return ticket;
  }

  /**
   * Memory beyond the heap, at most so many bytes: addresses now, what stands behind them as it is asked for. It goes with
   * the pool. To be called once.
   * @throws NativeUnavailable ("runtime") where the system gives no addresses.
   */
  far(most: number): FarMemory {
    const start = Number(this.#functions.reach(this.#handle, most));
    if (!start) throw new NativeUnavailable("runtime", `the system gives no addresses for ${showBytes(most)}.`);
    const call = (name: keyof Functions, ...args: readonly unknown[]): unknown =>
      this.#functions[name](this.#handle, ...args);
    return new FarMemory(start, most, call);
  }

  finished(ticket: number): boolean {
    return this.#functions.finished(this.#handle, ticket) !== 0;
  }

  /** Resolves when a program that was submitted is done, or broken off by {@link dispose}. */
  wait(ticket: number): Promise<void> {
    if (this.finished(ticket)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting = [...this.#waiting, { ticket, resolve, reject }];
      if (this.#waiting.length === 1) this.#watch();
    });
  }

  /** Waits on one of the system's few threads, whatever the number of those who wait. */
  #watch(): void {
    const { ticket } = this.#waiting.reduce((a, b) => (((b.ticket - a.ticket) | 0) < 0 ? b : a));
    this.#functions.wait.async(this.#own.handle, ticket, (error: unknown) => {
      const done: Waiting[] = [];
      const left: Waiting[] = [];
      // Each is asked about once: a program may end between two questions.
      for (const waiting of this.#waiting)
        (error || this.#disposed || this.finished(waiting.ticket) ? done : left).push(waiting);
      this.#waiting = left;
      if (left.length) this.#watch();
      if (this.#disposed) end(this.#own);
      for (const { resolve, reject } of done) {
        if (error) reject(error);
        else resolve();
      }
    });
  }

  waitSync(ticket: number): void {
    this.#functions.wait(this.#handle, ticket);
  }

  get #handle(): number | bigint {
    if (this.#disposed) throw new DeviceError("native: the device was disposed of. Make a new one.");
    return this.#own.handle;
  }

  /** Ends all threads; a program that runs is broken off between two steps. The pool cannot be used any more. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    abandoned.unregister(this);
    if (this.#waiting.length) this.#own.functions.stop(this.#own.handle);
    else end(this.#own);
  }
}
