import { describe, expect, test } from "vitest";
import { FormatError } from "../core/errors.ts";
import { invalidUtf8, linesOf, type Encoding } from "./text.ts";

async function lines(file: Uint8Array, encoding?: Encoding, piece = 3): Promise<string[]> {
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < file.length; at += piece) yield file.slice(at, at + piece);
  }
  const all: string[] = [];
  for await (const some of linesOf(pieces(), '"a.txt"', encoding)) all.push(...some);
  return all;
}

const text = "first\r\nzweite Zeile: ü€😀\n\nlast";
const wanted = ["first", "zweite Zeile: ü€😀", "", "last"];
const utf16 = (big: boolean, of = text): Uint8Array => {
  const bytes = new Uint8Array(Buffer.from(of, "utf16le"));
  return big ? new Uint8Array(Buffer.from(bytes).swap16()) : bytes;
};

describe("lines of text", () => {
  test.each([1, 2, 3, 1000])("[S9] LF and CRLF give the same lines, in pieces of %i bytes", async (piece) => {
    const unix = text.replaceAll("\r\n", "\n");
    for (const of of [unix, text, unix.replaceAll("\n", "\r\n"), `${unix}\n`])
      expect(await lines(new TextEncoder().encode(of), undefined, piece)).toEqual(wanted);
    expect(await lines(new Uint8Array(0))).toEqual([]);
    expect(await lines(Uint8Array.of(10))).toEqual([""]);
  });

  test.each([1, 2, 5, 1000])("by a mark or by name, in pieces of %i bytes", async (piece) => {
    const utf8 = new TextEncoder().encode(text);
    expect(await lines(Uint8Array.of(0xef, 0xbb, 0xbf, ...utf8), undefined, piece)).toEqual(wanted);
    expect(await lines(Uint8Array.of(0xff, 0xfe, ...utf16(false)), undefined, piece)).toEqual(wanted);
    expect(await lines(Uint8Array.of(0xfe, 0xff, ...utf16(true)), "latin1", piece)).toEqual(wanted);
    expect(await lines(utf16(true), "utf-16be", piece)).toEqual(wanted);
    expect(await lines(Uint8Array.of(0xe4, 0x80, 10, 0xff), "latin1", piece)).toEqual(["ä\u0080", "ÿ"]);
    expect(await lines(Uint8Array.of(0xe4, 0x80), "windows-1252", piece)).toEqual(["ä€"]);
  });

  const bad: [what: string, file: Uint8Array, encoding: Encoding | undefined, message: RegExp][] = [
    [
      "latin1 read as UTF-8",
      Uint8Array.of(97, 10, 98, 10, 0xe4, 97),
      undefined,
      /^"a\.txt": line 3 is no UTF-8 text \(byte e4 at 4\); name its encoding, such as encoding: "latin1"/,
    ],
    ["UTF-16 without a mark", utf16(false, "ä\nbäh"), undefined, /line 1 is no UTF-8 text \(byte e4 at 0\).*utf-16le/],
    ["half a letter at the end", Uint8Array.of(97, 10, 0xe2, 0x82), undefined, /ends within a letter, in line 2/],
    ["half a pair in UTF-16", Uint8Array.of(0x00, 0xd8, 97, 0), "utf-16le", /is no utf-16le text \(near byte/],
  ];
  test.each(bad)("refuses: %s", async (_what, file, encoding, message) => {
    await expect(lines(file, encoding, 1000)).rejects.toThrow(message);
    await expect(lines(file, encoding, 2)).rejects.toBeInstanceOf(FormatError);
  });

  test("where bytes stop being UTF-8", () => {
    const at = (...bytes: number[]): number => invalidUtf8(Uint8Array.of(...bytes));
    expect(invalidUtf8(new TextEncoder().encode(text))).toBe(-1);
    expect(at(0x80, 97, 0xff)).toBe(2);
    expect(at(97, 0xc0, 0x80)).toBe(1);
    expect(at(0xed, 0xa0, 0x80)).toBe(0);
    expect(at(0xf4, 0x90, 0x80, 0x80)).toBe(0);
    expect(at(97, 0xe2, 0x82)).toBe(-1);
    expect(at(97, 0xe2, 0x28)).toBe(1);
  });
});
