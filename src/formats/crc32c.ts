/** CRC-32C (Castagnoli; RFC 3720), the checksum of TFRecord files. */

/** The polynomial 0x1EDC6F41, its bits in the order of a shift to the right. */
const POLYNOMIAL = 0x82f63b78;

/** How many bytes one round takes: each has a table of its own, so that their look-ups wait for nothing but the first four. */
const SLICES = 16;

let tables: Int32Array | undefined;

/** Row `s`, entry `b`: what byte `b` does to the checksum when `s` more bytes follow it. */
function makeTables(): Int32Array {
  const made = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
    made[byte] = rest;
  }
  for (let at = 256; at < made.length; at++) made[at] = (made[at - 256]! >>> 8) ^ made[made[at - 256]! & 255]!;
  return made;
}

/**
 * CRC-32C of bytes, from 0 to 2³² − 1.
 * @param before the checksum of what came before them, to go on from there; 0 by default.
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const t = (tables ??= makeTables());
  let crc = ~before;
  let at = 0;
  // Kounavis and Berry 2005, "slicing by N". Rows of the table are offsets written out, and bytes are read one by one: that is as fast
  // as words here, and needs no alignment.
  for (const end = bytes.length - SLICES; at <= end; at += SLICES) {
    const b = bytes;
    crc =
      t[3840 + ((crc ^ b[at]!) & 255)]! ^
      t[3584 + (((crc >>> 8) ^ b[at + 1]!) & 255)]! ^
      t[3328 + (((crc >>> 16) ^ b[at + 2]!) & 255)]! ^
      t[3072 + ((crc >>> 24) ^ b[at + 3]!)]! ^
      t[2816 + b[at + 4]!]! ^
      t[2560 + b[at + 5]!]! ^
      t[2304 + b[at + 6]!]! ^
      t[2048 + b[at + 7]!]! ^
      t[1792 + b[at + 8]!]! ^
      t[1536 + b[at + 9]!]! ^
      t[1280 + b[at + 10]!]! ^
      t[1024 + b[at + 11]!]! ^
      t[768 + b[at + 12]!]! ^
      t[512 + b[at + 13]!]! ^
      t[256 + b[at + 14]!]! ^
      t[b[at + 15]!]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 255]!;
  return ~crc >>> 0;
}

/**
 * CRC-32C as TFRecord stores it: rotated and shifted, because a checksum of bytes that hold their own checksum says little.
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
