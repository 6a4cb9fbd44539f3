/**
 * Helper threads: persistent workers that run `help` of their own copy of the runner, over the device's shared memory.
 * They find new kernel modules in that memory, because a thread that sleeps inside WebAssembly receives no messages.
 */
import { maySleep, startWorker } from "#platform";
import type { PlatformWorker } from "../../platform/platform.ts";
import type { KernelModule } from "./functions.ts";
import { CONTROL, type Runner } from "./runner.ts";

/** Idle turns of a helper before it sleeps: 50 to 100 µs. */
const HELPER_SPINS = 30_000;

/** A module in shared memory, as words: the next one's address, its bytes' address, their number, its place in the table. */
const RECORD_WORDS = 4;

interface HelperData {
  readonly memory: WebAssembly.Memory;
  readonly runner: Uint8Array<ArrayBuffer>;
  readonly thread: number;
  readonly spins: number;
  readonly pool: number;
  readonly control: typeof CONTROL;
  /** Address of the word where it says how many modules it has loaded. */
  readonly progress: number;
}

/** What the pool needs of its device. */
export interface PoolHost {
  readonly memory: WebAssembly.Memory;
  /** The runner's module. */
  readonly runner: Uint8Array<ArrayBuffer>;
  /** Room for the pool's own use. */
  allocate(bytes: number): number;
  free(address: number): void;
  /** Called when a helper died: what it was doing may be half done. */
  onDeath(reason: unknown): void;
}

/** The helpers of one device. */
export class Pool {
  readonly #host: PoolHost;
  readonly #workers: PlatformWorker[] = [];
  /** Where the next module's address is to be written. */
  #tail: number = CONTROL.moduleList;
  /** Modules in shared memory, and the number of those before them that are gone. */
  readonly #records: number[] = [];
  #gone = 0;
  /** Words that say how many modules each helper has loaded. Never freed: helpers of a pool that was stopped may still write there. */
  readonly #progress: number;

  /** Starts `helpers` threads. They join in when they are ready; nobody waits for them. */
  constructor(host: PoolHost, helpers: number) {
    this.#host = host;
    this.#progress = host.allocate(4 * helpers);
    new Int32Array(host.memory.buffer, this.#progress, helpers).fill(0);
    const words = new Int32Array(host.memory.buffer);
    const pool = Atomics.add(words, CONTROL.pool >>> 2, 1) + 1;
    for (const word of [CONTROL.modules, CONTROL.moduleList, CONTROL.failed]) Atomics.store(words, word >>> 2, 0);
    for (let thread = 1; thread <= helpers; thread++) {
      const data: HelperData = {
        memory: host.memory,
        runner: host.runner,
        thread,
        spins: HELPER_SPINS,
        pool,
        control: CONTROL,
        progress: this.#progress + 4 * (thread - 1),
      };
      this.#workers.push(startWorker(helper.toString(), data, (reason) => host.onDeath(reason)));
    }
  }

  /** Hands a module to all helpers, whose tables it fills as it has filled the leader's; no job may use it before. */
  publish({ bytes, first }: KernelModule): void {
    this.#freeLoaded();
    const record = this.#host.allocate(RECORD_WORDS * 4 + bytes.length);
    const address = record + RECORD_WORDS * 4;
    const buffer = this.#host.memory.buffer;
    new Uint8Array(buffer, address, bytes.length).set(bytes);
    new Int32Array(buffer, record, RECORD_WORDS).set([0, address, bytes.length, first]);
    const words = new Int32Array(buffer);
    words[this.#tail >>> 2] = record;
    this.#tail = record;
    this.#records.push(record);
    Atomics.add(words, CONTROL.modules >>> 2, 1);
  }

  /** Frees the modules that every helper has, but for the last of them, which leads to the next. */
  #freeLoaded(): void {
    const words = new Int32Array(this.#host.memory.buffer);
    const loaded = this.#workers.map((_, i) => Atomics.load(words, (this.#progress >>> 2) + i));
    for (const least = Math.min(...loaded); this.#gone + 1 < least; this.#gone++)
      this.#host.free(this.#records.shift()!);
  }

  /** Ends all helpers. What they were doing may be half done, but from now on they do nothing more. */
  stop(): void {
    Atomics.add(new Int32Array(this.#host.memory.buffer), CONTROL.pool >>> 2, 1);
    for (const worker of this.#workers) worker.stop();
    this.#workers.length = 0;
    for (const record of this.#records.splice(0)) this.#host.free(record);
  }
}

/** True when this thread may sleep while helpers finish. */
export const patient = (): boolean => maySleep();

/**
 * A helper's whole program. It is handed over as text: nothing but its argument and globals may be used here, and no
 * function stands inside, because bundlers asked to keep names call a helper of their own around every one.
 */
function helper(data: HelperData): void {
  const { memory, control } = data;
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 0 });
  const imports = { env: { memory, table } };
  const { help } = new WebAssembly.Instance(new WebAssembly.Module(data.runner), imports).exports as Pick<
    Runner,
    "help"
  >;
  let loaded = 0;
  let tail: number = control.moduleList;
  try {
    while (help(data.thread, loaded, data.spins, data.pool)) {
      // Growing by nothing refreshes the buffer, which another thread may have grown.
      memory.grow(0);
      const words = new Int32Array(memory.buffer);
      for (const published = Atomics.load(words, control.modules >>> 2); loaded < published; loaded++) {
        tail = words[tail >>> 2]! >>> 0;
        const [, address, length, first] = words.subarray(tail >>> 2, (tail >>> 2) + 4) as unknown as [
          number,
          number,
          number,
          number,
        ];
        const bytes = new Uint8Array(memory.buffer, address >>> 0, length).slice() as Uint8Array<ArrayBuffer>;
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
        let place = first;
        for (const name in exports) {
          if (place === table.length) table.grow(1);
          table.set(place++, exports[name]);
        }
      }
      Atomics.store(words, data.progress >>> 2, loaded);
    }
  } catch (error) {
    const words = new Int32Array(memory.buffer);
    // What a pool that was stopped reads may be gone.
    if (Atomics.load(words, control.pool >>> 2) !== data.pool) return;
    // Most likely a kernel trapped, in the middle of a chunk for which the leader waits: tell it.
    Atomics.store(words, control.failed >>> 2, 1);
    Atomics.store(words, control.pending >>> 2, 0);
    Atomics.notify(words, control.pending >>> 2);
    throw error;
  }
}
