/** Models and layers in Keras's habits, under the names of tfjs. */
export { type ActivationLike, type ActivationName } from "./activations.ts";
export * as callbacks from "./callbacks.ts";
export type { CallbackLike, KerasCallback, Logs } from "./callbackAdapter.ts";
export type { CompiledOptimizer, OptimizerLike } from "./compiledOptimizer.ts";
export * as constraints from "./constraints.ts";
export type { Arrays, TrainingData, UserBatch } from "./data.ts";
export type { Described } from "./described.ts";
export { Functional, model, type FunctionalOptions } from "./functional.ts";
export * as initializers from "./initializers.ts";
export { input, InputLayer, type InputOptions } from "./input.ts";
export { Layer, resetNames, type CallOptions, type LayerOptions } from "./layer.ts";
export * as layers from "./layers.ts";
export { cloneModel, layerFromJSON, loadModel, modelFromJSON, registerClass } from "./load.ts";
export * as losses from "./losses.ts";
export type { LossLike, LossName } from "./lossOf.ts";
export type { MetricLike } from "./metricOf.ts";
export {
  Model,
  type BatchOptions,
  type CompileOptions,
  type EvaluateOptions,
  type FitOptions,
  type History,
  type TrainingBatch,
} from "./model.ts";
export * as optimizers from "./optimizers.ts";
export * as regularizers from "./regularizers.ts";
export * as schedules from "./schedules.ts";
export { Sequential, sequential, type SequentialOptions } from "./sequential.ts";
export { SymbolicTensor, type KerasShape } from "./symbolic.ts";
export type { Weight } from "./weight.ts";
