import type { DType } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { add } from "../tensor/functional/arithmetic.ts";
import { einsum } from "../tensor/functional/einsum.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkLast, checkSizes } from "./checks.ts";
import { uniform } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";

export interface BilinearOptions {
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** x₁ᵀ·W·x₂ + b over the last dimensions: [..., in1] and [..., in2] → [..., out]. Weights start uniform in ±1/√in1. */
export class Bilinear extends Module {
  readonly inFeatures: readonly [number, number];
  readonly outFeatures: number;
  /** [out, in1, in2] */
  weight: Parameter;
  /** [out] */
  bias: Parameter | null;

  constructor(in1Features: number, in2Features: number, outFeatures: number, options: BilinearOptions = {}) {
    super();
    const { bias = true, dtype = "f32" } = options;
    this.inFeatures = [in1Features, in2Features];
    this.outFeatures = outFeatures;
    checkSizes(`${this}`, { in1Features, in2Features, outFeatures });
    const initial = uniform(1 / Math.sqrt(in1Features));
    this.weight = drawn([outFeatures, in1Features, in2Features], initial, dtype, `${this}.weight`);
    this.bias = bias ? drawn([outFeatures], initial, dtype, `${this}.bias`) : null;
  }

  forward(a: Tensor, b: Tensor): Tensor {
    checkLast(this, a, [this.inFeatures[0]]);
    checkLast(this, b, [this.inFeatures[1]]);
    if (!sameShape(a.node.shape.slice(0, -1), b.node.shape.slice(0, -1)))
      throw new ShapeError(`${this}: ${show(a.node.shape)} and ${show(b.node.shape)} differ before the last axis`);
    const product = einsum("...i,oij,...j->...o", [a.node, this.weight.node, b.node]);
    return fromNode(this.bias ? add(product, this.bias.node) : product);
  }

  override toString(): string {
    return `Bilinear(${this.inFeatures[0]}, ${this.inFeatures[1]}, ${this.outFeatures})`;
  }
}
