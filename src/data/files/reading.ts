import { readChunks } from "#platform";
import { isGzip, unpack } from "../../formats/gzip.ts";

/** One path or several. */
export function pathsOf(paths: string | readonly string[]): readonly string[] {
  return typeof paths === "string" ? [paths] : paths;
}

/** How messages name a file. */
export const named = (path: string): string => `"${path}"`;

/** The content of a file in pieces, unpacked on the way where it is a gzip file, which its first bytes tell. */
export async function* contentOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = readChunks(path);
  const { done, value: first } = await pieces.next();
  if (done) return;
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    yield first as Uint8Array;
    yield* pieces;
  }
  try {
    yield* isGzip(first) ? unpack(all(), named(path)) : all();
  } finally {
    await pieces.return();
  }
}
