import { parentPort, Worker } from "node:worker_threads";
import {
  PlatformError,
  type ModuleWorker,
  type PlatformWorker,
  type WorkerEvents,
  type WorkerPort,
} from "./platform.ts";

/** See {@link Platform.startWorker}. */
export function startWorker(source: string, data: unknown, onEnd: (reason: unknown) => void): PlatformWorker {
  // No inherited arguments: loaders and inspectors of the program are not the worker's.
  const worker = new Worker(`(${source})(require("node:worker_threads").workerData)`, {
    eval: true,
    workerData: data,
    execArgv: [],
  });
  worker.unref();
  let over = false;
  const end = (reason: unknown): void => {
    if (!over) onEnd(reason);
    over = true;
  };
  worker.on("error", end);
  worker.on("exit", () => end(undefined));
  return {
    stop(): void {
      over = true;
      void worker.terminate();
    },
  };
}

/** See {@link Platform.startModuleWorker}. */
export function startModuleWorker(module: string, source: string, events: WorkerEvents): ModuleWorker {
  const text = `
    const { parentPort, workerData } = require("node:worker_threads");
    const post = (message, transfer) => parentPort.postMessage(message, transfer);
    const ready = import(workerData).then((module) => (${source})(module, post));
    parentPort.on("message", async (message) => (await ready)(message));`;
  return answering(new Worker(text, { eval: true, workerData: module, execArgv: [] }), events);
}

/** See {@link Platform.openWorker}. */
export function openWorker(module: string | (() => unknown), events: WorkerEvents): ModuleWorker {
  if (typeof module !== "string")
    throw new PlatformError(
      "openWorker: got a function that makes a Worker, which Node does not have; give the URL of the module",
    );
  return answering(new Worker(new URL(module), { execArgv: [] }), events);
}

/** See {@link Platform.workerPort}. */
export function workerPort(): WorkerPort | undefined {
  const port = parentPort;
  return port === null
    ? undefined
    : {
        post: (message, transfer) => port.postMessage(message, transfer),
        listen: async (take) => void port.on("message", take),
      };
}

/** A thread whose events are told. */
function answering(worker: Worker, events: WorkerEvents): ModuleWorker {
  worker.unref();
  let over = false;
  const end = (reason: unknown): void => {
    if (!over) events.end(reason);
    over = true;
  };
  worker.on("message", (message) => events.message(message));
  worker.on("messageerror", end);
  worker.on("error", end);
  worker.on("exit", () => end(undefined));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    stop(): void {
      over = true;
      void worker.terminate();
    },
  };
}
