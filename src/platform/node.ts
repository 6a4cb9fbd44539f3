import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { explain } from "./node-errors.ts";
import { processorQuota } from "./node-quota.ts";
import { nodeSystem } from "./node-system.ts";
import type { ByteRange, FileWriter, PageStore, Pieces, System } from "./platform.ts";

/** See {@link Platform.readFile}. */
export async function readFile(path: string): Promise<Uint8Array> {
  try {
    const buffer = await fs.readFile(path);
    // A plain Uint8Array: Buffer's own `slice` shares memory where everyone expects a copy.
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (cause) {
    throw explain("reading", path, cause);
  }
}

/** See {@link Platform.readPieces}. */
export async function readPieces(path: string, most: number = 2 ** 30): Promise<readonly Uint8Array[]> {
  try {
    const { size } = await fs.stat(path);
    if (size <= most) return [await readFile(path)];
    const pieces: Uint8Array[] = [];
    const file = await fs.open(path);
    try {
      for (let at = 0; at < size; at += most) {
        const piece = new Uint8Array(Math.min(most, size - at));
        // The system gives less than was asked for where it likes.
        for (let read = 0; read < piece.length;) {
          const { bytesRead } = await file.read(piece, read, piece.length - read, at + read);
          if (!bytesRead) throw new Error("it became shorter while it was read");
          read += bytesRead;
        }
        pieces.push(piece);
      }
    } finally {
      await file.close();
    }
    return pieces;
  } catch (cause) {
    throw explain("reading", path, cause);
  }
}

/** How much of a file is read at a time. */
const CHUNK_BYTES = 1 << 20;

/** See {@link Platform.readChunks}. */
export async function* readChunks(
  path: string,
  { start = 0, end = Infinity }: ByteRange = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await fs.open(path).catch((cause: unknown) => {
    throw explain("reading", path, cause);
  });
  const read = async (at: number): Promise<Uint8Array> => {
    // Each piece has memory of its own: readers give out views of it.
    const piece = new Uint8Array(Math.max(0, Math.min(CHUNK_BYTES, end - at)));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    return piece.subarray(0, bytesRead);
  };
  let next = read(start);
  // A failure is reported when its turn comes; until then it must not count as unhandled.
  next.catch(() => undefined);
  try {
    for (let at = start; ;) {
      const piece = await next.catch((cause: unknown) => {
        throw explain("reading", path, cause);
      });
      if (piece.length === 0) return;
      at += piece.length;
      // On its way while this one is worked on.
      next = read(at);
      next.catch(() => undefined);
      yield piece;
    }
  } finally {
    await next.catch(() => undefined);
    await file.close();
  }
}

/** See {@link Platform.openWriter}. */
export async function openWriter(path: string): Promise<FileWriter> {
  const explained = (cause: unknown): never => {
    throw explain("writing", path, cause);
  };
  const file = await fs.open(path, "w").catch(explained);
  let last: Promise<unknown> = Promise.resolve();
  /** A piece after the other, and none after one that failed. */
  const next = (work: () => Promise<unknown>): Promise<void> => {
    const done = last.then(work).then(() => undefined, explained);
    last = done;
    // Whoever asked for it is told; it must not count as unhandled here as well.
    last.catch(() => undefined);
    return done;
  };
  return {
    write: (bytes) => next(() => file.writeFile(bytes)),
    flush: () => next(() => file.datasync()),
    close: () =>
      last.then(
        () => file.close(),
        () => file.close(),
      ),
  };
}

/** See {@link Platform.writeFile}. */
export async function writeFile(path: string, bytes: Pieces): Promise<void> {
  if (await isDevice(path)) return writeDevice(path, bytes);
  // In the same folder, because a rename is atomic only within one file system.
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    // A run of hours must not end because nobody made the folder for its first result.
    await fs.mkdir(dirname(path), { recursive: true });
    const file = await fs.open(temporary, "wx");
    try {
      await fs.writeFile(file, bytes);
      // Without this a power cut after the rename can leave an empty file under the final name.
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (cause) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw explain("writing", path, cause);
  }
}

/** Whether a device or a pipe is there, such as /dev/stdout: it is written to, and no file put in its place. */
async function isDevice(path: string): Promise<boolean> {
  const status = await fs.stat(path).catch(() => undefined);
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

async function writeDevice(path: string, bytes: Pieces): Promise<void> {
  try {
    await fs.writeFile(path, bytes);
  } catch (cause) {
    throw explain("writing", path, cause);
  }
}

/** See {@link Platform.appendFile}. */
export async function appendFile(path: string, bytes: Uint8Array, durable: boolean = false): Promise<void> {
  try {
    await fs.mkdir(dirname(path), { recursive: true });
    await fs.appendFile(path, bytes);
    if (durable) await syncToDisk(path);
  } catch (cause) {
    throw explain("writing", path, cause);
  }
}

/** See {@link Platform.writeFolder}. */
export async function writeFolder(path: string, files: Readonly<Record<string, Pieces>>): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const old = `${path}.old`;
  let moved = false;
  try {
    await fs.mkdir(temporary, { recursive: true });
    for (const [name, bytes] of Object.entries(files)) {
      const file = await fs.open(join(temporary, name), "wx");
      try {
        await fs.writeFile(file, bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    await syncFolder(temporary);
    if (await fileExists(path)) {
      await fs.rm(old, { recursive: true, force: true });
      await fs.rename(path, old);
      moved = true;
    }
    await fs.rename(temporary, path);
    moved = false;
    await syncFolder(dirname(path));
  } catch (cause) {
    if (moved) await fs.rename(old, path).catch(() => undefined);
    await fs.rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw explain("writing", path, cause);
  }
  await fs.rm(old, { recursive: true, force: true }).catch(() => undefined);
}

/** Waits until the disk has the names in a folder. Windows cannot be asked to. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform !== "win32") await syncToDisk(path, "r");
}

async function syncToDisk(path: string, flags: string = "r+"): Promise<void> {
  const file = await fs.open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** See {@link Platform.listDirectory}. */
export async function listDirectory(path: string): Promise<string[]> {
  try {
    return (await fs.readdir(path)).sort();
  } catch (cause) {
    throw explain("listing", path, cause);
  }
}

/** See {@link Platform.fileExists}. */
export async function fileExists(path: string): Promise<boolean> {
  return fs.access(path).then(
    () => true,
    () => false,
  );
}

/** See {@link Platform.environment}. */
export function environment(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** See {@link Platform.writeText}. */
export function writeText(text: string): void {
  process.stdout.write(text);
}

/** See {@link Platform.terminalColumns}. */
export function terminalColumns(): number | undefined {
  // A terminal that does not know its width, such as one without a window, says 0.
  return process.stdout.isTTY ? process.stdout.columns || 80 : undefined;
}

/** See {@link Platform.onInterrupt}. */
export function onInterrupt(action: () => void): () => void {
  // Taken away by the first call: without a listener the next signal ends the process.
  process.once("SIGINT", action);
  return () => void process.off("SIGINT", action);
}

/** See {@link Platform.now}. */
export function now(): number {
  return performance.now();
}

/** See {@link Platform.turn}. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * See {@link Platform.threadCount}. Counts the cores this process may use, not those of the machine: those it is bound to, and of
 * them as many as its container has time for.
 */
export function threadCount(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(processorQuota())));
}

/** See {@link Platform.sharesMemory}. */
export function sharesMemory(): boolean {
  return true;
}

/** See {@link Platform.maySleep}. */
export function maySleep(): boolean {
  return true;
}

/** See {@link Platform.enableRelaxedSimd}. */
export function enableRelaxedSimd(): void {
  if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
}

export { openWorker, startModuleWorker, startWorker, workerPort } from "./node-workers.ts";
export { imageCodec } from "./node-images.ts";

/** Kept for ever: the process crashes where it is collected while devices live. */
let webgpu: GPU | undefined;

/** See {@link Platform.gpu}. */
export async function gpu(): Promise<GPU | undefined> {
  const { create } = await import("webgpu");
  return (webgpu ??= create([]));
}

/** See {@link Platform.pageStore}. */
export function pageStore(): PageStore | undefined {
  return undefined;
}

/** See {@link Platform.system}. */
export function system(): System | undefined {
  return nodeSystem;
}
