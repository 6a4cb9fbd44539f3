import { linesOf, type Encoding } from "../../formats/text.ts";
import { Dataset } from "../dataset.ts";
import { contentOf, named, pathsOf } from "./reading.ts";

/**
 * The lines of text files, one file after the other, read as they are asked for; files packed by gzip are unpacked on the way. They end with LF or CRLF, which is not part of them.
 * @param paths of one file or several (in a browser: URLs).
 * @param options.encoding `utf-8` by default; a byte order mark in the file decides before it.
 * @throws while iterating: FormatError with file and line for bytes that are no text, PlatformError for what cannot be read.
 *
 * @example
 * const rows = files.textLines("numbers.csv").skip(1).map((line) => files.parseCsv(line));
 */
export function textLines(
  paths: string | readonly string[],
  { encoding }: { readonly encoding?: Encoding } = {},
): Dataset<string> {
  const list = pathsOf(paths);
  return Dataset.from(async function* () {
    for (const path of list) for await (const lines of linesOf(contentOf(path), named(path), encoding)) yield* lines;
  });
}
