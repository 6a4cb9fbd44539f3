/** Datasets from files, and files from datasets: `files.csv(…)`. */
export { csv, parseCsv, type CsvBatch, type CsvElement, type CsvOptions, type CsvRow } from "./csv.ts";
export { DataFrame, readTable, writeCsv, type ColumnLike, type Row } from "./dataFrame.ts";
export {
  imageFolder,
  images,
  imagesIn,
  type ImageExample,
  type ImageFile,
  type ImageFolder,
  type ImagesOptions,
} from "./imageFolder.ts";
export { jsonLines, writeJsonLines } from "./jsonLines.ts";
export { readNpy, readNpz, writeNpy, writeNpz } from "./npy.ts";
export type { Statistic } from "../statistics.ts";
export { Series } from "./series.ts";
export { textLines } from "./textLines.ts";
export { tfRecords, writeTfRecords, type ExampleTensors, type TfRecordsOptions } from "./tfrecords.ts";
export {
  decodeExample,
  decodeSequenceExample,
  encodeExample,
  encodeSequenceExample,
  type Feature,
  type Features,
  type FeatureValue,
} from "../../formats/tfExample.ts";
export {
  exampleReader,
  type ExampleOf,
  type ExampleReader,
  type ExampleSpec,
  type ExamplesOf,
  type FeatureSpec,
} from "../../formats/exampleReader.ts";
export { frameRecord, parseTfRecords, type TfRecordCompression, type TfRecordOptions } from "../../formats/tfrecord.ts";
export { parseCsvRows } from "../../formats/csv.ts";
export type { ColumnType, ColumnValues, CsvFormat, CsvRows } from "../../formats/csvFormat.ts";
export { serializeCsv, type CsvWriting } from "../../formats/csvWriter.ts";
export type { Encoding } from "../../formats/text.ts";
export { decodeImage, encodeImage, type ImageFormat, type ImageOptions } from "../../formats/image.ts";
export { parseNpy, parseNpz, serializeNpy, serializeNpz, type NpyOptions } from "../../formats/npy.ts";
export { parsePickle, readPickle, type PickleOptions } from "../../formats/pickle.ts";
export type { CsrMatrix, PickleClass } from "../../formats/pickleClasses.ts";
