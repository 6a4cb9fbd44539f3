/** Cyclic redundancy checks of 32 bits, whose bits stand in the order of a shift to the right. */

/** How many bytes one round takes: each has a table of its own, so that only the first four wait for the round before. */
const SLICES = 16;

/** Row `s`, entry `b`: what byte `b` does to the checksum when `s` more bytes follow it. */
function makeTables(polynomial: number): Int32Array {
  const tables = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? polynomial : 0);
    tables[byte] = rest;
  }
  for (let at = 256; at < tables.length; at++)
    tables[at] = (tables[at - 256]! >>> 8) ^ tables[tables[at - 256]! & 255]!;
  return tables;
}

/**
 * Makes the function for one polynomial: from bytes, all or from `start` to before `end`, and the checksum of those before them, to a
 * number from 0 to 2³² − 1. Its tables of 16 KiB are made at the first call.
 */
/* @__NO_SIDE_EFFECTS__ */
export function checksum(
  polynomial: number,
): (bytes: Uint8Array, before?: number, start?: number, end?: number) => number {
  let tables: Int32Array | undefined;
  return (b, before = 0, start = 0, end = b.length) => {
    const t = (tables ??= makeTables(polynomial));
    let crc = ~before;
    let at = start;
    // Kounavis and Berry 2005, "slicing by N", with the rows of the table written out as offsets. Bytes read one by one are as fast
    // as words here, and need no alignment.
    for (const last = end - SLICES; at <= last; at += SLICES)
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
    for (; at < end; at++) crc = (crc >>> 8) ^ t[(crc ^ b[at]!) & 255]!;
    return ~crc >>> 0;
  };
}
