/** Training loops and what they measure. */
export { confusionMatrix, formatConfusionMatrix } from "./confusionMatrix.ts";
export { evaluate, type EvaluateOptions } from "./evaluate.ts";
export {
  fit,
  type EpochMeans,
  type EpochReport,
  type FitOptions,
  type History,
  type Schedules,
  type Updates,
} from "./fit.ts";
export { accuracy } from "./metrics.ts";
export type { Batches, Means, Model, Score, Scores } from "./model.ts";
export { predict, type Inputs } from "./predict.ts";
export type { Terminal } from "./progress.ts";
