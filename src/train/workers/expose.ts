import { workerPort } from "#platform";
import { ArgumentError } from "../../core/errors.ts";
import { arrivedError, sentError } from "../../core/sentError.ts";
import type { WorkerPort } from "../../platform/platform.ts";
import { isMessage, type Told } from "./messages.ts";
import { packed, unpacked } from "./parcel.ts";

/** One call of a function in a worker, as the function sees it. */
export interface WorkerCall<Progress = never> {
  /** Tells the caller how far it is, in the order of the calls. Tensors are read first. */
  report(progress: Progress): void;
  /** Aborted when the caller does not want the result any more: to be given to `fit`, which ends after its current step. */
  readonly signal: AbortSignal;
}

/** A function that a worker offers: it takes one value and returns one, or the promise of one. */
export type WorkerFunction = (input: never, call: WorkerCall<never>) => unknown;

/** What a worker's module offers, by name. */
export type WorkerFunctions = Readonly<Record<string, WorkerFunction>>;

/**
 * Offers functions to whoever started this worker; to be called once, when the worker's module is loaded. Elsewhere it does nothing, so that the
 * module can also be imported as it is.
 *
 * Inputs, results and what is reported are copied from one thread to the other: numbers, strings, typed arrays, arrays and plain objects, and
 * tensors in them.
 *
 * @returns the functions, whose type the page wants to know: `start<typeof offered>(…)`.
 *
 * @example
 * // train.ts, a module of its own
 * export const offered = workers.expose({
 *   async train({ images, labels, epochs }: Job, { report, signal }: WorkerCall<TrainingProgress>) {
 *     const model = new Net();
 *     const callbacks = [workers.progressTo(report)];
 *     await fit(model, [images, labels], { optimizer, loss, epochs, callbacks, signal, display: false });
 *     return model.stateDict();
 *   },
 * });
 */
export function expose<F extends WorkerFunctions>(functions: F): F {
  const port = workerPort();
  if (port) listen(port, functions);
  return functions;
}

function listen(port: WorkerPort, functions: WorkerFunctions): void {
  const running = new Map<number, AbortController>();
  const tell = (message: Told, transfer: ArrayBuffer[] = []): void => port.post(message, transfer);

  const call = async (id: number, name: string, input: unknown): Promise<void> => {
    const controller = new AbortController();
    running.set(id, controller);
    // Tensors take time to be read; nothing overtakes what was sent before, and nothing comes after what could not be sent.
    let sent: Promise<void> = Promise.resolve();
    const send = (value: unknown, message: (content: unknown) => Told): Promise<void> => {
      const parcel = packed(value);
      parcel.catch(() => undefined);
      sent = sent.then(async () => {
        const { content, transfer } = await parcel;
        try {
          tell(message(content), transfer);
        } catch (cause) {
          throw new ArgumentError(
            `workers: what "${name}" reports or returns cannot be copied to another thread: ${(cause as Error).message}. Return plain objects, arrays, typed arrays and tensors`,
            { cause },
          );
        }
      });
      return sent;
    };
    const report = (progress: unknown): void => {
      send(progress, (content) => ({ myelin: "progress", id, progress: content })).catch((error: unknown) =>
        controller.abort(error),
      );
    };
    try {
      const f = Object.hasOwn(functions, name) ? functions[name] : undefined;
      if (!f)
        throw new ArgumentError(
          `workers: there is no function "${name}"; the worker exposes ${Object.keys(functions).join(", ") || "nothing"}`,
        );
      const result: unknown = await f(unpacked(input) as never, { report, signal: controller.signal });
      await send(result, (content) => ({ myelin: "result", id, result: content }));
    } catch (error) {
      tell({ myelin: "error", id, error: sentError(error) });
    } finally {
      running.delete(id);
    }
  };

  const listens = port.listen((message) => {
    if (!isMessage(message)) return;
    if (message.myelin === "call") void call(message.id, message.name, message.input);
    else if (message.myelin === "abort") running.get(message.id)?.abort(arrivedError(message.reason));
  });
  void listens.then(() => tell({ myelin: "ready" }));
}
