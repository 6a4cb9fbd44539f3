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
export { jit, type Jitted } from "./tensor/jit.ts";
export { explain, type Explanation } from "./tensor/explain.ts";
export { profile, type Profile } from "./tensor/profile.ts";
export { currentDevice, registerDevice, setDevice } from "./tensor/engine.ts";
export { buffer, BufferTensor, parameter, Parameter } from "./tensor/parameter.ts";
export {
  grad,
  hessian,
  jacobian,
  jvp,
  noGrad,
  valueAndGrad,
  vjp,
  type GradOptions,
  type Gradients,
} from "./tensor/autodiff.ts";
export { checkpoint } from "./tensor/checkpoint.ts";
export { customGradient, type CustomGradientOptions } from "./tensor/custom-gradient.ts";
export { gradCheck, type GradCheckOptions } from "./tensor/grad-check.ts";
export * as nn from "./nn/index.ts";
export * as losses from "./nn/losses/index.ts";
export * as optim from "./optim/index.ts";
