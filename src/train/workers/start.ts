import { openWorker, writeText } from "#platform";
import { arrivedError, sentError } from "../../core/sentError.ts";
import { ArgumentError, WorkerError } from "../../core/errors.ts";
import type { ModuleWorker } from "../../platform/platform.ts";
import type { WorkerCall, WorkerFunction, WorkerFunctions } from "./expose.ts";
import { isMessage, type Asked, type Told } from "./messages.ts";
import { packed, unpacked } from "./parcel.ts";

/**
 * Where a worker's module is: its URL, `new URL("./train.js", import.meta.url)`; or, where a bundler such as Vite or webpack makes the page, a
 * function that makes the worker, `() => new Worker(new URL("./train.ts", import.meta.url), { type: "module" })`, by which bundlers know that
 * the module is to be built, too.
 */
export type WorkerModule = URL | (() => Worker);

/** What a function in a worker takes. */
export type InputOf<F> = F extends (input: infer I, ...rest: never) => unknown ? I : never;
/** What it reports. */
export type ProgressOf<F> = F extends (input: never, call: WorkerCall<infer P>) => unknown ? P : never;
/** What it returns. */
export type ResultOf<F extends WorkerFunction> = Awaited<ReturnType<F>>;

/** Options of a call. */
export interface CallOptions<Progress> {
  /** Called with everything that the function reports, in its order. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the call with the signal's reason, at once; the function is told by its own signal. */
  readonly signal?: AbortSignal | undefined;
  /** Memory of the input that is given away instead of copied: `[images.buffer]`. It is empty here afterwards. */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
}

/** Milliseconds after which a worker that has not begun to listen is worth a word. */
const SILENCE = 20_000;

interface Waiting {
  readonly progress: (value: unknown) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A worker, and the functions that its module exposes. */
export class RunningWorker<F extends WorkerFunctions> {
  readonly #about: string;
  readonly #worker: ModuleWorker;
  readonly #waiting = new Map<number, Waiting>();
  /** What is sent when the worker listens; undefined from then on. */
  #outbox: (() => void)[] | undefined = [];
  #over: WorkerError | undefined;
  #next = 0;

  constructor(module: WorkerModule) {
    this.#about = module instanceof URL ? `the worker ${module.href}` : "the worker";
    this.#worker = openWorker(module instanceof URL ? module.href : module, {
      message: (message) => {
        if (isMessage(message)) this.#hear(message as Told);
      },
      end: (reason) => {
        const why =
          reason === undefined ? "it ended by itself" : reason instanceof Error ? reason.message : String(reason);
        this.#lose(
          `${this.#about} was lost: ${why}. Check that its module can be loaded, calls workers.expose and has memory enough`,
          reason,
        );
      },
    });
  }

  /**
   * Calls a function of the worker. Several calls run beside one another as far as the functions await something; `fit` does about ten times
   * a second.
   * @param input what the function takes: plain objects, arrays, typed arrays and tensors are copied there.
   * @returns what it returns.
   * @throws what it throws, of the same class where that is one of Myelin's or JavaScript's; the signal's reason; ArgumentError for a function
   * that is not there and an input that cannot be copied; WorkerError where the worker ends meanwhile or has ended.
   */
  async call<K extends keyof F & string>(
    name: K,
    input: InputOf<F[K]>,
    { onProgress, signal, transfer = [] }: CallOptions<ProgressOf<F[K]>> = {},
  ): Promise<ResultOf<F[K]>> {
    signal?.throwIfAborted();
    const parcel = await packed(input);
    signal?.throwIfAborted();
    if (this.#over) throw this.#over;
    const id = this.#next++;
    const aborted = (): void => {
      this.#send({ myelin: "abort", id, reason: sentError(signal!.reason) });
      this.#waiting.get(id)?.reject(signal!.reason);
    };
    this.#worker.hold(true);
    const silent = this.#outbox && setTimeout(() => this.#warn(), SILENCE);
    try {
      return await new Promise<ResultOf<F[K]>>((resolve, reject) => {
        this.#waiting.set(id, {
          progress: (value) => onProgress?.(value as ProgressOf<F[K]>),
          resolve: (value) => resolve(value as ResultOf<F[K]>),
          reject,
        });
        signal?.addEventListener("abort", aborted);
        const memory = [...new Set([...parcel.transfer, ...transfer])];
        this.#send({ myelin: "call", id, name, input: parcel.content }, memory);
      });
    } finally {
      clearTimeout(silent);
      signal?.removeEventListener("abort", aborted);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker.hold(false);
    }
  }

  /** Ends the worker, wherever it is; calls that wait are told by a WorkerError. */
  stop(): void {
    this.#worker.stop();
    this.#lose(`${this.#about} was stopped`, undefined);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** Sends a message, as soon as the worker listens. */
  #send(message: Asked, memory: ArrayBuffer[] = []): void {
    if (this.#outbox) {
      this.#outbox.push(() => this.#send(message, memory));
      return;
    }
    try {
      this.#worker.post(message, memory);
    } catch (cause) {
      this.#waiting
        .get(message.id)
        ?.reject(
          new ArgumentError(
            `workers: an input cannot be copied to another thread: ${(cause as Error).message}. Give plain objects, arrays, typed arrays and tensors`,
            { cause },
          ),
        );
    }
  }

  #hear(message: Told): void {
    if (message.myelin === "ready") {
      const outbox = this.#outbox ?? [];
      this.#outbox = undefined;
      for (const send of outbox) send();
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (message.myelin === "result") waiting?.resolve(unpacked(message.result));
    else if (message.myelin === "error") waiting?.reject(arrivedError(message.error));
    else
      try {
        waiting?.progress(unpacked(message.progress));
      } catch (error) {
        this.#send({ myelin: "abort", id: message.id, reason: sentError(error) });
        waiting?.reject(error);
      }
  }

  #warn(): void {
    if (!this.#outbox) return;
    writeText(
      `myelin: ${this.#about} has said nothing for ${SILENCE / 1000} seconds. Does its module call workers.expose when it is loaded?\n`,
    );
  }

  #lose(message: string, cause: unknown): void {
    this.#over ??= new WorkerError(message, { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#over);
  }
}

/** Starts a worker, whose functions can be called until it is stopped. Its module calls {@link expose}. */
export function start<F extends WorkerFunctions>(module: WorkerModule): RunningWorker<F> {
  return new RunningWorker<F>(module);
}

/**
 * Trains in a worker, so that the page stays responsive, and in Node the thread of the caller: calls the function `train` that the worker's
 * module exposes, and ends the worker. To ask it for more, such as predictions while it trains, see {@link start}.
 * @param input the data and whatever else the function wants to know.
 * @returns what the function returns, such as `model.stateDict()`.
 * @throws as {@link RunningWorker.call}. By the signal the worker is ended, wherever it is.
 *
 * @example
 * import type { offered } from "./train.ts";
 *
 * const weights = await workers.trainInWorker<typeof offered>(
 *   () => new Worker(new URL("./train.ts", import.meta.url), { type: "module" }),
 *   { images, labels, epochs: 5 },
 *   { onProgress: ({ epoch, means }) => show(epoch, means.loss), signal },
 * );
 * model.loadStateDict(weights);
 */
export async function trainInWorker<F extends WorkerFunctions & { readonly train: WorkerFunction }>(
  module: WorkerModule,
  input: InputOf<F["train"]>,
  options: CallOptions<ProgressOf<F["train"]>> = {},
): Promise<ResultOf<F["train"]>> {
  const worker = start<F>(module);
  try {
    return await worker.call<"train">("train", input, options);
  } finally {
    worker.stop();
  }
}
