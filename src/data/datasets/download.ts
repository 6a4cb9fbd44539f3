import { appendFile, fileExists, readFile, system } from "#platform";
import { FormatError, MyelinError } from "../../core/errors.ts";
import { PlatformError } from "../../platform/platform.ts";
import { inLargePieces } from "../files/writing.ts";

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
 * content is another than was published; PlatformError when the folder cannot be written.
 */
export async function obtain(
  name: string,
  files: readonly RemoteFile[],
  folder: string,
  { download = true, onProgress }: LoadOptions,
): Promise<string[]> {
  const paths: string[] = [];
  for (const file of files) {
    const path = `${folder}/${file.name}`;
    if (!(await fileExists(path))) {
      if (!download || system() === undefined)
        throw new FormatError(
          `datasets.${name}: "${folder}" has no ${file.name}; put it there from ${file.urls[0]}, or call load with download: true`,
        );
      await fetchFile(name, file, path, onProgress);
    }
    paths.push(path);
  }
  return paths;
}

async function fetchFile(
  name: string,
  file: RemoteFile,
  path: string,
  onProgress: LoadOptions["onProgress"],
): Promise<void> {
  const os = system()!;
  const partial = `${path}.part`;
  const failures: string[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const url = file.urls[attempt % file.urls.length]!;
    try {
      await fetchRest(url, partial, (bytes, total) => onProgress?.(file.name, bytes, total));
    } catch (cause) {
      if (cause instanceof MyelinError || cause instanceof PlatformError) throw cause;
      failures.push(`${url}: ${reasonOf(cause)}`);
      // Servers that are busy answer a little later.
      if (attempt + 1 < TRIES) await new Promise((resolve) => setTimeout(resolve, 100 * 3 ** attempt));
      continue;
    }
    const [algorithm, wanted] = Object.entries(file.checksum)[0] as ["sha256" | "md5", string];
    const found = os.hash(await readFile(partial), algorithm);
    if (found === wanted) {
      os.rename(partial, path);
      return;
    }
    os.remove(partial);
    failures.push(`${url}: its content has ${algorithm} ${found}, and ${wanted} was published`);
  }
  throw new FormatError(
    `datasets.${name}: ${file.name} could not be fetched (${[...new Set(failures)].join("; ")}). Put it at "${path}" yourself, or try again: what has arrived is kept`,
  );
}

/** Fetches what is missing behind what is there. */
async function fetchRest(
  url: string,
  partial: string,
  onProgress: (bytes: number, total: number | undefined) => void,
): Promise<void> {
  const os = system()!;
  const there = os.fileState(partial)?.bytes ?? 0;
  const response = await fetch(url, { headers: there > 0 ? { Range: `bytes=${there}-` } : {} });
  // 416: all of it is there, or more than there should be, which the checksum tells.
  if (response.status === 416 && there > 0) {
    await response.body?.cancel();
    return;
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status} ${response.statusText}`);
  }
  const resumed = response.status === 206;
  if (!resumed) os.remove(partial);
  let bytes = resumed ? there : 0;
  const length = response.headers.get("content-encoding") === null ? Number(response.headers.get("content-length")) : 0;
  const total = length > 0 ? bytes + length : undefined;
  const chunks = response.body as AsyncIterable<Uint8Array>;
  for await (const piece of inLargePieces(chunks)) {
    await appendFile(partial, piece);
    bytes += piece.length;
    onProgress(bytes, total);
  }
  if (total !== undefined && bytes !== total) throw new Error(`the connection broke after ${bytes} of ${total} bytes`);
}

function reasonOf(cause: unknown): string {
  const inner: unknown = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : String(inner);
}
