// The public names, nothing else.
export type { DType, TypedArray } from "./core/dtype.ts";
export {
  ArgumentError,
  DeviceError,
  DTypeError,
  FormatError,
  GradientError,
  MyelinError,
  ShapeError,
  TraceError,
} from "./core/errors.ts";
export type { Shape } from "./core/shape.ts";
export { Tensor, fromNode, type Operand, type Pair } from "./tensor/tensor.ts";
export type { Dim } from "./tensor/types/shape.ts";
export * from "./tensor/create.ts";
export * from "./tensor/functions.ts";
export { manualSeed } from "./tensor/random.ts";
