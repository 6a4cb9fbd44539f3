/** Learning rates that follow a plan: functions of base and epoch, and what applies them. */
export { chain, multiplicative, sequence } from "./compose.ts";
export { cosineAnnealing, cosineDecay, warmRestarts } from "./cosine.ts";
export {
  cyclical,
  oneCycle,
  oneCycleMomentum,
  type CyclicalOptions,
  type OneCycleOptions,
  type OneCycleShape,
} from "./cycle.ts";
export {
  constantWarmup,
  exponentialDecay,
  inverseTimeDecay,
  linearScaling,
  linearWarmup,
  multiStepDecay,
  piecewiseConstant,
  polynomialDecay,
  stepDecay,
} from "./decay.ts";
export * as lrScheduler from "./lrScheduler.ts";
export { ReduceOnPlateau, type PlateauState, type ReduceOnPlateauOptions } from "./plateau.ts";
export type { Schedule } from "./schedule.ts";
export { Scheduler, type Scheduled, type SchedulerState } from "./scheduler.ts";
