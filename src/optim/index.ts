/** Optimizers: how parameters follow their gradients. */
export { AdaBelief } from "./adabelief.ts";
export { Adadelta, type AdadeltaOptions } from "./adadelta.ts";
export { Adafactor, type AdafactorOptions } from "./adafactor.ts";
export { Adagrad, type AdagradOptions } from "./adagrad.ts";
export { Adam, AdamW, type AdamOptions, type AdaptiveOptions } from "./adam.ts";
export { Adamax } from "./adamax.ts";
export { ASGD, type AsgdOptions } from "./asgd.ts";
export { clipGradNorm, clipGradValue } from "./clip.ts";
export type { GroupOptions, ParameterGroup, Parameters } from "./group.ts";
export { LAMB } from "./lamb.ts";
export { LARS, type LarsOptions } from "./lars.ts";
export { Lion, type LionOptions } from "./lion.ts";
export { Lookahead, type LookaheadOptions } from "./lookahead.ts";
export { Muon, type MuonOptions } from "./muon.ts";
export { NAdam, type NAdamOptions } from "./nadam.ts";
export { Optimizer } from "./optimizer.ts";
export { RAdam, type RAdamOptions } from "./radam.ts";
export { RMSprop, type RmspropOptions } from "./rmsprop.ts";
export { Rprop, type RpropOptions } from "./rprop.ts";
export type { OptimizerOptions, Rule, StateOfShape, Step, Updated } from "./rule.ts";
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
