import type { DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import type { Checked, Ok } from "../tensor/types/shape.ts";
import { checkLast, checkSizes } from "./checks.ts";
import { ones, zeros } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";
import { normalize, normalizeScale } from "./normalize.ts";
import type { LastTo, Rule } from "./rules.ts";

export interface LayerNormOptions {
  /** Added to the variance, 1e-5 by default. */
  readonly eps?: number | undefined;
  /** Whether the result is scaled and shifted, true by default. */
  readonly affine?: boolean | undefined;
  /** Whether there is a shift beside the scale, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

interface LayerNormRule<N extends number> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? LastTo<S, N, N, `LayerNorm(${N})`> : never;
}

/** Positions of the last axes. */
const lastAxes = (count: number): number[] => Array.from({ length: count }, (_, i) => i - count);

/**
 * (x − mean) / √(variance + ε) · weight + bias over the last dimension (or the last dimensions, given their sizes): Ba et
 * al. 2016.
 * @example new nn.LayerNorm(256).forward(x)
 */
export class LayerNorm<const N extends number = number> extends Module {
  declare readonly "~rule": LayerNormRule<N>;
  readonly sizes: Shape;
  readonly eps: number;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(sizes: N | Shape, { eps = 1e-5, affine = true, bias = true, dtype = "f32" }: LayerNormOptions = {}) {
    super();
    this.sizes = typeof sizes === "number" ? [sizes] : [...sizes];
    this.eps = eps;
    this.sizes.forEach((size) => checkSizes(`${this}`, { size }));
    this.weight = affine ? drawn(this.sizes, ones, dtype, `${this}.weight`) : null;
    this.bias = affine && bias ? drawn(this.sizes, zeros, dtype, `${this}.bias`) : null;
  }

  forward<S extends Shape>(
    x: Checked<LastTo<S, N, N, `LayerNorm(${N})`>, Tensor<S>>,
  ): Tensor<Ok<LastTo<S, N, N, `LayerNorm(${N})`>>>;
  forward(x: Tensor): Tensor {
    checkLast(this, x, this.sizes);
    const unit: Tensor = fromNode(normalize(x.node, lastAxes(this.sizes.length), this.eps));
    const scaled = this.weight ? unit.mul(this.weight) : unit;
    return this.bias ? scaled.add(this.bias) : scaled;
  }

  override toString(): string {
    return `LayerNorm(${this.sizes.join(", ")})`;
  }
}

export interface RMSNormOptions {
  /** Added to the mean square; by default the distance from 1 to the next number of the input's dtype, as in PyTorch. */
  readonly eps?: number | undefined;
  /** Whether the result is scaled, true by default. */
  readonly affine?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

interface RMSNormRule<N extends number> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? LastTo<S, N, N, `RMSNorm(${N})`> : never;
}

const epsilonOf = (dtype: DType): number => (dtype === "f64" ? Number.EPSILON : 2 ** -23);

/** x / √(mean(x²) + ε) · weight over the last dimension, or the last dimensions: Zhang and Sennrich 2019. */
export class RMSNorm<const N extends number = number> extends Module {
  declare readonly "~rule": RMSNormRule<N>;
  readonly sizes: Shape;
  readonly eps: number | undefined;
  weight: Parameter | null;

  constructor(sizes: N | Shape, { eps, affine = true, dtype = "f32" }: RMSNormOptions = {}) {
    super();
    this.sizes = typeof sizes === "number" ? [sizes] : [...sizes];
    this.eps = eps;
    this.sizes.forEach((size) => checkSizes(`${this}`, { size }));
    this.weight = affine ? drawn(this.sizes, ones, dtype, `${this}.weight`) : null;
  }

  forward<S extends Shape>(
    x: Checked<LastTo<S, N, N, `RMSNorm(${N})`>, Tensor<S>>,
  ): Tensor<Ok<LastTo<S, N, N, `RMSNorm(${N})`>>>;
  forward(x: Tensor): Tensor {
    checkLast(this, x, this.sizes);
    const unit: Tensor = fromNode(normalizeScale(x.node, lastAxes(this.sizes.length), this.eps ?? epsilonOf(x.dtype)));
    return this.weight ? unit.mul(this.weight) : unit;
  }

  override toString(): string {
    return `RMSNorm(${this.sizes.join(", ")})`;
  }
}
