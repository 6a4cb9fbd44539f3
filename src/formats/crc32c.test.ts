import { describe, expect, it } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.ts";

const bytes = (length: number, at: (i: number) => number): Uint8Array => Uint8Array.from({ length }, (_, i) => at(i));

/** The definition, a bit at a time. */
function slowly(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

describe("crc32c", () => {
  it("gives the examples of RFC 3720, B.4", () => {
    expect(crc32c(bytes(32, () => 0))).toBe(0x8a9136aa);
    expect(crc32c(bytes(32, () => 255))).toBe(0x62a8ab43);
    expect(crc32c(bytes(32, (i) => i))).toBe(0x46dd794e);
    expect(crc32c(bytes(32, (i) => 31 - i))).toBe(0x113fdb5c);
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  it("is the definition for every length and every start in memory, and goes on from a part", () => {
    const data = bytes(100, (i) => (i * 167 + (i >> 3)) & 255);
    for (let from = 0; from < 9; from++)
      for (let to = from; to <= 100; to++) {
        const part = data.subarray(from, to);
        expect(crc32c(part)).toBe(slowly(part));
        const half = Math.floor(part.length / 2);
        expect(crc32c(part.subarray(half), crc32c(part.subarray(0, half)))).toBe(slowly(part));
      }
  });

  it("masks as TFRecord does: the length 24 in the first record of a file that TensorFlow wrote", () => {
    expect(maskedCrc32c(bytes(8, (i) => (i === 0 ? 24 : 0)))).toBe(0x224b7fa3);
  });
});
