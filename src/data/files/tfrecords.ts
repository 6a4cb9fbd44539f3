import { readChunks } from "#platform";
import { ArgumentError, type FormatError } from "../../core/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { exampleReader, type ExampleOf, type ExampleSpec, type ExamplesOf } from "../../formats/exampleReader.ts";
import { pack } from "../../formats/gzip.ts";
import { loadWire } from "../../formats/protobuf.ts";
import { exampleBytes, type Features } from "../../formats/tfExample.ts";
import { frameRecord, parseTfRecords, type TfRecordCompression } from "../../formats/tfrecord.ts";
import { toTensor } from "../collate.ts";
import { Dataset } from "../dataset.ts";
import { isHostArray, type HostArray } from "../hostArray.ts";
import { named, pathsOf } from "./reading.ts";
import { inLargePieces, writePieces } from "./writing.ts";

/** How TFRecord files are read. */
export interface TfRecordsOptions {
  /** How the files are packed; seen from their first bytes by default. */
  readonly compression?: TfRecordCompression;
  /** Records that claim to be longer are refused; 1 GiB by default. */
  readonly maxRecordBytes?: number;
  /** Called for each damaged record, which is then left out, and for files that are cut off; an error by default. */
  readonly onDamaged?: (error: FormatError) => void;
}

/** Batches of examples: tensors wherever the values are numbers of one shape. */
export type ExampleTensors<S extends ExampleSpec> = {
  [K in keyof ExamplesOf<S>]: ExamplesOf<S>[K] extends HostArray ? Tensor : ExamplesOf<S>[K];
};

/**
 * The records of TFRecord files, one file after the other, read as they are asked for.
 * - without `example`, the records' bytes
 * - with `example`, the features that it names, of tf.Examples: numbers as arrays, `text` as texts, `bytes` as bytes
 * - with `batch` too, batches: numbers as tensors [n, …shape], all else as lists. Several times faster than `batch` of a
 *   dataset of single examples, because nothing is made for each of them.
 *
 * @param paths of one file or several (in a browser: URLs).
 * @throws while iterating: FormatError with file and place for what is damaged, cut off, or does not fit the features;
 * PlatformError for what cannot be read; PackageError for examples without @bufbuild/protobuf.
 *
 * @example
 * const train = files
 *   .tfRecords(["a.tfrecord", "b.tfrecord.gz"], { example: { image: { dtype: "bytes" }, label: { dtype: "i32" } } })
 *   .map(async ({ image, label }) => [await decodeImage(image, { size: [224, 224] }), label] as const, { parallel: 4 });
 */
export function tfRecords(
  paths: string | readonly string[],
  options?: TfRecordsOptions & { readonly example?: undefined; readonly batch?: undefined },
): Dataset<Uint8Array>;
export function tfRecords<const S extends ExampleSpec>(
  paths: string | readonly string[],
  options: TfRecordsOptions & { readonly example: S; readonly batch?: undefined },
): Dataset<ExampleOf<S>>;
export function tfRecords<const S extends ExampleSpec>(
  paths: string | readonly string[],
  options: TfRecordsOptions & { readonly example: S; readonly batch: number },
): Dataset<ExampleTensors<S>>;
export function tfRecords(
  paths: string | readonly string[],
  { example, batch, ...reading }: TfRecordsOptions & { readonly example?: ExampleSpec; readonly batch?: number } = {},
): Dataset<unknown> {
  const list = pathsOf(paths);
  if (batch !== undefined && (example === undefined || !Number.isSafeInteger(batch) || batch < 1))
    throw new ArgumentError(
      `tfRecords: batch must be a whole number of 1 or more, with example beside it, got ${batch}; records of bytes are batched with Dataset.batch and a collate function`,
    );
  return Dataset.from((): AsyncIterable<unknown> => {
    const records = recordsOf(list, reading);
    if (example === undefined) return flat(records);
    return batch === undefined ? examples(records, example) : batches(records, example, batch);
  });
}

interface Records {
  readonly path: string;
  /** The number of the first of them in its file. */
  readonly first: number;
  readonly records: Uint8Array[];
}

async function* recordsOf(
  paths: readonly string[],
  options: TfRecordsOptions,
): AsyncGenerator<Records, void, undefined> {
  for (const path of paths) {
    let first = 0;
    for await (const records of parseTfRecords(readChunks(path), named(path), options)) {
      yield { path, first, records };
      first += records.length;
    }
  }
}

async function* flat(lists: AsyncIterable<Records>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { records } of lists) yield* records;
}

const nameOf = (path: string, record: number): string => `${named(path)}: record ${record}`;

async function* examples(lists: AsyncIterable<Records>, spec: ExampleSpec): AsyncGenerator<unknown, void, undefined> {
  const reader = await exampleReader(spec);
  for await (const { path, first, records } of lists)
    for (const [index, record] of records.entries()) yield reader.one(record, nameOf(path, first + index));
}

async function* batches(
  lists: AsyncIterable<Records>,
  spec: ExampleSpec,
  size: number,
): AsyncGenerator<unknown, void, undefined> {
  const reader = await exampleReader(spec);
  let records: Uint8Array[] = [];
  let names: (readonly [path: string, record: number])[] = [];
  const batch = (): unknown => {
    const columns = reader.many(records, (index) => nameOf(...names[index]!));
    records = [];
    names = [];
    return Object.fromEntries(
      Object.entries<unknown>(columns).map(([key, value]) => [key, isHostArray(value) ? toTensor(value) : value]),
    );
  };
  for await (const list of lists)
    for (const [index, record] of list.records.entries()) {
      records.push(record);
      names.push([list.path, list.first + index]);
      if (records.length === size) yield batch();
    }
  if (records.length > 0) yield batch();
}

/**
 * Writes a TFRecord file from records as they come: bytes as they are, objects of features as tf.Examples.
 * What is there under that name stays until the new file is complete.
 * @param options.compression of the whole file; none by default.
 * @returns how many records were written.
 * @throws PlatformError when it cannot be written, FormatError for what is no feature, PackageError for examples without
 * @bufbuild/protobuf.
 *
 * @example
 * await files.writeTfRecords("digits.tfrecord", digits.map(([image, label]) => ({ image: image.data, label: label.data })));
 */
export async function writeTfRecords(
  path: string,
  records: Iterable<Uint8Array | Features> | AsyncIterable<Uint8Array | Features>,
  { compression = "none" }: { readonly compression?: Exclude<TfRecordCompression, "auto"> } = {},
): Promise<number> {
  let count = 0;
  async function* framed(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const record of records) {
      yield frameRecord(
        record instanceof Uint8Array ? record : exampleBytes(await loadWire("writing tf.Examples"), record),
      );
      count++;
    }
  }
  const pieces = inLargePieces(framed());
  await writePieces(path, compression === "none" ? pieces : pack(pieces, compression === "zlib" ? "deflate" : "gzip"));
  return count;
}
