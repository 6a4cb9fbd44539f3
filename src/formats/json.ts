import { FormatError } from "../core/errors.ts";

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** True for an object, and not for null or an array. */
export function isJsonObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name that a file gave, for a message: in quotes, and only its beginning, because it may be megabytes long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/**
 * Decodes UTF-8 JSON from a file that is not trusted. Unlike `JSON.parse` alone it refuses an object that has the same
 * key twice: `JSON.parse` would keep the last silently, other readers the first, so two programs would see two files.
 *
 * @param what names the text in messages, such as "safetensors: the header".
 * @throws FormatError for invalid UTF-8, invalid JSON and repeated keys.
 */
export function parseJson(bytes: Uint8Array, what: string): Json {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(`${what} is not UTF-8 text; the file is damaged or of another format`, { cause });
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(`${what} is not valid JSON (${reason}); the file is damaged or of another format`, { cause });
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined)
    throw new FormatError(
      `${what} has the key ${quote(repeated)} twice in one object, so its meaning depends on the reader; write the file again with unique names`,
    );
  return value;
}

/** The first key that occurs twice in one object of a text already known to be valid JSON. */
function repeatedKey(text: string): string | undefined {
  /** One entry per open bracket: the keys so far of an object, undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  // A hand-written walk: on a string of 100 MB the usual regular expression overflows the stack.
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === "{") open.push(new Set());
    else if (sign === "[") open.push(undefined);
    else if (sign === "}" || sign === "]") open.pop();
    else if (sign === '"') {
      const end = closingQuote(text, at);
      // In valid JSON a string is a key exactly when the next sign after it is a colon.
      let next = end + 1;
      while (text.charCodeAt(next) <= 0x20) next++;
      if (text[next] === ":") {
        const keys = open.at(-1)!;
        // Decoded, because "a" and "\u0061" are the same key.
        const key = JSON.parse(text.slice(at, end + 1)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = end;
    }
  }
  return undefined;
}

/** Where the string that opens at `start` closes: the next quote behind an even number of backslashes. */
function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end;
  }
}
