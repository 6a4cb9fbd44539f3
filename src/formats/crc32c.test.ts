import { describe, expect, it, vi } from "vitest";
import { checksum } from "./checksum.ts";
import { crc32c, maskedCrc32c } from "./crc32c.ts";
import { makeFold } from "./fold.ts";

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

  /** Nothing in it repeats that a mistaken offset could hide behind. */
  const long = bytes(400_000, (i) => Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 24);
  const byTables = checksum(0x82f63b78);

  it("is the same where long content is folded: every length beside a limit, every alignment, going on from any part", () => {
    for (const limit of [6000, 50_000, 2 ** 17, 2 ** 17 + 6000, 2 ** 18, 390_000])
      for (let by = -70; by <= 70; by++) {
        const start = (by + 70) % 37;
        const end = start + limit + by;
        const expected = byTables(long, 0, start, end);
        expect(crc32c(long, 0, start, end)).toBe(expected);
        expect(crc32c(long.subarray(start, end))).toBe(expected);
        const middle = start + Math.floor((limit * (by + 70)) / 140);
        expect(crc32c(long, crc32c(long, 0, start, middle), middle, end)).toBe(expected);
      }
  });

  it("leaves the content as it was, and tells any changed byte of it", () => {
    const content = long.slice(0, 9000);
    const whole = crc32c(content);
    expect(content).toEqual(long.slice(0, 9000));
    for (let at = 0; at < content.length; at += 97) {
      content[at]! ^= 1 << (at % 8);
      expect(crc32c(content)).not.toBe(whole);
      content[at]! ^= 1 << (at % 8);
    }
    expect(crc32c(content)).toBe(whole);
  });

  it("folds for any polynomial of which a multiple is known, here that of PNG and zip", () => {
    const fold = makeFold([203, 186, 123, 85, 79])!;
    const crc32 = checksum(0xedb88320);
    for (const length of [4, 100, 3248, 3311, 3312, 3313, 10_000, fold.most]) {
      const content = long.subarray(0, length);
      const short = fold.shorten(content, -1);
      expect(short.length).toBeLessThan(Math.min(length + 1, 16 * 203 + 64));
      expect(crc32(short, -1)).toBe(crc32(content));
    }
  });

  it("does without WebAssembly, and where a policy forbids compiling", async () => {
    const { Memory, Instance, CompileError } = WebAssembly;
    const Module = function (): never {
      throw new CompileError("refused by the policy");
    };
    for (const lacking of [undefined, { Memory, Instance, Module }])
      try {
        vi.stubGlobal("WebAssembly", lacking);
        vi.resetModules();
        const [fresh, { makeFold: refused }] = [await import("./crc32c.ts"), await import("./fold.ts")];
        expect(refused([209, 144, 54, 39, 14])).toBeUndefined();
        expect(fresh.crc32c(long)).toBe(byTables(long));
      } finally {
        vi.unstubAllGlobals();
      }
  });

  it("masks as TFRecord does: the length 24 in the first record of a file that TensorFlow wrote", () => {
    expect(maskedCrc32c(bytes(8, (i) => (i === 0 ? 24 : 0)))).toBe(0x224b7fa3);
  });
});
