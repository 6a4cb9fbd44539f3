import { startModuleWorker, turn } from "#platform";
import { ArgumentError, DataError } from "../core/errors.ts";
import { arrivedError, type SentError } from "../core/sentError.ts";
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
      readonly error: SentError;
    };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A task or an answer, and the memory that goes with it. */
interface Parcel<T> {
  readonly content: T;
  readonly transfer: readonly ArrayBuffer[];
}

/** One thread, what it has not answered yet, and what has not been sent to it yet. */
interface Thread {
  readonly worker: ModuleWorker;
  readonly waiting: Map<number, Waiting>;
  readonly outbox: Parcel<Task>[];
}

/** A message costs more than small elements do: so many of them make one. */
const GROUP = 8;

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
      const content: Task = { id, name: this.#name, element: copied(element, transfer), place };
      thread.waiting.set(id, { resolve, reject });
      thread.worker.hold(true);
      thread.outbox.push({ content, transfer });
      if (thread.outbox.length >= GROUP) send(thread);
      else if (thread.outbox.length === 1) void turn().then(() => send(thread));
    });
  }

  /** Whether all threads live and have answered everything. */
  get isIdle(): boolean {
    return !this.#lost && this.#threads.every(({ waiting }) => waiting.size === 0);
  }

  /** Ends the threads, wherever they are. */
  stop(): void {
    this.#lost = new DataError(`the threads for ${this.#module} were stopped`);
    for (const { worker } of this.#threads) worker.stop();
  }

  #start(): Thread {
    const waiting = new Map<number, Waiting>();
    const worker = startModuleWorker(this.#module, String(answering), {
      message: (answers) => {
        for (const answer of answers as Answer[]) {
          const { resolve, reject } = waiting.get(answer.id)!;
          waiting.delete(answer.id);
          if ("value" in answer) resolve(answer.value);
          else {
            reject(arrivedError({ ...answer.error, message: `${this.#module}: ${answer.error.message}` }));
          }
        }
        if (waiting.size === 0) worker.hold(false);
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
    return { worker, waiting, outbox: [] };
  }
}

/** Sends a thread what is there for it. */
function send({ worker, waiting, outbox }: Thread): void {
  const parcels = outbox.splice(0);
  const post = (some: readonly Parcel<Task>[]): void =>
    worker.post(
      some.map(({ content }) => content),
      some.flatMap(({ transfer }) => transfer),
    );
  try {
    if (parcels.length > 0) post(parcels);
  } catch {
    // One of them cannot be copied: the others go alone.
    for (const parcel of parcels)
      try {
        post([parcel]);
      } catch (error) {
        waiting.get(parcel.content.id)?.reject(error as Error);
        waiting.delete(parcel.content.id);
      }
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
  post: (answers: Answer[], transfer: ArrayBuffer[]) => void,
): (tasks: readonly Task[]) => void {
  const given = new WeakSet<ArrayBufferLike>();
  /** Arrays that fill their memory are handed over, views of a part of it copied before. */
  const handedOver = (value: unknown, transfer: Set<ArrayBuffer>): unknown => {
    if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer && !(value instanceof DataView)) {
      if (given.has(value.buffer) && !transfer.has(value.buffer))
        throw new TypeError(
          "it returned an array that it had returned before, which is the reader's now; return a new one, or a copy: array.slice()",
        );
      const whole = value.byteLength === value.buffer.byteLength ? value : (value as Uint8Array).slice();
      transfer.add(whole.buffer as ArrayBuffer);
      given.add(whole.buffer);
      return whole;
    }
    if (Array.isArray(value)) return value.map((field) => handedOver(field, transfer));
    if (typeof value !== "object" || value === null) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, handedOver(field, transfer)]));
  };

  const outbox: Parcel<Answer>[] = [];
  let lastSent = 0;
  const failed = (id: number, thrown: unknown): Answer => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { id, error: { name: error.name, message: error.message, stack: error.stack ?? "" } };
  };
  const send = (): void => {
    lastSent = performance.now();
    const parcels = outbox.splice(0);
    try {
      if (parcels.length > 0)
        post(
          parcels.map(({ content }) => content),
          parcels.flatMap(({ transfer }) => transfer),
        );
    } catch {
      // One of them cannot be copied: the others go alone.
      for (const { content, transfer } of parcels)
        try {
          post([content], [...transfer]);
        } catch (error) {
          post([failed(content.id, error)], []);
        }
    }
  };
  const done = (id: number, value: unknown): void => {
    const transfer = new Set<ArrayBuffer>();
    let content: Answer;
    try {
      content = { id, value: handedOver(value, transfer) };
    } catch (error) {
      content = failed(id, error);
      transfer.clear();
    }
    outbox.push({ content, transfer: [...transfer] });
  };
  const start = ({ id, name, element, place }: Task): void => {
    try {
      const f = module[name];
      if (typeof f !== "function")
        throw new TypeError(
          `it exports no function "${name}", but ${Object.keys(module).join(", ") || "nothing"}; name one as in map(url, { export: "augment" })`,
        );
      const result: unknown = f(element, place);
      if (typeof result !== "object" || result === null || !("then" in result)) return done(id, result);
      Promise.resolve(result).then(
        (value) => {
          done(id, value);
          send();
        },
        (error: unknown) => {
          outbox.push({ content: failed(id, error), transfer: [] });
          send();
        },
      );
    } catch (error) {
      outbox.push({ content: failed(id, error), transfer: [] });
    }
  };
  return (tasks) => {
    lastSent = performance.now();
    for (const task of tasks) {
      start(task);
      // What took long need not wait for the others.
      if (performance.now() - lastSent > 1) send();
    }
    send();
  };
}
