/**
 * Helper threads: persistent workers that run `help` of their own copy of the runner, over the device's shared memory.
 * They find new kernel modules in that memory, because a thread that sleeps inside WebAssembly receives no messages.
 */
import { maySleep, startWorker } from "#platform";
import type { PlatformWorker } from "../../platform/platform.ts";
import { CONTROL, type Runner } from "./runner.ts";

/** Idle turns of a helper before it sleeps: 50 to 100 µs. */
const HELPER_SPINS = 30_000;

/**
 * A module in shared memory, as words: the next one's address, its bytes' address, their number, entries of the table
 * so far.
 */
const RECORD_WORDS = 4;

interface HelperData {
  readonly memory: WebAssembly.Memory;
  readonly runner: Uint8Array<ArrayBuffer>;
  readonly thread: number;
  readonly spins: number;
  readonly control: typeof CONTROL;
}

/** What the pool needs of its device. */
export interface PoolHost {
  readonly memory: WebAssembly.Memory;
  /** The runner's module. */
  readonly runner: Uint8Array<ArrayBuffer>;
  /** Room for the pool's own use, for good. */
  allocate(bytes: number): number;
  /** Called when a helper died: what it was doing may be half done. */
  onDeath(reason: unknown): void;
}

/** The helpers of one device. */
export class Pool {
  readonly #host: PoolHost;
  readonly #workers: PlatformWorker[] = [];
  /** Where the next module's address is to be written. */
  #tail: number = CONTROL.moduleList;

  /** Starts `helpers` threads. They join in when they are ready; nobody waits for them. */
  constructor(host: PoolHost, helpers: number) {
    this.#host = host;
    for (let thread = 1; thread <= helpers; thread++) {
      const data: HelperData = {
        memory: host.memory,
        runner: host.runner,
        thread,
        spins: HELPER_SPINS,
        control: CONTROL,
      };
      this.#workers.push(startWorker(helper.toString(), data, (reason) => host.onDeath(reason)));
    }
  }

  /** Hands a module to all helpers. It has filled the table up to `tableLength`; no job may use it before. */
  publish(bytes: Uint8Array, tableLength: number): void {
    const record = this.#host.allocate(RECORD_WORDS * 4 + bytes.length);
    const address = record + RECORD_WORDS * 4;
    const buffer = this.#host.memory.buffer;
    new Uint8Array(buffer, address, bytes.length).set(bytes);
    new Int32Array(buffer, record, RECORD_WORDS).set([0, address, bytes.length, tableLength]);
    const words = new Int32Array(buffer);
    words[this.#tail >>> 2] = record;
    this.#tail = record;
    Atomics.add(words, CONTROL.modules >>> 2, 1);
  }

  /** Ends all helpers. */
  stop(): void {
    for (const worker of this.#workers) worker.stop();
    this.#workers.length = 0;
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
  const { help } = new WebAssembly.Instance(new WebAssembly.Module(data.runner), imports).exports as unknown as Pick<
    Runner,
    "help"
  >;
  let loaded = 0;
  let tail: number = control.moduleList;
  try {
    while (help(data.thread, loaded, data.spins)) {
      // Growing by nothing refreshes the buffer, which another thread may have grown.
      memory.grow(0);
      const words = new Int32Array(memory.buffer);
      for (const published = Atomics.load(words, control.modules >>> 2); loaded < published; loaded++) {
        tail = words[tail >>> 2]! >>> 0;
        const [, address, length, tableLength] = words.subarray(tail >>> 2, (tail >>> 2) + 4) as unknown as [
          number,
          number,
          number,
          number,
        ];
        if (table.length < tableLength) table.grow(tableLength - table.length);
        const bytes = new Uint8Array(memory.buffer, address >>> 0, length).slice() as Uint8Array<ArrayBuffer>;
        new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
      }
    }
  } catch (error) {
    // Most likely a kernel trapped, in the middle of a chunk for which the leader waits: tell it.
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, control.failed >>> 2, 1);
    Atomics.store(words, control.pending >>> 2, 0);
    Atomics.notify(words, control.pending >>> 2);
    throw error;
  }
}
