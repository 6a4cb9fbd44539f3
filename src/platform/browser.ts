import { PlatformError, type PlatformWorker, type System } from "./platform.ts";

/** See {@link Platform.readFile}: fetches a URL, relative ones from the page's own. */
export async function readFile(path: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(path);
  } catch (cause) {
    throw new PlatformError(
      `readFile "${path}": the request failed. Check the URL, and that its server allows requests from this page (CORS).`,
      { cause },
    );
  }
  if (!response.ok)
    throw new PlatformError(
      `readFile "${path}": the server answered ${response.status} ${response.statusText}. Check the URL; a page reads files only from a server or a file picker.`,
    );
  return new Uint8Array(await response.arrayBuffer());
}

/** See {@link Platform.writeFile}. */
export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  throw new PlatformError(
    `writeFile "${path}": a browser page cannot write files (${bytes.length} bytes were given). Offer them as a download: a link to URL.createObjectURL(new Blob([bytes])).`,
  );
}

/** See {@link Platform.appendFile}. */
export async function appendFile(path: string, bytes: Uint8Array): Promise<void> {
  throw new PlatformError(
    `appendFile "${path}": a browser page cannot write files (${bytes.length} bytes were given). Gather them and offer a download: a link to URL.createObjectURL(new Blob([bytes])).`,
  );
}

/** See {@link Platform.listDirectory}. */
export async function listDirectory(path: string): Promise<string[]> {
  throw new PlatformError(
    `listDirectory "${path}": a browser page cannot list folders. Name the files yourself and fetch each by its URL.`,
  );
}

/** See {@link Platform.fileExists}: asks the server for the URL's headers only. */
export async function fileExists(path: string): Promise<boolean> {
  return fetch(path, { method: "HEAD" }).then(
    (response) => response.ok,
    () => false,
  );
}

/** See {@link Platform.environment}. */
export function environment(_name: string): string | undefined {
  return undefined;
}

/** See {@link Platform.writeText}. */
export function writeText(text: string): void {
  // The console ends lines by itself.
  console.log(text.replace(/\n$/, ""));
}

/** See {@link Platform.terminalColumns}. */
export function terminalColumns(): number | undefined {
  return undefined;
}

/** See {@link Platform.now}. */
export function now(): number {
  return performance.now();
}

/** See {@link Platform.threadCount}. */
export function threadCount(): number {
  // Not every place that runs pages' code has a navigator: worklets and older servers have none.
  return Math.max(1, globalThis.navigator?.hardwareConcurrency || 1);
}

/** See {@link Platform.sharesMemory}. */
export function sharesMemory(): boolean {
  return typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated === true;
}

/** See {@link Platform.maySleep}. Workers may, and have no document. */
export function maySleep(): boolean {
  return typeof document === "undefined";
}

/** See {@link Platform.enableRelaxedSimd}: browsers switch nothing. */
export function enableRelaxedSimd(): void {}

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

/** See {@link Platform.system}. */
export function system(): System | undefined {
  return undefined;
}
