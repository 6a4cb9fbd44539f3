/** Datasets from files, and files from datasets: `files.csv(…)`. */
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
