import {
  PlatformError,
  type ByteRange,
  type FileWriter,
  type PageStore,
  type Pieces,
  type System,
} from "./platform.ts";

/** Fetches a URL, relative ones from the page's own. */
async function request(operation: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { headers });
  } catch (cause) {
    throw new PlatformError(
      `${operation} "${path}": the request failed. Check the URL, and that its server allows requests from this page (CORS).`,
      { cause },
    );
  }
  // 416: the range starts behind the file's end.
  if (!response.ok && response.status !== 416)
    throw new PlatformError(
      `${operation} "${path}": the server answered ${response.status} ${response.statusText}. Check the URL; a page reads files only from a server or a file picker.`,
    );
  return response;
}

/** See {@link Platform.readFile}. */
export async function readFile(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await request("reading", path)).arrayBuffer());
}

/** See {@link Platform.readPieces}. */
export async function readPieces(path: string): Promise<readonly Uint8Array[]> {
  return [await readFile(path)];
}

/** See {@link Platform.readChunks}. A server that knows no ranges sends the whole file, of which the rest is dropped. */
export async function* readChunks(
  path: string,
  { start = 0, end = Infinity }: ByteRange = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (start >= end) return;
  const whole = start === 0 && end === Infinity;
  const range = `bytes=${start}-${end === Infinity ? "" : end - 1}`;
  const response = await request("reading", path, whole ? {} : { Range: range });
  if (response.status === 416) return;
  let at = response.status === 206 ? start : 0;
  const reader = response.body!.getReader();
  try {
    while (at < end) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new PlatformError(`reading "${path}": the connection broke after byte ${at}. Try again.`, { cause });
      });
      if (done) return;
      const piece = value.subarray(Math.max(0, start - at), Math.max(0, Math.min(value.length, end - at)));
      at += value.length;
      if (piece.length > 0) yield piece;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** See {@link Platform.openWriter}. */
export async function openWriter(path: string): Promise<FileWriter> {
  throw new PlatformError(
    `writing "${path}": a browser page cannot write files. Collect the bytes and offer them as a download.`,
  );
}

/** See {@link Platform.writeFile}. */
export async function writeFile(path: string, bytes: Pieces): Promise<void> {
  const count = [bytes].flat().reduce((sum, piece) => sum + piece.length, 0);
  throw new PlatformError(
    `writing "${path}": a browser page cannot write files (${count} bytes were given). Offer them as a download: a link to URL.createObjectURL(new Blob([bytes])).`,
  );
}

/** See {@link Platform.appendFile}. */
export async function appendFile(path: string, bytes: Uint8Array, _durable?: boolean): Promise<void> {
  throw new PlatformError(
    `writing "${path}": a browser page cannot write files (${bytes.length} bytes were given). Gather them and offer a download: a link to URL.createObjectURL(new Blob([bytes])).`,
  );
}

/** See {@link Platform.writeFolder}. */
export async function writeFolder(path: string, files: Readonly<Record<string, Pieces>>): Promise<void> {
  throw new PlatformError(
    `writing "${path}": a browser page cannot write files (${Object.keys(files).length} were given). Offer each as a download: a link to URL.createObjectURL(new Blob([bytes])).`,
  );
}

/** See {@link Platform.listDirectory}. */
export async function listDirectory(path: string): Promise<string[]> {
  throw new PlatformError(
    `listing "${path}": a browser page cannot list folders. Name the files yourself and fetch each by its URL.`,
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

/** See {@link Platform.onInterrupt}. */
export function onInterrupt(_action: () => void): () => void {
  return () => undefined;
}

/** See {@link Platform.now}. */
export function now(): number {
  return performance.now();
}

/** See {@link Platform.turn}. Timers would wait for milliseconds. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (): void => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
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

export { openWorker, startModuleWorker, startWorker, workerPort } from "./browser-workers.ts";
export { imageCodec } from "./browser-images.ts";

/** See {@link Platform.gpu}. Pages that are not served safely (https, localhost) have none either. */
export async function gpu(): Promise<GPU | undefined> {
  // Older types and browsers know no such field.
  return (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
}

/** See {@link Platform.pageStore}: a cache of requests that nobody ever makes, which workers have too. */
export function pageStore(): PageStore | undefined {
  if (typeof caches === "undefined") return undefined;
  const address = (name: string): string => `https://myelin.invalid/${encodeURIComponent(name)}`;
  return {
    async read(name) {
      try {
        const found = await (await caches.open("myelin")).match(address(name));
        return found && new Uint8Array(await found.arrayBuffer());
      } catch {
        return undefined;
      }
    },
    async write(name, bytes) {
      try {
        await (await caches.open("myelin")).put(address(name), new Response(bytes.slice()));
      } catch (cause) {
        throw new PlatformError(
          `keeping "${name}": the browser refuses (${String(cause)}). Nothing is lost but time.`,
          {
            cause,
          },
        );
      }
    },
  };
}

/** See {@link Platform.system}. */
export function system(): System | undefined {
  return undefined;
}
