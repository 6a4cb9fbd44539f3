import { openWriter, system } from "#platform";
import { joinBytes } from "../../core/bytes.ts";

/**
 * Writes a file from pieces as they are made. What is there under its name stays until the new one is complete and on the disk.
 * @throws PlatformError when it cannot be written, and always in a browser; what `pieces` throws.
 */
export async function writePieces(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  // A name of its own: another program may write the same file.
  const temporary = `${path}.${crypto.randomUUID()}.part`;
  const writer = await openWriter(temporary);
  try {
    for await (const piece of pieces) await writer.write(piece);
    await writer.flush();
  } catch (cause) {
    await writer.close().catch(() => undefined);
    system()?.remove(temporary);
    throw cause;
  }
  await writer.close();
  system()!.rename(temporary, path);
}

/** Small pieces as few large ones, so that not every record is a call of the system. */
export async function* inLargePieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const SIZE = 1 << 18;
  let waiting: Uint8Array[] = [];
  let held = 0;
  const joined = (): Uint8Array => {
    const all = joinBytes(waiting);
    waiting = [];
    held = 0;
    return all;
  };
  try {
    for await (const piece of pieces) {
      waiting.push(piece);
      held += piece.length;
      if (held >= SIZE) yield joined();
    }
  } finally {
    // Before an error, too: what came before it can be gone on from.
    if (held > 0) yield joined();
  }
}
