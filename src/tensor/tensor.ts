/** What users hold: a small handle on a node of the graph. */
import { byteSize, type DType, type TypedArray } from "../core/dtype.ts";
import { classNameOf } from "../core/className.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { inspectAs } from "../core/inspect.ts";
import { show, sizeOf, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { detach } from "../graph/ops/control.ts";
import { contiguous } from "../graph/ops/movement.ts";
import { abs, cast, neg, sign } from "../graph/ops/unary.ts";
import { backward } from "./backward.ts";
import { currentDevice } from "./engine.ts";
import { moveTo, read, readIfHere, readSync } from "./evaluate.ts";
import * as activations from "./functional/activations.ts";
import * as arithmetic from "./functional/arithmetic.ts";
import * as comparison from "./functional/comparison.ts";
import { convolution } from "./functional/convolution.ts";
import * as elementary from "./functional/elementary.ts";
import * as indexing from "./functional/indexing.ts";
import { matmul, outer } from "./functional/matmul.ts";
import * as movement from "./functional/movement.ts";
import { avgPool, maxPool, type PoolingOptions } from "./functional/pooling.ts";
import * as reductions from "./functional/reductions.ts";
import { nest, type NestedNumbers } from "./nest.ts";
import { nodeOf, operandOf } from "./operand.ts";
import { format } from "./print.ts";
import { currentTrace } from "./trace.ts";
import type { Axes, CheckAxis } from "./types/axis.ts";
import type { Broadcast } from "./types/broadcast.ts";
import type { Conv2d, Pool2d } from "./types/conv.ts";
import type { Gather, Range, Replace, Slice } from "./types/indexing.ts";
import type { MatMul } from "./types/matmul.ts";
import type { Expand, Flatten, Permute, Reshape, Reverse, Squeeze, Swap, Unsqueeze } from "./types/movement.ts";
import type { Reduce } from "./types/reduce.ts";
import type { Checked, Ok, Unknowns } from "./types/shape.ts";

/** The other side of an operation on a tensor of shape S: a number, or a tensor that broadcasts with it; else a sentence. */
export type Operand<S extends Shape, B extends Shape, Op extends string> =
  Broadcast<S, B, Op> extends infer R ? (R extends string ? R : number | Tensor<B>) : never;

/** One number for both spatial axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

export interface Conv2dOptions<P, G, D> {
  /** Step between windows, 1 by default. */
  readonly stride?: D;
  /** Zeros around the image: a number, [vertical, horizontal], "same" (⌈size / stride⌉ comes out) or "valid" (none, the default). */
  readonly padding?: P;
  /** Distance between the elements of a window, 1 by default. */
  readonly dilation?: Pair;
  /** Groups of channels that do not see one another, 1 by default. */
  readonly groups?: G;
  /** [out], added to every position. */
  readonly bias?: Tensor;
}

/** A tensor for a node of the graph. The shape is taken on trust. */
export function fromNode<S extends Shape = Shape>(node: Node): Tensor<S> {
  return new Tensor<S>(node);
}

/**
 * An array of numbers that never changes. Operations build a graph and compute nothing until a value is read (`item`, `data`,
 * `toArray`, `toString`) or a traced function ends. Shapes are checked where the line is written when sizes are literal,
 * otherwise when it runs.
 *
 * Operands broadcast as in NumPy and promote as in PyTorch: bool < u8 < i32 < u32 < f16, bf16 < f32 < f64; a number takes the tensor's dtype
 * where that can hold it. Axes count from either end. Names and defaults are PyTorch's unless a method says otherwise.
 */
export class Tensor<out S extends Shape = Shape> {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
    if (!inspectable) inspectAs<Tensor>(Tensor.prototype, showTensor);
    inspectable = true;
  }

  /** Its place in the graph. */
  get node(): Node {
    return this.#node;
  }

  /** Sizes per axis, outermost first; `[]` is a scalar. */
  get shape(): S {
    return this.node.shape as S;
  }

  /** Number of axes. */
  get rank(): S["length"] {
    return this.node.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.node.shape);
  }

  /** Bytes of its elements in memory. */
  get nbytes(): number {
    return this.size * byteSize(this.node.dtype);
  }

  get dtype(): DType {
    return this.node.dtype;
  }

  /** Name of the device that holds its value, or will compute it. */
  get device(): string {
    const { source } = this.node;
    return source !== undefined && "device" in source ? String(source.device) : currentDevice();
  }

  /** True when `backward` on what is made from this reaches something trainable. */
  get requiresGrad(): boolean {
    return this.node.requiresGrad;
  }

  /** The gradients that `backward` collected: parameters have one, plain tensors do not. */
  get grad(): Tensor<S> | null {
    return null;
  }

  /** In debuggers: Tensor [f32 [2, 3]]. */
  get [Symbol.toStringTag](): string {
    return `${this.dtype} ${show(this.node.shape)}`;
  }

  /**
   * Texts may be made of tensors, numbers not: `x > 0` and `2 * x` would say false and NaN.
   * @throws ArgumentError that names what computes with tensors.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint !== "number") return this.toString();
    throw new ArgumentError(
      "operators compute with numbers, and this is a tensor. Use its methods, such as x.mul(2) and x.gt(0), or a value: await x.item()",
    );
  }

  // ---------- one in, one out; functions of real numbers take integers as f32

  neg(): Tensor<S> {
    return fromNode(neg(this.node));
  }

  abs(): Tensor<S> {
    return fromNode(abs(this.node));
  }

  /** −1, 0 or 1. No gradient flows. */
  sign(): Tensor<S> {
    return fromNode(sign(this.node));
  }

  exp(): Tensor<S> {
    return fromNode(elementary.exp(this.node));
  }

  /** eˣ − 1, accurate near 0. */
  expm1(): Tensor<S> {
    return fromNode(elementary.expm1(this.node));
  }

  /** Natural logarithm: −∞ at 0, NaN below. */
  log(): Tensor<S> {
    return fromNode(elementary.log(this.node));
  }

  log2(): Tensor<S> {
    return fromNode(elementary.log2(this.node));
  }

  log10(): Tensor<S> {
    return fromNode(elementary.log10(this.node));
  }

  /** ln(1 + x), accurate near 0. */
  log1p(): Tensor<S> {
    return fromNode(elementary.log1p(this.node));
  }

  /** NaN below 0. */
  sqrt(): Tensor<S> {
    return fromNode(elementary.sqrt(this.node));
  }

  /** 1 / √x. */
  rsqrt(): Tensor<S> {
    return fromNode(elementary.rsqrt(this.node));
  }

  square(): Tensor<S> {
    return fromNode(elementary.square(this.node));
  }

  /** 1 / x. */
  recip(): Tensor<S> {
    return fromNode(elementary.recip(this.node));
  }

  /** No gradient flows through rounding. */
  floor(): Tensor<S> {
    return fromNode(elementary.floor(this.node));
  }

  ceil(): Tensor<S> {
    return fromNode(elementary.ceil(this.node));
  }

  /** Halves go to the even number. */
  round(): Tensor<S> {
    return fromNode(elementary.round(this.node));
  }

  /** Towards zero. */
  trunc(): Tensor<S> {
    return fromNode(elementary.trunc(this.node));
  }

  sin(): Tensor<S> {
    return fromNode(elementary.sin(this.node));
  }

  cos(): Tensor<S> {
    return fromNode(elementary.cos(this.node));
  }

  tan(): Tensor<S> {
    return fromNode(elementary.tan(this.node));
  }

  tanh(): Tensor<S> {
    return fromNode(elementary.tanh(this.node));
  }

  erf(): Tensor<S> {
    return fromNode(elementary.erf(this.node));
  }

  /** Brought into [low, high]; a bound left out does not bound. NaN stays. */
  clamp(low?: number, high?: number): Tensor<S> {
    return fromNode(elementary.clamp(this.node, low, high));
  }

  /** True where the value is NaN. */
  isNan(): Tensor<S> {
    return fromNode(comparison.isNan(this.node));
  }

  /** True where the value is +∞ or −∞. */
  isInf(): Tensor<S> {
    return fromNode(comparison.isInf(this.node));
  }

  /** True where the value is neither NaN nor infinite. */
  isFinite(): Tensor<S> {
    return fromNode(comparison.isFinite(this.node));
  }

  /** True where the value is zero. */
  logicalNot(): Tensor<S> {
    return fromNode(comparison.logicalNot(this.node));
  }

  // ---------- activations

  /** max(x, 0); its derivative at 0 is 0. */
  relu(): Tensor<S> {
    return fromNode(activations.relu(this.node));
  }

  relu6(): Tensor<S> {
    return fromNode(activations.relu6(this.node));
  }

  selu(): Tensor<S> {
    return fromNode(activations.selu(this.node));
  }

  /** x · sigmoid(x), also called Swish. */
  silu(): Tensor<S> {
    return fromNode(activations.silu(this.node));
  }

  mish(): Tensor<S> {
    return fromNode(activations.mish(this.node));
  }

  sigmoid(): Tensor<S> {
    return fromNode(activations.sigmoid(this.node));
  }

  logSigmoid(): Tensor<S> {
    return fromNode(activations.logSigmoid(this.node));
  }

  /** ln(1 + eˣ). */
  softplus(): Tensor<S> {
    return fromNode(activations.softplus(this.node));
  }

  softsign(): Tensor<S> {
    return fromNode(activations.softsign(this.node));
  }

  /** min(max(x + 3, 0), 6) / 6. */
  hardSigmoid(): Tensor<S> {
    return fromNode(activations.hardSigmoid(this.node));
  }

  /** x · hardSigmoid(x); its minimum is −0.375. */
  hardSwish(): Tensor<S> {
    return fromNode(activations.hardSwish(this.node));
  }

  hardTanh(low?: number, high?: number): Tensor<S> {
    return fromNode(activations.hardTanh(this.node, low, high));
  }

  /** x above 0, alpha · (eˣ − 1) below; alpha is 1 by default. */
  elu(alpha?: number): Tensor<S> {
    return fromNode(activations.elu(this.node, alpha));
  }

  /** x · Φ(x), by the error function or GPT-2's tanh approximation. */
  gelu(form?: "exact" | "tanh"): Tensor<S> {
    return fromNode(activations.gelu(this.node, form));
  }

  /** x above 0, slope · x below; slope is 0.01 by default. */
  leakyRelu(slope?: number): Tensor<S> {
    return fromNode(activations.leakyRelu(this.node, slope));
  }

  // ---------- dtypes and gradients

  /** The values in another dtype: truncation towards zero from float to integer, `≠ 0` to bool. */
  cast(dtype: DType): Tensor<S> {
    return fromNode(cast(this.node, dtype));
  }

  /** As f32. */
  float(): Tensor<S> {
    return fromNode(cast(this.node, "f32"));
  }

  /** As i32. */
  int(): Tensor<S> {
    return fromNode(cast(this.node, "i32"));
  }

  /** As bool: `≠ 0`. */
  bool(): Tensor<S> {
    return fromNode(cast(this.node, "bool"));
  }

  /** The same values, through which no gradient flows. */
  detach(): Tensor<S> {
    return fromNode(detach(this.node));
  }

  /** The same values, stored in row-major order whatever the compiler would rather do. */
  contiguous(): Tensor<S> {
    return fromNode(contiguous(this.node));
  }

  /**
   * Adds the gradients of this value to the `grad` of every trainable tensor it was made from.
   * @param gradient of the final result with respect to this value; 1 when left out, which only one element allows.
   * @param options `retainGraph` allows another backward from the same value.
   * @throws GradientError when nothing trainable is reached, the value is not a single element, or the second time.
   */
  backward(gradient?: Tensor, options: { readonly retainGraph?: boolean } = {}): void {
    backward(this.node, gradient?.node, options.retainGraph);
  }

  // ---------- two in, broadcast

  add<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "add">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "add">>> {
    return fromNode(arithmetic.add(this.node, operandOf(other as number | Tensor)));
  }

  sub<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "sub">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "sub">>> {
    return fromNode(arithmetic.sub(this.node, operandOf(other as number | Tensor)));
  }

  mul<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "mul">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "mul">>> {
    return fromNode(arithmetic.mul(this.node, operandOf(other as number | Tensor)));
  }

  /** True division: integers divide as f32. */
  div<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "div">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "div">>> {
    return fromNode(arithmetic.div(this.node, operandOf(other as number | Tensor)));
  }

  /** Integers stay integers where the exponent is a whole number of 0 or more. */
  pow<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "pow">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "pow">>> {
    return fromNode(arithmetic.pow(this.node, operandOf(other as number | Tensor)));
  }

  /** The remainder with the sign of the divisor, as in Python. */
  mod<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "mod">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "mod">>> {
    return fromNode(arithmetic.mod(this.node, operandOf(other as number | Tensor)));
  }

  /** ⌊a / b⌋, as Python's //. */
  floorDiv<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "floorDiv">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "floorDiv">>> {
    return fromNode(arithmetic.floorDiv(this.node, operandOf(other as number | Tensor)));
  }

  /** The larger of two; NaN wins. */
  maximum<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "maximum">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "maximum">>> {
    return fromNode(arithmetic.maximum(this.node, operandOf(other as number | Tensor)));
  }

  /** The smaller of two; NaN wins. */
  minimum<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "minimum">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "minimum">>> {
    return fromNode(arithmetic.minimum(this.node, operandOf(other as number | Tensor)));
  }

  eq<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "eq">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "eq">>> {
    return fromNode(comparison.eq(this.node, operandOf(other as number | Tensor)));
  }

  ne<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "ne">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "ne">>> {
    return fromNode(comparison.ne(this.node, operandOf(other as number | Tensor)));
  }

  lt<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "lt">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "lt">>> {
    return fromNode(comparison.lt(this.node, operandOf(other as number | Tensor)));
  }

  le<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "le">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "le">>> {
    return fromNode(comparison.le(this.node, operandOf(other as number | Tensor)));
  }

  gt<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "gt">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "gt">>> {
    return fromNode(comparison.gt(this.node, operandOf(other as number | Tensor)));
  }

  ge<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "ge">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "ge">>> {
    return fromNode(comparison.ge(this.node, operandOf(other as number | Tensor)));
  }

  /** True where both are not zero. */
  logicalAnd<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "logicalAnd">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "logicalAnd">>> {
    return fromNode(comparison.logicalAnd(this.node, operandOf(other as number | Tensor)));
  }

  /** True where one or both are not zero. */
  logicalOr<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "logicalOr">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "logicalOr">>> {
    return fromNode(comparison.logicalOr(this.node, operandOf(other as number | Tensor)));
  }

  /** True where exactly one is not zero. */
  logicalXor<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "logicalXor">,
  ): Tensor<Ok<Broadcast<T["shape"], B, "logicalXor">>> {
    return fromNode(comparison.logicalXor(this.node, operandOf(other as number | Tensor)));
  }

  /** The point between this (weight 0) and the other (weight 1). */
  lerp<T extends Tensor, B extends Shape = []>(
    this: T,
    other: Operand<T["shape"], B, "lerp">,
    weight: number,
  ): Tensor<Ok<Broadcast<T["shape"], B, "lerp">>> {
    return fromNode(arithmetic.lerp(this.node, operandOf(other as number | Tensor), weight));
  }

  /** `value` where the mask holds, this elsewhere. The mask broadcasts to this shape. */
  maskedFill<T extends Tensor, B extends Shape>(
    this: T,
    mask: Checked<Broadcast<T["shape"], B, "maskedFill">, Tensor<B>>,
    value: number,
  ): Tensor<T["shape"]> {
    return fromNode(indexing.maskedFill(this.node, nodeOf(mask as Tensor), value));
  }

  /** This where the condition (bool) holds, `other` elsewhere. */
  where<T extends Tensor, C extends Shape, B extends Shape = []>(
    this: T,
    condition: Checked<Broadcast<T["shape"], C, "where">, Tensor<C>>,
    other: Operand<T["shape"], B, "where">,
  ): Tensor<Ok<Broadcast<Ok<Broadcast<T["shape"], C, "where">>, B, "where">>> {
    return fromNode(comparison.where(nodeOf(condition as Tensor), this.node, operandOf(other as number | Tensor)));
  }

  // ---------- reductions: over all axes when none are named; `keepdims` leaves them as size 1

  /** bool and u8 sum as i32. */
  sum<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "sum">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "sum">>> {
    return fromNode(reductions.sum(this.node, axis as Axes | undefined, keepdims));
  }

  /** Integers average as f32. */
  mean<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "mean">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "mean">>> {
    return fromNode(reductions.mean(this.node, axis as Axes | undefined, keepdims));
  }

  /** bool and u8 multiply as i32. */
  prod<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "prod">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "prod">>> {
    return fromNode(reductions.prod(this.node, axis as Axes | undefined, keepdims));
  }

  /** NaN wins. */
  max<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "max">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "max">>> {
    return fromNode(reductions.max(this.node, axis as Axes | undefined, keepdims));
  }

  /** NaN wins. */
  min<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "min">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "min">>> {
    return fromNode(reductions.min(this.node, axis as Axes | undefined, keepdims));
  }

  /** True where any element is not zero. */
  any<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "any">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "any">>> {
    return fromNode(reductions.any(this.node, axis as Axes | undefined, keepdims));
  }

  /** True where no element is zero. */
  all<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "all">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "all">>> {
    return fromNode(reductions.all(this.node, axis as Axes | undefined, keepdims));
  }

  /** Position of the first maximum, i32; row-major where several axes are reduced. */
  argmax<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "argmax">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "argmax">>> {
    return fromNode(reductions.argmax(this.node, axis as Axes | undefined, keepdims));
  }

  /** Position of the first minimum, i32. */
  argmin<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "argmin">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "argmin">>> {
    return fromNode(reductions.argmin(this.node, axis as Axes | undefined, keepdims));
  }

  /** ln Σ eˣ, without overflow. */
  logsumexp<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "logsumexp">, A>,
    keepdims?: K,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "logsumexp">>> {
    return fromNode(reductions.logsumexp(this.node, axis as Axes | undefined, keepdims));
  }

  /** Mean squared distance from the mean; the count is reduced by `correction`, 1 by default (a sample), 0 for a population. */
  variance<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "variance">, A>,
    keepdims?: K,
    correction?: number,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "variance">>> {
    return fromNode(reductions.variance(this.node, axis as Axes | undefined, keepdims, correction));
  }

  /** √variance. */
  std<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "std">, A>,
    keepdims?: K,
    correction?: number,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "std">>> {
    return fromNode(reductions.std(this.node, axis as Axes | undefined, keepdims, correction));
  }

  /** (Σ |x|ᵒʳᵈᵉʳ)^(1/order); 2 by default, 1, Infinity or any number above 0. */
  norm<T extends Tensor, const A extends Axes | undefined = undefined, const K extends boolean = false>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, K, "norm">, A>,
    keepdims?: K,
    order?: number,
  ): Tensor<Ok<Reduce<T["shape"], A, K, "norm">>> {
    return fromNode(reductions.norm(this.node, axis as Axes | undefined, keepdims, order));
  }

  // ---------- along axes, shape kept

  /** eˣ / Σ eˣ along the last axis, or those named, without overflow. */
  softmax<T extends Tensor, const A extends Axes = -1>(
    this: T,
    axis?: Checked<CheckAxis<T["shape"], A, "softmax">, A>,
  ): Tensor<T["shape"]> {
    return fromNode(reductions.softmax(this.node, axis as Axes | undefined));
  }

  /** ln softmax(x) along the last axis, or those named. */
  logSoftmax<T extends Tensor, const A extends Axes = -1>(
    this: T,
    axis?: Checked<CheckAxis<T["shape"], A, "logSoftmax">, A>,
  ): Tensor<T["shape"]> {
    return fromNode(reductions.logSoftmax(this.node, axis as Axes | undefined));
  }

  /** The last axis, or those named, in reverse. */
  flip<T extends Tensor, const A extends Axes = -1>(
    this: T,
    axis?: Checked<CheckAxis<T["shape"], A, "flip">, A>,
  ): Tensor<T["shape"]> {
    return fromNode(movement.flip(this.node, (axis as Axes | undefined) ?? -1));
  }

  /** Elements moved along an axis, around the end; in row-major order without one. */
  roll(shift: number, axis?: number): Tensor<S> {
    return fromNode(movement.roll(this.node, shift, axis));
  }

  /** The last two axes on and below the k-th diagonal, zero above. */
  tril(k?: number): Tensor<S> {
    return fromNode(indexing.tril(this.node, k));
  }

  /** The last two axes on and above the k-th diagonal, zero below. */
  triu(k?: number): Tensor<S> {
    return fromNode(indexing.triu(this.node, k));
  }

  // ---------- movement: no copy

  /** The same elements in row-major order; one size may be −1 and is worked out. */
  reshape<T extends Tensor, const N extends number[]>(
    this: T,
    shape: Checked<Reshape<T["shape"], N>, readonly [...N]>,
  ): Tensor<Ok<Reshape<T["shape"], N>>> {
    return fromNode(movement.reshape(this.node, shape as Shape));
  }

  /** All axes from `start` (0 by default) on as one. */
  flatten<T extends Tensor, const A extends number = 0>(this: T, start?: A): Tensor<Flatten<T["shape"], A>> {
    return fromNode(movement.flatten(this.node, start));
  }

  /** Axis i of the result is axis `axes[i]` of this. */
  permute<T extends Tensor, const P extends number[]>(
    this: T,
    axes: Checked<Permute<T["shape"], P>, readonly [...P]>,
  ): Tensor<Ok<Permute<T["shape"], P>>> {
    return fromNode(movement.permute(this.node, axes as Shape));
  }

  /** Two axes exchanged. */
  transpose<T extends Tensor, const A extends number, const B extends number>(
    this: T,
    a: Checked<Swap<T["shape"], A, B>, A>,
    b: B,
  ): Tensor<Ok<Swap<T["shape"], A, B>>> {
    return fromNode(movement.transpose(this.node, a as number, b));
  }

  /** All axes in reverse order, as in NumPy. */
  get T(): Tensor<Reverse<S>> {
    return fromNode(movement.reverseAxes(this.node));
  }

  /** Axes of size 1 repeated; −1 keeps a size, and new axes may be added in front. */
  expand<T extends Tensor, const N extends number[]>(
    this: T,
    shape: Checked<Expand<T["shape"], N>, readonly [...N]>,
  ): Tensor<Ok<Expand<T["shape"], N>>> {
    return fromNode(movement.expand(this.node, shape as Shape));
  }

  /** Without an axis of size 1, or without all of them. */
  squeeze<T extends Tensor, const A extends number | undefined = undefined>(
    this: T,
    axis?: Checked<Squeeze<T["shape"], A>, A>,
  ): Tensor<Ok<Squeeze<T["shape"], A>>> {
    return fromNode(movement.squeeze(this.node, axis as number | undefined));
  }

  /** With a new axis of size 1. */
  unsqueeze<T extends Tensor, const A extends number>(
    this: T,
    axis: Checked<Unsqueeze<T["shape"], A>, A>,
  ): Tensor<Ok<Unsqueeze<T["shape"], A>>> {
    return fromNode(movement.unsqueeze(this.node, axis as number));
  }

  /** Per axis from the first on: one position (the axis goes), [start], [start, end], [start, end, step], or null for all of it. */
  slice<T extends Tensor, const R extends readonly Range[]>(
    this: T,
    ...ranges: { [I in keyof R]: Checked<Slice<T["shape"], R>, R[I]> }
  ): Tensor<Ok<Slice<T["shape"], R>>> {
    return fromNode(movement.slice(this.node, ranges as readonly Range[]));
  }

  /** `length` elements of one axis from `start` on. */
  narrow<T extends Tensor, const A extends number, const N extends number>(
    this: T,
    axis: Checked<Replace<T["shape"], A, N, "narrow">, A>,
    start: number,
    length: N,
  ): Tensor<Ok<Replace<T["shape"], A, N, "narrow">>> {
    return fromNode(movement.narrow(this.node, axis as number, start, length));
  }

  /** [before, after] elements of `value` (0 by default) around each axis; negative widths cut. */
  pad<T extends Tensor>(
    this: T,
    widths: readonly (readonly [number, number])[],
    value?: number,
  ): Tensor<Unknowns<T["shape"]>> {
    return fromNode(movement.pad(this.node, widths, value));
  }

  /** The whole tensor repeated along its axes, counted from the right. */
  tile<T extends Tensor>(this: T, repeats: readonly number[]): Tensor<Unknowns<T["shape"]>> {
    return fromNode(movement.tile(this.node, repeats));
  }

  /** Pieces along an axis (0 by default): of one size (the last may be smaller), or of the sizes listed. */
  split<T extends Tensor, const A extends number = 0>(
    this: T,
    sizes: number | readonly number[],
    axis?: Checked<Replace<T["shape"], A, number, "split">, A>,
  ): Tensor<Ok<Replace<T["shape"], A, number, "split">>>[] {
    return movement.split(this.node, sizes, axis as number | undefined).map((part) => fromNode(part));
  }

  /** The slices along an axis (0 by default), which goes. */
  unbind<T extends Tensor, const A extends number = 0>(
    this: T,
    axis?: Checked<Reduce<T["shape"], A, false, "unbind">, A>,
  ): Tensor<Ok<Reduce<T["shape"], A, false, "unbind">>>[] {
    return movement.unbind(this.node, axis as number | undefined).map((part) => fromNode(part));
  }

  // ---------- products

  /** Matrix product by NumPy's rules: the last two axes are matrices, those before broadcast, one axis is a vector. */
  matmul<T extends Tensor, B extends Shape>(
    this: T,
    other: Checked<MatMul<T["shape"], B>, Tensor<B>>,
  ): Tensor<Ok<MatMul<T["shape"], B>>> {
    return fromNode(matmul(this.node, nodeOf(other as Tensor)));
  }

  /** Every element of this times every element of the other. */
  outer<T extends Tensor, B extends Shape>(this: T, other: Tensor<B>): Tensor<[...T["shape"], ...B]> {
    return fromNode(outer(this.node, nodeOf(other)));
  }

  /** Cross-correlation of [n, c, h, w] with a kernel [out, c / groups, h, w]. */
  conv2d<
    T extends Tensor,
    W extends Shape,
    const P extends Pair | "same" | "valid" = 0,
    const G extends number = 1,
    const D extends Pair = 1,
  >(
    this: T,
    kernel: Checked<Conv2d<T["shape"], W, P, G, D>, Tensor<W>>,
    options?: Conv2dOptions<P, G, D>,
  ): Tensor<Ok<Conv2d<T["shape"], W, P, G, D>>> {
    return fromNode(convolution(2, this.node, kernel.node, { ...options, bias: options?.bias?.node }));
  }

  /** The largest element of each window of [n, c, h, w]; windows do not overlap unless `stride` says so. */
  maxPool2d<T extends Tensor>(this: T, size: Pair, options?: PoolingOptions): Tensor<Pool2d<T["shape"]>> {
    return fromNode(maxPool(2, this.node, size, options));
  }

  /** The mean of each window of [n, c, h, w]. */
  avgPool2d<T extends Tensor>(this: T, size: Pair, options?: PoolingOptions): Tensor<Pool2d<T["shape"]>> {
    return fromNode(avgPool(2, this.node, size, options));
  }

  // ---------- indexing with data

  /**
   * Slices at the positions of `index` (integers of any shape) along an axis (0 by default), which the shape of `index` replaces.
   * Positions outside the axis give NaN (0 for integers).
   */
  gather<T extends Tensor, I extends Shape, const A extends number = 0>(
    this: T,
    index: Tensor<I>,
    axis?: Checked<Gather<T["shape"], I, A>, A>,
  ): Tensor<Ok<Gather<T["shape"], I, A>>> {
    return fromNode(indexing.gather(this.node, nodeOf(index), axis as number | undefined));
  }

  /** This with slices of `source` added at the positions of `index` along an axis: the counterpart of `gather`. */
  scatterAdd<T extends Tensor>(this: T, index: Tensor, source: Tensor, axis?: number): Tensor<T["shape"]> {
    return fromNode(indexing.scatter("add", this.node, nodeOf(index), nodeOf(source), axis));
  }

  /** 1 at the position that each element names, 0 elsewhere, along a new last axis; f32. */
  oneHot<T extends Tensor, const N extends number>(this: T, classes: N): Tensor<[...T["shape"], N]> {
    return fromNode(indexing.oneHot(this.node, classes));
  }

  // ---------- values

  /**
   * The same elements on another device, now: the graph before it is computed, and no gradient flows through.
   * @throws DeviceError for a device that is not known here (`availableDevices()` lists them), and for elements on a device that answers later
   * (GPUs) which were not read yet: `await x.data()` first.
   */
  to(device: string): Tensor<S> {
    const moved = moveTo(this.node, device);
    return moved === this.node ? this : fromNode(moved);
  }

  /** The same tensor with a shape that the type checker knows, checked now; −1 and sizes that are not literal accept anything. */
  asShape<const T extends number[]>(
    shape: readonly [...T],
  ): Tensor<{ [I in keyof T]: T[I] extends -1 ? number : T[I] }> {
    const sizes = this.node.shape;
    if (shape.length !== sizes.length || shape.some((size, i) => size !== -1 && size !== sizes[i]))
      throw new ShapeError(`asShape: the tensor has shape ${show(sizes)}, not ${show(shape)}`);
    return this as Tensor<{ [I in keyof T]: T[I] extends -1 ? number : T[I] }>;
  }

  /** The only element. Throws ShapeError when there are more or none. */
  async item(): Promise<number> {
    checkSingle(this.node);
    return (await read(this.node))[0]!;
  }

  /** As `item`, without waiting. Throws DeviceError on devices that answer later (GPUs), until it was read with `await`. */
  itemSync(): number {
    checkSingle(this.node);
    return readSync(this.node)[0]!;
  }

  /** A copy of the elements in row-major order; bool as bytes 0 and 1. */
  async data(): Promise<TypedArray> {
    return (await read(this.node)).slice();
  }

  /** As `data`, without waiting. Throws DeviceError on devices that answer later (GPUs), until it was read with `await`. */
  dataSync(): TypedArray {
    return readSync(this.node).slice();
  }

  /** The elements as nested arrays; bool as booleans, a scalar as itself. */
  async toArray(): Promise<NestedNumbers> {
    return nest(await read(this.node), this.node.shape, this.node.dtype);
  }

  /** As `toArray`, without waiting. Throws DeviceError on devices that answer later (GPUs), until it was read with `await`. */
  toArraySync(): NestedNumbers {
    return nest(readSync(this.node), this.node.shape, this.node.dtype);
  }

  /**
   * The elements as NumPy prints them, computed where they are not yet known. Of elements on a device that answers later only shape and dtype,
   * until they were read with `await`.
   */
  toString(): string {
    const { node } = this;
    const elements = readIfHere(node);
    return elements
      ? format(elements, node.shape, node.dtype)
      : `Tensor [${this[Symbol.toStringTag]}] on ${this.device}; its values are there after await x.data()`;
  }
}

/** Whether `console.log` has been told how to show tensors. */
let inspectable = false;

/** Dtype, shape and, outside traced functions, the elements. */
function showTensor(x: Tensor, depth: number): string {
  const name = `${classNameOf(x)} [${x[Symbol.toStringTag]}]`;
  if (depth < 0 || currentTrace()) return name;
  const text = x.toString();
  return text.startsWith("Tensor") ? text : `${name}${text.includes("\n") ? "\n" : " "}${text}`;
}

function checkSingle({ shape }: Node): void {
  if (sizeOf(shape) !== 1)
    throw new ShapeError(`item: needs a single element, got ${show(shape)}. Use data() or toArray() for all of them`);
}
