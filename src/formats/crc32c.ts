import { checksum } from "./checksum.ts";
import { makeFold, type Fold } from "./fold.ts";

const byTables = checksum(0x82f63b78);

/** x²⁰⁹ + x¹⁴⁴ + x⁵⁴ + x³⁹ + x¹⁴ + 1, the lowest multiple of the polynomial with as few as six terms. */
const MULTIPLE: readonly number[] = [209, 144, 54, 39, 14];

/** From so many bytes on folding pays: the tables take what it leaves, some 3,400. */
const LONG = 6000;

/** Null before it is first wanted. */
let made: Fold | undefined | null = null;

/** CRC-32C of bytes (Castagnoli; RFC 3720), the checksum of TFRecord files. `before` is that of what came before them, 0 by default. */
export function crc32c(bytes: Uint8Array, before: number = 0, start: number = 0, end: number = bytes.length): number {
  if (end - start < LONG) return byTables(bytes, before, start, end);
  if (made === null) made = makeFold(MULTIPLE);
  let crc = before;
  let at = start;
  while (made !== undefined && end - at >= LONG) {
    const part = bytes.subarray(at, Math.min(at + made.most, end));
    // A check is its register with all bits turned: that of a register of 0 is −1.
    crc = byTables(made.shorten(part, ~crc), -1);
    at += part.length;
  }
  return byTables(bytes, crc, at, end);
}

/** CRC-32C as TFRecord stores it: rotated and shifted, because a checksum of bytes that hold their own checksum says little. */
export function maskedCrc32c(bytes: Uint8Array, start?: number, end?: number): number {
  const crc = crc32c(bytes, 0, start, end);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
