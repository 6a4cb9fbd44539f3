import { FormatError } from "../core/errors.ts";

/** The most that deflate can shrink: 258 bytes into 2 bits (RFC 1951), and a little for the last, partial symbol. */
const MAX_RATIO = 1032;

/** True when the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Packs bytes into a gzip file. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Response(
    new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip")),
  );
  return new Uint8Array(await packed.arrayBuffer());
}

/**
 * Unpacks the first `count` bytes of a gzip file, fewer when it holds fewer.
 * @param what names the file in messages, such as "IDX".
 * @throws FormatError when the file is damaged before that point.
 */
export async function gunzipStart(bytes: Uint8Array, count: number, what: string): Promise<Uint8Array> {
  const start = new Uint8Array(count);
  let filled = 0;
  for await (const chunk of unpack(once(bytes), what)) {
    const part = chunk.subarray(0, count - filled);
    start.set(part, filled);
    filled += part.length;
    if (filled === count) break;
  }
  return start.subarray(0, filled);
}

/**
 * Unpacks a gzip file whose size is known beforehand, into exactly that many bytes.
 *
 * Safe with hostile files: a size that so few packed bytes cannot hold is refused before anything is allocated, and
 * unpacking stops at the first byte too many, so a small file never fills the memory.
 *
 * @param size the unpacked size in bytes.
 * @param what names the file in messages, such as "IDX".
 * @throws FormatError when the file is damaged, cut off, or of another size.
 */
export async function gunzip(bytes: Uint8Array, size: number, what: string): Promise<Uint8Array> {
  if (size > (bytes.length + 1) * MAX_RATIO)
    throw new FormatError(
      `${what}: the header promises ${size} bytes, more than ${bytes.length} bytes of gzip can hold; the file is damaged or cut off, fetch it again`,
    );
  const whole = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of unpack(once(bytes), what)) {
    if (filled + chunk.length > size)
      throw new FormatError(
        `${what}: the gzip file unpacks to more than the ${size} bytes its header promises; it is damaged or forged`,
      );
    whole.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < size)
    throw new FormatError(
      `${what}: the gzip file unpacks to ${filled} bytes where its header promises ${size}; it is cut off, fetch it again`,
    );
  return whole;
}

/** How bytes can be packed: `gzip` (RFC 1952) or `deflate`, which is zlib's form of it (RFC 1950). */
export type Packing = "gzip" | "deflate";

/** A file that is in memory, as pieces. */
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/**
 * Unpacks a stream as it is read: memory used is that of a few pieces, whatever the size.
 * @param pieces of the packed content, in order.
 * @param what names the file in messages.
 * @throws FormatError when it is damaged or cut off; what comes before that is given out. What `pieces` throws.
 */
export async function* unpack(
  pieces: AsyncIterable<Uint8Array>,
  what: string,
  packing: Packing = "gzip",
): AsyncGenerator<Uint8Array, void, undefined> {
  let unreadable: { readonly cause: unknown } | undefined;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* pieces;
    } catch (cause) {
      unreadable = { cause };
      throw cause;
    }
  }
  try {
    yield* through(watched(), new DecompressionStream(packing));
  } catch (cause) {
    if (unreadable !== undefined) throw unreadable.cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(
      `${what}: the ${packing === "gzip" ? "gzip file" : "zlib stream"} cannot be unpacked (${reason}); it is damaged or cut off, fetch it again`,
      { cause },
    );
  }
}

/** Packs a stream as it is read. */
export function pack(
  pieces: AsyncIterable<Uint8Array>,
  packing: Packing = "gzip",
): AsyncGenerator<Uint8Array, void, undefined> {
  return through(pieces, new CompressionStream(packing));
}

/** What comes out of a transformation of pieces, made as it is asked for. */
async function* through(
  pieces: AsyncIterable<Uint8Array>,
  { readable, writable }: TransformStream<BufferSource, Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const feed = async (): Promise<void> => {
    const writer = writable.getWriter();
    try {
      for await (const piece of pieces) await writer.write(piece as Uint8Array<ArrayBuffer>);
      await writer.close();
    } catch (cause) {
      // So that the reader, who reports it, does not wait for what will not come.
      await writer.abort(cause).catch(() => undefined);
    }
  };
  void feed();
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Stops the work when the caller has seen enough.
    await reader.cancel().catch(() => undefined);
  }
}
