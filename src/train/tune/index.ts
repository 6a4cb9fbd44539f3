/** Searching for hyper-parameters. */
export { crossValidate, type CrossValidation } from "./crossValidate.ts";
export {
  hyperband,
  median,
  successiveHalving,
  type Course,
  type HalvingOptions,
  type HyperbandOptions,
  type Pruner,
} from "./pruner.ts";
export { pruning } from "./pruning.ts";
export { gridSearch, gridSize, randomSearch, type GridOptions, type Observation, type Sampler } from "./sampler.ts";
export {
  choice,
  int,
  logUniform,
  uniform,
  when,
  type Choice,
  type Dimension,
  type Params,
  type Range,
  type Space,
  type Values,
  type When,
} from "./space.ts";
export { study, type Objective, type RunOptions, type Study, type StudyOptions } from "./study.ts";
export { tpe, type TpeOptions } from "./tpe.ts";
export type { Ending, Trial, TrialResult } from "./trial.ts";
