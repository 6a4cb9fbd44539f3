/** TAR archives (POSIX.1-1988 "ustar" and what GNU adds for long names): reading only. */
import { FormatError } from "../core/errors.ts";
import { looksLike } from "./content.ts";
import { quote } from "./json.ts";

const BLOCK = 512;

/**
 * The files of an archive, with their paths as they stand in it: names, not places to write to. Folders and links are left out.
 * The contents are views of `bytes`.
 * @param name names the archive in messages.
 * @throws FormatError when it is no TAR archive, is cut off, or a header does not fit its checksum.
 */
export function parseTar(bytes: Uint8Array, name: string = "tar"): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    checkSum(header, name, at);
    const size = octal(header.subarray(124, 136));
    const kind = String.fromCharCode(header[156]!);
    const start = at + BLOCK;
    const end = start + size;
    const path =
      longName ??
      [text(header.subarray(345, 500)), text(header.subarray(0, 100))].filter((part) => part !== "").join("/");
    longName = undefined;
    if (!Number.isSafeInteger(size) || end > bytes.length)
      throw new FormatError(
        `${name}: ${quote(path)} should end at byte ${end}, the archive at ${bytes.length}; it is cut off, fetch it again`,
      );
    const content = bytes.subarray(start, end);
    if (kind === "L") longName = text(content);
    else if (kind === "0" || kind === "\0") files.set(path, content);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (files.size === 0)
    throw new FormatError(
      `${name}: the file is no TAR archive${looksLike(bytes) || "; it is damaged or of another format"}`,
    );
  return files;
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function octal(bytes: Uint8Array): number {
  const digits = text(bytes).trim();
  return /^[0-7]*$/.test(digits) ? parseInt(digits || "0", 8) : Number.NaN;
}

/** The sum of the header's bytes, those of the sum itself counted as spaces. */
function checkSum(header: Uint8Array, name: string, at: number): void {
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 32 : byte;
  if (octal(header.subarray(148, 156)) !== sum)
    throw new FormatError(
      `${name}: the header at byte ${at} does not fit its checksum; the file is ${at === 0 ? "no TAR archive" : "damaged"}${looksLike(header)}`,
    );
}
