/** Training loops and what they measure. */
export { updateBatchNorm } from "./batchNorm.ts";
export type { CheckpointOptions } from "./checkpointing.ts";
export { classifyImages, type ClassifiedImage, type ClassifyImagesOptions } from "./classifyImages.ts";
export { confusionMatrix, formatConfusionMatrix } from "./confusionMatrix.ts";
export { judgeCurves, type CurveOptions, type CurveVerdict, type Verdict } from "./curves.ts";
export { ErrorMonitor, type ErrorMonitorOptions } from "./errorMonitor.ts";
export { evaluate, type EvaluateOptions } from "./evaluate.ts";
export type { Callback, EpochSummary, Run, RunOptimizer, TracedStep, Watch } from "./callback.ts";
export { Distilled, type DistilledOptions, type DistilledOutputs } from "./distilled.ts";
export type { Data, Examples } from "./feed.ts";
export { fit, type EpochMeans, type EpochReport, type FitOptions, type History } from "./fit.ts";
export { accuracy } from "./metrics.ts";
export type { Batch, Batches, Means, Model, Score, Scores } from "./model.ts";
export { predict, type Inputs } from "./predict.ts";
export type { Terminal } from "./progress.ts";
export type { Clip, CustomStep, Updates } from "./step.ts";
export type { Schedules } from "./trainingParts.ts";
export type { ClassWeight } from "./weights.ts";
