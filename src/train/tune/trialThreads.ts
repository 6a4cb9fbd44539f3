import { startModuleWorker, threadCount } from "#platform";
import { DataError } from "../../core/errors.ts";
import { arrivedError, type SentError } from "../../core/sentError.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { ModuleWorker } from "../../platform/platform.ts";
import type { Values } from "./space.ts";
import type { Trial } from "./trial.ts";

/** What comes from a thread: a report, which is answered with whether to give up; or the end. */
type Told =
  | { readonly step: number; readonly value: number }
  | { readonly result: unknown }
  | { readonly error: SentError };

/** Threads that each have loaded a module and run the trials of a study with its `default` export. */
export class TrialThreads {
  readonly count: number;
  readonly #module: URL;
  readonly #idle: ModuleWorker[] = [];
  readonly #all = new Set<ModuleWorker>();
  /** What the thread that runs a trial says to it. */
  readonly #listeners = new Map<
    ModuleWorker,
    { readonly told: (told: Told) => void; readonly lost: (reason: unknown) => void }
  >();

  constructor(module: URL, count: number = threadCount()) {
    wholeNumber("study.run", "parallel", count, 1);
    this.#module = module;
    this.count = count;
  }

  /**
   * Runs a trial in a thread of its own until it is over.
   * @throws what the objective throws, as an error of the same name; DataError where the thread ends meanwhile.
   */
  run(params: Values, trial: Trial): Promise<number> {
    const worker = this.#idle.pop() ?? this.#start();
    return new Promise<number>((resolve, reject) => {
      const done = (): void => {
        this.#listeners.delete(worker);
        worker.hold(false);
        this.#idle.push(worker);
      };
      this.#listeners.set(worker, {
        told: (told) => {
          if ("step" in told)
            void trial.report(told.step, told.value).then(
              () => worker.post({ prune: trial.shouldPrune() }, []),
              (error: Error) => worker.post({ refused: error.message }, []),
            );
          else if ("result" in told) {
            done();
            resolve(told.result as number);
          } else {
            done();
            reject(arrivedError(told.error));
          }
        },
        lost: reject,
      });
      worker.hold(true);
      worker.post({ number: trial.number, params }, []);
    });
  }

  /** Ends the threads, wherever they are. */
  stop(): void {
    for (const worker of this.#all) worker.stop();
    this.#all.clear();
    this.#idle.length = 0;
  }

  #start(): ModuleWorker {
    const worker = startModuleWorker(this.#module.href, String(trying), {
      message: (message) => this.#listeners.get(worker)?.told(message as Told),
      end: (reason) => {
        this.#all.delete(worker);
        const why =
          reason === undefined ? "it ended by itself" : reason instanceof Error ? reason.message : `${reason}`;
        this.#listeners
          .get(worker)
          ?.lost(
            new DataError(
              `study: the thread of a trial was lost: ${why}. Check that ${this.#module.href} can be loaded and does not end its process`,
              { cause: reason },
            ),
          );
        this.#listeners.delete(worker);
      },
    });
    this.#all.add(worker);
    return worker;
  }
}

/** Runs in the thread, as text: uses its arguments and globals only. */
function trying(
  module: Record<string, unknown>,
  post: (told: Told, transfer: ArrayBuffer[]) => void,
): (message: Record<string, unknown>) => void {
  let prune = false;
  let waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  const begin = async (number: unknown, params: unknown): Promise<void> => {
    prune = false;
    const trial = {
      number,
      report: (step: number, value: number) =>
        new Promise<void>((resolve, reject) => {
          waiting = { resolve, reject };
          post({ step, value }, []);
        }),
      shouldPrune: () => prune,
    };
    try {
      const objective = module["default"];
      if (typeof objective !== "function")
        throw new TypeError(
          `the module of a study must export its objective as default; it exports ${Object.keys(module).join(", ") || "nothing"}`,
        );
      post({ result: await objective(params, trial) }, []);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      post({ error: { name: error.name, message: error.message, stack: error.stack ?? "" } }, []);
    }
  };
  return (message) => {
    if ("params" in message) void begin(message["number"], message["params"]);
    else if ("refused" in message) waiting!.reject(new Error(String(message["refused"])));
    else {
      prune = message["prune"] === true;
      waiting!.resolve();
    }
  };
}
