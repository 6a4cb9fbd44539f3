/** What can take part in training; each is an object, see `Callback`, and writing another one is as simple. */
export { activationStatistics, type ActivationStatistic } from "./activationStatistics.ts";
export { deadUnits, type DeadUnitRecord } from "./deadUnits.ts";
export { earlyStopping, type EarlyStoppingOptions } from "./earlyStopping.ts";
export {
  gradientNorms,
  type GradientFlag,
  type GradientNormOptions,
  type GradientNormRecord,
} from "./gradientNorms.ts";
export { learningRateScheduler, reduceOnPlateau } from "./learningRate.ts";
export { csvLogger, initRunLog, jsonLinesLogger, type CsvLoggerOptions, type RunLog } from "./loggers.ts";
export { modelCheckpoint, type ModelCheckpointOptions } from "./modelCheckpoint.ts";
export type { MonitorOptions } from "./monitored.ts";
export { nanWatch, NonFiniteError } from "./nanWatch.ts";
export { printLogger, type PrintFormat } from "./printLogger.ts";
export { lambdaCallback, terminateOnNaN } from "./simple.ts";
export { throughputMonitor, type ThroughputRecord } from "./throughput.ts";
export { frozenNorms } from "./frozenNorms.ts";
export { gradualUnfreezing, type GradualUnfreezingOptions } from "./gradualUnfreezing.ts";
export type { Histogram } from "../../core/histogram.ts";
export { histogramWatch, type HistogramOptions, type Histograms } from "../monitor/histogramWatch.ts";
export { report, type ReportOptions } from "../monitor/report.ts";
export { runFolder } from "../production/runFolder.ts";
export { tensorBoard, type Images, type TensorBoardOptions } from "../monitor/tensorBoard.ts";
export { weightAveraging, type WeightAveragingOptions } from "./weightAveraging.ts";
