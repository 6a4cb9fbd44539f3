import type { ModuleWorker, PlatformWorker, WorkerEvents, WorkerPort } from "./platform.ts";

/** See {@link Platform.startWorker}. */
export function startWorker(source: string, data: unknown, onEnd: (reason: unknown) => void): PlatformWorker {
  const text = `onmessage = (event) => (${source})(event.data)`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = (event): void => onEnd(event.message);
  worker.postMessage(data);
  return {
    stop(): void {
      // A failure that is on its way would be told even after the end.
      worker.onerror = null;
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}

/** See {@link Platform.startModuleWorker}. */
export function startModuleWorker(module: string, source: string, events: WorkerEvents): ModuleWorker {
  const text = `
    const post = (message, transfer) => postMessage({ message }, transfer);
    const ready = import(${JSON.stringify(module)}).then((module) => (${source})(module, post));
    ready.catch((error) => postMessage({ failed: String(error) }));
    onmessage = async ({ data }) => (await ready)(data);`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<{ message: unknown } | { failed: string }>): void =>
    "failed" in data ? events.end(data.failed) : events.message(data.message);
  worker.onmessageerror = (): void => events.end("a message could not be read");
  worker.onerror = (event): void => events.end(event.message);
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold(): void {},
    stop(): void {
      [worker.onmessage, worker.onerror] = [null, null];
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}

/** How the name of the lock begins that a worker holds while it lives; it says that name when it has the lock. */
const LIFE = "myelin:life ";

/**
 * See {@link Platform.openWorker}. A worker that closes itself, or is ended by the browser, tells nobody; but its locks are free then, so
 * that it is noticed where pages have locks (`https:` and `localhost`).
 */
export function openWorker(module: string | (() => Worker), events: WorkerEvents): ModuleWorker {
  const worker = typeof module === "string" ? new Worker(module, { type: "module" }) : module();
  const over = new AbortController();
  const end = (reason: unknown): void => {
    if (over.signal.aborted) return;
    over.abort();
    worker.terminate();
    events.end(reason);
  };
  worker.onmessage = ({ data }: MessageEvent<unknown>): void => {
    if (over.signal.aborted) return;
    if (typeof data !== "string" || !data.startsWith(LIFE)) events.message(data);
    else void navigator.locks.request(data, { signal: over.signal }, () => end(undefined)).catch(() => undefined);
  };
  worker.onmessageerror = (): void => end("a message could not be read");
  worker.onerror = (event): void => end(event.message || "its module could not be loaded");
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold(): void {},
    stop(): void {
      over.abort();
      worker.terminate();
    },
  };
}

/** See {@link Platform.workerPort}. */
export function workerPort(): WorkerPort | undefined {
  const scope: unknown = (globalThis as Record<string, unknown>)["DedicatedWorkerGlobalScope"];
  if (typeof scope !== "function" || !(globalThis instanceof scope)) return undefined;
  const post: WorkerPort["post"] = (message, transfer) => globalThis.postMessage(message, { transfer });
  return {
    post,
    async listen(take): Promise<void> {
      globalThis.addEventListener("message", ({ data }: MessageEvent<unknown>) => take(data));
      if (!("locks" in navigator)) return;
      const life = `${LIFE}${crypto.getRandomValues(new Uint32Array(4)).join(" ")}`;
      await new Promise<void>((resolve) => {
        const held = navigator.locks.request(life, () => {
          post(life, []);
          resolve();
          return new Promise(() => undefined);
        });
        // Some pages may have no locks, such as those in a sandbox.
        held.catch(() => resolve());
      });
    },
  };
}
