/** Optimizers: how parameters follow their gradients. */
export { Adam, AdamW, type AdamOptions } from "./adam.ts";
export { clipGradNorm, clipGradValue } from "./clip.ts";
export type { GroupOptions, OptimizerOptions, ParameterGroup, Parameters } from "./group.ts";
export { Optimizer, type Step, type Updated } from "./optimizer.ts";
export { RAdam } from "./radam.ts";
export {
  cosineAnnealing,
  exponentialDecay,
  linearWarmup,
  Scheduler,
  sequence,
  stepDecay,
  type Schedule,
} from "./schedules.ts";
export { SGD, type SgdOptions } from "./sgd.ts";
export type { OptimizerState, SavedGroup } from "./state.ts";
