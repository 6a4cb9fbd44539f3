/** Finding out what is wrong with a model, its training or its data. */
export { commonIssues, hints, performanceAdvice, simply, type Problem } from "./advice.ts";
export { diagnose, type Diagnosis, type Finding, type Symptoms } from "./diagnose.ts";
export { lintChoices, lintModel, outputFor, typicalValues, type Breach, type Chosen } from "./lint.ts";
export { locateNaN, type NaNPlace } from "./locateNaN.ts";
export { overfitOneBatch, readLayers, type LayerReading, type LayerReadings, type OverfitOptions } from "./probes.ts";
export { watchUse, type Misuse } from "./watchUse.ts";
