/** Charts as SVG, and pages about runs. */
export { judge, templatesOf, type JudgedExamples } from "../monitor/report.ts";
export { chart, type ChartOptions, type Mark, type Point } from "./chart.ts";
export { heatmap, type HeatmapOptions } from "./heatmap.ts";
export { reportPage } from "./page.ts";
export { epochsOf, type Judgement, type Mistake, type RunRecord } from "./record.ts";
export type { Axis } from "./scale.ts";
