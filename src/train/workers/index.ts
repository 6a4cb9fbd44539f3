/** Training in threads of their own: the page, or the program, stays responsive. */
export { expose, type WorkerCall, type WorkerFunction, type WorkerFunctions } from "./expose.ts";
export { progressTo, type TrainingProgress } from "./progressTo.ts";
export {
  start,
  trainInWorker,
  type CallOptions,
  type InputOf,
  type ProgressOf,
  type ResultOf,
  type RunningWorker,
  type WorkerModule,
} from "./start.ts";
