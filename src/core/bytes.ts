/** One array of the bytes of several, in their order; of a single one, itself. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** How many bytes there are in all of them. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((length, piece) => length + piece.length, 0);
}

/** The bytes from `begin` to before `end` of pieces that follow one another: a view where one piece has them all, otherwise a copy. */
export function sliceOf(pieces: readonly Uint8Array[], begin: number, end: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const piece of pieces) {
    if (begin < at + piece.length && end > at) parts.push(piece.subarray(Math.max(0, begin - at), end - at));
    at += piece.length;
  }
  return joinBytes(parts);
}

/** A number of bytes for people. */
export function showBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${["", "KiB", "MiB", "GiB"][power]}`;
}
