// The public names, nothing else.
export type { DType, TypedArray } from "./core/dtype.ts";
export {
  ArgumentError,
  CallbackError,
  CheckpointError,
  DataError,
  DeviceError,
  DTypeError,
  FormatError,
  GradientError,
  MyelinError,
  PackageError,
  ShapeError,
  TraceError,
  WorkerError,
} from "./core/errors.ts";
export type { Shape } from "./core/shape.ts";
export { Tensor, fromNode, type Operand, type Pair } from "./tensor/tensor.ts";
export type { Dim } from "./tensor/types/shape.ts";
export * from "./tensor/create.ts";
export { permutation } from "./tensor/distributions/choices.ts";
export * from "./tensor/functions.ts";
export { segmentMax, segmentMean, segmentMin, segmentSoftmax, segmentSum } from "./tensor/segment.ts";
export * as sparse from "./tensor/sparse/index.ts";
export * from "./tensor/pointwise.ts";
export * from "./tensor/searching.ts";
export * from "./tensor/shaping.ts";
export * from "./tensor/statistics.ts";
export { deterministic, type Determinism } from "./tensor/deterministic.ts";
export { manualSeed, randomState, setRandomState } from "./tensor/random.ts";
export { jit, type Jitted } from "./tensor/jit.ts";
export { explain, type Explanation } from "./tensor/explain.ts";
export { profile, type Profile } from "./tensor/profile.ts";
export {
  availableDevices,
  currentDevice,
  deviceThreads,
  setThreads,
  describeDevice,
  registerDevice,
  setDevice,
  synchronize,
} from "./tensor/engine.ts";
export { describeDevices, type DeviceReport } from "./tensor/describeDevices.ts";
export { BufferTensor, Parameter } from "./tensor/parameter.ts";
export { grad, jvp, noGrad, valueAndGrad, vjp, type GradOptions, type Gradients } from "./tensor/autodiff.ts";
export { hessian, hvp, jacobian, type JacobianOptions } from "./tensor/jacobian.ts";
export { vmap, type VmapOptions } from "./tensor/vmap.ts";
export { autocast, policy, type Policy, type PolicyName } from "./tensor/autocast.ts";
export { checkpoint } from "./tensor/checkpoint.ts";
export { customGradient, type CustomGradientOptions } from "./tensor/custom-gradient.ts";
export { gradCheck, type GradCheckOptions } from "./tensor/grad-check.ts";
export * as complex from "./tensor/fft/complex.ts";
export * as fft from "./tensor/fft/index.ts";
export * as linalg from "./tensor/linalg/index.ts";
export * as random from "./tensor/distributions/index.ts";
export * as nn from "./nn/index.ts";
export * as memory from "./train/memory/index.ts";
export * as losses from "./nn/losses/index.ts";
export * as optim from "./optim/index.ts";
export * as generators from "./data/generators/index.ts";
export * as preprocessing from "./data/preprocessing/index.ts";
export * as samplers from "./data/samplers/index.ts";
export * as splits from "./data/splits/index.ts";
export * as transforms from "./data/transforms/index.ts";
export { collate, toTensor } from "./data/collate.ts";
export { DataLoader, type DataLoaderOptions } from "./data/dataLoader.ts";
export {
  Dataset,
  type BatchOptions,
  type BucketOptions,
  type CacheOptions,
  type DatasetSource,
  type MapOptions,
  type ModuleMapOptions,
  type ShuffleOptions,
} from "./data/dataset.ts";
export { drawnDigits } from "./data/digits.ts";
export * as datasets from "./data/datasets/index.ts";
export * as files from "./data/files/index.ts";
export { hostArray, type HostArray } from "./data/hostArray.ts";
export type { IndexedSource, Place, SeekableSource } from "./data/indexed.ts";
export type { DatasetState } from "./data/iteration.ts";
export { imageDataset, type LabelledImages } from "./data/labelledImages.ts";
export { findMnist, type Mnist } from "./data/mnist.ts";
export { slices, type Slice, type Sliceable } from "./data/slices.ts";
export type { PipelineStats, StageStats } from "./data/stages/describe.ts";
export { stack as stackHostArrays, type Stacked } from "./data/stack.ts";
export { parseIdx, type IdxArray } from "./formats/idx.ts";
export {
  loadModel,
  loadTensors,
  saveModel,
  saveTensors,
  type LoadedModel,
  type LoadModelOptions,
  type SaveModelOptions,
} from "./formats/model.ts";
export { decodeTensors, encodeTensors } from "./formats/tensors.ts";
export * from "./train/index.ts";
export * as checkpoints from "./train/checkpoints/index.ts";
export * as callbacks from "./train/callbacks/index.ts";
export * as tune from "./train/tune/index.ts";
export * as doctor from "./train/doctor/index.ts";
export * as metrics from "./train/metrics/index.ts";
export * as production from "./train/production/index.ts";
export * as reports from "./train/reports/index.ts";
export * as tensorboard from "./formats/tensorboard/index.ts";
export * as workers from "./train/workers/index.ts";
