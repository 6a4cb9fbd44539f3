import { checksum } from "./checksum.ts";

/** CRC-32C of bytes (Castagnoli; RFC 3720), the checksum of TFRecord files. `before` is that of what came before them, 0 by default. */
export const crc32c: (bytes: Uint8Array, before?: number, start?: number, end?: number) => number =
  checksum(0x82f63b78);

/** CRC-32C as TFRecord stores it: rotated and shifted, because a checksum of bytes that hold their own checksum says little. */
export function maskedCrc32c(bytes: Uint8Array, start?: number, end?: number): number {
  const crc = crc32c(bytes, 0, start, end);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
