import { startModuleWorker } from "#platform";
import { ArgumentError, DataError } from "../core/errors.ts";
import type { ModuleWorker } from "../platform/platform.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Place } from "./indexed.ts";

/** What goes to a thread. */
interface Task {
  readonly id: number;
  readonly name: string;
  readonly element: unknown;
  readonly place: Place;
}

/** What comes back. */
type Answer =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: { readonly name: string; readonly message: string; readonly stack: string };
    };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One thread, and what it has been given and not answered. */
interface Thread {
  readonly worker: ModuleWorker;
  readonly waiting: Map<number, Waiting>;
}

/** Threads that each have loaded a module and apply a function of it. */
export class WorkerPool {
  readonly #module: string;
  readonly #name: string;
  readonly #threads: Thread[];
  #lost: Error | undefined;
  #next = 0;

  constructor(module: string, name: string, threads: number) {
    this.#module = module;
    this.#name = name;
    this.#threads = Array.from({ length: threads }, () => this.#start());
  }

  /**
   * Applies the function in the thread that has least to do. Elements are copied there.
   * @throws what the function throws, as an error of the same name; DataError where the thread ends meanwhile.
   */
  run(element: unknown, place: Place): Promise<unknown> {
    if (this.#lost) return Promise.reject(this.#lost);
    const thread = this.#threads.reduce((least, other) => (other.waiting.size < least.waiting.size ? other : least));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const transfer: ArrayBuffer[] = [];
      const task: Task = { id, name: this.#name, element: copied(element, transfer), place };
      thread.worker.post(task, transfer);
      thread.waiting.set(id, { resolve, reject });
      thread.worker.hold(true);
    });
  }

  /** Ends the threads, wherever they are. */
  stop(): void {
    this.#lost = new DataError(`the threads for ${this.#module} were stopped`);
    for (const { worker } of this.#threads) worker.stop();
  }

  #start(): Thread {
    const waiting = new Map<number, Waiting>();
    const worker = startModuleWorker(this.#module, String(answering), {
      message: (message) => {
        const answer = message as Answer;
        const { resolve, reject } = waiting.get(answer.id)!;
        waiting.delete(answer.id);
        if (waiting.size === 0) worker.hold(false);
        if ("value" in answer) return resolve(answer.value);
        const { name, message: text, stack } = answer.error;
        reject(Object.assign(new Error(`${this.#module}: ${text}`), { name, stack }));
      },
      end: (reason) => {
        const why =
          reason === undefined ? "it ended by itself" : reason instanceof Error ? reason.message : String(reason);
        this.#lost = new DataError(
          `a thread for ${this.#module} was lost with ${waiting.size} elements in it: ${why}. Check that the module can be loaded and does not end its process`,
          { cause: reason },
        );
        for (const { reject } of waiting.values()) reject(this.#lost);
        waiting.clear();
      },
    });
    return { worker, waiting };
  }
}

/**
 * The same value with copies of its arrays, whose memory can be given away: an array may be a view of a much larger one, all of which would
 * be copied.
 */
function copied(value: unknown, transfer: ArrayBuffer[]): unknown {
  if (value instanceof Tensor)
    throw new ArgumentError(
      "tensors cannot go to another thread; map in threads before batch, or behind batch(n, { host: true })",
    );
  if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer && !(value instanceof DataView)) {
    const copy = (value as Uint8Array).slice();
    transfer.push(copy.buffer as ArrayBuffer);
    return copy;
  }
  if (Array.isArray(value)) return value.map((field) => copied(field, transfer));
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copied(field, transfer)]));
}

/** Runs in the thread, as text: uses its arguments and globals only. */
function answering(
  module: Record<string, unknown>,
  post: (answer: Answer, transfer: ArrayBuffer[]) => void,
): (task: Task) => Promise<void> {
  const given = new WeakSet<ArrayBufferLike>();
  /** Arrays that fill their memory are handed over, views of a part of it copied before. */
  const handedOver = (value: unknown, transfer: Set<ArrayBuffer>): unknown => {
    if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer && !(value instanceof DataView)) {
      if (given.has(value.buffer))
        throw new TypeError(
          "it returned an array that it had returned before, which is the reader's now; return a new one, or a copy: array.slice()",
        );
      const whole = value.byteLength === value.buffer.byteLength ? value : (value as Uint8Array).slice();
      transfer.add(whole.buffer as ArrayBuffer);
      return whole;
    }
    if (Array.isArray(value)) return value.map((field) => handedOver(field, transfer));
    if (typeof value !== "object" || value === null) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, handedOver(field, transfer)]));
  };
  return async ({ id, name, element, place }) => {
    try {
      const f = module[name];
      if (typeof f !== "function")
        throw new TypeError(
          `it exports no function "${name}", but ${Object.keys(module).join(", ") || "nothing"}; name one as in map(url, { export: "augment" })`,
        );
      const transfer = new Set<ArrayBuffer>();
      const value: unknown = handedOver(await f(element, place), transfer);
      post({ id, value }, [...transfer]);
      for (const buffer of transfer) given.add(buffer);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      post({ id, error: { name: error.name, message: error.message, stack: error.stack ?? "" } }, []);
    }
  };
}
