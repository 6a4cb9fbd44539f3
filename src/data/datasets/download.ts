import { fileExists, readFile, system } from "#platform";
import { FormatError, MyelinError } from "../../core/errors.ts";
import { PlatformError } from "../../platform/platform.ts";
import { fetchRest, Later, pause, Refusal } from "./fetching.ts";

/** A file that can be fetched. */
export interface RemoteFile {
  /** Its name in the folder. */
  readonly name: string;
  /** Where it is; the next is tried where one does not answer. */
  readonly urls: readonly string[];
  /** What its content must give, in hexadecimal: `sha256` where we could work it out ourselves, otherwise the `md5` that its publisher names. */
  readonly checksum: { readonly sha256: string } | { readonly md5: string };
}

/** Where a dataset is, and whether it may be fetched. */
export interface LoadOptions {
  /** Where the files are, or go to; by default the folder `datasets` in the user's cache of this library. */
  readonly folder?: string;
  /** Fetch files that are not there; true by default. */
  readonly download?: boolean;
  /** Told how much of a file is there, in bytes; the total where the server names it. */
  readonly onProgress?: (file: string, bytes: number, total: number | undefined) => void;
  /** Ends fetching, with the signal's reason as the error; a later call goes on where this one was. */
  readonly signal?: AbortSignal;
}

/** How often a file is asked for before it is given up. */
const TRIES = 4;

/** The folder of a dataset. */
export function folderOf(name: string, { folder }: LoadOptions): string {
  if (folder !== undefined) return folder;
  const os = system();
  if (os === undefined)
    throw new FormatError(
      `datasets.${name}: a page has no folder for data; give the URL where its files are, load({ folder })`,
    );
  return `${os.cacheFolder}/datasets/${name}`;
}

/**
 * Sees to it that files are in a folder: those that are not are fetched, each under a temporary name until its content is checked, and
 * going on where an earlier try broke off.
 * @returns their paths.
 * @throws FormatError that says which file to put where, for files that are not there and may not or cannot be fetched, or whose
 * content is another than was published; PlatformError when the folder cannot be written; the signal's reason.
 */
export async function obtain(
  name: string,
  files: readonly RemoteFile[],
  folder: string,
  options: LoadOptions,
): Promise<string[]> {
  const paths: string[] = [];
  for (const file of files) {
    const path = `${folder}/${file.name}`;
    if (!(await fileExists(path))) {
      if (options.download === false || system() === undefined)
        throw new FormatError(
          `datasets.${name}: "${folder}" has no ${file.name}; put it there from ${file.urls[0]}, or call load with download: true`,
        );
      await alone(path, options.signal, () => fetchFile(name, file, path, options));
    }
    paths.push(path);
  }
  return paths;
}

/** Runs what makes a file, unless somebody else is at it: then the file is waited for. */
async function alone(path: string, signal: AbortSignal | undefined, make: () => Promise<void>): Promise<void> {
  const os = system()!;
  for (;;) {
    const lock = os.lock(`${path}.lock`);
    if ("release" in lock)
      try {
        return await ((await fileExists(path)) ? undefined : make());
      } finally {
        lock.release();
      }
    await pause(200, signal);
  }
}

async function fetchFile(
  name: string,
  file: RemoteFile,
  path: string,
  { onProgress, signal }: LoadOptions,
): Promise<void> {
  const os = system()!;
  const partial = `${path}.part`;
  const [algorithm, wanted] = Object.entries(file.checksum)[0] as ["sha256" | "md5", string];
  const failures = new Set<string>();
  const urls = [...file.urls];
  for (let attempt = 0; attempt < TRIES && urls.length > 0; attempt++) {
    const url = urls.shift()!;
    let wait = 100 * 3 ** attempt;
    try {
      const whole = await fetchRest(url, partial, (bytes, total) => onProgress?.(file.name, bytes, total), signal);
      const found = os.hash(await readFile(partial), algorithm);
      if (found === wanted) {
        os.rename(partial, path);
        return;
      }
      os.remove(partial);
      const what = `its content has ${algorithm} ${found}, and ${wanted} was published`;
      // What was put together from parts may be whole another time.
      throw whole ? new Refusal(what) : new Error(what);
    } catch (cause) {
      if (signal?.aborted || cause instanceof MyelinError || cause instanceof PlatformError) throw cause;
      failures.add(`${url}: ${reasonOf(cause)}`);
      if (!(cause instanceof Refusal)) urls.push(url);
      if (cause instanceof Later) wait = cause.milliseconds;
    }
    // Servers that are busy answer a little later; those that were not asked yet may answer now.
    if (attempt + 1 < TRIES && attempt + 1 >= file.urls.length && urls.length > 0) await pause(wait, signal);
  }
  const kept = os.fileState(partial) ? ", or try again: what has arrived is kept" : "";
  throw new FormatError(
    `datasets.${name}: ${file.name} could not be fetched (${[...failures].join("; ")}). Put it at "${path}" yourself${kept}`,
  );
}

function reasonOf(cause: unknown): string {
  const inner: unknown = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : String(inner);
}
