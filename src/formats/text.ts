/** Text in files: encodings and lines. */
import { joinBytes } from "../core/bytes.ts";
import { FormatError } from "../core/errors.ts";

/**
 * How a text file's bytes are letters. `utf-8` is the default; a mark at the start of the file (of UTF-8 or UTF-16) decides before
 * it. `latin1` is ISO 8859-1, byte for byte the first 256 letters of Unicode.
 */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "latin1" | "windows-1252";

/**
 * A text file's pieces as UTF-8 without a mark. What is UTF-8 already passes as it is, unchecked.
 * @param name names the file in messages.
 * @throws FormatError, with the place, for bytes that the encoding does not have.
 */
export async function* asUtf8(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  encoding: Encoding = "utf-8",
): AsyncGenerator<Uint8Array, void, undefined> {
  let decode: ((piece: Uint8Array | undefined) => string) | undefined;
  let read = 0;
  let started = false;
  const encoder = new TextEncoder();
  for await (const piece of marked(pieces)) {
    let rest = piece;
    if (!started) {
      started = true;
      const [mark, length] = markOf(piece);
      rest = piece.subarray(length);
      read = length;
      const used = mark ?? encoding;
      if (used !== "utf-8") decode = decoderOf(used, name, () => read);
    }
    if (decode === undefined) yield rest;
    else yield encoder.encode(decode(rest));
    read += rest.length;
  }
  const last = decode?.(undefined);
  if (last) yield encoder.encode(last);
}

/** Pieces whose first has 3 bytes, where the file has, so that a mark is in one of them. */
async function* marked(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let start: Uint8Array | undefined = new Uint8Array(0);
  for await (const piece of pieces) {
    if (start === undefined) {
      yield piece;
      continue;
    }
    start = joinBytes([start, piece]);
    if (start.length < 3) continue;
    yield start;
    start = undefined;
  }
  if (start !== undefined && start.length > 0) yield start;
}

function markOf(bytes: Uint8Array): readonly [encoding: Encoding | undefined, length: number] {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return ["utf-8", 3];
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return ["utf-16le", 2];
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return ["utf-16be", 2];
  return [undefined, 0];
}

function decoderOf(encoding: Encoding, name: string, read: () => number): (piece: Uint8Array | undefined) => string {
  if (encoding === "latin1") return (piece) => (piece === undefined ? "" : latin1(piece));
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (piece) => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch (cause) {
      throw new FormatError(`${name}: the file is no ${encoding} text (near byte ${read()}); name its encoding`, {
        cause,
      });
    }
  };
}

/** TextDecoder's "latin1" is windows-1252, which has other letters from 0x80 to 0x9f. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  const STEP = 8192;
  for (let at = 0; at < bytes.length; at += STEP) text += String.fromCharCode(...bytes.subarray(at, at + STEP));
  return text;
}

/**
 * The lines of a text, in lists of those that are whole in the pieces read so far. They end with LF or CRLF, which is not part of
 * them; the last needs no end, and an empty last line is none.
 * @param name names the file in messages.
 * @throws FormatError, with the line, for bytes that are no text in this encoding.
 */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  encoding: Encoding = "utf-8",
): AsyncGenerator<string[], void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  let count = 0;
  let place = 0;
  const decode = (piece: Uint8Array): string => {
    try {
      return decoder.decode(piece, { stream: true });
    } catch (cause) {
      throw new FormatError(notUtf8(name, rest, count, piece, place), { cause });
    }
  };
  for await (const piece of asUtf8(pieces, name, encoding)) {
    const lines = (rest + decode(piece)).split("\n");
    rest = lines.pop()!;
    place += piece.length;
    count += lines.length;
    if (lines.length > 0) yield lines.map(withoutReturn);
  }
  try {
    rest += decoder.decode();
  } catch (cause) {
    throw new FormatError(`${name}: the text ends within a letter, in line ${count + 1}; the file is cut off`, {
      cause,
    });
  }
  if (rest !== "") yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function notUtf8(name: string, rest: string, lines: number, piece: Uint8Array, place: number): string {
  const at = Math.max(0, invalidUtf8(piece));
  let line = lines + 1;
  for (let before = 0; before < at; before++) if (piece[before] === 10) line++;
  const byte = (piece[at] ?? 0).toString(16).padStart(2, "0");
  const hint = rest.includes("\0") || piece.subarray(0, 64).includes(0) ? "utf-16le" : "latin1";
  return `${name}: line ${line} is no UTF-8 text (byte ${byte} at ${place + at}); name its encoding, such as encoding: "${hint}", or convert the file`;
}

/** Where bytes stop being UTF-8; −1 when they are, but for a letter that goes on behind their end. */
export function invalidUtf8(bytes: Uint8Array): number {
  // A piece may begin within a letter.
  let at = 0;
  while (at < 3 && (bytes[at]! & 0xc0) === 0x80) at++;
  while (at < bytes.length) {
    const first = bytes[at]!;
    const more =
      first < 0x80
        ? 0
        : first >= 0xc2 && first <= 0xdf
          ? 1
          : (first & 0xf0) === 0xe0
            ? 2
            : first >= 0xf0 && first <= 0xf4
              ? 3
              : -1;
    if (more < 0) return at;
    for (let next = 1; next <= more && at + next < bytes.length; next++) {
      const byte = bytes[at + next]!;
      const least = next > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
      const most = next > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
      if (byte < least || byte > most) return at;
    }
    at += more + 1;
  }
  return -1;
}
