/** Models in use: what a run was, which version answers, when to train again. */
export { AbTest } from "./abTest.ts";
export { predictCsv, type CsvPredictions, type PredictCsvOptions } from "./predictCsv.ts";
export { retrainingTable, type RetrainingRow } from "./retraining.ts";
