/**
 * TFRecord, TensorFlow's file of records: for each an 8-byte little-endian length, its checksum, the content, its checksum
 * (tensorflow/core/lib/io/record_writer.h). A file may be packed as a whole, by gzip or zlib.
 */
import { joinBytes } from "../core/bytes.ts";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { looksLike } from "./content.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { unpack } from "./gzip.ts";

const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + CHECKSUM_BYTES;

/** How a file is packed; `auto` sees it from its first bytes. */
export type TfRecordCompression = "auto" | "none" | "gzip" | "zlib";

/** How records are read. */
export interface TfRecordOptions {
  /** `auto` by default. */
  readonly compression?: TfRecordCompression;
  /** Records that claim to be longer are refused before any memory is taken for them; 1 GiB by default. */
  readonly maxRecordBytes?: number;
  /**
   * Called for every record whose content does not fit its checksum, which is then left out, and at the end of a file
   * that is cut off. By default these are errors. A length that does not fit its checksum ends the file: nobody knows where the
   * next record begins.
   */
  readonly onDamaged?: (error: FormatError) => void;
}

/** A record's bytes as they stand in a file. */
export function frameRecord(content: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + content.length + CHECKSUM_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(0, content.length >>> 0, true);
  view.setUint32(4, Math.floor(content.length / 2 ** 32), true);
  view.setUint32(LENGTH_BYTES, maskedCrc32c(record.subarray(0, LENGTH_BYTES)), true);
  record.set(content, HEADER_BYTES);
  view.setUint32(HEADER_BYTES + content.length, maskedCrc32c(content), true);
  return record;
}

/**
 * The records of a TFRecord file, in lists of those that are whole in the pieces read so far. Both checksums of each are
 * verified. Records are views of the pieces where they can be: who keeps few of many should copy them.
 *
 * @param pieces of the file, in order, as `readChunks` gives them.
 * @param name names the file in messages.
 * @throws FormatError, with the number and place of the record, when a checksum is wrong, a length is over the limit, or the
 * file is cut off. What `pieces` throws.
 */
export async function* parseTfRecords(
  pieces: AsyncIterable<Uint8Array>,
  name: string = "TFRecord",
  { compression = "auto", maxRecordBytes = 2 ** 30, onDamaged }: TfRecordOptions = {},
): AsyncGenerator<Uint8Array[], void, undefined> {
  if (!(maxRecordBytes >= 0))
    throw new ArgumentError(`parseTfRecords: maxRecordBytes must be 0 or more, got ${maxRecordBytes}`);
  const { content, packed } = await opened(pieces, name, compression);
  /** How many records, and bytes before the next one. */
  let count = 0;
  let place = 0;
  const failure = (what: string): FormatError =>
    new FormatError(
      `${name}: record ${count} at byte ${place}${packed ? " of the unpacked content" : ""}: ${what}; the file is damaged, fetch or write it again`,
    );

  /** Records to give out next, and the error behind them. */
  let records: Uint8Array[] = [];
  let fatal: FormatError | undefined;
  /** How many bytes the record needs that comes next, as far as known. */
  let wanted = HEADER_BYTES;
  /** Takes the whole records from the start of bytes, and returns how many bytes they were. */
  const scan = (bytes: Uint8Array): number => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; ;) {
      wanted = HEADER_BYTES;
      if (bytes.length - at < wanted) return at;
      if (maskedCrc32c(bytes, at, at + LENGTH_BYTES) !== view.getUint32(at + LENGTH_BYTES, true)) {
        fatal = failure(`its length does not fit its checksum${count === 0 ? looksLike(bytes.subarray(at)) : ""}`);
        return at;
      }
      const length = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
      if (length > maxRecordBytes) {
        fatal = failure(`it claims ${length} bytes, more than the ${maxRecordBytes} that maxRecordBytes allows`);
        return at;
      }
      wanted = HEADER_BYTES + length + CHECKSUM_BYTES;
      if (bytes.length - at < wanted) return at;
      const start = at + HEADER_BYTES;
      const end = start + length;
      if (maskedCrc32c(bytes, start, end) === view.getUint32(end, true)) records.push(bytes.subarray(start, end));
      else {
        const error = failure(`its ${length} bytes do not fit their checksum`);
        if (onDamaged === undefined) {
          fatal = error;
          return at;
        }
        onDamaged(error);
      }
      count++;
      at += wanted;
      place += wanted;
    }
  };

  /** The beginning of a record whose end is in a later piece. */
  let waiting: Uint8Array[] = [];
  let held = 0;
  const keep = (bytes: Uint8Array): void => {
    held = bytes.length;
    waiting = held > 0 ? [bytes] : [];
  };
  for await (const piece of content) {
    let rest = piece;
    // No more of a piece is copied than what the record needs that began before it.
    while (held > 0 && rest.length > 0 && fatal === undefined) {
      const part = rest.subarray(0, wanted - held);
      waiting.push(part);
      held += part.length;
      rest = rest.subarray(part.length);
      if (held < wanted) break;
      const bytes = joinBytes(waiting);
      keep(bytes.subarray(scan(bytes)));
    }
    if (rest.length > 0 && fatal === undefined) keep(rest.subarray(scan(rest)));
    if (records.length > 0) yield records;
    records = [];
    if (fatal !== undefined) throw fatal;
  }
  if (held === 0) return;
  const more = wanted === HEADER_BYTES ? " or more" : "";
  const error = failure(`the file ends after ${held} of its ${wanted}${more} bytes`);
  if (onDamaged === undefined) throw error;
  onDamaged(error);
}

/** The unpacked content of a file. */
async function opened(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  compression: TfRecordCompression,
): Promise<{ readonly content: AsyncIterable<Uint8Array>; readonly packed: boolean }> {
  const iterator = pieces[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let held = 0;
  let ended = false;
  while (compression === "auto" && held < HEADER_BYTES && !ended) {
    const { done, value } = await iterator.next();
    if (done) ended = true;
    else {
      start.push(value);
      held += value.length;
    }
  }
  const packing = compression === "auto" ? packingOf(joinBytes(start)) : compression;
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* start.splice(0);
      if (!ended) yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  if (packing === "none") return { content: all(), packed: false };
  return { content: unpack(all(), name, packing === "zlib" ? "deflate" : "gzip"), packed: true };
}

/** A plain file begins with a length that fits its checksum, which no packed one does but by one chance in 2³². */
function packingOf(start: Uint8Array): "none" | "gzip" | "zlib" {
  if (start.length >= HEADER_BYTES) {
    const stored = new DataView(start.buffer, start.byteOffset).getUint32(LENGTH_BYTES, true);
    if (maskedCrc32c(start.subarray(0, LENGTH_BYTES)) === stored) return "none";
  }
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  // RFC 1950: deflate with a window of at most 32 KiB, and two bytes that 31 divides.
  const [method = 0, flags = 0] = start;
  return (method & 15) === 8 && method >> 4 <= 7 && (method * 256 + flags) % 31 === 0 ? "zlib" : "none";
}
