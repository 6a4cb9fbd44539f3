import { FormatError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import { linesOf, type Encoding } from "../../formats/text.ts";
import { Dataset } from "../dataset.ts";
import { contentOf, named, pathsOf } from "./reading.ts";
import { inLargePieces, writePieces } from "./writing.ts";

/**
 * The values of files that hold one JSON value on each line (JSON Lines, NDJSON), one file after the other, read as they are asked for;
 * files packed by gzip are unpacked on the way. Empty lines are passed over.
 * @throws while iterating: FormatError with file and line for what is no JSON or no text, PlatformError for what cannot be read.
 *
 * @example
 * const texts = files.jsonLines("reviews.jsonl.gz").map((review) => tokenizer.encode(review.text));
 */
export function jsonLines<T = Json>(
  paths: string | readonly string[],
  { encoding }: { readonly encoding?: Encoding } = {},
): Dataset<T> {
  const list = pathsOf(paths);
  return Dataset.from(async function* () {
    for (const path of list) {
      let count = 0;
      for await (const lines of linesOf(contentOf(path), named(path), encoding))
        for (const line of lines) {
          count++;
          if (line.trim() !== "") yield valueOf(line, path, count) as T;
        }
    }
  });
}

function valueOf(line: string, path: string, count: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(`${named(path)}: line ${count} is no JSON (${reason.slice(0, 120)}); correct the line`, {
      cause,
    });
  }
}

/**
 * Writes values as lines of JSON, as they come. What is there under that name stays until the new file is complete.
 * @returns how many were written.
 * @throws FormatError for values that JSON does not have, such as undefined; PlatformError when it cannot be written.
 */
export async function writeJsonLines(
  path: string,
  values: Iterable<unknown> | AsyncIterable<unknown>,
): Promise<number> {
  const encoder = new TextEncoder();
  let count = 0;
  async function* lines(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const value of values) {
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined)
        throw new FormatError(`writeJsonLines: value ${count} is ${typeof value}, which JSON does not have`);
      yield encoder.encode(`${text}\n`);
      count++;
    }
  }
  await writePieces(path, inLargePieces(lines()));
  return count;
}
