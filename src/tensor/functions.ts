/** Operations on tensors that are no methods: several tensors at once, or too rare for the class. */
import { ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { not } from "../graph/ops/unary.ts";
import * as activations from "./functional/activations.ts";
import * as arithmetic from "./functional/arithmetic.ts";
import * as comparison from "./functional/comparison.ts";
import {
  convolution,
  transposedConvolution,
  type ConvolutionOptions,
  type TransposedConvolutionOptions,
} from "./functional/convolution.ts";
import { einsum as einsumNodes } from "./functional/einsum.ts";
import * as elementary from "./functional/elementary.ts";
import * as indexing from "./functional/indexing.ts";
import * as movement from "./functional/movement.ts";
import { avgPool, maxPool, type PoolingOptions } from "./functional/pooling.ts";
import { readSync } from "./evaluate.ts";
import { operandOf } from "./operand.ts";
import { formatAsTensorFlow } from "./print.ts";
import { fromNode, type Operand, type Tensor } from "./tensor.ts";
import type { Broadcast } from "./types/broadcast.ts";
import type { Concat, Stack } from "./types/join.ts";
import type { Checked, Ok } from "./types/shape.ts";
import type { PerAxis } from "./functional/windows.ts";

export * from "./alongAxis.ts";
export * from "./elementwise.ts";

type Shapes<T extends readonly Tensor[]> = { -readonly [I in keyof T]: T[I] extends Tensor<infer S> ? S : never };

/** Tensors end to end along an axis (0 by default); dtypes promote. Throws ShapeError where other sizes differ. */
export function concat<const T extends readonly Tensor[], const A extends number = 0>(
  tensors: Checked<Concat<Shapes<T>, A>, T>,
  axis?: A,
): Tensor<Ok<Concat<Shapes<T>, A>>> {
  return fromNode(
    movement.concat(
      (tensors as readonly Tensor[]).map((x) => x.node),
      axis,
    ),
  );
}

/** Tensors of one shape side by side along a new axis (0 by default). Throws ShapeError where shapes differ. */
export function stack<const T extends readonly Tensor[], const A extends number = 0>(
  tensors: Checked<Stack<Shapes<T>, A>, T>,
  axis?: A,
): Tensor<Ok<Stack<Shapes<T>, A>>> {
  return fromNode(
    movement.stack(
      (tensors as readonly Tensor[]).map((x) => x.node),
      axis,
    ),
  );
}

/** `yes` where the condition (bool) holds, `no` elsewhere; all three broadcast, `yes` and `no` promote. */
export function where(condition: Tensor, yes: number | Tensor, no: number | Tensor): Tensor {
  return fromNode(comparison.where(condition.node, operandOf(yes), operandOf(no)));
}

/**
 * Products of tensors summed over the axes that the result does not name: "bij,bjk->bik", "ii->i", "...i,...i->...".
 * Throws ArgumentError for an equation that makes no sense, ShapeError for sizes that do not fit.
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  return fromNode(
    einsumNodes(
      equation,
      tensors.map((x) => x.node),
    ),
  );
}

/** (eˣ − e⁻ˣ) / 2, accurate near 0. */
export function sinh<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(elementary.sinh(x.node));
}

/** (eˣ + e⁻ˣ) / 2. */
export function cosh<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(elementary.cosh(x.node));
}

/** max(x, 0) + min(0, alpha · (e^(x / alpha) − 1)); alpha is 1 by default. */
export function celu<S extends Shape>(x: Tensor<S>, alpha?: number): Tensor<S> {
  return fromNode(activations.celu(x.node, alpha));
}

/** 1 where x is above 0, 0 elsewhere. No gradient flows. */
export function step<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(activations.step(x.node));
}

/** Every bit turned over; integers only. */
export function bitNot<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(not(x.node));
}

/** Bits that both have; integers, or bool. */
export function bitAnd<A extends Shape, B extends Shape = []>(
  a: Tensor<A>,
  b: Operand<A, B, "bitAnd">,
): Tensor<Ok<Broadcast<A, B, "bitAnd">>> {
  return fromNode(arithmetic.bitAnd(a.node, operandOf(b as number | Tensor)));
}

/** Bits that either has. */
export function bitOr<A extends Shape, B extends Shape = []>(
  a: Tensor<A>,
  b: Operand<A, B, "bitOr">,
): Tensor<Ok<Broadcast<A, B, "bitOr">>> {
  return fromNode(arithmetic.bitOr(a.node, operandOf(b as number | Tensor)));
}

/** Bits that exactly one has. */
export function bitXor<A extends Shape, B extends Shape = []>(
  a: Tensor<A>,
  b: Operand<A, B, "bitXor">,
): Tensor<Ok<Broadcast<A, B, "bitXor">>> {
  return fromNode(arithmetic.bitXor(a.node, operandOf(b as number | Tensor)));
}

/** Bits moved up by `b` places; integers. */
export function shl<A extends Shape, B extends Shape = []>(
  a: Tensor<A>,
  b: Operand<A, B, "shl">,
): Tensor<Ok<Broadcast<A, B, "shl">>> {
  return fromNode(arithmetic.shl(a.node, operandOf(b as number | Tensor)));
}

/** Bits moved down by `b` places; i32 keeps its sign. */
export function shr<A extends Shape, B extends Shape = []>(
  a: Tensor<A>,
  b: Operand<A, B, "shr">,
): Tensor<Ok<Broadcast<A, B, "shr">>> {
  return fromNode(arithmetic.shr(a.node, operandOf(b as number | Tensor)));
}

/** Elements where two axes (the last two by default) have the same position, `offset` apart, along a new last axis. */
export function diagonal(x: Tensor, offset?: number, axisA?: number, axisB?: number): Tensor {
  return fromNode(movement.diagonal(x.node, offset, axisA, axisB));
}

/** One axis moved to another position, the others in order. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  return fromNode(movement.moveAxis(x.node, from, to));
}

/** out[…, i, …] = x[…, index[…, i, …], …]: one position per element (PyTorch's gather, NumPy's take_along_axis). */
export function takeAlongAxis<I extends Shape>(x: Tensor, index: Tensor<I>, axis: number): Tensor {
  return fromNode(indexing.takeAlongAxis(x.node, index.node, axis));
}

/** `x` with `source` written at one position per element: "set" (the last wins, the default), "add", "max" or "min". */
export function putAlongAxis<S extends Shape>(
  x: Tensor<S>,
  index: Tensor,
  source: number | Tensor,
  axis: number,
  mode: indexing.ScatterMode = "set",
): Tensor<S> {
  return fromNode(indexing.putAlongAxis(mode, x.node, index.node, operandOf(source), axis));
}

/** `x` with slices of `source` written at the positions of `index` along an axis: as `scatterAdd`, in any mode. */
export function scatter<S extends Shape>(
  x: Tensor<S>,
  index: Tensor,
  source: Tensor,
  axis: number = 0,
  mode: indexing.ScatterMode = "set",
): Tensor<S> {
  return fromNode(indexing.scatter(mode, x.node, index.node, source.node, axis));
}

type WithTensorBias<O> = Omit<O, "bias"> & { readonly bias?: Tensor | undefined };

/** Cross-correlation of [n, c, …] with a kernel [out, c / groups, …], one, two or three spatial axes by the kernel's rank. */
export function conv(x: Tensor, kernel: Tensor, options: WithTensorBias<ConvolutionOptions> = {}): Tensor {
  const bias = options.bias?.node;
  return fromNode(convolution(spatialAxes("conv", kernel), x.node, kernel.node, { ...options, bias }));
}

/** The transpose of `conv`: [n, c, …] with a kernel [c, out / groups, …]. */
export function convTranspose(
  x: Tensor,
  kernel: Tensor,
  options: WithTensorBias<TransposedConvolutionOptions> = {},
): Tensor {
  const bias = options.bias?.node;
  return fromNode(
    transposedConvolution(spatialAxes("convTranspose", kernel), x.node, kernel.node, { ...options, bias }),
  );
}

function spatialAxes(op: string, { shape }: Tensor): 1 | 2 | 3 {
  const axes = shape.length - 2;
  if (axes === 1 || axes === 2 || axes === 3) return axes;
  throw new ShapeError(`${op}: needs two axes of batch and channels and one to three in space, got ${show(shape)}`);
}

/** The largest element of each window of [n, c, …], over one, two or three spatial axes by the rank of `x`. */
export function maxPoolNd(x: Tensor, size: PerAxis, options?: PoolingOptions): Tensor {
  return fromNode(maxPool(spatialAxes("maxPoolNd", x), x.node, size, options));
}

/** The mean of each window of [n, c, …]. */
export function avgPoolNd(x: Tensor, size: PerAxis, options?: PoolingOptions): Tensor {
  return fromNode(avgPool(spatialAxes("avgPoolNd", x), x.node, size, options));
}

/**
 * The line that TensorFlow prints for a tensor, for readers of notes written with it:
 * `tf.Tensor([[0.2, 0.7, 0.3]], shape=(1, 3), dtype=float32)`.
 */
export function tensorFlowString(x: Tensor): string {
  return formatAsTensorFlow(readSync(x.node), x.shape, x.dtype);
}
