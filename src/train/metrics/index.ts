/** Metrics: exact ones of whole arrays (functions, labels first), and ones that add up batches (classes, outputs first). */
export type { Numbers } from "./arrays.ts";
export { bleu, type BleuOptions, type Sentence } from "./bleu.ts";
export { metricNamed, type MetricName } from "./byName.ts";
export * from "./classification.ts";
export { compareModels, type Comparison, type Measure } from "./compare.ts";
export type { Average, AverageOptions, KappaWeights } from "./counts.ts";
export { Metric } from "./metric.ts";
export * from "./probability.ts";
export * from "./ranking.ts";
export {
  explainedVarianceScore,
  maxError,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  medianAbsoluteError,
  r2Score,
  rootMeanSquaredError,
  symmetricMeanAbsolutePercentageError,
  type RegressionMetric,
} from "./regression.ts";
export { classificationReport, type Report, type ReportOptions, type ReportRow } from "./report.ts";
export * from "./streamingClasses.ts";
export * from "./streamingNumbers.ts";
export * from "./streamingScores.ts";
export { throughput, type Throughput, type ThroughputOptions } from "./throughput.ts";
export * from "./timeSeries.ts";
